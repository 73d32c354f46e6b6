//! How monitors are: the state that every check moves, changed only by who saw it last.
//!
//! A state is saved against the revision that it was read with. That one rule keeps two nodes
//! from moving a monitor at once, and with it everything else that its transaction writes.

use std::collections::HashMap;
use std::str::Split;

use super::codec::{Joined, Origin, document, field, joined, records, row};
use super::db::Many;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::MonitorId;
use crate::domain::open_hour::OpenHour;
use crate::domain::quorum::Vote;
use crate::domain::status::{MonitorStatus, Seen, State};
use crate::domain::verdict::CheckStatus;

/// The state of a monitor and the revision to save it against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What is known.
    pub state: State,
    /// The sums of the hour that it is in.
    pub open_hour: OpenHour,
    /// The status that was read.
    was: MonitorStatus,
    /// How often it has moved.
    pub revision: i64,
    /// Whether its owner wishes it not to be checked.
    pub paused: bool,
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

impl Held {
    /// Reads `revision`, `paused`, `open_hour` and `state`, in this order.
    pub(super) fn read(id: MonitorId, fields: &mut Split<'_, char>) -> Result<Self, StoreError> {
        let at = Origin {
            table: "monitor_state",
            id,
        };
        let revision = at.parsed("revision", field(fields))?;
        let paused = matches!(fields.next(), Some("1" | "true"));
        let open_hour = match fields.next() {
            None | Some("") => OpenHour::default(),
            Some(text) => at.parsed("open_hour", OpenHour::parse(text))?,
        };
        let state: State = at.document("state", fields.next().unwrap_or_default())?;
        Ok(Self {
            was: state.status,
            state,
            open_hour,
            revision,
            paused,
        })
    }
}

impl Tx {
    /// The states of monitors. Read them before anything else that is merged and written back:
    /// [`Tx::save_states`] then vouches for that, too. A monitor that is gone is left out.
    pub async fn states(
        &mut self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, Held>, StoreError> {
        let ids = each(monitors);
        let keys = ids.iter().zip(0_i64..).map(|((id,), n)| (n, *id));
        let texts: Vec<Joined> = self.db.many_all(STATES, keys).await?;
        let held = |mut fields: Split<'_, char>| {
            let n: Option<usize> = field(&mut fields);
            let id = n.and_then(|n| ids.get(n));
            let (id,) = *id.ok_or_else(|| StoreError::corrupt("monitor_state", "n", "?"))?;
            Ok((id, Held::read(id, &mut fields)?))
        };
        records(&texts).map(held).collect()
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

    /// Saves states and open hours against the revisions that they were read with. False when
    /// somebody else has moved one of them meanwhile, or it is gone: then drop this transaction and
    /// begin again.
    pub async fn save_states(&mut self, states: &[(MonitorId, Held)]) -> Result<bool, StoreError> {
        let mut ordered: Vec<_> = states.iter().collect();
        // In one order, so that two nodes do not wait for each other.
        ordered.sort_by_key(|(id, _)| *id);
        let rows = ordered.iter().map(|(id, held)| {
            let open_hour = held.open_hour.to_text();
            Ok((*id, document(&held.state)?, open_hour, held.revision))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        if self.db.many(SAVE_STATES, rows).await? != states.len() as u64 {
            return Ok(false);
        }
        let turned = ordered
            .iter()
            .filter(|(_, held)| held.state.status != held.was);
        let words = turned.map(|(id, held)| (*id, held.state.status.as_str()));
        self.db.many(SAVE_STATUSES, words).await?;
        Ok(true)
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
    head: "WITH v(n, id) AS (VALUES",
    tail: concat!(
        ") SELECT ",
        joined!("v.n", "s.revision", "m.paused", "s.open_hour", "s.state"),
        " FROM v JOIN monitor_state s ON s.monitor_id = v.id JOIN monitor m ON m.id = v.id"
    ),
};
const VOTES: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT w.monitor_id, w.location, w.last_started_at, w.last_status, w.last_gated, w.last_code
             FROM v JOIN watch w ON w.monitor_id = v.id
            WHERE w.last_started_at IS NOT NULL
            ORDER BY w.monitor_id, w.last_started_at",
};
const SAVE_STATES: Many = Many {
    head: "WITH v(id, saved, hour, seen) AS (VALUES",
    tail: ") UPDATE monitor_state SET state = v.saved, open_hour = v.hour, revision = revision + 1
             FROM v WHERE monitor_id = v.id AND revision = v.seen",
};
/// Apart from the state: the status is in an index, which an ordinary check need not touch.
const SAVE_STATUSES: Many = Many {
    head: "WITH v(id, word) AS (VALUES",
    tail: ") UPDATE monitor_state SET status = v.word FROM v WHERE monitor_id = v.id",
};
