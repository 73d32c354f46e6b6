//! Tells open pages that something changed, on this node at once and through `wakes` on the others.
//!
//! Only a hint: a viewer that lags loses hints and reloads; nothing depends on one arriving.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use crate::domain::id::{MonitorId, TeamId};

/// Hints that a slow viewer may be behind before it loses some.
const BACKLOG: usize = 1_024;

/// Most hints that other nodes are called at once: what PostgreSQL takes in one call. Where more happens
/// within a second, pages of other nodes learn of the rest when they reload.
const CALLED: usize = 100;

/// A monitor, or something that belongs to it, has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Changed {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
}

/// The fan-out of hints.
#[derive(Clone, Debug)]
pub struct Events {
    here: broadcast::Sender<Changed>,
    elsewhere: Arc<Mutex<HashSet<Changed>>>,
}

impl Events {
    /// A fan-out that nobody listens to yet.
    pub fn new() -> Self {
        Self {
            here: broadcast::channel(BACKLOG).0,
            elsewhere: Arc::default(),
        }
    }

    /// Tells everybody who listens, on other nodes a little later.
    pub fn publish(&self, changed: Changed) {
        self.publish_here(changed);
        self.with(|hints| {
            if hints.len() < CALLED {
                hints.insert(changed);
            }
        });
    }

    /// Tells everybody who listens on this node.
    pub fn publish_here(&self, changed: Changed) {
        // An error only says that nobody listens.
        let _ = self.here.send(changed);
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.here.subscribe()
    }

    /// What other nodes have not been called yet.
    pub(super) fn take(&self) -> HashSet<Changed> {
        self.with(std::mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashSet<Changed>) -> T) -> T {
        act(&mut self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}
