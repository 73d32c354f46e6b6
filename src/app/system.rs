//! How this installation is doing: what the operator's machines ask.

use std::time::Duration;

use crate::domain::node::{MOST_NODES, Node};
use crate::store::{QueueHealth, StoreError};

use super::App;

/// A scheduler that is later than this, in milliseconds, does not do its work.
pub const LATE_MS: i64 = 60_000;
/// How far back an overview counts what was done.
const LATELY: Duration = Duration::from_mins(5);

/// What is measured at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    scheduler_lag_seconds: f64,
    checks_waiting: u64,
    notifications_queued: u64,
    notifications_dead: u64,
    oldest_notification_seconds: f64,
    letters_queued: u64,
    oldest_letter_seconds: f64,
    checks_in_flight: u64,
    network_trouble: bool,
    nodes: u64,
    nodes_silent: u64,
}

/// How the installation is doing, for people.
#[derive(Clone, Debug)]
pub struct System {
    /// How late the oldest due check of the location of this node is, in milliseconds.
    pub lag_ms: Option<i64>,
    /// Watches that are planned.
    pub planned: u64,
    /// Checks of the last five minutes.
    pub done: u64,
    /// Checks that this node is making or has yet to record.
    pub in_flight: u32,
    /// The outbox.
    pub outbox: QueueHealth,
    /// Letters to subscribers that wait, and how long the oldest of them has, in milliseconds.
    pub letters: (u64, Option<i64>),
    /// How large the database is, in bytes.
    pub size: u64,
    /// The nodes, by name.
    pub nodes: Vec<Node>,
}

impl Figures {
    /// Name, meaning and value of each.
    pub fn all(&self) -> [(&'static str, &'static str, f64); 11] {
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
            (
                "letters_queued",
                "Letters to subscribers of status pages that are not sent yet",
                count(self.letters_queued),
            ),
            (
                "oldest_letter_seconds",
                "Age of the oldest letter that is not sent yet",
                self.oldest_letter_seconds,
            ),
            (
                "checks_in_flight",
                "Checks that this node is making or has yet to record",
                count(self.checks_in_flight),
            ),
            (
                "network_trouble",
                "Whether the own network of this node has trouble (1) or not (0)",
                f64::from(u8::from(self.network_trouble)),
            ),
            (
                "nodes",
                "Nodes of this installation, silent ones among them",
                count(self.nodes),
            ),
            (
                "nodes_silent",
                "Nodes that stopped without a goodbye",
                count(self.nodes_silent),
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
    let now = app.clock.now();
    let outbox = app.store.queue_health(now).await?;
    let (letters, oldest_letter) = app.store.letters_waiting(now).await?;
    let (nodes, silent) = app.nodes.word().nodes;
    Ok(Figures {
        scheduler_lag_seconds: seconds(lag),
        checks_waiting: u64::try_from(app.hosts.waiting()).unwrap_or_default(),
        notifications_queued: outbox.queued,
        notifications_dead: outbox.dead,
        oldest_notification_seconds: seconds(outbox.oldest_unsent_ms.unwrap_or_default()),
        letters_queued: letters,
        oldest_letter_seconds: seconds(oldest_letter.unwrap_or_default()),
        checks_in_flight: checks_in_flight(app).into(),
        network_trouble: app.network.trouble().is_some(),
        nodes: nodes as u64,
        nodes_silent: silent as u64,
    })
}

/// Checks that this node is making or has yet to record.
pub fn checks_in_flight(app: &App) -> u32 {
    u32::try_from(app.in_flight.count()).unwrap_or(u32::MAX)
}

/// Looks at everything.
pub async fn overview(app: &App) -> Result<System, StoreError> {
    let now = app.clock.now();
    let (planned, done) = app.store.work_since(now - LATELY).await?;
    Ok(System {
        lag_ms: scheduler_lag_ms(app).await?,
        planned,
        done,
        in_flight: checks_in_flight(app),
        outbox: app.store.queue_health(now).await?,
        letters: app.store.letters_waiting(now).await?,
        size: app.store.size().await?,
        nodes: app.store.nodes(MOST_NODES).await?,
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
