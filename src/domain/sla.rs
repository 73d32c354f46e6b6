//! The report of a month: how each monitor spent it, and what went wrong.
//!
//! Uptime and the time that counts for nothing are those of [`uptime`](super::uptime).

use super::at::At;
use super::budget::Target;
use super::id::{IncidentId, MonitorId};
use super::incident::Severity;
use super::month::Month;
use super::uptime::Bucket;

/// How a monitor spent a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaLine {
    /// Which.
    pub monitor: MonitorId,
    /// What people call it.
    pub name: String,
    /// What it should reach, as it is now.
    pub target: Option<Target>,
    /// Time by status, checks and latencies.
    pub bucket: Bucket,
    /// Incidents that were open in the month.
    pub incidents: u64,
    /// The longest of them, as far as it lies in the month, in milliseconds.
    pub longest_ms: i64,
}

impl SlaLine {
    /// Share of the known time in which clients could use it, 0 to 1.
    pub fn uptime(&self) -> Option<f64> {
        self.bucket.spent.uptime()
    }

    /// The same in percent with three decimals, rounded down.
    pub fn uptime_percent(&self) -> Option<f64> {
        let percent = |share: f64| (share * 100_000.0 + 1e-7).floor() / 1_000.0;
        self.uptime().map(percent)
    }

    /// Whether it met its target; `None` without one, or when nothing is known.
    pub fn is_met(&self) -> Option<bool> {
        self.target?.is_met(&self.bucket.spent)
    }

    /// The latency in milliseconds that `share` (0 to 1) of all good checks stayed at or below, to
    /// one decimal.
    pub fn latency(&self, share: f64) -> Option<f64> {
        let histogram = self.bucket.latency.phase("total")?;
        let ms = histogram.percentile(share)?;
        Some((ms * 10.0).round() / 10.0)
    }

    /// Whether there is nothing to report of it.
    fn is_empty(&self) -> bool {
        let spent = &self.bucket.spent;
        spent.known_ms() + spent.unknown_ms + spent.maintenance_ms == 0 && self.incidents == 0
    }
}

/// An incident of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaIncident {
    /// Which.
    pub incident: IncidentId,
    /// The monitor.
    pub monitor: MonitorId,
    /// What people call that.
    pub name: String,
    /// How bad.
    pub severity: Severity,
    /// Why, in words.
    pub message: String,
    /// The first bad check; it may lie before the month.
    pub started_at: At,
    /// When it ended; `None` while it has not. It may lie after the month.
    pub resolved_at: Option<At>,
}

impl SlaIncident {
    /// How long it lasted, or has lasted until now, in milliseconds.
    pub fn lasted_ms(&self, now: At) -> i64 {
        self.resolved_at.unwrap_or(now).ms_since(self.started_at)
    }
}

/// Everything that is reported of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaReport {
    /// Which month.
    pub month: Month,
    /// Its end, or now while it is not over.
    pub until: At,
    /// Of monitors with this tag only.
    pub tag: Option<String>,
    /// The monitors, by name.
    pub lines: Vec<SlaLine>,
    /// Whether there are more monitors than fit.
    pub has_more_lines: bool,
    /// The incidents, oldest first.
    pub incidents: Vec<SlaIncident>,
    /// Whether there are more incidents than fit.
    pub has_more_incidents: bool,
}

impl SlaReport {
    /// Whether the month is over.
    pub fn is_whole(&self) -> bool {
        self.until == self.month.ends_at()
    }

    /// Whether nothing was watched in it.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.lines.iter().all(SlaLine::is_empty)
    }

    /// How many monitors met their target, and how many have one and were measured.
    pub fn met(&self) -> (usize, usize) {
        let known: Vec<bool> = self.lines.iter().filter_map(SlaLine::is_met).collect();
        (known.iter().filter(|is_met| **is_met).count(), known.len())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::uptime::Spent;

    fn line(target: Option<f64>, up_ms: i64, down_ms: i64) -> SlaLine {
        SlaLine {
            monitor: MonitorId(Uuid::nil()),
            name: "Search".to_owned(),
            target: target.map(|percent| Target::of_percent(percent).unwrap()),
            bucket: Bucket {
                spent: Spent {
                    up_ms,
                    down_ms,
                    ..Spent::default()
                },
                ..Bucket::default()
            },
            incidents: 0,
            longest_ms: 0,
        }
    }

    #[test]
    fn only_what_was_measured_meets_or_misses_a_target() {
        let lines = vec![
            line(Some(99.0), 99, 1),
            line(Some(99.5), 99, 1),
            line(Some(99.5), 0, 0),
            line(None, 0, 5),
        ];
        let percents: Vec<_> = lines.iter().map(SlaLine::uptime_percent).collect();
        assert_eq!(percents, [Some(99.0), Some(99.0), None, Some(0.0)]);
        let month: Month = "2026-11".parse().unwrap();
        let report = SlaReport {
            month,
            until: month.ends_at(),
            tag: None,
            lines,
            has_more_lines: false,
            incidents: vec![],
            has_more_incidents: false,
        };
        assert_eq!(report.met(), (1, 2));
        assert!(!report.is_empty() && report.is_whole());
    }
}
