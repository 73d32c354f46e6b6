//! Availability, counted in time: the one function behind percentage, strip, API and report.
//!
//! Uptime is time up or degraded ÷ (all time − unknown − maintenance); paused time is never
//! accounted in the first place, time in maintenance is kept apart when it is accounted. No
//! percentage without its unknown time.

use super::accounting::Span;
use super::at::{At, DAY_MS, HOUR_MS};
use super::histogram::Latency;
use super::verdict::CheckStatus;

/// The windows that are told, with their names: hours of the first, days of the others.
pub const WINDOWS: [(&str, i64); 5] = [
    ("24h", 1),
    ("7d", 7),
    ("30d", 30),
    ("90d", 90),
    ("365d", 365),
];

/// Length of a window by its name, in milliseconds; `None` for a name that there is not.
pub fn window_ms(name: &str) -> Option<i64> {
    WINDOWS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, days)| days * DAY_MS)
}

/// Milliseconds by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time up.
    pub up_ms: i64,
    /// Time degraded.
    pub degraded_ms: i64,
    /// Time down.
    pub down_ms: i64,
    /// Time not measured.
    pub unknown_ms: i64,
    /// Time in maintenance.
    pub maintenance_ms: i64,
}

impl Spent {
    /// Adds so much of a span of time.
    pub fn add(&mut self, span: &Span, ms: i64) {
        match span.status {
            _ if span.in_maintenance => self.maintenance_ms += ms,
            CheckStatus::Up => self.up_ms += ms,
            CheckStatus::Degraded => self.degraded_ms += ms,
            CheckStatus::Down => self.down_ms += ms,
            CheckStatus::Unknown => self.unknown_ms += ms,
        }
    }

    /// Adds another count.
    pub fn merge(&mut self, other: &Self) {
        self.up_ms += other.up_ms;
        self.degraded_ms += other.degraded_ms;
        self.down_ms += other.down_ms;
        self.unknown_ms += other.unknown_ms;
        self.maintenance_ms += other.maintenance_ms;
    }

    /// Time that counts: up, degraded or down.
    pub fn known_ms(&self) -> i64 {
        self.up_ms + self.degraded_ms + self.down_ms
    }

    /// Share of the known time in which clients could use the server, 0 to 1; `None` when
    /// nothing is known.
    pub fn uptime(&self) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a year fit a float"
        )]
        let share = |part: i64, whole: i64| part as f64 / whole as f64;
        (self.known_ms() > 0).then(|| share(self.up_ms + self.degraded_ms, self.known_ms()))
    }
}

/// A share for people: two decimals, rounded down, so that 100 % means all of it.
pub fn percent(share: f64) -> String {
    let hundredths = (share.clamp(0.0, 1.0) * 10_000.0 + 1e-7).floor();
    if hundredths >= 10_000.0 {
        "100 %".to_owned()
    } else {
        format!("{:.2} %", hundredths / 100.0)
    }
}

/// What happened in one hour or one day: mergeable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Time by status.
    pub spent: Spent,
    /// Checks done.
    pub checks: i64,
    /// Checks that were down or degraded.
    pub failures: i64,
    /// Latencies of the checks that were up or degraded.
    pub latency: Latency,
}

impl Bucket {
    /// Adds another one.
    pub fn merge(&mut self, other: &Self) {
        self.spent.merge(&other.spent);
        self.checks += other.checks;
        self.failures += other.failures;
        self.latency.merge(&other.latency);
    }
}

/// A bucket with its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Start of the hour or the day, UTC.
    pub start: At,
    /// What happened in it.
    pub bucket: Bucket,
}

/// Cuts spans at the hours, so that each piece belongs to one bucket.
pub fn by_hour(spans: &[Span]) -> Vec<(At, Spent)> {
    let mut pieces: Vec<(At, Spent)> = Vec::new();
    for span in spans {
        let mut from = span.from;
        while from < span.until {
            let hour = from.hour();
            let until = span.until.min(At(hour.0 + HOUR_MS));
            let at = pieces
                .iter()
                .position(|(start, _)| *start == hour)
                .unwrap_or_else(|| {
                    pieces.push((hour, Spent::default()));
                    pieces.len() - 1
                });
            pieces[at].1.add(span, until.0 - from.0);
            from = until;
        }
    }
    pieces
}

