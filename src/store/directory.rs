//! The public directory as its list shows it: every listed server of every team, in a fixed number of
//! statements, out of sums and of what the last good check found. Nothing that is sealed is opened.

use std::collections::HashMap;

use super::codec::{Origin, row};
use super::db::Many;
use super::open_hours::OpenHours;
use super::windows::edge;
use super::{Store, StoreError};
use crate::domain::accounting::live_tail;
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::histogram::Latency;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::status::{MonitorStatus, State};
use crate::domain::uptime::{Bucket, Dated, Spent};

/// The window whose uptime the list shows.
const WINDOW: &str = "30d";
/// Its length, in milliseconds.
const WINDOW_MS: i64 = 30 * DAY_MS;
/// Hours whose latencies the list shows.
const LATENCY_HOURS: i64 = 24;

/// A server of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedServer {
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What its team calls it.
    pub name: String,
    /// The host that it is on.
    pub host: String,
    /// How it is.
    pub status: MonitorStatus,
    /// Alive behind an authorization wall.
    pub gated: bool,
    /// When it was last measured.
    pub last_check_at: Option<At>,
    /// Until when it is in maintenance, if it is.
    pub maintenance_until: Option<At>,
    /// Time by status over 30 days.
    pub spent: Spent,
    /// What half of the checks of the last 24 hours took at most, in milliseconds.
    pub median_ms: Option<f64>,
    /// The negotiated protocol version.
    pub protocol_version: Option<String>,
    /// How many tools it lists.
    pub tool_count: Option<usize>,
    /// Whether the owner of the host has proved that it is theirs.
    pub is_verified: bool,
}

row! {
    struct ListedRow {
        monitor_id: MonitorId,
        team_id: TeamId,
        host: String,
        name: String,
        paused: bool,
        state: String,
        is_verified: bool,
    }
}

row! {
    struct SumRow {
        monitor_id: MonitorId,
        up_ms: i64,
        degraded_ms: i64,
        down_ms: i64,
        unknown_ms: i64,
        maintenance_ms: i64,
    }
}

impl Store {
    /// Every server of the directory, in no order; at most `limit`. The sums are those that the page of
    /// each monitor shows.
    pub async fn listed_servers(
        &self,
        now: At,
        limit: usize,
    ) -> Result<Vec<ListedServer>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<ListedRow> = self.db.all(LISTED, (most,)).await?;
        let read = |row: ListedRow| {
            let at = Origin {
                table: "monitor_state",
                id: row.monitor_id,
            };
            let state: State = at.document("state", &row.state)?;
            Ok((row, state))
        };
        let rows = rows
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, StoreError>>()?;
        let whose: Vec<_> = rows
            .iter()
            .map(|(row, _)| (row.team_id, row.monitor_id))
            .collect();
        let ids: Vec<MonitorId> = whose.iter().map(|(_, id)| *id).collect();
        let accounted = rows.iter().filter_map(|(_, state)| state.accounted_until);
        let since = accounted.min().unwrap_or(now);
        let just_after = At(now.0.saturating_add(1));
        let coverage = self.coverage(&whose, since, just_after).await?;
        let mut edges = self.edges(&ids, &[WINDOW], now).await?;
        let mut days = self.summed_days(&ids, now).await?;
        let from = At(now.0 - (LATENCY_HOURS - 1) * HOUR_MS);
        let mut hours = self.ended_hours(&ids, from).await?;
        let open = self.open_hours(&ids).await?;
        edges.add(&open, &[WINDOW], now);
        add_to_sums(&mut days, &open, now);
        open.add_to_hours(&mut hours, from);
        let mut reports = self.good_reports_across(&whose).await?;
        let server = |(row, state): (ListedRow, State)| {
            let id = row.monitor_id;
            let tail = (!row.paused).then(|| live_tail(&state, now));
            let tail = coverage.apart(id, &tail.unwrap_or_default());
            let days = days.remove(&id);
            let spent = edges.spent_in(id, WINDOW_MS, (days.as_slice(), &tail), now);
            let mut latency = Latency::default();
            for hour in hours.remove(&id).unwrap_or_default() {
                latency.merge(&hour.bucket.latency);
            }
            let report = reports.remove(&id);
            let protocol = report.as_ref().and_then(|report| report.protocol.as_ref());
            ListedServer {
                monitor: id,
                name: row.name,
                host: row.host,
                status: if row.paused {
                    MonitorStatus::Paused
                } else {
                    state.status
                },
                gated: state.gated,
                last_check_at: state.last_check_at,
                maintenance_until: coverage.at(id, now).map(|run| run.occurrence.ends_at),
                spent,
                median_ms: latency.phase("total").and_then(|all| all.percentile(0.5)),
                protocol_version: protocol.and_then(|protocol| protocol.version.clone()),
                tool_count: report
                    .as_ref()
                    .and_then(|report| Some(report.tools.as_ref()?.count)),
                is_verified: row.is_verified,
            }
        };
        Ok(rows.into_iter().map(server).collect())
    }

    /// The whole days of the window, each monitor's added up into one.
    async fn summed_days(
        &self,
        monitors: &[MonitorId],
        now: At,
    ) -> Result<HashMap<MonitorId, Dated>, StoreError> {
        let (_, start) = edge(now, WINDOW_MS);
        let keys = monitors.iter().map(|id| (*id, start));
        let rows: Vec<SumRow> = self.db.many_all(SUMMED_DAYS, keys).await?;
        let dated = |row: SumRow| {
            let spent = Spent {
                up_ms: row.up_ms,
                degraded_ms: row.degraded_ms,
                down_ms: row.down_ms,
                unknown_ms: row.unknown_ms,
                maintenance_ms: row.maintenance_ms,
            };
            let bucket = Bucket {
                spent,
                ..Bucket::default()
            };
            (row.monitor_id, Dated { start, bucket })
        };
        Ok(rows.into_iter().map(dated).collect())
    }
}

/// Adds the hours that are not over to the whole days of the window.
fn add_to_sums(days: &mut HashMap<MonitorId, Dated>, open: &OpenHours, now: At) {
    let (_, start) = edge(now, WINDOW_MS);
    for (monitor, hour) in open.iter().filter(|(_, hour)| hour.start >= start) {
        let bucket = Bucket::default();
        let sum = days.entry(monitor).or_insert(Dated { start, bucket });
        sum.bucket.spent.merge(&hour.bucket.spent);
    }
}

const LISTED: &str = "
    SELECT l.monitor_id, l.team_id, l.host, m.name, m.paused, s.state,
           c.id IS NOT NULL AS is_verified
      FROM listing l
      JOIN monitor m ON m.id = l.monitor_id
      JOIN monitor_state s ON s.monitor_id = l.monitor_id
      LEFT JOIN claim c ON c.host = l.host AND c.proved_at IS NOT NULL
     ORDER BY l.monitor_id LIMIT $1";
const SUMMED_DAYS: Many = Many {
    head: "WITH v(monitor, since) AS (VALUES",
    tail: ") SELECT r.monitor_id, CAST(SUM(r.up_ms) AS BIGINT) AS up_ms,
                    CAST(SUM(r.degraded_ms) AS BIGINT) AS degraded_ms,
                    CAST(SUM(r.down_ms) AS BIGINT) AS down_ms,
                    CAST(SUM(r.unknown_ms) AS BIGINT) AS unknown_ms,
                    CAST(SUM(r.maintenance_ms) AS BIGINT) AS maintenance_ms
               FROM v JOIN rollup_day r ON r.monitor_id = v.monitor AND r.location = ''
                AND r.start >= v.since
              GROUP BY r.monitor_id",
};
