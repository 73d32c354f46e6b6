//! The hours that monitors are in, kept beside their states until they are over.
//!
//! They are read apart from the sums that they belong to, after them: whoever reads in the very moment
//! in which an hour ends may miss it once, and never counts it twice.

use std::collections::HashMap;

use super::codec::Origin;
use super::db::Many;
use super::{Store, StoreError};
use crate::domain::at::At;
use crate::domain::histogram::Latency;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::open_hour::OpenHour;
use crate::domain::uptime::Dated;

/// The hours that monitors are in, by monitor.
#[derive(Debug)]
pub(super) struct OpenHours(HashMap<MonitorId, Dated>);

/// Later than everything.
const ALWAYS: At = At(i64::MAX);

impl OpenHours {
    pub(super) fn iter(&self) -> impl Iterator<Item = (MonitorId, &Dated)> {
        self.0.iter().map(|(id, hour)| (*id, hour))
    }

    /// Adds them to the hours of their monitors, from an hour on.
    pub(super) fn add_to_hours(&self, hours: &mut HashMap<MonitorId, Vec<Dated>>, from: At) {
        for (monitor, open) in self.iter() {
            let of = hours.entry(monitor).or_default();
            add(of, Some(open.clone()), (from.hour(), ALWAYS));
        }
    }

    /// Adds them to the days of their monitors, from a day on, without their latencies.
    pub(super) fn add_to_days(&self, days: &mut HashMap<MonitorId, Vec<Dated>>, from: At) {
        for (monitor, open) in self.iter() {
            let mut day = into_day(open.clone());
            day.bucket.latency = Latency::default();
            let of = days.entry(monitor).or_default();
            add(of, Some(day), (from.day(), ALWAYS));
        }
    }
}

impl Store {
    /// The hours that monitors are in: read once for everything that they are added to.
    pub(super) async fn open_hours(&self, monitors: &[MonitorId]) -> Result<OpenHours, StoreError> {
        let keys = monitors.iter().map(|id| (*id,));
        let rows: Vec<(MonitorId, String)> = self.db.many_all(OPEN_HOURS, keys).await?;
        let read = |(id, text): (MonitorId, String)| Some((id, open_hour(id, &text).transpose()?));
        let read = rows.into_iter().filter_map(read);
        let hours = read.map(|(id, hour)| Ok((id, hour?)));
        Ok(OpenHours(hours.collect::<Result<_, StoreError>>()?))
    }

    /// The hour that a monitor of a team is in.
    pub(super) async fn open_hour(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Option<Dated>, StoreError> {
        let row: Option<(String,)> = self.db.optional(OPEN_HOUR, (team, monitor)).await?;
        row.map_or(Ok(None), |(text,)| open_hour(monitor, &text))
    }
}

fn open_hour(monitor: MonitorId, text: &str) -> Result<Option<Dated>, StoreError> {
    let at = Origin {
        table: "monitor_state",
        id: monitor,
    };
    Ok(at.parsed("open_hour", OpenHour::parse(text))?.so_far())
}

/// An hour as a part of its day.
pub(super) fn into_day(hour: Dated) -> Dated {
    Dated {
        start: hour.start.day(),
        ..hour
    }
}

/// Adds an open hour, or its part in a day, to sums in order, if it began from `from` until before
/// `until`.
pub(super) fn add(sums: &mut Vec<Dated>, open: Option<Dated>, (from, until): (At, At)) {
    let Some(open) = open.filter(|open| open.start >= from && open.start < until) else {
        return;
    };
    match sums.binary_search_by_key(&open.start, |sum| sum.start) {
        Ok(n) => sums[n].bucket.merge(&open.bucket),
        Err(n) => sums.insert(n, open),
    }
}

const OPEN_HOURS: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT s.monitor_id, s.open_hour FROM v JOIN monitor_state s ON s.monitor_id = v.id
             WHERE s.open_hour IS NOT NULL",
};
const OPEN_HOUR: &str = "
    SELECT open_hour FROM monitor_state
     WHERE team_id = $1 AND monitor_id = $2 AND open_hour IS NOT NULL";
