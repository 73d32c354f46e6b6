//! What the report of a month is made of: the sums of its days, and its incidents.

use std::collections::HashMap;

use super::codec::{Origin, row};
use super::db::Many;
use super::monitor_row::target;
use super::rollups::RollupRow;
use super::{Store, StoreError};
use crate::domain::accounting::{Span, live_tail};
use crate::domain::at::At;
use crate::domain::budget::Target;
use crate::domain::digest::Period;
use crate::domain::id::{IncidentId, MonitorId, TeamId};
use crate::domain::incident::Severity;
use crate::domain::sla::{SlaIncident, SlaLine};
use crate::domain::status::State;
use crate::domain::uptime::Bucket;

/// Monitors whose days are read at once.
const BITE: usize = 100;

row! {
    struct MonitorRow {
        id: MonitorId,
        name: String,
        spec: String,
        paused: bool,
        state: String,
    }
}

row! {
    struct IncidentRow {
        id: IncidentId,
        monitor_id: MonitorId,
        name: String,
        severity: String,
        message: String,
        started_at: At,
        resolved_at: Option<At>,
    }
}

/// How often and how long at most a monitor was in trouble.
type Trouble = HashMap<MonitorId, (i64, i64)>;

impl Store {
    /// How the monitors of a team (those with `tag`, where there is one) spent the period, whole days
    /// of them, by name and at most `limit`; and whether there are more. What no sum holds yet counts
    /// as far as a check vouches for it at `now`.
    pub async fn sla_lines(
        &self,
        team: TeamId,
        tag: Option<&str>,
        period: Period,
        now: At,
        limit: usize,
    ) -> Result<(Vec<SlaLine>, bool), StoreError> {
        let params = (team, tag, most(limit));
        let mut rows: Vec<MonitorRow> = self.db.all(MONITORS, params).await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let mut lines = Vec::with_capacity(rows.len());
        for rows in rows.chunks(BITE) {
            let mut sums = self.days_in(rows, period).await?;
            let mut trouble = self.trouble_in(rows, period).await?;
            for (row, target, tail) in self.tails(team, rows, period, now).await? {
                let mut bucket = sums.remove(&row.id).unwrap_or_default();
                for span in &tail {
                    bucket.spent.add(span, span.until.ms_since(span.from));
                }
                let (incidents, longest_ms) = trouble.remove(&row.id).unwrap_or_default();
                lines.push(SlaLine {
                    monitor: row.id,
                    name: row.name.clone(),
                    target,
                    bucket,
                    incidents: incidents.unsigned_abs(),
                    longest_ms,
                });
            }
        }
        Ok((lines, has_more))
    }

    /// The incidents of a team (of monitors with `tag`, where there is one) that were open in a
    /// period, oldest first and at most `limit`; and whether there are more.
    pub async fn sla_incidents(
        &self,
        team: TeamId,
        tag: Option<&str>,
        Period { from, until }: Period,
        limit: usize,
    ) -> Result<(Vec<SlaIncident>, bool), StoreError> {
        let params = (team, tag, from, until, most(limit));
        let mut rows: Vec<IncidentRow> = self.db.all(INCIDENTS, params).await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let read = |row: IncidentRow| {
            let at = Origin {
                table: "incident",
                id: row.id,
            };
            Ok(SlaIncident {
                incident: row.id,
                monitor: row.monitor_id,
                name: row.name,
                severity: at.parsed("severity", Severity::parse(&row.severity))?,
                message: row.message,
                started_at: row.started_at,
                resolved_at: row.resolved_at,
            })
        };
        let incidents = rows
            .into_iter()
            .map(read)
            .collect::<Result<_, StoreError>>();
        Ok((incidents?, has_more))
    }

    async fn days_in(
        &self,
        monitors: &[MonitorRow],
        Period { from, until }: Period,
    ) -> Result<HashMap<MonitorId, Bucket>, StoreError> {
        let keys = monitors.iter().map(|row| (row.id, from, until));
        let rows: Vec<RollupRow> = self.db.many_all(DAYS, keys).await?;
        let mut sums: HashMap<MonitorId, Bucket> = HashMap::new();
        for row in rows {
            let sum = sums.entry(row.monitor_id).or_default();
            sum.merge(&row.dated()?.bucket);
        }
        let ids: Vec<_> = monitors.iter().map(|row| row.id).collect();
        for (monitor, open) in self.open_hours(&ids).await?.iter() {
            if open.start.day() >= from && open.start < until {
                sums.entry(monitor).or_default().merge(&open.bucket);
            }
        }
        Ok(sums)
    }

