//! The checks that this process is making and has not recorded yet: those that take long are claimed
//! anew, so that a lease can be short and a dead process is soon replaced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::domain::at::At;
use crate::domain::check::Watch;
use crate::store::{DueCheck, StoreError};

use super::App;
use super::scheduler::{BEAT, LEASE};

/// What is being checked, and under which claim.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashMap<Watch, (Uuid, At)>>>);

/// Ends when the check is recorded.
pub(super) struct Held {
    all: InFlight,
    watch: Watch,
    claim: Uuid,
}

impl InFlight {
    /// Remembers a check that begins.
    pub(super) fn hold(&self, due: &DueCheck, now: At) -> Held {
        let (watch, claim) = (due.watch.clone(), due.claim);
        self.with(|held| held.insert(watch.clone(), (claim, now)));
        Held {
            all: self.clone(),
            watch,
            claim,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.with(|held| held.len())
    }

    /// Gives a sign of life for every check that has run for a beat already. Where it fails their leases
    /// may end.
    pub(super) async fn renew(&self, app: &App) -> Result<(), StoreError> {
        let now = app.clock.now();
        let is_long = |since: At| now >= since + BEAT;
        let long: Vec<(Watch, Uuid)> = self.with(|held| {
            let long = held.iter().filter(|(_, (_, since))| is_long(*since));
            long.map(|(watch, (claim, _))| (watch.clone(), *claim))
                .collect()
        });
        if long.is_empty() {
            return Ok(());
        }
        app.store.renew(&long, now + LEASE).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<Watch, (Uuid, At)>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.with(|held| {
            // A claim that was overtaken may have been followed by another one of ours.
            if held
                .get(&self.watch)
                .is_some_and(|(claim, _)| *claim == self.claim)
            {
                held.remove(&self.watch);
            }
        });
    }
}
