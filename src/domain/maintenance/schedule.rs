//! When maintenance is: once, every week, or by cron expression, in a time zone.
//!
//! A recurring time is one on the clock on the wall; a length is counted in real minutes, also
//! across a night in which clocks change. Occurrences of one window never overlap: where one
//! would last into the next, it ends there.

use chrono::{Datelike as _, Days, NaiveDateTime, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use super::cron::Cron;
use crate::domain::at::At;
use crate::domain::zone::Zone;

/// A minute in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// When it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Schedule {
    /// Once.
    Once {
        /// When it begins.
        starts_at: At,
        /// When it is over.
        ends_at: At,
    },
    /// Every week.
    Weekly {
        /// On these days, each once, from Monday.
        days: Vec<Weekday>,
        /// At this time of theirs.
        at: NaiveTime,
        /// For so long.
        minutes: u32,
    },
    /// By a cron expression.
    Cron {
        /// Whenever this says so.
        cron: Cron,
        /// For so long.
        minutes: u32,
    },
}

/// One span of time in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Occurrence {
    /// The first moment.
    pub starts_at: At,
    /// The first moment after it.
    pub ends_at: At,
}

impl Occurrence {
    /// Whether an instant lies in it.
    pub fn holds(&self, at: At) -> bool {
        self.starts_at <= at && at < self.ends_at
    }
}

impl Schedule {
    /// The word of the contract: `once`, `weekly` or `cron`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Once { .. } => "once",
            Self::Weekly { .. } => "weekly",
            Self::Cron { .. } => "cron",
        }
    }

    /// When it is over for good; `None` when it recurs.
    pub fn over_at(&self) -> Option<At> {
        match self {
            Self::Once { ends_at, .. } => Some(*ends_at),
            Self::Weekly { .. } | Self::Cron { .. } => None,
        }
    }

    /// The occurrences that end after `from`, in order; they may go on for ever.
    pub fn from(&self, zone: Zone, from: At) -> Box<dyn Iterator<Item = Occurrence> + '_> {
        match self {
            Self::Once { starts_at, ends_at } => {
                let only = Occurrence {
                    starts_at: *starts_at,
                    ends_at: *ends_at,
                };
                Box::new((*ends_at > from).then_some(only).into_iter())
            }
            Self::Weekly { days, at, minutes } => {
                let length = i64::from(*minutes) * MINUTE_MS;
                let clock = zone.local(At(from.0 - length));
                Box::new(Occurrences::new(
                    weekly(days, *at, clock),
                    zone,
                    from,
                    length,
                ))
            }
            Self::Cron { cron, minutes } => {
                let length = i64::from(*minutes) * MINUTE_MS;
                let clock = zone.local(At(from.0 - length));
                Box::new(Occurrences::new(cron.after(clock), zone, from, length))
            }
        }
    }
}

/// The clocks from the day of `clock` on.
fn weekly(
    days: &[Weekday],
    at: NaiveTime,
    clock: NaiveDateTime,
) -> impl Iterator<Item = NaiveDateTime> {
    let first = clock.date();
    (0..)
        .map_while(move |day| first.checked_add_days(Days::new(day)))
        .take_while(|day| day.year() < 2_200)
        .filter(|day| days.contains(&day.weekday()))
        .map(move |day| day.and_time(at))
}

/// Clocks on the wall as occurrences.
struct Occurrences<I> {
    clocks: I,
    zone: Zone,
    /// The start that is next, and the one before which no other begins.
    next: Option<At>,
    length: i64,
}

impl<I: Iterator<Item = NaiveDateTime>> Occurrences<I> {
    fn new(clocks: I, zone: Zone, from: At, length: i64) -> Self {
        let mut occurrences = Self {
            clocks,
            zone,
            next: None,
            length,
        };
        occurrences.next = occurrences.start_after(At(from.0 - length));
        occurrences
    }

    /// The next start after an instant. Clocks that do not exist fall on the same moment.
    fn start_after(&mut self, after: At) -> Option<At> {
        let zone = self.zone;
        self.clocks
            .by_ref()
            .map(|clock| zone.at(clock))
            .find(|at| *at > after)
    }
}

impl<I: Iterator<Item = NaiveDateTime>> Iterator for Occurrences<I> {
    type Item = Occurrence;

    fn next(&mut self) -> Option<Occurrence> {
        let starts_at = self.next?;
        self.next = self.start_after(starts_at);
        let ends_at = At(starts_at.0.saturating_add(self.length));
        Some(Occurrence {
            starts_at,
            ends_at: self.next.map_or(ends_at, |next| ends_at.min(next)),
        })
    }
}