    async fn trouble_in(
        &self,
        monitors: &[MonitorRow],
        Period { from, until }: Period,
    ) -> Result<Trouble, StoreError> {
        let keys = monitors.iter().map(|row| (row.id, from, until));
        let rows: Vec<(MonitorId, i64, i64)> = self.db.many_all(TROUBLE, keys).await?;
        let pair = |(monitor, count, longest)| (monitor, (count, longest));
        Ok(rows.into_iter().map(pair).collect())
    }

    /// Each monitor with its target and the time of the period that no sum holds yet.
    async fn tails<'r>(
        &self,
        team: TeamId,
        rows: &'r [MonitorRow],
        period: Period,
        now: At,
    ) -> Result<Vec<(&'r MonitorRow, Option<Target>, Vec<Span>)>, StoreError> {
        let mut tails = Vec::with_capacity(rows.len());
        for row in rows {
            let of = |table| Origin { table, id: row.id };
            let target = of("monitor").parsed("spec", target(&row.spec).ok())?;
            let state: State = of("monitor_state").document("state", &row.state)?;
            let tail = if row.paused {
                Vec::new()
            } else {
                live_tail(&state, now)
            };
            let inside = tail.into_iter().filter_map(|span| clipped(span, period));
            tails.push((row, target, inside.collect::<Vec<_>>()));
        }
        let spans = tails.iter().flat_map(|(.., tail)| tail);
        let Some(since) = spans.map(|span| span.from).min() else {
            return Ok(tails);
        };
        let whose: Vec<_> = rows.iter().map(|row| (team, row.id)).collect();
        let just_after = At(now.0.saturating_add(1));
        let maintenance = self.coverage(&whose, since, just_after).await?;
        for (row, _, tail) in &mut tails {
            *tail = maintenance.apart(row.id, tail);
        }
        Ok(tails)
    }
}

/// The part of a span that lies in a period.
fn clipped(span: Span, Period { from, until }: Period) -> Option<Span> {
    let span = Span {
        from: span.from.max(from),
        until: span.until.min(until),
        ..span
    };
    (span.from < span.until).then_some(span)
}

/// One row more than are shown tells that there are more.
fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

const MONITORS: &str = "
    SELECT m.id, m.name, m.spec, m.paused, s.state
      FROM monitor m JOIN monitor_state s ON s.monitor_id = m.id
     WHERE m.team_id = $1
       AND ($2 IS NULL OR EXISTS (SELECT 1 FROM monitor_tag t
                                   WHERE t.monitor_id = m.id AND t.tag = $2))
     ORDER BY LOWER(m.name), m.id LIMIT $3";
const DAYS: Many = Many {
    head: "WITH v(monitor, since, until) AS (VALUES",
    tail: ") SELECT r.monitor_id, r.location, r.start, r.up_ms, r.degraded_ms, r.down_ms,
                    r.unknown_ms, r.maintenance_ms, r.checks, r.failures, r.latency
               FROM v JOIN rollup_day r
                 ON r.monitor_id = v.monitor AND r.location = ''
                AND r.start >= v.since AND r.start < v.until",
};
const TROUBLE: Many = Many {
    head: "WITH v(monitor, since, until) AS (VALUES",
    tail: ") SELECT i.monitor_id, COUNT(*),
                    CAST(MAX(CASE WHEN i.resolved_at IS NULL OR i.resolved_at > v.until
                                  THEN v.until ELSE i.resolved_at END
                             - CASE WHEN i.started_at < v.since
                                    THEN v.since ELSE i.started_at END) AS BIGINT)
               FROM v JOIN incident i ON i.monitor_id = v.monitor
              WHERE i.started_at < v.until
                AND (i.resolved_at IS NULL OR i.resolved_at > v.since)
              GROUP BY i.monitor_id",
};
const INCIDENTS: &str = "
    SELECT i.id, i.monitor_id, m.name, i.severity, i.message, i.started_at, i.resolved_at
      FROM incident i JOIN monitor m ON m.id = i.monitor_id
     WHERE i.team_id = $1 AND i.started_at < $4
       AND (i.resolved_at IS NULL OR i.resolved_at > $3)
       AND ($2 IS NULL OR EXISTS (SELECT 1 FROM monitor_tag t
                                   WHERE t.monitor_id = m.id AND t.tag = $2))
     ORDER BY i.started_at, i.id LIMIT $5";
