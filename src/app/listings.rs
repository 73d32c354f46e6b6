//! Listing monitors in the public directory, and taking them off again.

use crate::domain::audit::Deed;
use crate::domain::directory::{Listing, MAX_LISTINGS};
use crate::domain::id::MonitorId;
use crate::domain::team::Actor;
use crate::net::Unread;
use crate::store::Listed;

use super::App;
use super::audit::note;
use super::monitors::may_edit;
use super::refused::Refused;

/// Shows a monitor to everybody. Refuses one whose address is not public, unless the operator has opened
/// it, and one of a host whose owner has taken the team off.
pub async fn list(app: &App, actor: &Actor, id: MonitorId) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = app.store.monitor(actor.team, id).await?;
    let asked = known.ok_or(Refused::NotFound)?.monitor.spec.endpoint.url;
    // A name that leads nowhere now is listed as what it is: a server that cannot be reached.
    if let Err(Unread::Refused(refused)) = app.reader.leads_inside(asked.url()).await {
        return Err(Refused::Conflict(format!(
            "It cannot be listed: {refused}."
        )));
    }
    let mut tx = app.store.begin().await?;
    let known = tx.monitor(actor.team, id).await?.ok_or(Refused::NotFound)?;
    let host = known.monitor.spec.endpoint.url.authority();
    if host != asked.authority() {
        return Err(Refused::Conflict(
            "Somebody else changed its address at the same moment; look at it and list it again."
                .to_owned(),
        ));
    }
    let listing = Listing {
        monitor: id,
        team: actor.team,
        host,
        listed_at: app.clock.now(),
    };
    match tx.add_listing(&listing).await? {
        Listed::Done => {
            let thing = (Some(id.0), &*known.monitor.spec.name);
            note(app, &mut tx, actor, Deed::MonitorListed, thing).await?;
            tx.commit().await?;
        }
        Listed::Gone => return Err(Refused::NotFound),
        Listed::Refused => {
            return Err(Refused::Conflict(format!(
                "The owner of {} has taken it off the directory.",
                listing.host
            )));
        }
        Listed::Full => {
            return Err(Refused::Conflict(format!(
                "The directory is full: it has room for {MAX_LISTINGS} servers."
            )));
        }
    }
    app.directory.forget();
    Ok(())
}

/// Takes a monitor off; one that is not listed stays so.
pub async fn unlist(app: &App, actor: &Actor, id: MonitorId) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = app.store.monitor(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let mut tx = app.store.begin().await?;
    if tx.drop_listing(actor.team, id).await? {
        let thing = (Some(id.0), &*known.monitor.spec.name);
        note(app, &mut tx, actor, Deed::MonitorUnlisted, thing).await?;
    }
    tx.commit().await?;
    app.directory.forget();
    Ok(())
}
