//! Tool surfaces: each kept whole once for its monitor, which one is current and which accepted
//! for each generation of the protocol, and how one became the other.
//!
//! A surface belongs to what it was asked with: when the address or the credentials of a monitor
//! change, the next surface is a new beginning and no change.

use std::collections::HashSet;

use serde_json::Value;

use super::codec::{Origin, Page, document, place, row};
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::tools::SurfaceDiff;

/// Most changes that are kept of a monitor.
const MAX_CHANGES: i64 = 200;

/// A surface as it was seen by a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTools {
    /// Whose.
    pub team: TeamId,
    /// Of which monitor.
    pub monitor: MonitorId,
    /// The generation that it was listed in.
    pub era: String,
    /// From where.
    pub location: String,
    /// When.
    pub at: At,
    /// `sha256:` and the digest of the canonical form.
    pub hash: String,
    /// The tools, by name, as a JSON array.
    pub tools: String,
}

impl SeenTools {
    /// Its tools. Fails where they are no array.
    pub fn read(&self) -> Result<Vec<Value>, StoreError> {
        origin(self.monitor).document("tools", &self.tools)
    }
}

/// The surface that a monitor shows, and the one that its owner accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentTools {
    /// The generation that it was listed in.
    pub era: String,
    /// From where it was seen first.
    pub location: String,
    /// Its hash.
    pub hash: String,
    /// Since when it is so.
    pub seen_at: At,
    /// The tools, by name.
    pub tools: Vec<Value>,
    /// The hash of the accepted surface.
    pub accepted: String,
    /// When that was accepted, by somebody or for want of an older one.
    pub accepted_at: At,
    /// The accepted tools, where they are others.
    pub accepted_tools: Option<Vec<Value>>,
}

/// A change of the surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolsChange {
    /// When it was seen.
    pub at: At,
    /// In which generation of the protocol.
    pub era: String,
    /// From where.
    pub location: String,
    /// The hash before.
    pub before: String,
    /// The hash after.
    pub after: String,
    /// What is different.
    pub diff: SurfaceDiff,
}

row! {
    struct CurrentRow {
        era: String,
        location: String,
        hash: String,
        seen_at: At,
        tools: String,
        accepted: String,
        accepted_at: At,
        accepted_tools: Option<String>,
    }
}

row! {
    struct ChangeRow {
        at: At,
        era: String,
        location: String,
        before_hash: String,
        after_hash: String,
        diff: String,
    }
}

impl Tx {
    /// The hash and the tools that a monitor showed last in an era, as long as it is asked in the
    /// same way.
    pub async fn shown_tools(
        &mut self,
        monitor: MonitorId,
        era: &str,
    ) -> Result<Option<(String, Vec<Value>)>, StoreError> {
        let row: Option<(String, String)> = self.db.optional(SHOWN, (monitor, era)).await?;
        let at = origin(monitor);
        row.map(|(hash, tools)| Ok((hash, at.document("tools", &tools)?)))
            .transpose()
    }

    /// The hash and the tools that were accepted of a monitor in an era.
    pub async fn accepted_tools(
        &mut self,
        monitor: MonitorId,
        era: &str,
    ) -> Result<Option<(String, Vec<Value>)>, StoreError> {
        let row: Option<(String, String)> = self.db.optional(ACCEPTED, (monitor, era)).await?;
        let at = origin(monitor);
        row.map(|(hash, tools)| Ok((hash, at.document("tools", &tools)?)))
            .transpose()
    }

    /// Which of these monitors have shown tools in these eras before.
    pub async fn shown_before(
        &mut self,
        seen: &[&SeenTools],
    ) -> Result<HashSet<(MonitorId, String)>, StoreError> {
        let keys = seen.iter().map(|seen| (seen.monitor, &*seen.era));
        let rows: Vec<(MonitorId, String)> = self.db.many_all(SHOWN_BEFORE, keys).await?;
        Ok(rows.into_iter().collect())
    }

    /// Makes surfaces the current ones of their eras, each monitor and era once. The first one is
    /// accepted by itself, and so is one that was asked for in another way than the one before.
    pub async fn show_tools(&mut self, seen: &[&SeenTools]) -> Result<(), StoreError> {
        let surfaces = seen
            .iter()
            .map(|seen| (seen.monitor, &*seen.hash, seen.team, &*seen.tools));
        self.db.many(KEEP, surfaces).await?;
        let rows = seen.iter().map(|seen| {
            let SeenTools {
                monitor, team, at, ..
            } = **seen;
            (monitor, &*seen.era, team, &*seen.location, &*seen.hash, at)
        });
        self.db.many(SHOW, rows).await?;
        Ok(())
    }

    /// Notes a change; of too many the oldest are forgotten, and the surfaces that nothing speaks
    /// of any more.
    pub async fn add_tools_change(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        change: &ToolsChange,
    ) -> Result<(), StoreError> {
        let row = (
            monitor,
            change.at,
            &*change.era,
            team,
            &*change.location,
            &*change.before,
            &*change.after,
            document(&change.diff)?,
        );
        self.db.run(ADD_CHANGE, row).await?;
        self.db.run(FORGET_CHANGES, (monitor, MAX_CHANGES)).await?;
        self.db.run(FORGET_SURFACES, (monitor,)).await?;
        Ok(())
    }

    /// Takes the current surfaces of a monitor as the ones to compare with; says how many.
    pub async fn accept_tools(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        now: At,
    ) -> Result<u64, StoreError> {
        self.db.run(ACCEPT, (team, monitor, now)).await
    }
}

