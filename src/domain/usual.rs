//! How long a check of a server usually takes, so that one which takes much longer is noticed
//! where its owner has set no threshold.
//!
//! What has been slow for some eight hours is the new usual: it is more than a twentieth of a week.

use serde::{Deserialize, Serialize};

use super::at::{At, DAY_MS, HOUR_MS};
use super::histogram::Histogram;
use super::uptime::Dated;

/// The phase that stands for a check as a whole.
const TOTAL: &str = "total";
/// The time that is looked at, in milliseconds.
pub const WINDOW_MS: i64 = 7 * DAY_MS;
/// Fewer checks than these say nothing of what is usual: half a day of one a minute.
const ENOUGH: u64 = 720;
/// How often it is looked at.
const LOOK_EVERY_MS: i64 = HOUR_MS;
/// So many times the usual is slow …
const TIMES: u32 = 3;
/// … if it is so many milliseconds at least: nobody notices less.
const NOTICED_MS: u32 = 1_000;

/// What was found, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// What nineteen of twenty checks stay below, in milliseconds.
    pub p95_ms: Option<u32>,
    /// When it was looked at.
    pub seen_at: Option<At>,
}

impl Usual {
    /// What the days of a monitor say at `now`.
    pub fn of(days: &[Dated], now: At) -> Self {
        let mut totals = Histogram::default();
        for day in days {
            if let Some(day) = day.bucket.latency.phase(TOTAL) {
                totals.merge(day);
            }
        }
        let enough = totals.count() >= ENOUGH;
        let p95 = enough.then(|| totals.percentile(0.95)).flatten();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a duration of a check, which has two minutes at most; the cast saturates"
        )]
        let p95_ms = p95.map(|ms| ms.ceil() as u32);
        Self {
            p95_ms,
            seen_at: Some(now),
        }
    }

    /// Whether it is time to look again.
    pub fn is_stale(&self, now: At) -> bool {
        self.seen_at
            .is_none_or(|seen| now.ms_since(seen) >= LOOK_EVERY_MS)
    }

    /// What takes longer than this, in milliseconds, is slow.
    pub fn limit_ms(&self) -> Option<u32> {
        let usual = self.p95_ms?;
        Some(usual.saturating_mul(TIMES).max(NOTICED_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::uptime::Bucket;

    fn days(checks: usize, ms: f64) -> Vec<Dated> {
        let mut bucket = Bucket::default();
        for _ in 0..checks {
            bucket.latency.add(TOTAL, ms);
        }
        let day = Dated {
            start: At(0),
            bucket,
        };
        vec![day]
    }

    #[test]
    fn three_times_the_usual_is_slow_once_enough_is_known() {
        let usual = Usual::of(&days(719, 600.0), At(0));
        assert_eq!((usual.p95_ms, usual.limit_ms()), (None, None));
        let usual = Usual::of(&days(720, 600.0), At(0));
        let p95 = usual.p95_ms.unwrap();
        assert!((560..=640).contains(&p95), "{p95}");
        assert_eq!(usual.limit_ms(), Some(3 * p95));
        let quick = Usual::of(&days(720, 20.0), At(0));
        assert_eq!(quick.limit_ms(), Some(NOTICED_MS), "60 ms are not slow");
    }

    #[test]
    fn it_is_looked_at_once_an_hour() {
        assert!(Usual::default().is_stale(At(0)));
        let usual = Usual::of(&[], At(0));
        assert!(!usual.is_stale(At(HOUR_MS - 1)));
        assert!(usual.is_stale(At(HOUR_MS)));
    }
}
