//! Digests: which are due, and what they tell of. What is due is taken by moving the time at which
//! the next one is due, in the transaction that queues it: it is told once, whoever tells it.

use std::collections::HashMap;

use super::codec::{Origin, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::digest::facts::{IncidentLine, Lines, MAX_LINES, ToolsLine};
use crate::domain::digest::{Digest, Period};
use crate::domain::id::{ChannelId, IncidentId, MonitorId, TeamId};
use crate::domain::incident::Severity;
use crate::domain::tools::SurfaceDiff;
use crate::domain::uptime::Dated;

/// A digest that is due.
#[derive(Debug)]
pub struct DueDigest {
    /// Whose it is.
    pub team: TeamId,
    /// Who is told.
    pub channel: ChannelId,
    /// Whether the channel is switched off.
    pub is_off: bool,
    /// When it was due for the first time.
    pub due: At,
    /// When it is wished; why it cannot be read.
    pub digest: Result<Digest, StoreError>,
}

row! {
    struct DueRow {
        id: ChannelId,
        team_id: TeamId,
        disabled: Option<String>,
        digest: String,
        digest_due: At,
    }
}

row! {
    struct IncidentRow {
        id: IncidentId,
        name: String,
        severity: String,
        message: String,
        started_at: At,
        resolved_at: Option<At>,
    }
}

row! {
    struct ChangeRow {
        monitor_id: MonitorId,
        name: String,
        at: At,
        diff: String,
    }
}

impl Store {
    /// The digests that are due at `now`, the longest due first and at most `limit`.
    pub async fn digests_due(&self, now: At, limit: u32) -> Result<Vec<DueDigest>, StoreError> {
        let rows: Vec<DueRow> = self.db.all(DUE, (now, i64::from(limit))).await?;
        let read = |row: DueRow| {
            let at = Origin {
                table: "channel",
                id: row.id,
            };
            DueDigest {
                team: row.team_id,
                channel: row.id,
                is_off: row.disabled.is_some(),
                due: row.digest_due,
                digest: at.document("digest", &row.digest),
            }
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// The hours of these monitors from the one that holds `from` on, oldest first.
    pub async fn hours_since(
        &self,
        monitors: &[MonitorId],
        from: At,
    ) -> Result<HashMap<MonitorId, Vec<Dated>>, StoreError> {
        let mut hours = self.ended_hours(monitors, from).await?;
        let open = self.open_hours(monitors).await?;
        open.add_to_hours(&mut hours, from);
        Ok(hours)
    }

    /// The incidents of a team that were open in a period, as they were at its end: the newest of
    /// them, and how many more.
    pub async fn incidents_in(
        &self,
        team: TeamId,
        Period { from, until }: Period,
    ) -> Result<Lines<IncidentLine>, StoreError> {
        let (count,): (i64,) = self.db.one(COUNT_INCIDENTS, (team, from, until)).await?;
        let key = (team, from, until, most());
        let rows: Vec<IncidentRow> = self.db.all(INCIDENTS, key).await?;
        let read = |row: IncidentRow| {
            let at = Origin {
                table: "incident",
                id: row.id,
            };
            let severity = [Severity::Down, Severity::Degraded]
                .into_iter()
                .find(|severity| severity.as_str() == row.severity);
            let resolved_at = row.resolved_at.filter(|at| *at < until);
            let lasted = resolved_at.unwrap_or(until).ms_since(row.started_at);
            Ok(IncidentLine {
                incident_id: row.id,
                name: row.name,
                severity: at.parsed("severity", severity)?,
                message: row.message,
                started_at: row.started_at,
                resolved_at,
                duration_seconds: lasted / 1_000,
            })
        };
        lines(rows.into_iter().map(read), count)
    }

    /// The changes of tools that a team saw in a period: the newest of them, and how many more.
    pub async fn tools_changes_in(
        &self,
        team: TeamId,
        Period { from, until }: Period,
    ) -> Result<Lines<ToolsLine>, StoreError> {
        let (count,): (i64,) = self.db.one(COUNT_CHANGES, (team, from, until)).await?;
        let key = (team, from, until, most());
        let rows: Vec<ChangeRow> = self.db.all(CHANGES, key).await?;
        let read = |row: ChangeRow| {
            let at = Origin {
                table: "tool_change",
                id: row.monitor_id,
            };
            let diff: SurfaceDiff = at.document("diff", &row.diff)?;
            Ok(ToolsLine {
                monitor_id: row.monitor_id,
                name: row.name,
                at: row.at,
                class: diff.class,
                message: diff.sentence(),
            })
        };
        lines(rows.into_iter().map(read), count)
    }
}

impl Tx {
    /// Takes a digest that was due at `due` and says when the next one is; `None` for none any
    /// more. False when somebody else has taken it, or it was changed.
    pub async fn take_digest(
        &mut self,
        team: TeamId,
        channel: ChannelId,
        due: At,
        next: Option<At>,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(TAKE, (team, channel, due, next)).await? > 0)
    }
}

/// Rows that are read of a list.
fn most() -> i64 {
    i64::try_from(MAX_LINES).unwrap_or(i64::MAX)
}

fn lines<T>(
    rows: impl Iterator<Item = Result<T, StoreError>>,
    count: i64,
) -> Result<Lines<T>, StoreError> {
    let first = rows.collect::<Result<Vec<_>, _>>()?;
    let count = usize::try_from(count).unwrap_or_default();
    Ok(Lines {
        more: count.saturating_sub(first.len()),
        first,
    })
}

const DUE: &str = "
    SELECT id, team_id, disabled, digest, digest_due FROM channel
     WHERE digest_due <= $1 AND digest IS NOT NULL ORDER BY digest_due, id LIMIT $2";
const TAKE: &str = "
    UPDATE channel SET digest_due = $4 WHERE team_id = $1 AND id = $2 AND digest_due = $3";
const COUNT_INCIDENTS: &str = "
    SELECT COUNT(*) FROM incident
     WHERE team_id = $1 AND started_at < $3 AND (resolved_at IS NULL OR resolved_at >= $2)";
const INCIDENTS: &str = "
    SELECT i.id, m.name, i.severity, i.message, i.started_at, i.resolved_at
      FROM incident i JOIN monitor m ON m.id = i.monitor_id
     WHERE i.team_id = $1 AND i.started_at < $3
       AND (i.resolved_at IS NULL OR i.resolved_at >= $2)
     ORDER BY i.started_at DESC, i.id DESC LIMIT $4";
const COUNT_CHANGES: &str = "
    SELECT COUNT(*) FROM tool_change c JOIN monitor m ON m.id = c.monitor_id
     WHERE m.team_id = $1 AND c.at >= $2 AND c.at < $3";
const CHANGES: &str = "
    SELECT c.monitor_id, m.name, c.at, c.diff
      FROM tool_change c JOIN monitor m ON m.id = c.monitor_id
     WHERE m.team_id = $1 AND c.at >= $2 AND c.at < $3
     ORDER BY c.at DESC, c.monitor_id, c.era LIMIT $4";