/// Adds up what was spent in the `window_ms` before `now`. The bucket in which the window begins
/// counts in proportion; `tail` is the time since the last accounting.
pub fn over(hours: &[Dated], tail: &[Span], now: At, window_ms: i64) -> Spent {
    let start = At(now.0 - window_ms);
    let mut spent = Spent::default();
    for hour in hours {
        let end = hour.start.0 + HOUR_MS;
        if end <= start.0 || hour.start >= now {
            continue;
        }
        let inside = (end - start.0.max(hour.start.0)).clamp(0, HOUR_MS);
        spent.merge(&scaled(&hour.bucket.spent, inside));
    }
    for span in tail {
        spent.add(
            span,
            span.until.0 - span.from.0.max(start.0).min(span.until.0),
        );
    }
    spent
}

fn scaled(spent: &Spent, inside_ms: i64) -> Spent {
    let part = |ms: i64| ms * inside_ms / HOUR_MS;
    Spent {
        up_ms: part(spent.up_ms),
        degraded_ms: part(spent.degraded_ms),
        down_ms: part(spent.down_ms),
        unknown_ms: part(spent.unknown_ms),
        maintenance_ms: part(spent.maintenance_ms),
    }
}

/// One day of the strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Start of the day, UTC.
    pub start: At,
    /// Time by status; all zero where there was no monitor.
    pub spent: Spent,
}

/// The last `count` days up to and including today, oldest first, without holes.
pub fn strip(days: &[Dated], tail: &[Span], now: At, count: usize) -> Vec<Day> {
    let today = now.day();
    let mut strip: Vec<Day> = (0..count)
        .rev()
        .map(|back| At(today.0 - DAY_MS * i64::try_from(back).unwrap_or_default()))
        .map(|start| Day {
            start,
            spent: Spent::default(),
        })
        .collect();
    let first = strip.first().map_or(today, |day| day.start);
    let mut add = |start: At, spent: &Spent| {
        let place = usize::try_from((start.day().0 - first.0).div_euclid(DAY_MS)).ok();
        if let Some(day) = place.and_then(|place| strip.get_mut(place)) {
            day.spent.merge(spent);
        }
    };
    for day in days {
        add(day.start, &day.bucket.spent);
    }
    for (hour, spent) in by_hour(tail) {
        add(hour, &spent);
    }
    strip
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hour(start: i64, up_ms: i64, down_ms: i64) -> Dated {
        let spent = Spent {
            up_ms,
            down_ms,
            ..Spent::default()
        };
        Dated {
            start: At(start),
            bucket: Bucket {
                spent,
                ..Bucket::default()
            },
        }
    }

    #[test]
    fn uptime_is_a_share_of_the_known_time_only() {
        let spent = Spent {
            up_ms: 50,
            degraded_ms: 25,
            down_ms: 25,
            unknown_ms: 900,
            maintenance_ms: 10,
        };
        assert_eq!(spent.uptime(), Some(0.75));
        assert_eq!(
            Spent {
                unknown_ms: 5,
                ..Spent::default()
            }
            .uptime(),
            None
        );
    }

    #[test]
    fn the_first_hour_of_a_window_counts_in_proportion() {
        let hours = [hour(0, HOUR_MS, 0), hour(HOUR_MS, 0, HOUR_MS)];
        let now = At(2 * HOUR_MS);
        let spent = over(&hours, &[], now, HOUR_MS + HOUR_MS / 2);
        assert_eq!((spent.up_ms, spent.down_ms), (HOUR_MS / 2, HOUR_MS));
    }

    #[test]
    fn a_strip_has_every_day_and_the_tail_falls_on_today() {
        let now = At(100 * DAY_MS + HOUR_MS);
        let days = [hour(99 * DAY_MS, 10, 5)];
        let tail = [Span {
            from: At(now.0 - 60),
            until: now,
            status: CheckStatus::Up,
            in_maintenance: false,
        }];
        let strip = strip(&days, &tail, now, 90);
        assert_eq!(strip.len(), 90);
        assert_eq!(strip[0].start, At(11 * DAY_MS));
        assert_eq!(strip[88].spent.down_ms, 5);
        assert_eq!(strip[89].spent.up_ms, 60);
    }

    proptest! {
        #[test]
        fn cutting_at_the_hours_loses_no_time(from in 0..DAY_MS * 30, length in 1..DAY_MS) {
            let (from, until) = (At(from), At(from + length));
            let span = Span { from, until, status: CheckStatus::Down, in_maintenance: false };
            let pieces = by_hour(&[span]);
            prop_assert_eq!(pieces.iter().map(|(_, s)| s.down_ms).sum::<i64>(), length);
            prop_assert!(pieces.iter().all(|(hour, s)| *hour == hour.hour() && s.down_ms <= HOUR_MS));
        }
    }
}
