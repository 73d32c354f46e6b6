//! What an agent knows of its watches: when each is due, what its next probe should know. Pure: the
//! time is an argument.
//!
//! The server decides when a watch is due. While it is away the agent goes on at the same places in
//! the interval, so that nothing is checked twice for a slot and none is left out.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::agents::wire::{AssignedWatch, Assignments, WatchStanding};
use crate::app::check::{Assignment, Sighting, was_fine};
use crate::domain::at::At;
use crate::domain::check::Watch;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::Endpoint;
use crate::domain::observation::ProbeMemory;
use crate::domain::schedule;
use crate::domain::state::CLOCKS_DIFFER;
use crate::domain::verdict::CheckStatus;
use crate::probe::Target;

/// All watches of an agent.
#[derive(Debug, Default)]
pub(super) struct Book {
    team: Option<TeamId>,
    location: String,
    watches: HashMap<MonitorId, Entry>,
    /// The last slots that were checked, of watches that may come back, too.
    done: HashMap<MonitorId, At>,
}

#[derive(Debug)]
struct Entry {
    assigned: AssignedWatch,
    endpoint: Endpoint,
    memory: ProbeMemory,
    last_status: Option<CheckStatus>,
    /// The slot to check next, once it is known.
    due: Option<At>,
    /// Its host was too busy: not before this.
    not_before: At,
    is_busy: bool,
}

/// A check to be made.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    /// What to probe.
    pub(super) task: Assignment,
    /// The slot that it is for.
    pub(super) slot: At,
    /// How often the monitor was changed.
    pub(super) revision: i64,
}

impl Entry {
    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.assigned.interval_seconds))
    }

    fn place(&self, location: &str) -> i64 {
        schedule::place(self.assigned.monitor, location, self.interval())
    }
}

impl Book {
    /// A book that knows which slots were checked before.
    pub(super) fn of(done: HashMap<MonitorId, At>) -> Self {
        Self {
            done,
            ..Self::default()
        }
    }

    /// How many watches there are.
    pub(super) fn len(&self) -> usize {
        self.watches.len()
    }

    /// Forgets all watches: they are not ours any more.
    pub(super) fn clear(&mut self) {
        self.watches.clear();
    }

    /// Takes over what there is to check. What is known of a watch stays, unless its monitor was
    /// changed: then nothing was learnt of it. Gives what cannot be used, with the reason.
    pub(super) fn assign(&mut self, all: Assignments) -> Vec<(MonitorId, String)> {
        let mut unfit = Vec::new();
        let mut before = std::mem::take(&mut self.watches);
        let is_same_place = self.location == all.location && self.team == Some(all.team);
        self.team = Some(all.team);
        self.location = all.location;
        for assigned in all.watches {
            let id = assigned.monitor;
            let endpoint = match assigned.endpoint() {
                Ok(endpoint) => endpoint,
                Err(fault) => {
                    unfit.push((id, fault.to_string()));
                    continue;
                }
            };
            let known = before.remove(&id);
            let known =
                known.filter(|it| is_same_place && it.assigned.revision == assigned.revision);
            let entry = known.unwrap_or(Entry {
                assigned,
                endpoint,
                memory: ProbeMemory::default(),
                last_status: None,
                due: None,
                not_before: At(0),
                is_busy: false,
            });
            self.watches.insert(id, entry);
        }
        let watches = &self.watches;
        self.done.retain(|id, _| watches.contains_key(id));
        unfit
    }

    /// Takes over where watches stand, as the server says at `now`. What it says of a watch that was
    /// checked since is old: `told` are the last slots that it knew of, everything where it is none.
    pub(super) fn stand(
        &mut self,
        standings: Vec<WatchStanding>,
        told: Option<&HashMap<MonitorId, At>>,
        now: At,
    ) {
        for standing in standings {
            let id = standing.monitor;
            let done = self.done.get(&id).copied();
            let Some(entry) = self.watches.get_mut(&id) else {
                continue;
            };
            let is_old = told.is_some_and(|told| told.get(&id).copied() < done);
            if entry.is_busy || is_old {
                continue;
            }
            entry.last_status = standing.last_status;
            if let Some(memory) = standing.memory {
                entry.memory = memory;
            }
            if done.is_none_or(|done| standing.due > done) {
                entry.due = Some(standing.due);
            }
        }
        self.plan(now);
    }

