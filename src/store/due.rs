//! What is due at a location, or anywhere, and that nobody else checks.

use super::db::Dialects;
use super::monitors::ANYWHERE;
use super::{Store, StoreError};
use crate::domain::at::At;

impl Store {
    /// When the next watch at `location` or anywhere is due that nobody has claimed, in the past
    /// when we lag; those of agents are theirs.
    pub async fn next_due_at(&self, location: &str) -> Result<Option<At>, StoreError> {
        let key = (location, ANYWHERE);
        let at: Option<(At,)> = self.db.optional(NEXT_DUE, key).await?;
        Ok(at.map(|(at,)| at))
    }
}

/// The watches of one location, the longest due first. The index has them in this order, so that what is
/// found costs what it is, however much is due. What an agent of the team checks is its own: what it
/// reaches need not be reached from here.
macro_rules! soonest {
    ($columns:expr, $which:literal, $limit:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM watch WHERE ",
            $which,
            " AND next_due IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM agent
                                WHERE agent.team_id = watch.team_id
                                  AND agent.location = watch.location)
             ORDER BY next_due LIMIT ",
            $limit
        )
    };
}

/// What is due is found once, before anything is claimed; PostgreSQL would look again for each row,
/// find others, and go beyond the limit. The due time is asked again outside, because another
/// claimer may have changed it meanwhile.
macro_rules! claim_due {
    ($key:literal, $lock:literal) => {
        concat!(
            "WITH here AS MATERIALIZED (",
            soonest!(
                concat!($key, ", next_due"),
                "location = $4 AND next_due <= $6",
                "$7"
            ),
            $lock,
            "), anywhere AS MATERIALIZED (",
            soonest!(
                concat!($key, ", next_due"),
                "$5 <> $4 AND location = $5 AND next_due <= $6",
                "$7"
            ),
            $lock,
            "), due AS MATERIALIZED (
                SELECT * FROM here UNION ALL SELECT * FROM anywhere ORDER BY next_due LIMIT $7)
             UPDATE watch
                SET slot = CASE WHEN claim IS NULL THEN next_due ELSE slot END,
                    claim = $1, claimed_by = $2, next_due = $3
              WHERE (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM due) AND next_due <= $6"
        )
    };
}

/// PostgreSQL lets claimers pass each other by; SQLite has one writer anyway, and finds a row soonest by its
/// number.
pub(super) const CLAIM_DUE: Dialects = Dialects {
    sqlite: claim_due!("rowid", ""),
    postgres: claim_due!("monitor_id, location", " FOR UPDATE SKIP LOCKED"),
};
const NEXT_DUE: &str = concat!(
    "SELECT * FROM (",
    soonest!("next_due", "location = $1", "1"),
    ") AS here UNION ALL SELECT * FROM (",
    soonest!("next_due", "$2 <> $1 AND location = $2", "1"),
    ") AS anywhere ORDER BY next_due LIMIT 1"
);
