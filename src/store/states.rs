//! How monitors are: the state that every check moves, changed only by who saw it last.
//!
//! A state is saved against the revision that it was read with. That one rule keeps two nodes
//! from moving a monitor at once, and with it everything else that its transaction writes.

use std::collections::{HashMap, HashSet};

use super::codec::{Origin, document, row};
use super::db::Many;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::MonitorId;
use crate::domain::quorum::Vote;
use crate::domain::status::{Seen, State};
use crate::domain::verdict::CheckStatus;

/// The state of a monitor and the revision to save it against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What is known.
    pub state: State,
    /// How often it has moved.
    pub revision: i64,
    /// Whether its owner wishes it not to be checked.
    pub paused: bool,
}

row! {
    struct StateRow {
        monitor_id: MonitorId,
        state: String,
        revision: i64,
        paused: bool,
    }
}

row! {
    struct VoteRow {
        monitor_id: MonitorId,
        location: String,
        last_started_at: At,
        last_status: String,
        last_gated: bool,
        last_code: Option<String>,
    }
}

impl Tx {
    /// The states of monitors. Read them before anything else that is merged and written back:
    /// [`Tx::save_states`] then vouches for that, too. A monitor that is gone is left out.
    pub async fn states(
        &mut self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, Held>, StoreError> {
        let rows: Vec<StateRow> = self.db.many_all(STATES, each(monitors)).await?;
        let held = |row: StateRow| {
            let at = Origin {
                table: "monitor_state",
                id: row.monitor_id,
            };
            let held = Held {
                state: at.document("state", &row.state)?,
                revision: row.revision,
                paused: row.paused,
            };
            Ok((row.monitor_id, held))
        };
        rows.into_iter().map(held).collect()
    }

    /// What each location of these monitors said last. Only monitors with several locations need
    /// to be asked about.
    pub async fn votes(
        &mut self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, Vec<(String, Vote)>>, StoreError> {
        let rows: Vec<VoteRow> = self.db.many_all(VOTES, each(monitors)).await?;
        let mut votes: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let at = Origin {
                table: "watch",
                id: row.monitor_id,
            };
            let seen = Seen {
                at: row.last_started_at,
                status: at.parsed("last_status", CheckStatus::parse(&row.last_status))?,
                gated: row.last_gated,
                code: row.last_code.as_deref().and_then(Code::parse),
                is_own: true,
            };
            let of = votes.entry(row.monitor_id).or_default();
            of.push((row.location, Vote { seen }));
        }
        Ok(votes)
    }

    /// Saves states against the revisions that they were read with. Gives the monitors that
    /// somebody else has moved meanwhile, or that are gone: when there is one, drop this
    /// transaction and begin again.
    pub async fn save_states(
        &mut self,
        states: &[(MonitorId, State, i64)],
    ) -> Result<Vec<MonitorId>, StoreError> {
        let mut ordered: Vec<_> = states.iter().collect();
        // In one order, so that two nodes do not wait for each other.
        ordered.sort_by_key(|(id, ..)| *id);
        let rows = ordered.iter().map(|(id, state, revision)| {
            Ok((*id, state.status.as_str(), document(state)?, *revision))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        let saved: Vec<(MonitorId,)> = self.db.many_all(SAVE_STATES, rows).await?;
        let saved: HashSet<MonitorId> = saved.into_iter().map(|(id,)| id).collect();
        let all = states.iter().map(|(id, ..)| *id);
        Ok(all.filter(|id| !saved.contains(id)).collect())
    }
}

/// Ids as rows of one parameter, each once.
pub(super) fn each(monitors: &[MonitorId]) -> Vec<(MonitorId,)> {
    let mut ids: Vec<_> = monitors.iter().map(|id| (*id,)).collect();
    ids.sort();
    ids.dedup();
    ids
}

const STATES: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT s.monitor_id, s.state, s.revision, m.paused
             FROM v JOIN monitor_state s ON s.monitor_id = v.id JOIN monitor m ON m.id = v.id",
};
const VOTES: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT w.monitor_id, w.location, w.last_started_at, w.last_status, w.last_gated, w.last_code
             FROM v JOIN watch w ON w.monitor_id = v.id
            WHERE w.last_started_at IS NOT NULL
            ORDER BY w.monitor_id, w.last_started_at",
};
const SAVE_STATES: Many = Many {
    head: "WITH v(id, word, saved, seen) AS (VALUES",
    tail: ") UPDATE monitor_state SET status = v.word, state = v.saved, revision = revision + 1
             FROM v WHERE monitor_id = v.id AND revision = v.seen
        RETURNING monitor_id",
};
