//! What can go wrong with the store. Absent is `Option`, not an error.

use std::fmt;

use sqlx::sqlite::SqliteError;

/// Codes of PostgreSQL that mean: somebody else was at the same rows, try the same again
/// (`serialization_failure`, `deadlock_detected`).
const TRY_AGAIN: [&str; 2] = ["40001", "40P01"];
/// Beginnings of PostgreSQL's codes that mean: the server cannot do it for us now (connection
/// exception, read-only while it fails over, a transaction that waited for us for too long,
/// insufficient resources such as a full disk, lock not available, operator intervention, system
/// error).
const AWAY: [&str; 7] = ["08", "25006", "25P03", "53", "55P03", "57", "58"];
/// Primary result codes of SQLite that mean the same: busy, locked, no memory, input or output failed, disk
/// full, cannot open.
const BUSY: [i64; 6] = [5, 6, 7, 10, 13, 14];

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was first: the name is taken, or the row has changed meanwhile.
    #[error("somebody else was first")]
    Conflict,
    /// A stored value cannot be read: it was changed by hand, or sealed with another key.
    #[error("row {id} of {table} cannot be read: its {column} makes no sense")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
    /// A cursor was not one of ours.
    #[error("the cursor is not one that was given out")]
    Cursor,
    /// The database does not answer; the same may work later.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The database cannot be used as it is configured.
    #[error("{0}")]
    Unusable(String),
    /// The database refused a statement: a mistake of ours.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// A value that cannot be read, by its place.
    pub(super) fn corrupt(
        table: &'static str,
        column: &'static str,
        id: impl fmt::Display,
    ) -> Self {
        Self::Corrupt {
            table,
            column,
            id: id.to_string(),
        }
    }

    /// Whether the same may work when it is tried again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Conflict | Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refused) => {
                let code = refused.code().unwrap_or_default();
                let is_away = match refused.try_downcast_ref::<SqliteError>() {
                    // The upper bytes of an extended code say more of the same.
                    Some(_) => code
                        .parse()
                        .is_ok_and(|code: i64| BUSY.contains(&(code & 0xff))),
                    None => AWAY.iter().any(|begin| code.starts_with(begin)),
                };
                if refused.is_unique_violation() || TRY_AGAIN.contains(&code.as_ref()) {
                    Self::Conflict
                } else if is_away {
                    Self::Unavailable(error)
                } else {
                    Self::Database(error)
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}
