//! What can go wrong with the store. Absent is `Option`, not an error.

use std::fmt;

/// Codes of PostgreSQL that mean: somebody else was at the same rows, try the same again
/// (`serialization_failure`, `deadlock_detected`).
const TRY_AGAIN: [&str; 2] = ["40001", "40P01"];
/// Classes of PostgreSQL's codes that mean: the server is not there for us now (connection
/// exception, insufficient resources, operator intervention).
const AWAY: [&str; 3] = ["08", "53", "57"];
/// Result codes of SQLite that mean: another process holds the lock (`SQLITE_BUSY`), with their
/// extended forms.
const BUSY: [&str; 4] = ["5", "261", "517", "773"];

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
                let is_away = code.len() == 5 && AWAY.iter().any(|class| code.starts_with(class));
                if refused.is_unique_violation() || TRY_AGAIN.contains(&code.as_ref()) {
                    Self::Conflict
                } else if is_away || BUSY.contains(&code.as_ref()) {
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
