//! Tells open pages that something changed, on this node and through `wakes` on the others.
//!
//! What happens to the monitors of a team is gathered and told once to all its viewers, so that neither
//! a busy team nor ten thousand idle viewers cost more than a message a second. Only hints: a viewer that
//! lags loses hints and reloads; nothing depends on one arriving.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::App;
use crate::domain::id::{MonitorId, TeamId};

/// What happens is gathered for this long.
const GATHER: Duration = Duration::from_secs(1);
/// Most monitors that are told at once; of others a page learns at their next check.
const TOLD: usize = 2_000;
/// Messages that a slow viewer may be behind before it loses some.
const BACKLOG: usize = 8;
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

/// Hears which monitors of a team have changed.
pub type Hearing = broadcast::Receiver<Arc<[MonitorId]>>;

/// The fan-out of hints.
#[derive(Debug, Default)]
pub struct Events {
    teams: Mutex<HashMap<TeamId, Viewed>>,
    gathered: Notify,
    elsewhere: Mutex<HashSet<Changed>>,
}

/// A team whose pages are open somewhere.
#[derive(Debug)]
struct Viewed {
    changed: BTreeSet<MonitorId>,
    viewers: broadcast::Sender<Arc<[MonitorId]>>,
}

impl Events {
    /// Gathers what is to be told, on other nodes too.
    pub fn publish(&self, changed: Changed) {
        self.publish_here(changed);
        let mut hints = locked(&self.elsewhere);
        if hints.len() < CALLED {
            hints.insert(changed);
        }
    }

    /// Gathers what is to be told on this node.
    pub fn publish_here(&self, Changed { team, monitor }: Changed) {
        let mut teams = locked(&self.teams);
        if let Some(viewed) = teams.get_mut(&team)
            && viewed.changed.len() < TOLD
        {
            viewed.changed.insert(monitor);
            self.gathered.notify_one();
        }
    }

    /// Listens from now on to what happens in a team.
    pub fn subscribe(&self, team: TeamId) -> Hearing {
        let mut teams = locked(&self.teams);
        let viewed = teams.entry(team).or_insert_with(|| Viewed {
            changed: BTreeSet::new(),
            viewers: broadcast::Sender::new(BACKLOG),
        });
        viewed.viewers.subscribe()
    }

    /// Tells the viewers of each team what was gathered.
    pub fn tell(&self) {
        locked(&self.teams).retain(|_, Viewed { changed, viewers }| {
            if !changed.is_empty() {
                // An error only says that nobody listens any more.
                let _ = viewers.send(std::mem::take(changed).into_iter().collect());
            }
            viewers.receiver_count() > 0
        });
    }

    /// What other nodes have not been called yet.
    pub(super) fn take(&self) -> HashSet<Changed> {
        std::mem::take(&mut locked(&self.elsewhere))
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells viewers until `stop`.
pub(super) async fn run(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = app.events.gathered.notified() => {}
            () = stop.cancelled() => break,
        }
        tokio::select! {
            () = tokio::time::sleep(GATHER) => {}
            () = stop.cancelled() => {}
        }
        app.events.tell();
    }
}
