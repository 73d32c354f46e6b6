//! What people do with an incident: acknowledge it, write into it, close it by hand.
//!
//! A mail carries a link by which whoever reads it acknowledges without logging in: a sealed word
//! that is good for this incident and nothing else, until it is over.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::domain::channel::{Channel, Kind};
use crate::domain::id::{IncidentId, TeamId};
use crate::domain::incident::{AlreadyResolved, Incident, MAX_NOTE};
use crate::domain::monitor::FieldError;
use crate::domain::notification::{Event, Notification};
use crate::domain::team::{Actor, Email};
use crate::secret::Place;
use crate::store::{Store, Tx};

use super::App;
use super::consequence::tell;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// Says that somebody cares for it. Doing so twice changes nothing.
pub async fn acknowledge(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (tx, incident) = begin(app, actor, id).await?;
    acknowledge_in(app, tx, incident, actor.email.clone()).await
}

async fn acknowledge_in(
    app: &App,
    mut tx: Tx,
    mut incident: Incident,
    by: Email,
) -> Result<Incident, Refused> {
    let now = app.clock.now();
    if incident.acknowledge(now, by)? {
        let evidence = incident.evidence.clone();
        let what = (&mut incident, Event::Acknowledged);
        tell(app, &mut tx, what, &evidence, now).await?;
        finish(app, tx, &incident).await?;
    }
    Ok(incident)
}

/// What the link in a mail is good for.
#[derive(Serialize, Deserialize)]
struct Pass {
    team: TeamId,
    by: Email,
}

/// The link by which the reader of a mail acknowledges; `None` for what cannot be acknowledged and
/// for channels that are no mail.
pub fn acknowledge_link(
    store: &Store,
    public_url: &str,
    channel: &Channel,
    notification: &Notification,
) -> Option<String> {
    if !notification.event.is_alarm() || channel.kind != Kind::Email {
        return None;
    }
    let incident = notification.content.incident.as_ref()?;
    let pass = Pass {
        team: notification.team,
        by: Email::parse(channel.settings.get("to")?).ok()?,
    };
    let plain = serde_json::to_string(&pass).ok()?;
    let key = store.seal(&place_of(incident.id), &plain);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("key", &key)
        .finish();
    Some(format!("{public_url}/acknowledge/{}?{query}", incident.id))
}

/// The incident that a link from a mail speaks of; `NotFound` when it is not one of ours.
pub async fn linked(app: &App, id: IncidentId, key: &str) -> Result<Incident, Refused> {
    let pass = pass(app, id, key)?;
    let incident = app.store.incident(pass.team, id).await?;
    incident.ok_or(Refused::NotFound)
}

/// Acknowledges by the link from a mail, in the name of the address that it was sent to.
pub async fn acknowledge_linked(app: &App, id: IncidentId, key: &str) -> Result<(), Refused> {
    let Pass { team, by } = pass(app, id, key)?;
    let mut tx = app.store.begin().await?;
    let incident = tx.incident(team, id).await?.ok_or(Refused::NotFound)?;
    acknowledge_in(app, tx, incident, by).await?;
    Ok(())
}

fn pass(app: &App, id: IncidentId, key: &str) -> Result<Pass, Refused> {
    let plain = app.store.open(&place_of(id), key);
    let pass = plain.and_then(|plain| serde_json::from_str(plain.expose()).ok());
    pass.ok_or(Refused::NotFound)
}

fn place_of(id: IncidentId) -> Place {
    Place {
        table: "incident",
        field: "acknowledge",
        row: id.0,
    }
}

/// Writes a note into the timeline, also of an incident that is over.
pub async fn note(
    app: &App,
    actor: &Actor,
    id: IncidentId,
    text: &str,
) -> Result<Incident, Refused> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NOTE {
        let message = format!("must have 1 to {MAX_NOTE} characters");
        return Err(FieldError::new("text", message).into());
    }
    let (tx, mut incident) = begin(app, actor, id).await?;
    incident.note(app.clock.now(), text.to_owned(), actor.email.clone());
    finish(app, tx, &incident).await?;
    Ok(incident)
}

/// Closes it by hand. It stays closed until the server has recovered and fails again.
pub async fn resolve(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (mut tx, mut incident) = begin(app, actor, id).await?;
    incident.resolve(
        app.clock.now(),
        "Closed by hand.",
        Some(actor.email.clone()),
    )?;
    let evidence = incident.evidence.clone();
    let what = (&mut incident, Event::Resolved);
    tell(app, &mut tx, what, &evidence, app.clock.now()).await?;
    finish(app, tx, &incident).await?;
    Ok(incident)
}

async fn begin(app: &App, actor: &Actor, id: IncidentId) -> Result<(Tx, Incident), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    let incident = tx
        .incident(actor.team, id)
        .await?
        .ok_or(Refused::NotFound)?;
    Ok((tx, incident))
}

async fn finish(app: &App, mut tx: Tx, incident: &Incident) -> Result<(), Refused> {
    tx.save_incident(incident).await?;
    tx.commit().await?;
    app.outbox.notify_one();
    app.events.publish(Changed {
        team: incident.team,
        monitor: incident.monitor,
    });
    Ok(())
}

impl From<AlreadyResolved> for Refused {
    fn from(error: AlreadyResolved) -> Self {
        Self::Conflict(error.to_string())
    }
}
