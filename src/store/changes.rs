//! The history of what servers are like: what changed between two checks of a watch. Only the
//! newest changes of a monitor are kept.

use super::codec::{Origin, Page, place, row};
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::check::CheckResult;
use crate::domain::id::{MonitorId, TeamId};

/// A change with its time and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// When the check began that saw it.
    pub at: At,
    /// From where.
    pub location: String,
    /// What changed.
    pub change: Change,
}

row! {
    struct ChangeRow {
        at: At,
        location: String,
        kind: String,
        was: String,
        became: String,
    }
}

impl Tx {
    /// Writes down what checks found changed.
    pub async fn add_changes(&mut self, checks: &[&CheckResult]) -> Result<(), StoreError> {
        let rows = checks.iter().flat_map(|check| {
            let (watch, at) = (&check.watch, check.report.started_at);
            check.changes.iter().map(move |change| {
                (
                    watch.monitor,
                    at,
                    &*watch.location,
                    change.kind.as_str(),
                    watch.team,
                    &*change.before,
                    &*change.after,
                )
            })
        });
        self.db.many(ADD_CHANGES, rows.collect::<Vec<_>>()).await?;
        Ok(())
    }
}

impl Store {
    /// What changed about the server of a monitor, newest first.
    pub async fn changes(
        &self,
        team: TeamId,
        monitor: MonitorId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<PastChange>, StoreError> {
        let (at, location, kind): (At, String, String) =
            place(cursor)?.unwrap_or((At(i64::MAX), String::new(), String::new()));
        let most = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let key = (team, monitor, at, &*location, &*kind, most);
        let rows: Vec<ChangeRow> = self.db.all(CHANGES, key).await?;
        let origin = Origin {
            table: "monitor_change",
            id: monitor,
        };
        let read = |row: ChangeRow| {
            Ok(PastChange {
                at: row.at,
                location: row.location,
                change: Change {
                    kind: origin.parsed("kind", ChangeKind::parse(&row.kind))?,
                    before: row.was,
                    after: row.became,
                },
            })
        };
        let rows = rows
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, StoreError>>()?;
        Page::cut(rows, limit, |row| {
            (row.at, row.location.clone(), row.change.kind.as_str())
        })
    }

    /// Deletes changes, all but the newest `kept` of each monitor.
    pub async fn drop_changes(&self, kept: u32, limit: u32) -> Result<u64, StoreError> {
        let bite = (i64::from(kept), i64::from(limit));
        self.db.run(DROP_CHANGES, bite).await
    }
}

const ADD_CHANGES: Many = Many {
    head: "INSERT INTO monitor_change (monitor_id, at, location, kind, team_id, was, became) VALUES",
    tail: "ON CONFLICT (monitor_id, at, location, kind) DO NOTHING",
};
const CHANGES: &str = "
    SELECT at, location, kind, was, became FROM monitor_change
     WHERE team_id = $1 AND monitor_id = $2
       AND (at < $3 OR (at = $3 AND (location, kind) < ($4, $5)))
     ORDER BY at DESC, location DESC, kind DESC LIMIT $6";
const DROP_CHANGES: &str = "
    WITH placed AS (
        SELECT monitor_id, at, location, kind,
               ROW_NUMBER() OVER (PARTITION BY monitor_id
                                  ORDER BY at DESC, location DESC, kind DESC) AS place
          FROM monitor_change),
    old AS MATERIALIZED (
        SELECT monitor_id, at, location, kind FROM placed WHERE place > $1 LIMIT $2)
    DELETE FROM monitor_change
     WHERE (monitor_id, at, location, kind) IN (SELECT monitor_id, at, location, kind FROM old)";
