//! Notices that a monitor is not checked any more, its location dead or its agent silent: then its status is
//! unknown, on pages and badges as in the sums of its time.
//!
//! A node that has just started, or was away itself, waits first: what is overdue then is checked
//! within a moment.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::events::Changed;
use super::ledger::add_time_of;
use super::{App, worker};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::status::lapse;
use crate::store::{Overdue, StoreError};

/// Wait between two looks.
const TICK: Duration = Duration::from_secs(30);
/// How long what is overdue may be so without being looked at.
const OVERDUE: Duration = Duration::from_mins(1);
/// How long this node has to have looked on without a break before it says that nobody checks.
const ATTENTIVE: Duration = Duration::from_mins(3);
/// The lease that says who looks.
const LEASE: &str = "lapses";
/// Monitors that are read at once.
const BITE: u32 = 500;

/// Since when this node has looked on without a break.
#[derive(Debug, Default)]
struct Attention(Option<(At, At)>);

impl Attention {
    /// One more look at `now`; whether it has been long enough.
    fn is_long(&mut self, now: At) -> bool {
        let goes_on = |(_, last): &(At, At)| (*last..=*last + TICK * 2).contains(&now);
        let (since, _) = self.0.filter(goes_on).unwrap_or((now, now));
        self.0 = Some((since, now));
        since + ATTENTIVE <= now
    }
}

/// Makes unknown what nobody has checked in time; says how many monitors.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let (mut lapsed, mut after) = (0, None);
    loop {
        let overdue = app.store.overdue(now - OVERDUE, after, BITE).await?;
        let is_last = overdue.len() < BITE as usize;
        after = overdue.last().map(|last| last.monitor);
        for Overdue {
            team,
            monitor,
            state,
        } in overdue
        {
            let taken = match state {
                Ok(state) if lapse(&state, now).is_none() => Ok(false),
                Ok(_) => take(app, (team, monitor), now).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(is_taken) => lapsed += usize::from(is_taken),
                // One that cannot be read must not stop the others.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(monitor.id = %monitor, %error, "failed to look at a monitor");
                }
                Err(error) => return Err(error),
            }
        }
        if is_last {
            return Ok(lapsed);
        }
    }
}

async fn take(
    app: &App,
    (team, monitor): (TeamId, MonitorId),
    now: At,
) -> Result<bool, StoreError> {
    let mut tx = app.store.begin().await?;
    let Some(mut held) = tx.states(&[monitor]).await?.remove(&monitor) else {
        return Ok(false);
    };
    let Some(step) = lapse(&held.state, now).filter(|_| !held.paused) else {
        return Ok(false);
    };
    held.state = step.state;
    if let Some(since) = step.blip_since {
        tx.mark_blip(monitor, since, now).await?;
    }
    add_time_of(&mut tx, (team, monitor), &step.spans).await?;
    if !tx.save_states(&[(monitor, held)]).await? {
        // It was checked at this very moment.
        return Ok(false);
    }
    tx.commit().await?;
    app.events.publish(Changed { team, monitor });
    Ok(true)
}

/// Looks once, if no other node is at it.
async fn look(app: &App, attention: &mut Attention) -> Result<(), StoreError> {
    let (holder, now) = (&app.settings.node_name, app.clock.now());
    let until = now + TICK * 2;
    let is_ours = app.store.hold_lease(LEASE, holder, now, until).await?;
    if attention.is_long(now) && is_ours {
        step(app).await?;
    }
    Ok(())
}

/// Looks until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut attention = Attention::default();
    while !stop.is_cancelled() {
        if let Err(error) = look(&app, &mut attention).await {
            attention = Attention::default();
            worker::failed("notice what nobody checks", error);
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => {}
        }
    }
    worker::give_back(&app, LEASE).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_away_looks_on_for_a_while_before_it_speaks() {
        let mut attention = Attention::default();
        let mut looks = |seconds: &[i64]| -> Vec<bool> {
            let look = |second: &i64| attention.is_long(At(second * 1_000));
            seconds.iter().map(look).collect()
        };
        assert_eq!(
            looks(&[0, 60, 120, 179, 180]),
            [false, false, false, false, true]
        );
        assert_eq!(looks(&[300, 360, 420, 480]), [false, false, false, true]);
        // The clock was set back.
        assert_eq!(looks(&[100, 160]), [false, false]);
    }
}