impl Store {
    /// The surfaces that a monitor shows, by era, with the accepted ones.
    pub async fn current_tools(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Vec<CurrentTools>, StoreError> {
        let rows: Vec<CurrentRow> = self.db.all(CURRENT, (team, monitor)).await?;
        let at = origin(monitor);
        let read = |row: CurrentRow| {
            let tools = |text: &str| at.document("tools", text);
            Ok(CurrentTools {
                tools: tools(&row.tools)?,
                accepted_tools: row.accepted_tools.as_deref().map(tools).transpose()?,
                era: row.era,
                location: row.location,
                hash: row.hash,
                seen_at: row.seen_at,
                accepted: row.accepted,
                accepted_at: row.accepted_at,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The changes of the tools of a monitor, newest first.
    pub async fn tools_changes(
        &self,
        team: TeamId,
        monitor: MonitorId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ToolsChange>, StoreError> {
        let after: Option<(i64, String)> = place(cursor)?;
        let (before, era) = after.unzip();
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let params = (team, monitor, before, era, most);
        let rows: Vec<ChangeRow> = self.db.all(CHANGES, params).await?;
        let at = Origin {
            table: "tool_change",
            id: monitor,
        };
        let read = |row: ChangeRow| {
            Ok(ToolsChange {
                diff: at.document("diff", &row.diff)?,
                at: row.at,
                era: row.era,
                location: row.location,
                before: row.before_hash,
                after: row.after_hash,
            })
        };
        let changes = rows
            .into_iter()
            .map(read)
            .collect::<Result<_, StoreError>>()?;
        Page::cut(changes, limit, |change: &ToolsChange| {
            (change.at.0, change.era.clone())
        })
    }
}

fn origin(monitor: MonitorId) -> Origin<MonitorId> {
    Origin {
        table: "tool_surface",
        id: monitor,
    }
}

const SHOWN: &str = "
    SELECT b.hash, s.tools
      FROM tool_baseline b
      JOIN monitor m ON m.id = b.monitor_id AND m.fingerprint = b.endpoint
      JOIN tool_surface s ON s.monitor_id = b.monitor_id AND s.hash = b.hash
     WHERE b.monitor_id = $1 AND b.era = $2";
const ACCEPTED: &str = "
    SELECT b.accepted, s.tools
      FROM tool_baseline b
      JOIN tool_surface s ON s.monitor_id = b.monitor_id AND s.hash = b.accepted
     WHERE b.monitor_id = $1 AND b.era = $2";
const SHOWN_BEFORE: Many = Many {
    head: "WITH v(monitor, era) AS (VALUES",
    tail: ") SELECT DISTINCT b.monitor_id, b.era
             FROM v JOIN tool_baseline b ON b.monitor_id = v.monitor AND b.era = v.era",
};
const KEEP: Many = Many {
    head: "INSERT INTO tool_surface (monitor_id, hash, team_id, tools) VALUES",
    tail: "ON CONFLICT (monitor_id, hash) DO NOTHING",
};
const SHOW: Many = Many {
    head: "WITH v(monitor, era, team, place, hash, at) AS (VALUES",
    tail:
        ") INSERT INTO tool_baseline (monitor_id, era, team_id, endpoint, location, hash, seen_at,
                                        accepted, accepted_at)
           SELECT m.id, v.era, v.team, m.fingerprint, v.place, v.hash, v.at, v.hash, v.at
             FROM v JOIN monitor m ON m.id = v.monitor WHERE TRUE
           ON CONFLICT (monitor_id, era) DO UPDATE
              SET location = excluded.location, hash = excluded.hash, seen_at = excluded.seen_at,
                  accepted = CASE WHEN tool_baseline.endpoint = excluded.endpoint
                                  THEN tool_baseline.accepted ELSE excluded.accepted END,
                  accepted_at = CASE WHEN tool_baseline.endpoint = excluded.endpoint
                                     THEN tool_baseline.accepted_at ELSE excluded.accepted_at END,
                  endpoint = excluded.endpoint",
};
const ADD_CHANGE: &str = "
    INSERT INTO tool_change (monitor_id, at, era, team_id, location, before_hash, after_hash, diff)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (monitor_id, at, era) DO NOTHING";
const FORGET_CHANGES: &str = "
    DELETE FROM tool_change
     WHERE monitor_id = $1
       AND at < (SELECT MIN(at) FROM (SELECT at FROM tool_change WHERE monitor_id = $1
                                       ORDER BY at DESC LIMIT $2) newest)";
const FORGET_SURFACES: &str = "
    DELETE FROM tool_surface
     WHERE monitor_id = $1
       AND hash NOT IN (SELECT hash FROM tool_baseline WHERE monitor_id = $1)
       AND hash NOT IN (SELECT accepted FROM tool_baseline WHERE monitor_id = $1)";
const ACCEPT: &str = "
    UPDATE tool_baseline SET accepted = hash, accepted_at = $3
     WHERE team_id = $1 AND monitor_id = $2 AND accepted <> hash";
const CURRENT: &str = "
    SELECT b.era, b.location, b.hash, b.seen_at, s.tools, b.accepted, b.accepted_at,
           a.tools AS accepted_tools
      FROM tool_baseline b
      JOIN tool_surface s ON s.monitor_id = b.monitor_id AND s.hash = b.hash
      LEFT JOIN tool_surface a ON a.monitor_id = b.monitor_id AND a.hash = b.accepted
                              AND b.accepted <> b.hash
     WHERE b.team_id = $1 AND b.monitor_id = $2
     ORDER BY b.seen_at DESC, b.era";
const CHANGES: &str = "
    SELECT at, era, location, before_hash, after_hash, diff FROM tool_change
     WHERE team_id = $1 AND monitor_id = $2
       AND ($3 IS NULL OR at < $3 OR (at = $3 AND era < $4))
     ORDER BY at DESC, era DESC LIMIT $5";
