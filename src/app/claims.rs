//! Claims of hosts: made, proved by a file on the host, checked again once a day on one node at a time,
//! and what an owner may do with what is listed of theirs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::domain::claim::{self, Claim, Found, LINE, MAX_CLAIMS, MAX_FILE, OwnerWords};
use crate::domain::id::{ClaimId, MonitorId};
use crate::domain::monitor::FieldError;
use crate::domain::team::Actor;
use crate::net::Unread;
use crate::secret::claim_token;
use crate::store::StoreError;

use super::monitors::may_edit;
use super::refused::Refused;
use super::{App, worker};

/// The lease that says who checks claims again.
const LEASE: &str = "claims";
/// How long the lease is held: longer than a bite may take, at two tries of ten seconds each.
const HELD: Duration = Duration::from_mins(5);
/// Claims that one look checks.
const BITE: u32 = 10;
/// Wait between two looks.
const TICK: Duration = Duration::from_mins(1);
/// Time between two checks of one claim that somebody asks for.
const PAUSE: Duration = Duration::from_secs(5);

/// Says that a host is the team's; nothing is proved by that yet.
pub async fn create(app: &App, actor: &Actor, host: &str) -> Result<ClaimId, Refused> {
    may_edit(actor)?;
    let host = claim::host(host)?;
    if app.store.claims(actor.team, MAX_CLAIMS).await?.len() >= MAX_CLAIMS {
        let message = format!("a team claims at most {MAX_CLAIMS} hosts; give one up first");
        return Err(FieldError::new("host", message).into());
    }
    let claim = Claim {
        id: ClaimId(app.ids.next()),
        team: actor.team,
        host,
        token: claim_token(),
        made_at: app.clock.now(),
        proved_at: None,
        checked_at: None,
        outcome: None,
        failures: 0,
        next_check: None,
        said: OwnerWords::default(),
    };
    let mut tx = app.store.begin().await?;
    let added = tx.add_claim(&claim).await;
    added.map_err(|error| match error {
        StoreError::Conflict => FieldError::new("host", "is claimed by your team already").into(),
        other => Refused::from(other),
    })?;
    tx.commit().await?;
    Ok(claim.id)
}

/// Reads the file of a claimed host now. Gives the claim as it is then, with what was found.
pub async fn check(app: &App, actor: &Actor, id: ClaimId) -> Result<Claim, Refused> {
    may_edit(actor)?;
    let known = app.store.claim(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let now = app.clock.now();
    if !app
        .store
        .take_claim_check(actor.team, id, now, PAUSE)
        .await?
    {
        return Err(Refused::TooMany(PAUSE.as_secs()));
    }
    let checked = match look(app, &known).await {
        Ok(()) => known.proved(now),
        Err(why) => known.asked_in_vain(&why, now),
    };
    let mut tx = app.store.begin().await?;
    if !tx.save_claim_check(&known, &checked).await? {
        return Err(Refused::Conflict(
            "It was checked by somebody else at the same moment; look again.".to_owned(),
        ));
    }
    tx.commit().await?;
    app.directory.forget();
    Ok(checked)
}

/// Looks for the line of a claim on its host; otherwise says in a sentence why it does not count.
async fn look(app: &App, claim: &Claim) -> Result<(), String> {
    let mut address = claim.address();
    let Ok(url) = Url::parse(&address) else {
        return Err(format!("{address} is not an address."));
    };
    let mut read = app.reader.read(url.clone(), MAX_FILE).await;
    // What stands in the operator's own network often speaks plain HTTP.
    if matches!(read, Err(Unread::Unreachable(_)))
        && app.reader.leads_inside(&url).await == Ok(true)
    {
        address = address.replacen("https://", "http://", 1);
        if let Ok(plain) = Url::parse(&address) {
            read = app.reader.read(plain, MAX_FILE).await;
        }
    }
    let file = read.map_err(|why| format!("{address} {why}."))?;
    match claim::look(&file, &claim.token) {
        Found::Proof => Ok(()),
        Found::Others => Err(format!(
            "{address} names another token; the line with yours has to stand there, too."
        )),
        Found::Nothing => Err(format!(
            "{address} has no line that begins with {LINE}; add yours."
        )),
    }
}

/// Keeps what an owner says to the public about the servers on their host.
pub async fn say(
    app: &App,
    actor: &Actor,
    id: ClaimId,
    (words, link): (&str, &str),
) -> Result<(), Refused> {
    may_edit(actor)?;
    let said = OwnerWords::parse(words, link).map_err(Refused::Fields)?;
    let mut tx = app.store.begin().await?;
    if !tx.save_owner_words(actor.team, id, &said).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    app.directory.forget();
    Ok(())
}

/// Takes a listing of a held host off the directory. Whoever listed it lists nothing of this host any
/// more, as long as the claim holds.
pub async fn take_off(
    app: &App,
    actor: &Actor,
    id: ClaimId,
    monitor: MonitorId,
) -> Result<(), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    if !tx
        .take_off(actor.team, id, monitor, app.clock.now())
        .await?
    {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    app.directory.forget();
    Ok(())
}

/// Lets those list a host again whom its owner has taken off.
pub async fn let_again(app: &App, actor: &Actor, id: ClaimId) -> Result<(), Refused> {
    may_edit(actor)?;
    if app.store.claim(actor.team, id).await?.is_none() {
        return Err(Refused::NotFound);
    }
    let mut tx = app.store.begin().await?;
    tx.drop_refusals(actor.team, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a claim up.
pub async fn delete(app: &App, actor: &Actor, id: ClaimId) -> Result<(), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_claim(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    app.directory.forget();
    Ok(())
}

/// Checks again what is due, if no other node is at it; says how many claims were checked.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok(0);
    }
    let due = store.claims_due(now, BITE).await?;
    for claim in &due {
        let checked = match look(app, claim).await {
            Ok(()) => claim.proved(now),
            Err(why) => claim.missed(&why, now),
        };
        let mut tx = store.begin().await?;
        // Somebody who has asked for a check meanwhile knows better.
        if tx.save_claim_check(claim, &checked).await? {
            tx.commit().await?;
        }
        if checked.proved_at.is_none() {
            tracing::info!(claim.host, "lost a claim");
            app.directory.forget();
        }
    }
    Ok(due.len())
}

/// Checks claims until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let stepped = tokio::select! {
            stepped = step(&app) => stepped,
            () = stop.cancelled() => break,
        };
        if let Err(error) = stepped {
            worker::failed("check claims again", error);
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => {}
        }
    }
    worker::give_back(&app, LEASE).await;
}
