//! What people do with an incident: acknowledge it, write into it, close it by hand.

use crate::domain::id::IncidentId;
use crate::domain::incident::{AlreadyResolved, Incident, MAX_NOTE};
use crate::domain::monitor::FieldError;
use crate::domain::notification::Event;
use crate::domain::team::Actor;
use crate::store::Tx;

use super::App;
use super::consequence::tell;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// Says that somebody cares for it. Doing so twice changes nothing.
pub async fn acknowledge(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (mut tx, mut incident) = begin(app, actor, id).await?;
    if incident.acknowledge(app.clock.now(), actor.email.clone())? {
        let now = app.clock.now();
        tell(
            app,
            &mut tx,
            (&incident, Event::Acknowledged),
            &incident.evidence,
            now,
        )
        .await?;
        finish(app, tx, &incident).await?;
    }
    Ok(incident)
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
    tell(
        app,
        &mut tx,
        (&incident, Event::Resolved),
        &incident.evidence,
        app.clock.now(),
    )
    .await?;
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