    /// Gives a slot to watches that have none yet: those that were checked and not told yet,
    /// or had one that lay ahead.
    fn plan(&mut self, now: At) {
        for entry in self.watches.values_mut() {
            if entry.due.is_none() {
                let place = entry.place(&self.location);
                entry.due = Some(schedule::next_slot(now, place, entry.interval()));
            }
        }
    }

    /// Forgets what lies ahead of `now` by more than the server takes: the clock was wrong.
    pub(super) fn rewind(&mut self, now: At) {
        let latest = now + CLOCKS_DIFFER;
        self.done.retain(|_, slot| *slot <= latest);
        for entry in self.watches.values_mut() {
            entry.due = entry.due.filter(|due| *due <= latest);
            entry.not_before = entry.not_before.min(now);
        }
        self.plan(now);
    }

    /// Begins without the server at `now`, with what it said before: the slot that is running is
    /// checked if it was not, what was missed before it is lost.
    pub(super) fn resume(&mut self, standings: Vec<WatchStanding>, now: At) {
        self.stand(standings, None, now);
        for (id, entry) in &mut self.watches {
            let (place, interval) = (entry.place(&self.location), entry.interval());
            let running = schedule::next_slot(now - interval, place, interval);
            let done = self.done.get(id).copied().unwrap_or(At(0));
            let known = entry.due.unwrap_or(running);
            entry.due = Some(if known > now {
                known
            } else if running > done {
                running
            } else {
                schedule::next_slot(now, place, interval)
            });
        }
    }

    /// What is due at `now`, the longest due first, at most `limit`: it is being checked from now on.
    pub(super) fn take_due(&mut self, now: At, limit: usize) -> Vec<Errand> {
        let Some(team) = self.team else {
            return Vec::new();
        };
        let is_due = |entry: &&mut Entry| {
            !entry.is_busy && entry.not_before <= now && entry.due.is_some_and(|due| due <= now)
        };
        let mut due: Vec<&mut Entry> = self.watches.values_mut().filter(is_due).collect();
        due.sort_by_key(|entry| (entry.due, entry.assigned.monitor));
        let location = &self.location;
        let errand = |entry: &mut Entry| {
            entry.is_busy = true;
            let assigned = &entry.assigned;
            Errand {
                slot: entry.due.unwrap_or(now),
                revision: assigned.revision,
                task: Assignment {
                    watch: Watch {
                        team,
                        monitor: assigned.monitor,
                        location: location.clone(),
                    },
                    target: Target {
                        endpoint: entry.endpoint.clone(),
                        timeout: Duration::from_secs(u64::from(assigned.timeout_seconds)),
                        memory: entry.memory.clone(),
                        canary: assigned.canary.clone(),
                        monitor: assigned.monitor,
                        lint: assigned.lint,
                    },
                    expectations: assigned.expectations.clone(),
                    was_fine: was_fine(entry.last_status),
                },
            }
        };
        due.into_iter().take(limit).map(errand).collect()
    }

    /// A check was not made, because its host is too busy: it is due at its slot still, later.
    pub(super) fn postpone(&mut self, monitor: MonitorId, until: At) {
        if let Some(entry) = self.watches.get_mut(&monitor) {
            entry.is_busy = false;
            entry.not_before = until;
        }
    }

    /// A check was made. Until the server says something else, the next one is due in the next slot.
    pub(super) fn done(&mut self, errand: &Errand, seen: &Sighting, now: At) {
        let id = errand.task.watch.monitor;
        let Some(entry) = self.watches.get_mut(&id) else {
            return;
        };
        self.done.insert(id, errand.slot);
        // It was changed or came back meanwhile: what the server says of it is newer.
        if !entry.is_busy || entry.assigned.revision != errand.revision {
            return;
        }
        entry.is_busy = false;
        entry.last_status = Some(seen.report.status);
        entry.memory.clone_from(&seen.memory);
        let (place, interval) = (entry.place(&self.location), entry.interval());
        let wait = seen.report.retry_after_seconds.map(Duration::from_secs);
        entry.due = Some(schedule::next_due(now, place, interval, wait));
    }
}

#[cfg(test)]
mod tests;
