//! Deletes what is older than it has to be kept, in small bites, on one node at a time, and keeps the
//! tables in order.
//!
//! What is kept for ever is not named here: daily rollups, incidents, monitors.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use super::subscribers::CONFIRM_WITHIN;
use crate::store::StoreError;

/// The lease that says who cleans.
const LEASE: &str = "retention";
/// How long the lease is held.
const HELD: Duration = Duration::from_mins(5);
/// Most rows that one bite deletes.
pub const BITE: u32 = 5_000;
/// Rows of a table that are put in their place in one transaction.
const ARRANGED: u32 = 500;
/// Most rows of a table that are put in their place before anything else goes on.
const MOST_ARRANGED: u32 = 1_000_000;
/// Wait while there may be more.
pub const BREATH: Duration = Duration::from_millis(200);
/// Wait when there is nothing to delete.
const REST: Duration = Duration::from_mins(10);
/// Whole reports of failures that are kept of each monitor.
const REPORTS: u32 = 50;
/// Changes of a server that are kept of each monitor.
const CHANGES: u32 = 500;
/// How long a maintenance window that is over is kept.
const MAINTENANCE: Duration = Duration::from_hours(400 * 24);
/// How long an entry of the audit log is kept.
pub const AUDIT_LOG: Duration = Duration::from_hours(400 * 24);
/// How long a subscriber that has refused for good is kept, so that the team sees it.
const REFUSED: Duration = Duration::from_hours(30 * 24);
/// How long a notification or a letter that was sent or given up is kept, and what it told.
const NOTIFICATIONS: Duration = Duration::from_hours(90 * 24);

/// Makes room for the checks of today and of the days after it. Call it before the first of them is
/// recorded.
pub async fn prepare(app: &App) {
    if let Err(error) = app.store.prepare_days(app.clock.now()).await {
        // Its checks go where those without a day are kept; what is old has to go all the same.
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::error!(error, "failed to make room for the checks of a day");
    }
}

/// Lets rows that are due together lie together: those of a database that was restored.
async fn arrange(app: &App) {
    for _ in 0..MOST_ARRANGED / ARRANGED {
        match app.store.arrange(ARRANGED).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                // Recording costs more meanwhile, and that is all.
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(error, "failed to put rows in their place");
                break;
            }
        }
    }
}

/// Takes one bite of everything that is old, if no other node is at it; says how many rows went.
pub async fn step(app: &App) -> Result<u64, StoreError> {
    let (store, settings, now) = (&app.store, &app.settings, app.clock.now());
    let node = &settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok(0);
    }
    prepare(app).await;
    arrange(app).await;
    let checks = now - settings.retention_checks;
    let hours = now - settings.retention_rollups;
    let bites = [
        store.drop_audit_entries(now - AUDIT_LOG, BITE).await?,
        store.drop_checks(checks, BITE).await?,
        store.drop_reports(REPORTS, BITE).await?,
        store.drop_changes(CHANGES, BITE).await?,
        store.drop_hours(hours, BITE).await?,
        store.purge_sessions(now).await?,
        store.purge_links(now).await?,
        store.drop_notifications(now - NOTIFICATIONS, BITE).await?,
        store.drop_letters(now - NOTIFICATIONS, BITE).await?,
        store.drop_news(now - NOTIFICATIONS, BITE).await?,
        store
            .drop_subscribers(now - CONFIRM_WITHIN, now - REFUSED, BITE)
            .await?,
        store.drop_maintenance(now - MAINTENANCE, BITE).await?,
    ];
    Ok(bites.iter().sum())
}

/// Cleans until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    loop {
        let wait = match step(&app).await {
            // Fewer than one bite altogether: none of them was full.
            Ok(rows) if rows >= u64::from(BITE) => BREATH,
            Ok(_) => REST,
            Err(error) => {
                tracing::error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "failed to delete what is old"
                );
                REST
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => break,
        }
    }
    // Another node need not wait for the lease to end.
    if let Err(error) = app
        .store
        .release_lease(LEASE, &app.settings.node_name)
        .await
    {
        tracing::warn!(%error, "failed to give back a lease");
    }
}
