//! Tells open pages that something changed, within this process.
//!
//! Only a hint: a viewer that lags loses hints and reloads; nothing depends on one arriving.

use tokio::sync::broadcast;

use crate::domain::id::{MonitorId, TeamId};

/// Hints that a slow viewer may be behind before it loses some.
const BACKLOG: usize = 1_024;

/// A monitor, or something that belongs to it, has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
}

/// The fan-out of hints.
#[derive(Clone, Debug)]
pub struct Events(broadcast::Sender<Changed>);

impl Events {
    /// A fan-out that nobody listens to yet.
    pub fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    /// Tells everybody who listens.
    pub fn publish(&self, changed: Changed) {
        // An error only says that nobody listens.
        let _ = self.0.send(changed);
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.0.subscribe()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}
