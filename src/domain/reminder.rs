//! When people are reminded of trouble that nobody has acknowledged: the gap doubles each time.

use std::time::Duration;

use super::at::At;
use super::incident::Incident;

/// The gap before the first reminder, which the later ones are multiples of.
const FIRST: Duration = Duration::from_mins(30);
/// The longest gap.
const LONGEST: Duration = Duration::from_hours(24);

/// When to remind for the first time of what was confirmed then.
pub(super) fn first(confirmed_at: At) -> At {
    confirmed_at + FIRST
}

impl Incident {
    /// Whether others are to be told at `now` that nobody has acknowledged it. Who comes after
    /// them is known when they are told.
    pub fn escalate(&mut self, now: At) -> bool {
        let is_due = self.escalate_at.is_some_and(|due| due <= now);
        if is_due {
            self.escalate_at = None;
        }
        is_due
    }

    /// Whether people are to be reminded at `now`; then the next time is set: 30 minutes after the
    /// confirmation, an hour after that, two hours after that, at last once a day.
    pub fn remind(&mut self, now: At) -> bool {
        if self.remind_at.is_none_or(|due| due > now) {
            return false;
        }
        let elapsed = now.ms_since(self.confirmed_at);
        let elapsed = Duration::from_millis(elapsed.unsigned_abs());
        self.remind_at = Some(now + (elapsed + FIRST).min(LONGEST));
        true
    }

    /// Nobody is reminded before `until`, nor told instead of others: it is maintenance.
    pub fn remind_later(&mut self, until: At) {
        self.remind_at = self.remind_at.map(|due| due.max(until));
        self.escalate_at = self.escalate_at.map(|due| due.max(until));
    }
}
