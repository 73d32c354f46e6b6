//! What this node knows of its own network: fed by its checks, and by the canaries of the operator
//! when a check cannot reach its server.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::at::At;
use crate::domain::observation::Observation;
use crate::domain::own_trouble::{Fleet, OwnTrouble, Reach};
use crate::net::Canaries;

/// How long the word of the canaries holds; they are asked no more often.
const HOLDS: Duration = Duration::from_secs(5);

/// The network of this node, as far as its checks tell.
pub struct Network {
    canaries: Canaries,
    fleet: Mutex<Fleet>,
    /// When the canaries were last asked; held while they are.
    asked: tokio::sync::Mutex<Option<At>>,
}

impl Network {
    /// Nothing is known yet.
    pub fn new(canaries: Canaries) -> Self {
        Self {
            fleet: Mutex::new(Fleet::new(!canaries.is_empty())),
            canaries,
            asked: tokio::sync::Mutex::default(),
        }
    }

    /// The trouble that it has.
    pub fn trouble(&self) -> Option<OwnTrouble> {
        self.fleet().trouble()
    }

    /// Takes a check of `host` into account; gives the trouble of our own that explains what it
    /// met. `was_fine` says that the check before, as far as is known, reached the host. A check
    /// that could not reach it waits for the canaries.
    pub(super) async fn explains(
        &self,
        clock: &Clock,
        host: &str,
        seen: &Observation,
        was_fine: bool,
    ) -> Option<OwnTrouble> {
        let began = seen.started_at;
        match Reach::of(seen)? {
            Reach::Reached => {
                self.watched(|fleet| fleet.reached(host, began));
                return None;
            }
            Reach::Failed(way) => self.watched(|fleet| fleet.failed(host, way, began, was_fine)),
        }
        self.ask(clock).await;
        self.fleet().explains(began)
    }

    /// Asks the canaries, where their last word no longer holds.
    async fn ask(&self, clock: &Clock) {
        if self.canaries.is_empty() {
            return;
        }
        let mut asked = self.asked.lock().await;
        let now = clock.now();
        if asked.is_some_and(|last| last <= now && now < last + HOLDS) {
            return;
        }
        let is_answered = self.canaries.answer().await;
        let now = clock.now();
        *asked = Some(now);
        self.watched(|fleet| fleet.asked(now, is_answered));
    }

    /// Changes what is known, and logs when trouble begins or ends.
    fn watched(&self, change: impl FnOnce(&mut Fleet)) {
        let mut fleet = self.fleet();
        let before = fleet.trouble();
        change(&mut fleet);
        let after = fleet.trouble();
        drop(fleet);
        match (before, after) {
            (None, Some(trouble)) => tracing::warn!(
                since = %trouble.since,
                witness = ?trouble.witness,
                "the network of this node has trouble; what it explains is judged unknown"
            ),
            (Some(_), None) => tracing::info!("the network of this node works again"),
            _ => {}
        }
    }

    fn fleet(&self) -> MutexGuard<'_, Fleet> {
        // Nothing in here panics while it holds the lock; what is inside stays whole.
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
