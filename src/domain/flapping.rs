//! A status that does not keep still: told once, and once more when it has settled.
//!
//! More than [`MAX_TURNS`] turns within [`WINDOW`] are flapping; it is over when there was none for
//! [`SETTLED_AFTER`]. A turn is a change between up, degraded and down: what nobody could measure
//! is no turn.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::at::At;

/// Most turns within [`WINDOW`] that are told one by one.
pub const MAX_TURNS: usize = 4;
/// The time that turns are counted in.
pub const WINDOW: Duration = Duration::from_mins(30);
/// How long nothing may turn until it counts as settled.
pub const SETTLED_AFTER: Duration = Duration::from_mins(30);

/// The latest turns of a monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns {
    /// When the latest ones were confirmed, oldest first.
    latest: [Option<At>; MAX_TURNS],
    /// How many there were since the first of those that made it flap; 0 while it does not.
    flapping: u32,
}

/// What a check says of the flapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flapping {
    /// It has begun.
    Began,
    /// It is over: nothing has turned for [`SETTLED_AFTER`].
    Settled {
        /// How often it had turned.
        turns: u32,
    },
}

impl Turns {
    /// Nothing worth keeping.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How often it has turned since it began to flap; `None` while it does not.
    pub fn flapping(&self) -> Option<u32> {
        (self.flapping > 0).then_some(self.flapping)
    }

    /// The same without what lies after `now`, as when a clock was set back: it still flaps.
    pub(super) fn until(self, now: At) -> Self {
        Self {
            latest: self.latest.map(|at| at.map(|at| at.min(now))),
            ..self
        }
    }

    /// One more turn, confirmed at `at`. Says whether the flapping began with it.
    pub(super) fn turned(&mut self, at: At) -> Option<Flapping> {
        let is_one_too_many = self.latest[0].is_some_and(|oldest| oldest > at - WINDOW);
        self.latest.rotate_left(1);
        self.latest[MAX_TURNS - 1] = Some(at);
        if self.flapping > 0 {
            self.flapping += 1;
            return None;
        }
        let all = u32::try_from(MAX_TURNS + 1).unwrap_or(u32::MAX);
        self.flapping = if is_one_too_many { all } else { 0 };
        is_one_too_many.then_some(Flapping::Began)
    }

    /// A check at `at` that turned nothing. Says whether the flapping ended with it.
    pub(super) fn kept_still(&mut self, at: At) -> Option<Flapping> {
        let last = self.latest[MAX_TURNS - 1]?;
        if at - SETTLED_AFTER < last {
            return None;
        }
        let turns = self.flapping();
        *self = Self::default();
        turns.map(|turns| Flapping::Settled { turns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn turned(minutes: &[i64]) -> (Turns, Vec<Option<Flapping>>) {
        let mut turns = Turns::default();
        let said = minutes.iter().map(|m| turns.turned(At(m * MINUTE)));
        let said = said.collect();
        (turns, said)
    }

    #[test]
    fn the_fifth_within_half_an_hour_is_flapping_and_said_once() {
        let (turns, said) = turned(&[0, 5, 10, 15, 29, 31]);
        assert_eq!(said[..4], [None; 4]);
        assert_eq!(said[4..], [Some(Flapping::Began), None]);
        assert_eq!(turns.flapping(), Some(6));
    }

    #[test]
    fn five_in_more_than_half_an_hour_are_five_troubles() {
        let (turns, said) = turned(&[0, 5, 10, 15, 30]);
        assert_eq!(said, [None; 5]);
        assert_eq!(turns.flapping(), None);
    }

    #[test]
    fn half_an_hour_of_stillness_ends_it_once() {
        let (mut turns, _) = turned(&[0, 5, 10, 15, 20]);
        assert_eq!(turns.kept_still(At(49 * MINUTE)), None);
        let settled = Flapping::Settled { turns: 5 };
        assert_eq!(turns.kept_still(At(50 * MINUTE)), Some(settled));
        assert_eq!(turns.kept_still(At(51 * MINUTE)), None);
        assert!(turns.is_empty());
    }
}
