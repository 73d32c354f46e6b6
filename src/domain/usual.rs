//! How long a check of a server usually takes, so that one which takes much longer is noticed
//! where its owner has set no threshold.
//!
//! Usual is the median over the days of what nineteen of twenty checks of a day stayed below: a bad
//! day does not change it. Only whole days count, and only those after the address was set.

use serde::{Deserialize, Serialize};

use super::at::{At, DAY_MS, HOUR_MS};
use super::short;
use super::uptime::Dated;

/// The phase that stands for a check as a whole.
const TOTAL: &str = "total";
/// The time that is looked at, in milliseconds.
const WINDOW_MS: i64 = 7 * DAY_MS;
/// A day with fewer checks says nothing of what is usual.
const ENOUGH: u64 = 20;
/// How often it is looked at.
const LOOK_EVERY_MS: i64 = HOUR_MS;
/// So many times the usual is slow …
const TIMES: u32 = 3;
/// … if it is so many milliseconds at least: nobody notices less.
const NOTICED_MS: u32 = 1_000;

/// What was found, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usual {
    /// What nineteen of twenty checks stay below, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u32>,
    /// When it was first looked at.
    #[serde(with = "short::instant", skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// When it was last looked at.
    #[serde(with = "short::instant", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<At>,
}

impl Usual {
    /// The first and the end of the days that are to be looked at, at `now`; `None` before there is
    /// a whole one.
    pub fn days(&self, now: At) -> Option<(At, At)> {
        let first = At(self.since?.day().0 + DAY_MS);
        let (from, until) = (first.max(At(now.0 - WINDOW_MS).day()), now.day());
        (from < until).then_some((from, until))
    }

    /// Takes in what these days say.
    pub fn look(&mut self, days: &[Dated], now: At) {
        self.since = self.since.or(Some(now));
        self.seen_at = Some(now);
        let of_day = |day: &Dated| {
            let totals = day.bucket.latency.phase(TOTAL)?;
            (totals.count() >= ENOUGH).then(|| totals.percentile(0.95))?
        };
        let mut p95: Vec<f64> = days.iter().filter_map(of_day).collect();
        p95.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a duration of a check, which has two minutes at most; the cast saturates"
        )]
        let median = p95.get(p95.len() / 2).map(|ms| ms.ceil() as u32);
        self.p95_ms = median.or(self.p95_ms);
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

    fn day(n: i64, checks: usize, ms: f64) -> Dated {
        let mut bucket = Bucket::default();
        for _ in 0..checks {
            bucket.latency.add(TOTAL, ms);
        }
        Dated {
            start: At(n * DAY_MS),
            bucket,
        }
    }

    fn limit(days: &[Dated]) -> Option<u32> {
        let mut usual = Usual::default();
        usual.look(days, At(0));
        usual.limit_ms()
    }

    #[test]
    fn three_times_the_usual_is_slow_once_a_day_is_known() {
        assert_eq!(limit(&[]), None);
        assert_eq!(limit(&[day(0, 19, 600.0)]), None);
        let known = limit(&[day(0, 20, 600.0)]).unwrap();
        assert!((1_700..=1_950).contains(&known), "{known}");
        assert_eq!(
            limit(&[day(0, 20, 20.0)]),
            Some(NOTICED_MS),
            "60 ms are not slow"
        );
        let bad_day = [day(0, 99, 600.0), day(1, 99, 9_000.0), day(2, 99, 600.0)];
        assert_eq!(limit(&bad_day), Some(known), "one bad day is not usual");
    }

    #[test]
    fn only_whole_days_since_it_is_watched_count() {
        let mut usual = Usual::default();
        assert_eq!(usual.days(At(5)), None);
        usual.look(&[], At(5));
        assert_eq!(usual.days(At(DAY_MS + 9)), None);
        let second = (At(DAY_MS), At(2 * DAY_MS));
        assert_eq!(usual.days(At(2 * DAY_MS + 9)), Some(second));
        let week = (At(13 * DAY_MS), At(20 * DAY_MS));
        assert_eq!(usual.days(At(20 * DAY_MS)), Some(week));
    }

    #[test]
    fn it_is_looked_at_once_an_hour() {
        let mut usual = Usual::default();
        assert!(usual.is_stale(At(0)));
        usual.look(&[], At(0));
        assert!(!usual.is_stale(At(HOUR_MS - 1)));
        assert!(usual.is_stale(At(HOUR_MS)));
    }
}
