//! The monitors that have a target of uptime, and what was told of their error budgets: once, whoever
//! looks. The target itself is a part of the spec of a monitor.

use super::codec::Origin;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::budget::Burn;
use crate::domain::id::{MonitorId, TeamId};

/// A budget to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedAt {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
    /// What was told last and is not over.
    pub told: Option<Burn>,
}

impl Store {
    /// The budgets that may have changed: of monitors with a target that are not paused, where
    /// something was told that is not over or an incident lasted until `since` or longer. By id from
    /// after `after` on, at most `limit`.
    pub async fn budgets_to_look_at(
        &self,
        since: At,
        after: Option<MonitorId>,
        limit: u32,
    ) -> Result<Vec<LookedAt>, StoreError> {
        let params = (since, after, i64::from(limit));
        let rows: Vec<(TeamId, MonitorId, Option<String>)> =
            self.db.all(TO_LOOK_AT, params).await?;
        let read = |(team, monitor, told): (_, _, Option<String>)| {
            let at = Origin {
                table: "error_budget",
                id: monitor,
            };
            let told = match told {
                Some(word) => Some(at.parsed("told", Burn::parse(&word))?),
                None => None,
            };
            Ok(LookedAt {
                team,
                monitor,
                told,
            })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Takes note of what is told of a budget, or that it is over. False when something else was
    /// noted meanwhile, or the monitor has no target any more.
    pub async fn note_burn(
        &mut self,
        seen: &LookedAt,
        told: Option<Burn>,
        now: At,
    ) -> Result<bool, StoreError> {
        let word = |burn: Option<Burn>| burn.map(Burn::as_str);
        let row = (seen.team, seen.monitor, word(seen.told), word(told), now);
        Ok(self.db.run(NOTE, row).await? > 0)
    }

    /// Whether a monitor has a target. What was told of its budget stays as long as it has one.
    pub(super) async fn set_budget(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        has_target: bool,
    ) -> Result<(), StoreError> {
        if has_target {
            self.db.run(ADD, (team, monitor)).await?;
        } else {
            self.db.run(DROP, (team, monitor)).await?;
        }
        Ok(())
    }
}

const TO_LOOK_AT: &str = "
    SELECT b.team_id, b.monitor_id, b.told
      FROM error_budget b JOIN monitor m ON m.id = b.monitor_id
     WHERE NOT m.paused
       AND (b.told IS NOT NULL
            OR EXISTS (SELECT 1 FROM incident i
                        WHERE i.monitor_id = b.monitor_id
                          AND (i.resolved_at IS NULL OR i.resolved_at >= $1)))
       AND ($2 IS NULL OR b.monitor_id > $2)
     ORDER BY b.monitor_id LIMIT $3";
const NOTE: &str = "
    UPDATE error_budget SET told = $4, told_at = $5
     WHERE team_id = $1 AND monitor_id = $2 AND COALESCE(told, '') = COALESCE($3, '')";
const ADD: &str = "
    INSERT INTO error_budget (team_id, monitor_id) VALUES ($1, $2)
        ON CONFLICT (monitor_id) DO NOTHING";
const DROP: &str = "DELETE FROM error_budget WHERE team_id = $1 AND monitor_id = $2";
