//! Tells what was held back, where the trouble outlives the reasons; on one node at a time.
//!
//! A window that ends, or a dependency that recovers, says nothing about the server: what releases
//! an incident is a check made after that which still finds trouble. Where none comes in time, the
//! last one counts; what can not be measured stays held until it can. Which reasons there are is
//! known to `domain/held_back.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::consequence::tell;
use super::events::Changed;
use super::{App, worker};
use crate::domain::at::At;
use crate::domain::incident::{HeldBack, Phase};
use crate::domain::notification::Event;
use crate::store::{HeldIncident, StoreError};

/// The lease that says who releases.
const LEASE: &str = "release";
/// How long the lease is held.
const HELD: Duration = Duration::from_secs(30);
/// Wait between two looks.
const TICK: Duration = Duration::from_secs(5);
/// Incidents that are read at once.
const BITE: u32 = 200;

/// Looks once through everything that is held back, if no other node is at it; says how many
/// incidents were released.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok(0);
    }
    let mut released = 0;
    let mut after = None;
    loop {
        let held = store.held_incidents(after, BITE).await?;
        let whose: Vec<_> = held.iter().map(|h| (h.team, h.monitor)).collect();
        let just_after = At(now.0.saturating_add(1));
        let reasons = store.reasons(&whose, now, just_after).await?;
        for incident in &held {
            if reasons.why(incident.monitor, now, now).is_some() {
                continue;
            }
            match release(app, incident, now).await {
                Ok(is_released) => released += usize::from(is_released),
                // One that cannot be read must not stop the others.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(incident.id = %incident.id, %error, "failed to release an incident");
                }
                Err(error) => return Err(error),
            }
        }
        after = held.last().map(|incident| incident.id);
        if held.len() < BITE as usize {
            return Ok(released);
        }
    }
}

/// Releases one incident, if the time has come.
async fn release(app: &App, held: &HeldIncident, now: At) -> Result<bool, StoreError> {
    let HeldIncident { id, team, monitor } = *held;
    let mut tx = app.store.begin().await?;
    let states = tx.states(&[monitor]).await?;
    let Some(state) = states.get(&monitor).map(|held| held.state) else {
        return Ok(false);
    };
    let Some(kept) = tx.monitor(team, monitor).await? else {
        return Ok(false);
    };
    let since = state.last_check_at.unwrap_or(now);
    let just_after = At(now.0.saturating_add(1));
    let reasons = tx.reasons(&[(team, monitor)], since, just_after).await?;
    let interval = kept.monitor.spec.interval();
    if !reasons.are_outlived(&state, (monitor, interval), now) {
        return Ok(false);
    }
    let Some(mut incident) = tx.incident(team, id).await? else {
        return Ok(false);
    };
    let event = match incident.release(now) {
        None => return Ok(false),
        Some(_) if state.turns.flapping().is_some() => Event::Flapping,
        Some(HeldBack::Opening) => Event::Opened,
        Some(HeldBack::Worsening) => Event::Worsened,
    };
    let evidence = incident.evidence.clone();
    let is_told = tell(app, &mut tx, (&mut incident, event), &evidence, now).await?;
    if matches!(incident.phase, Phase::Acknowledged { .. }) {
        // Somebody cared while it was held.
        let what = (&mut incident, Event::Acknowledged);
        tell(app, &mut tx, what, &evidence, now).await?;
    }
    tx.save_incident(&incident).await?;
    tx.commit().await?;
    if is_told {
        app.outbox.notify_one();
    }
    app.events.publish(Changed { team, monitor });
    Ok(true)
}

/// Releases until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    worker::every(&app, TICK, &stop, "release what was held back", step).await;
    worker::give_back(&app, LEASE).await;
}
