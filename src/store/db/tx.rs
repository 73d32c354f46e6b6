//! The verbs inside of a write transaction.

use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use super::held::Held;
use super::params::{self, Many, Params, Row, Texts};
use super::{Dialects, Statements, StoreError};

/// A write transaction; dropped without `commit` it never happened.
#[derive(Debug)]
pub(in crate::store) struct Tx {
    pub(super) engine: Engine,
    pub(super) texts: Texts,
    pub(super) statements: Statements,
}

#[derive(Debug)]
pub(super) enum Engine {
    /// On the one connection that writes.
    Sqlite(Transaction<'static, Sqlite>),
    /// On a connection of the pool, for as long as there is room for it.
    Postgres(Held, OwnedSemaphorePermit),
}

impl Tx {
    /// Makes it so.
    pub(in crate::store) async fn commit(self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Sqlite(tx) => tx.commit().await?,
            Engine::Postgres(tx, _turn) => tx.commit().await?,
        }
        Ok(())
    }

    /// The text for this engine.
    pub(in crate::store) fn pick(&self, texts: Dialects) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => texts.sqlite,
            Engine::Postgres(..) => texts.postgres,
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(in crate::store) async fn run(
        &mut self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<u64, StoreError> {
        self.statements.count();
        Ok(match &mut self.engine {
            Engine::Sqlite(tx) => {
                let args = params::sqlite([params])?;
                sqlx::query_with(sql, args)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected()
            }
            Engine::Postgres(tx, _) => tx.run(sql, params::postgres([params])?).await?,
        })
    }

    /// All rows that a statement gives.
    pub(in crate::store) async fn all<R: Row>(
        &mut self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<Vec<R>, StoreError> {
        self.statements.count();
        Ok(match &mut self.engine {
            Engine::Sqlite(tx) => {
                sqlx::query_as_with(sql, params::sqlite([params])?)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Engine::Postgres(tx, _) => tx.all(sql, params::postgres([params])?).await?,
        })
    }

    /// The first row that a statement gives, if any. It runs to its end: a write may touch more.
    pub(in crate::store) async fn optional<R: Row>(
        &mut self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<Option<R>, StoreError> {
        Ok(self.all(sql, params).await?.into_iter().next())
    }

    /// The row of a statement that always gives one.
    pub(in crate::store) async fn one<R: Row>(
        &mut self,
        sql: &'static str,
        params: impl Params<'_>,
    ) -> Result<R, StoreError> {
        self.optional(sql, params)
            .await?
            .ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// Runs a statement over several rows and says how many it touched.
    pub(in crate::store) async fn many<'t, P: Params<'t>>(
        &mut self,
        sql: Many,
        rows: impl IntoIterator<Item = P>,
    ) -> Result<u64, StoreError> {
        let mut touched = 0;
        for piece in params::pieces(rows) {
            self.statements.count();
            let text = self.texts.of::<P>(sql, piece.len());
            touched += match &mut self.engine {
                Engine::Sqlite(tx) => {
                    let args = params::sqlite(piece)?;
                    sqlx::query_with(AssertSqlSafe(text), args)
                        .execute(&mut **tx)
                        .await?
                        .rows_affected()
                }
                Engine::Postgres(tx, _) => {
                    tx.run(AssertSqlSafe(text), params::postgres(piece)?)
                        .await?
                }
            };
        }
        Ok(touched)
    }

    /// All rows that a statement over several rows gives.
    pub(in crate::store) async fn many_all<'t, R: Row, P: Params<'t>>(
        &mut self,
        sql: Many,
        rows: impl IntoIterator<Item = P>,
    ) -> Result<Vec<R>, StoreError> {
        let mut found = Vec::new();
        for piece in params::pieces(rows) {
            self.statements.count();
            let text = self.texts.of::<P>(sql, piece.len());
            match &mut self.engine {
                Engine::Sqlite(tx) => {
                    let args = params::sqlite(piece)?;
                    found.extend(
                        sqlx::query_as_with(AssertSqlSafe(text), args)
                            .fetch_all(&mut **tx)
                            .await?,
                    );
                }
                Engine::Postgres(tx, _) => {
                    let args = params::postgres(piece)?;
                    found.extend(tx.all(AssertSqlSafe(text), args).await?);
                }
            }
        }
        Ok(found)
    }
}
