//! Uptime by window of many monitors at once, to the same hour as from all their hours.
//!
//! A window of 90 days is 2,160 hours. It is summed from its whole days and from the hours of the
//! day in which it begins, which the database adds up: three rows and the days.

use std::collections::HashMap;

use super::codec::row;
use super::db::Many;
use super::open_hours::OpenHours;
use super::{Store, StoreError};
use crate::domain::accounting::Span;
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::id::MonitorId;
use crate::domain::uptime::{Bucket, Dated, Spent, over, window_ms};

/// The windows of an overview, by their names.
pub const OVERVIEW_WINDOWS: [&str; 4] = ["24h", "7d", "30d", "90d"];

row! {
    struct EdgeRow {
        monitor_id: MonitorId,
        since: At,
        is_first: bool,
        up_ms: i64,
        degraded_ms: i64,
        down_ms: i64,
        unknown_ms: i64,
        maintenance_ms: i64,
    }
}

/// The hours of the days in which the windows begin, by monitor and beginning.
#[derive(Debug)]
pub(super) struct Edges(HashMap<(MonitorId, At), Vec<Dated>>);

/// The hour in which a window begins, and the end of its day.
pub(super) fn edge(now: At, window_ms: i64) -> (At, At) {
    let start = At(now.0 - window_ms);
    (start.hour(), At(start.day().0 + DAY_MS))
}

impl Store {
    /// The edges of some windows, without the hours that are not over.
    pub(super) async fn edges(
        &self,
        monitors: &[MonitorId],
        windows: &[&str],
        now: At,
    ) -> Result<Edges, StoreError> {
        let lengths = windows.iter().filter_map(|name| window_ms(name));
        let keys = lengths.flat_map(|length| {
            let (since, until) = edge(now, length);
            monitors
                .iter()
                .map(move |id| (*id, since, At(since.0 + HOUR_MS), until))
        });
        let keys: Vec<_> = keys.collect();
        let rows: Vec<EdgeRow> = self.db.many_all(EDGES, keys).await?;
        let mut edges: HashMap<_, Vec<Dated>> = HashMap::new();
        for row in rows {
            let spent = Spent {
                up_ms: row.up_ms,
                degraded_ms: row.degraded_ms,
                down_ms: row.down_ms,
                unknown_ms: row.unknown_ms,
                maintenance_ms: row.maintenance_ms,
            };
            let start = if row.is_first {
                row.since
            } else {
                At(row.since.0 + HOUR_MS)
            };
            let bucket = Bucket {
                spent,
                ..Bucket::default()
            };
            let of = edges.entry((row.monitor_id, row.since)).or_default();
            of.push(Dated { start, bucket });
        }
        Ok(Edges(edges))
    }
}

impl Edges {
    /// Adds the hours that are not over to the windows that begin in them or on their day.
    pub(super) fn add(&mut self, open: &OpenHours, windows: &[&str], now: At) {
        for length in windows.iter().filter_map(|name| window_ms(name)) {
            let (since, until) = edge(now, length);
            for (monitor, hour) in open.iter() {
                if hour.start >= since && hour.start < until {
                    let of = self.0.entry((monitor, since)).or_default();
                    of.push(hour.clone());
                }
            }
        }
    }

    /// What a monitor spent in each window. `days` are its days, at least as many as the longest
    /// window has; `tail` is the time since the last accounting.
    pub(super) fn spent(
        &self,
        monitor: MonitorId,
        days: &[Dated],
        tail: &[Span],
        now: At,
    ) -> Vec<(&'static str, Spent)> {
        let spent = |name: &'static str| {
            let length = window_ms(name)?;
            Some((name, self.spent_in(monitor, length, (days, tail), now)))
        };
        OVERVIEW_WINDOWS.into_iter().filter_map(spent).collect()
    }

    /// What a monitor spent in one window of this length, whose edges were read. Its days need not be
    /// apart: a sum over those of the window does as well.
    pub(super) fn spent_in(
        &self,
        monitor: MonitorId,
        window_ms: i64,
        (days, tail): (&[Dated], &[Span]),
        now: At,
    ) -> Spent {
        let (since, until) = edge(now, window_ms);
        let mut parts = self.0.get(&(monitor, since)).cloned().unwrap_or_default();
        parts.extend(days.iter().filter(|day| day.start >= until).cloned());
        over(&parts, tail, now, window_ms)
    }
}

const EDGES: Many = Many {
    head: "WITH v(monitor, since, second, until) AS (VALUES",
    tail: ") SELECT r.monitor_id, v.since, r.start < v.second AS is_first,
                    CAST(SUM(r.up_ms) AS BIGINT) AS up_ms,
                    CAST(SUM(r.degraded_ms) AS BIGINT) AS degraded_ms,
                    CAST(SUM(r.down_ms) AS BIGINT) AS down_ms,
                    CAST(SUM(r.unknown_ms) AS BIGINT) AS unknown_ms,
                    CAST(SUM(r.maintenance_ms) AS BIGINT) AS maintenance_ms
               FROM v JOIN rollup_hour r ON r.monitor_id = v.monitor AND r.location = ''
                AND r.start >= v.since AND r.start < v.until
              GROUP BY r.monitor_id, v.since, r.start < v.second",
};
