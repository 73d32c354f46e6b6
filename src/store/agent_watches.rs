//! The watches of an agent: those of its team's monitors at its location. No node claims them; what
//! the agent did is claimed when it arrives (`watches`).

use super::codec::row;
use super::db::Many;
use super::finish::read_memory;
use super::monitor_row::MonitorRow;
use super::monitors::kept;
use super::{Kept, Store, StoreError};
use crate::domain::agent::Agent;
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::observation::ProbeMemory;
use crate::domain::verdict::CheckStatus;

/// Where a watch of an agent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of which monitor.
    pub monitor: MonitorId,
    /// The slot that is due next.
    pub due: At,
    /// What the next probe should know.
    pub memory: ProbeMemory,
    /// What the last check said; `None` when there was none.
    pub last_status: Option<CheckStatus>,
}

row! {
    struct StandingRow {
        monitor_id: MonitorId,
        next_due: At,
        memory: Option<String>,
        pace: Option<String>,
        last_status: Option<String>,
    }
}

impl Store {
    /// The monitors that an agent checks and how often each was changed, by id; at most `limit`. It
    /// stands for all that [`Store::agent_monitors`] says of them.
    pub async fn agent_marks(
        &self,
        agent: &Agent,
        limit: u32,
    ) -> Result<Vec<(MonitorId, i64)>, StoreError> {
        let key = (agent.team, &*agent.location, i64::from(limit));
        self.db.all(MARKS, key).await
    }

    /// The monitors that an agent checks, opened, by id; at most `limit`. One that cannot be read is
    /// logged and left out. Paused ones are none of them.
    pub async fn agent_monitors(&self, agent: &Agent, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let key = (agent.team, &*agent.location, i64::from(limit));
        let rows: Vec<MonitorRow> = self.db.all(MONITORS, key).await?;
        let mut monitors = Vec::with_capacity(rows.len());
        for row in rows {
            match kept(&row, self) {
                Ok(monitor) => monitors.push(monitor),
                Err(error) => {
                    tracing::error!(monitor.id = %row.id, %error, "failed to read a monitor");
                }
            }
        }
        Ok(monitors)
    }

    /// Where the watches of an agent stand, of these monitors; those that it does not check are left
    /// out. A memory that cannot be read is logged and begins anew.
    pub async fn agent_standings(
        &self,
        agent: &Agent,
        monitors: &[MonitorId],
    ) -> Result<Vec<Standing>, StoreError> {
        let mut ids = monitors.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let keys = ids.iter().map(|id| (*id, agent.team, &*agent.location));
        let rows: Vec<StandingRow> = self.db.many_all(STANDINGS, keys).await?;
        Ok(rows.iter().map(|row| self.standing(row)).collect())
    }

    fn standing(&self, row: &StandingRow) -> Standing {
        let texts = (row.memory.as_deref(), row.pace.as_deref());
        let memory = read_memory(texts.0, texts.1, row.monitor_id, &self.key);
        let memory = memory.unwrap_or_else(|| {
            let error = StoreError::corrupt("watch", "memory", row.monitor_id);
            tracing::error!(monitor.id = %row.monitor_id, %error, "failed to read a memory");
            ProbeMemory::default()
        });
        Standing {
            monitor: row.monitor_id,
            due: row.next_due,
            memory,
            last_status: row.last_status.as_deref().and_then(CheckStatus::parse),
        }
    }
}

const MARKS: &str = "
    SELECT m.id, m.revision FROM watch w JOIN monitor m ON m.id = w.monitor_id
     WHERE w.team_id = $1 AND w.location = $2 AND w.next_due IS NOT NULL
     ORDER BY m.id LIMIT $3";
const MONITORS: &str = "
    SELECT m.id, m.team_id, m.name, m.url, m.spec, m.sealed, m.paused, m.created_at, m.revision
      FROM watch w JOIN monitor m ON m.id = w.monitor_id
     WHERE w.team_id = $1 AND w.location = $2 AND w.next_due IS NOT NULL
     ORDER BY m.id LIMIT $3";
const STANDINGS: Many = Many {
    head: "WITH v(monitor, team, place) AS (VALUES",
    tail: ") SELECT w.monitor_id, w.next_due, w.memory, w.pace, w.last_status
             FROM v JOIN watch w ON w.monitor_id = v.monitor AND w.location = v.place
              AND w.team_id = v.team
            WHERE w.next_due IS NOT NULL",
};
