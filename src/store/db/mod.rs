//! THE SEAM: the only folder that knows there are two engines.
//!
//! [`Db`] and [`Tx`] speak the same verbs to either: `run`, `all`, `optional`, `one`, and for
//! statements over several rows `many` and `many_all`. Reads outside of a transaction go to
//! connections that cannot write, so that a write in the wrong place fails at its first test.
//! Where the engines must differ, [`Dialects`] holds both texts side by side; each use says why.

mod days;
mod held;
mod neighbours;
mod open;
mod params;
mod tx;
mod wakes;
mod whole;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::StoreError;
use held::Held;
pub(super) use open::must_exist;
pub use params::MOST_ROWS;
use params::Texts;
pub(super) use params::{Many, Params, Row, Sign};
use tx::Engine;
pub(super) use tx::Tx;
pub(super) use wakes::Ears;
pub(super) use whole::{Stored, Whole};

/// A statement that has to differ; each use says why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialects {
    /// For SQLite.
    pub(super) sqlite: &'static str,
    /// For PostgreSQL.
    pub(super) postgres: &'static str,
}

/// The pools of one engine.
#[derive(Clone, Debug)]
pub(super) struct Db {
    pools: Pools,
    texts: Texts,
    statements: Statements,
}

/// How many statements were run; cheap to clone.
#[derive(Clone, Debug, Default)]
struct Statements(Arc<AtomicU64>);

impl Statements {
    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        reader: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        options: Box<PgConnectOptions>,
        /// One permit for each transaction that may be open.
        writers: Arc<Semaphore>,
    },
}

impl Db {
    /// Opens `sqlite://path` (made with its folder if there is none) or `postgres://…`. Fails with
    /// a text for the operator, without the password, when it cannot be reached.
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        let pools = if url.starts_with("sqlite:") {
            open::sqlite(url)
                .await
                .map(|(writer, reader)| Pools::Sqlite { writer, reader })
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open::postgres(url)
                .await
                .map(|(pool, options)| Pools::Postgres {
                    pool,
                    options: Box::new(options),
                    writers: Arc::new(Semaphore::new(open::WRITERS)),
                })
        } else {
            Err("it must begin with sqlite:// or postgres://".to_owned())
        };
        let pools = pools.map_err(|reason| {
            StoreError::Unusable(format!(
                "cannot use the database of LIFESIGN_DATABASE_URL ({}): {reason}",
                open::without_password(url)
            ))
        })?;
        let sign = match pools {
            Pools::Sqlite { .. } => Sign::Plain,
            Pools::Postgres { .. } => Sign::Numbered,
        };
        Ok(Self {
            pools,
            texts: Texts::new(sign),
            statements: Statements::default(),
        })
    }

    /// How many statements were run since it was opened, beside those that begin and end transactions.
    pub(super) fn statements(&self) -> u64 {
        self.statements.0.load(Ordering::Relaxed)
    }

    /// The folder of the file of a `sqlite:` URL; `None` for other URLs.
    pub(super) fn folder(url: &str) -> Option<PathBuf> {
        open::sqlite_folder(url)
    }

    /// Brings the tables up to date. Nodes that start together do it one after the other.
    pub(super) async fn migrate(&self, migrator: &Migrator) -> Result<(), StoreError> {
        let done = match &self.pools {
            Pools::Sqlite { writer, .. } => migrator.run(writer).await,
            Pools::Postgres { options, .. } => {
                // A connection of its own: a migration may take longer than any statement.
                let options = options
                    .as_ref()
                    .clone()
                    .options([("statement_timeout", "0")]);
                let mut connection = PgConnection::connect_with(&options).await?;
                let done = migrator.run(&mut connection).await;
                connection.close().await?;
                done
            }
        };
        done.map_err(|error| {
            StoreError::Unusable(format!("cannot bring the database up to date: {error}"))
        })
    }

    /// Starts a write transaction. SQLite takes its write lock at once, so that it cannot fail
    /// half-way. Whoever goes away while it begins leaves nothing open.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let engine = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Engine::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres { pool, writers, .. } => {
                let turn = Arc::clone(writers).acquire_owned();
                let Ok(Ok(turn)) = timeout(open::ACQUIRE_TIMEOUT, turn).await else {
                    return Err(sqlx::Error::PoolTimedOut.into());
                };
                Engine::Postgres(Held::begin(pool).await?, turn)
            }
        };
        Ok(Tx {
            engine,
            texts: self.texts.clone(),
            statements: self.statements.clone(),
        })
    }

    /// Closes the connections, waiting for those in use.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }

    /// Runs a statement by itself and says how many rows it touched.
    pub(super) async fn run(
        &self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<u64, StoreError> {
        self.statements.count();
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let args = params::sqlite([params])?;
                let done = sqlx::query_with(sql, args).execute(writer);
                Box::pin(done).await?.rows_affected()
            }
            Pools::Postgres { pool, .. } => {
                let args = params::postgres([params])?;
                Box::pin(Held::of(pool)).await?.run(sql, args).await?
            }
        })
    }

    /// All rows of a read.
    pub(super) async fn all<R: Row>(
        &self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<Vec<R>, StoreError> {
        self.statements.count();
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => {
                let args = params::sqlite([params])?;
                Box::pin(sqlx::query_as_with(sql, args).fetch_all(reader)).await?
            }
            Pools::Postgres { pool, .. } => {
                let args = params::postgres([params])?;
                Box::pin(Held::of(pool)).await?.all(sql, args).await?
            }
        })
    }

    /// The row of a read, if there is one.
    pub(super) async fn optional<R: Row>(
        &self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<Option<R>, StoreError> {
        self.statements.count();
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => {
                let args = params::sqlite([params])?;
                Box::pin(sqlx::query_as_with(sql, args).fetch_optional(reader)).await?
            }
            Pools::Postgres { pool, .. } => {
                let args = params::postgres([params])?;
                Box::pin(Held::of(pool)).await?.optional(sql, args).await?
            }
        })
    }

    /// The one row of a read that always has one.
    pub(super) async fn one<R: Row>(
        &self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<R, StoreError> {
        self.optional(sql, params)
            .await?
            .ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// All rows of a read over several rows of parameters.
    pub(super) async fn many_all<'t, R: Row, P: Params<'t>>(
        &self,
        sql: Many,
        rows: impl IntoIterator<Item = P>,
    ) -> Result<Vec<R>, StoreError> {
        let mut found = Vec::new();
        for piece in params::pieces(rows) {
            self.statements.count();
            let text = self.texts.of::<P>(sql, piece.len());
            match &self.pools {
                Pools::Sqlite { reader, .. } => {
                    let args = params::sqlite(piece)?;
                    let rows = sqlx::query_as_with(AssertSqlSafe(text), args).fetch_all(reader);
                    found.extend(Box::pin(rows).await?);
                }
                Pools::Postgres { pool, .. } => {
                    let args = params::postgres(piece)?;
                    let mut held = Box::pin(Held::of(pool)).await?;
                    found.extend(held.all(AssertSqlSafe(text), args).await?);
                }
            }
        }
        Ok(found)
    }
}
