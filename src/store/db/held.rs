//! A connection of PostgreSQL that is held for a while, and no longer than its server answers.
//!
//! The driver waits for an answer for as long as the kernel believes in a connection: a quarter of an
//! hour where packets vanish. Here every wait ends. What did not answer is thrown away with its socket,
//! and the server, which is told at the door how long to wait for us ([`super::open`]), undoes what
//! was begun.

use std::io;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::{FromRow, Postgres, SqlSafeStr};
use tokio::runtime::Handle;
use tokio::time::{error::Elapsed, timeout};

/// Longest wait for the answer to a statement; its server gives up before.
const ANSWER: Duration = Duration::from_secs(35);
/// Longest wait for a connection to be as it was before.
const GIVE_BACK: Duration = Duration::from_secs(5);

/// A connection, perhaps in a transaction; dropped before its `commit` it never happened.
#[derive(Debug)]
pub(super) struct Held {
    connection: Option<PoolConnection<Postgres>>,
    is_begun: bool,
}

impl Held {
    /// One that is free, within the time that the pool allows.
    pub(super) async fn of(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self {
            connection: Some(pool.acquire().await?),
            is_begun: false,
        })
    }

    /// One on which a transaction begins.
    pub(super) async fn begin(pool: &PgPool) -> sqlx::Result<Self> {
        let mut held = Self::of(pool).await?;
        // Before it is so: whoever goes away meanwhile must not leave it open.
        held.is_begun = true;
        held.order("BEGIN").await?;
        Ok(held)
    }

    /// Makes it so.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.order("COMMIT").await?;
        self.is_begun = false;
        Ok(())
    }

    /// Runs a statement and says how many rows it touched.
    pub(super) async fn run(
        &mut self,
        sql: impl SqlSafeStr,
        args: PgArguments,
    ) -> sqlx::Result<u64> {
        let asked = sqlx::query_with(sql, args).execute(self.connection()?);
        let answer = Box::pin(timeout(ANSWER, asked)).await;
        Ok(self.answered(answer)?.rows_affected())
    }

    /// All rows that a statement gives.
    pub(super) async fn all<R>(
        &mut self,
        sql: impl SqlSafeStr,
        args: PgArguments,
    ) -> sqlx::Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let asked = sqlx::query_as_with(sql, args).fetch_all(self.connection()?);
        let answer = Box::pin(timeout(ANSWER, asked)).await;
        self.answered(answer)
    }

    /// The first row of a read, if there is one.
    pub(super) async fn optional<R>(
        &mut self,
        sql: impl SqlSafeStr,
        args: PgArguments,
    ) -> sqlx::Result<Option<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let asked = sqlx::query_as_with(sql, args).fetch_optional(self.connection()?);
        let answer = Box::pin(timeout(ANSWER, asked)).await;
        self.answered(answer)
    }

    async fn order(&mut self, sql: &'static str) -> sqlx::Result<()> {
        let asked = sqlx::raw_sql(sql).execute(self.connection()?);
        let answer = Box::pin(timeout(ANSWER, asked)).await;
        self.answered(answer).map(drop)
    }

    fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        let connection = self.connection.as_deref_mut();
        connection.ok_or_else(|| sqlx::Error::Io(io::ErrorKind::NotConnected.into()))
    }

    fn answered<T>(&mut self, answer: Result<sqlx::Result<T>, Elapsed>) -> sqlx::Result<T> {
        answer.unwrap_or_else(|_| {
            if let Some(connection) = self.connection.take() {
                throw_away(connection);
            }
            Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()))
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match Handle::try_current() {
            // It ends by itself: each of its waits does.
            Ok(tasks) => drop(tasks.spawn(give_back(connection, self.is_begun))),
            Err(_) => throw_away(connection),
        }
    }
}

/// Gives a connection back to its pool, after the end of what was begun on it.
async fn give_back(mut connection: PoolConnection<Postgres>, is_begun: bool) {
    if is_begun {
        let ended = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
        if !matches!(timeout(GIVE_BACK, ended).await, Ok(Ok(_))) {
            return throw_away(connection);
        }
    }
    // What a drop would do, which waits for as long as the kernel does.
    let _ = timeout(GIVE_BACK, connection.return_to_pool()).await;
}

/// Closes the socket without a word, which nobody may be there to hear.
fn throw_away(connection: PoolConnection<Postgres>) {
    drop(connection.detach());
}
