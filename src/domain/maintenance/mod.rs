//! Maintenance windows: times when failures are expected and nobody is told.
//!
//! Pure: when they are, whom they cover, what they take out of the uptime. Releasing what they
//! held back is the business of `app`. What was accounted stays as it was: changing or deleting a
//! window does nothing to the past.

mod coverage;
mod cron;
mod schedule;

pub use coverage::{Coverage, Run};
pub use cron::Cron;
pub use schedule::{Occurrence, Schedule};

use super::at::{At, DAY_MS};
use super::id::{MonitorId, TeamId, WindowId};
use super::monitor::{FieldError, MAX_LIST, MAX_NAME, MAX_WORD};
use super::zone::Zone;

/// Longest occurrence of a recurring window, in minutes: a week.
pub const MAX_MINUTES: u32 = 7 * 24 * 60;
/// Longest window that is once, in milliseconds: ninety days.
const MAX_ONCE_MS: i64 = 90 * DAY_MS;
/// Most monitors that one window names; more are covered by a tag, or all.
pub const MAX_MONITORS: usize = 500;
/// Most windows of one team that are not over.
pub const MAX_WINDOWS: usize = 200;
/// Most occurrences that one question is answered with.
const MAX_OCCURRENCES: usize = 2_000;

/// Whom a window covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every monitor of the team, also those that are made later.
    All,
    /// Some of them.
    Some {
        /// These.
        monitors: Vec<MonitorId>,
        /// And whatever has one of these tags.
        tags: Vec<String>,
    },
}

impl Scope {
    /// Whether it covers a monitor with these tags.
    pub fn covers(&self, monitor: MonitorId, tags: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Some {
                monitors,
                tags: named,
            } => monitors.contains(&monitor) || tags.iter().any(|tag| named.contains(tag)),
        }
    }
}

/// A maintenance window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its id.
    pub id: WindowId,
    /// Whose it is.
    pub team: TeamId,
    /// What people call it; status pages show it.
    pub name: String,
    /// When it is.
    pub schedule: Schedule,
    /// Where the clock hangs that its times are of.
    pub zone: Zone,
    /// Whom it covers.
    pub scope: Scope,
    /// Whether its time counts for no uptime.
    pub is_excluded: bool,
    /// When somebody last ended a running occurrence before its time.
    pub ended_at: Option<At>,
    /// When it was declared.
    pub created_at: At,
}

impl Window {
    /// The occurrences that end after `from`, in order; they may go on for ever. An occurrence
    /// that somebody ended ends then.
    pub fn from(&self, from: At) -> impl Iterator<Item = Occurrence> {
        let all = self.schedule.from(self.zone, from);
        let ended = self.ended_at;
        all.map(move |occurrence| match ended {
            Some(at) if occurrence.holds(at) => Occurrence {
                ends_at: at,
                ..occurrence
            },
            _ => occurrence,
        })
        .filter(move |o| o.starts_at < o.ends_at && o.ends_at > from)
    }

    /// The occurrences that share time with the span from `from` until before `until`, in order
    /// and never overlapping; the first `MAX_OCCURRENCES` of them.
    pub fn occurrences(&self, from: At, until: At) -> Vec<Occurrence> {
        let inside = self.from(from).take_while(|o| o.starts_at < until);
        inside.take(MAX_OCCURRENCES).collect()
    }

    /// The occurrence that an instant lies in.
    pub fn covers(&self, at: At) -> Option<Occurrence> {
        self.from(at).next().filter(|o| o.holds(at))
    }

    /// The running occurrence, if there is one, and those that follow: at most `count`.
    pub fn next(&self, now: At, count: usize) -> Vec<Occurrence> {
        self.from(now).take(count).collect()
    }

    /// When it is over for good; `None` when it recurs.
    pub fn over_at(&self) -> Option<At> {
        let over = self.schedule.over_at()?;
        Some(self.ended_at.map_or(over, |ended| ended.min(over)))
    }

    /// Every field that is out of bounds, with what would be right.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut fault = |field, message: String| faults.push(FieldError::new(field, message));
        let length = self.name.chars().count();
        if !(1..=MAX_NAME).contains(&length) || self.name.chars().any(char::is_control) {
            fault(
                "name",
                format!("must have 1 to {MAX_NAME} printable characters"),
            );
        }
        match &self.schedule {
            Schedule::Once { starts_at, ends_at } => {
                let length = ends_at.0 - starts_at.0;
                if length <= 0 {
                    fault("ends_at", "must be later than the start".to_owned());
                } else if length > MAX_ONCE_MS {
                    fault(
                        "ends_at",
                        "must be at most 90 days after the start".to_owned(),
                    );
                }
            }
            Schedule::Weekly { days, minutes, .. } => {
                if days.is_empty() {
                    fault("days", "choose at least one day of the week".to_owned());
                }
                if !(1..=MAX_MINUTES).contains(minutes) {
                    fault(
                        "minutes",
                        format!("must be from 1 to {MAX_MINUTES} (a week)"),
                    );
                }
            }
            Schedule::Cron { minutes, .. } => {
                if !(1..=MAX_MINUTES).contains(minutes) {
                    fault(
                        "minutes",
                        format!("must be from 1 to {MAX_MINUTES} (a week)"),
                    );
                }
            }
        }
        if let Scope::Some { monitors, tags } = &self.scope {
            if monitors.is_empty() && tags.is_empty() {
                let words = "choose monitors or tags, or all monitors";
                fault("monitors", words.to_owned());
            }
            if monitors.len() > MAX_MONITORS {
                let words = format!("at most {MAX_MONITORS}; give them a tag, or choose all");
                fault("monitors", words);
            }
            let is_long = |tag: &String| tag.is_empty() || tag.chars().count() > MAX_WORD;
            if tags.len() > MAX_LIST || tags.iter().any(is_long) {
                fault(
                    "tags",
                    format!("at most {MAX_LIST} of 1 to {MAX_WORD} characters"),
                );
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests;
