//! How this installation is doing: what the operator's machines ask.

use crate::store::StoreError;

use super::App;

/// A scheduler that is later than this, in milliseconds, does not do its work.
pub const LATE_MS: i64 = 60_000;

/// What is measured at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    scheduler_lag_seconds: f64,
    checks_waiting: u64,
    notifications_queued: u64,
    notifications_dead: u64,
    oldest_notification_seconds: f64,
}

impl Figures {
    /// Name, meaning and value of each.
    pub fn all(&self) -> [(&'static str, &'static str, f64); 5] {
        [
            (
                "scheduler_lag_seconds",
                "How late the oldest due check of this location is",
                self.scheduler_lag_seconds,
            ),
            (
                "checks_waiting_for_host",
                "Checks of this node that wait because their host is being checked",
                count(self.checks_waiting),
            ),
            (
                "notifications_queued",
                "Notifications that are not sent yet",
                count(self.notifications_queued),
            ),
            (
                "notifications_dead",
                "Notifications that were given up and can be replayed",
                count(self.notifications_dead),
            ),
            (
                "oldest_notification_seconds",
                "Age of the oldest notification that is not sent yet",
                self.oldest_notification_seconds,
            ),
        ]
    }
}

/// How late the oldest due check of this location is, in milliseconds; `None` when this node
/// does not check, or nothing is watched.
pub async fn scheduler_lag_ms(app: &App) -> Result<Option<i64>, StoreError> {
    app.store.ping().await?;
    if !app.settings.roles.probe {
        return Ok(None);
    }
    let due = app.store.next_due_at(&app.settings.location).await?;
    Ok(due.map(|due| app.clock.now().ms_since(due)))
}

/// Measures everything.
pub async fn figures(app: &App) -> Result<Figures, StoreError> {
    let lag = scheduler_lag_ms(app).await?.unwrap_or_default();
    let outbox = app.store.queue_health(app.clock.now()).await?;
    Ok(Figures {
        scheduler_lag_seconds: seconds(lag),
        checks_waiting: u64::try_from(app.hosts.waiting()).unwrap_or_default(),
        notifications_queued: outbox.queued,
        notifications_dead: outbox.dead,
        oldest_notification_seconds: seconds(outbox.oldest_unsent_ms.unwrap_or_default()),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges, far below the precision of a float"
)]
fn count(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges, far below the precision of a float"
)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
