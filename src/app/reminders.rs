//! Reminds people of trouble that nobody has acknowledged, and tells others of it that hear only of
//! such.
//!
//! Which incidents are due is read without a claim; each is then looked at again in a transaction
//! of its own that holds its row, so that two nodes remind once. In a maintenance window nobody is
//! reminded; when it has ended, whoever is due is.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::consequence::tell;
use super::events::Changed;
use super::{App, worker};
use crate::domain::at::At;
use crate::domain::id::{IncidentId, TeamId};
use crate::domain::notification::Event;
use crate::store::StoreError;

/// Wait between two looks.
const TICK: Duration = Duration::from_secs(15);
/// How long a maintenance window puts a reminder off until it is looked at again.
const AGAIN: Duration = Duration::from_mins(5);
/// Incidents that one look takes.
const BITE: u32 = 500;

/// Reminds of what is due and tells others where it is time; says of how many incidents.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let escalated = app.store.incidents_to_escalate(now, BITE).await?;
    let mut told = tell_all(app, escalated, Event::Escalated).await?;
    let reminded = app.store.incidents_to_remind(now, BITE).await?;
    told += tell_all(app, reminded, Event::Reminder).await?;
    if told > 0 {
        app.outbox.notify_one();
    }
    Ok(told)
}

async fn tell_all(
    app: &App,
    incidents: Vec<(TeamId, IncidentId)>,
    event: Event,
) -> Result<usize, StoreError> {
    let mut told = 0;
    for incident in incidents {
        match again(app, incident, event).await {
            Ok(is_told) => told += usize::from(is_told),
            // One that cannot be read must not stop the others.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(incident.id = %incident.1, %error, "failed to remind of an incident");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

async fn again(
    app: &App,
    (team, id): (TeamId, IncidentId),
    event: Event,
) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let Some(mut incident) = tx.incident(team, id).await? else {
        return Ok(false);
    };
    let monitor = incident.monitor;
    let just_after = At(now.0.saturating_add(1));
    let coverage = tx.coverage(&[(team, monitor)], now, just_after).await?;
    if let Some(run) = coverage.at(monitor, now) {
        // Somebody may end it before its time.
        incident.remind_later(run.occurrence.ends_at.min(now + AGAIN));
        tx.save_incident(&incident).await?;
        tx.commit().await?;
        return Ok(false);
    }
    let is_due = match event {
        Event::Escalated => incident.escalate(now),
        _ => incident.remind(now),
    };
    if !is_due {
        return Ok(false);
    }
    let evidence = incident.evidence.clone();
    tell(app, &mut tx, (&mut incident, event), &evidence, now).await?;
    tx.save_incident(&incident).await?;
    tx.commit().await?;
    app.events.publish(Changed { team, monitor });
    Ok(true)
}

/// Reminds until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    worker::every(&app, TICK, &stop, "remind of incidents", step).await;
}
