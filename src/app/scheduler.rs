//! Claims what is due and hands it out, never more at once than there are permits.
//!
//! A hanging target holds one permit until its own deadline and delays nobody else. When results
//! cannot be recorded their queue fills, permits stay taken, and claiming stops by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::store::{Claim, DueCheck};

use super::App;
use super::check::{Checked, run_check};

/// Most watches that one claim takes.
const CLAIM_BATCH: usize = 500;
/// Wait between two looks at what is due; half of it is the usual delay of a check.
const TICK: Duration = Duration::from_millis(200);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Lease beyond the deadline of the slowest probe: time to be recorded.
pub const LEASE: Duration = Duration::from_secs(120 + 30);

/// Claims up to `limit` watches that are due at this node's location.
pub async fn step(app: &App, limit: usize) -> anyhow::Result<Vec<DueCheck>> {
    let now = app.clock.now();
    let node = &app.settings.node_name;
    let claim = Claim {
        id: app.ids.next(),
        node,
        now,
        until: now + LEASE,
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let claimed = app
        .store
        .claim_due(&claim, &app.settings.location, limit)
        .await?;
    for unreadable in claimed.unreadable {
        let monitor = unreadable.watch.monitor;
        tracing::error!(monitor.id = %monitor, error = %unreadable.error, "failed to read a monitor");
    }
    Ok(claimed.checks)
}

/// Claims and hands out until `stop`; then waits for the checks in flight.
pub async fn run(app: Arc<App>, results: mpsc::Sender<Checked>, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(app.settings.max_in_flight));
    let in_flight = tokio_util::task::TaskTracker::new();
    while !stop.is_cancelled() {
        let free = permits.available_permits().min(CLAIM_BATCH);
        let claimed = if free == 0 {
            Ok(vec![])
        } else {
            step(&app, free).await
        };
        let wait = match claimed {
            Ok(due) => {
                let is_full = due.len() == free;
                for check in due {
                    let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                        return;
                    };
                    let (app, results) = (Arc::clone(&app), results.clone());
                    in_flight.spawn(async move {
                        let result = run_check(&app, check, &()).await;
                        // A closed queue means that we are stopping: the lease ends by itself.
                        let _ = results.send(result).await;
                        drop(permit);
                    });
                }
                if is_full && free > 0 {
                    Duration::ZERO
                } else {
                    TICK
                }
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "failed to claim what is due");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.due.notified() => {}
            () = stop.cancelled() => {}
        }
    }
    in_flight.close();
    in_flight.wait().await;
}
