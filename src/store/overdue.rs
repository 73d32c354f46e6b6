//! Monitors that nobody checks: all of their watches were due long ago.

use super::codec::Origin;
use super::{Store, StoreError};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::status::State;

/// A monitor that nobody has checked in time, from anywhere.
#[derive(Debug)]
pub struct Overdue {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
    /// What is known of it, or why that cannot be read.
    pub state: Result<State, StoreError>,
}

impl Store {
    /// Monitors whose status says something, and all of whose watches were due before `before`: at most
    /// `limit` of those after `after`, in the order of their ids.
    pub async fn overdue(
        &self,
        before: At,
        after: Option<MonitorId>,
        limit: u32,
    ) -> Result<Vec<Overdue>, StoreError> {
        let params = (before, after, i64::from(limit));
        let rows: Vec<(TeamId, MonitorId, String)> = self.db.all(OVERDUE, params).await?;
        let overdue = |(team, monitor, state): (TeamId, MonitorId, String)| {
            let at = Origin {
                table: "monitor_state",
                id: monitor,
            };
            Overdue {
                team,
                monitor,
                state: at.document("state", &state),
            }
        };
        Ok(rows.into_iter().map(overdue).collect())
    }
}

const OVERDUE: &str = "
    SELECT s.team_id, s.monitor_id, s.state
      FROM monitor_state s JOIN monitor m ON m.id = s.monitor_id
     WHERE s.status NOT IN ('unknown', 'pending') AND NOT m.paused
       AND s.monitor_id IN (SELECT monitor_id FROM watch WHERE next_due < $1)
       AND NOT EXISTS (SELECT 1 FROM watch o
                        WHERE o.monitor_id = s.monitor_id AND o.next_due >= $1)
       AND ($2 IS NULL OR s.monitor_id > $2)
     ORDER BY s.monitor_id LIMIT $3";
