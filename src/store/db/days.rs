//! The table of checks on PostgreSQL: a part for each day, so that what is old goes as a table and
//! not row by row. SQLite has one table and no parts: there rows go in bites.
//!
//! Parts are made before their day begins, that of the first day before anything is recorded: PostgreSQL
//! reads the part for the rest as a whole, and lets nobody else at it, each time that it divides a day
//! off. A check of a day that has no part is kept there: those that come very late or very early.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::{Db, Pools};
use crate::domain::at::{At, DAY_MS};
use crate::store::error::StoreError;

/// Keeps nodes that start together from dividing the table, or making a day, at the same time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(20815)";
const IS_WHOLE: &str =
    "SELECT relkind = 'r' FROM pg_class WHERE oid = CAST('check_result' AS REGCLASS)";
const NEWEST: &str = "SELECT MAX(slot) FROM check_result";
const DIVIDE: &str = "
    ALTER TABLE check_result RENAME TO check_result_before;
    ALTER INDEX check_result_pkey RENAME TO check_result_before_pkey;
    CREATE TABLE check_result (LIKE check_result_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
                               PRIMARY KEY (slot, monitor_id, location))
        PARTITION BY RANGE (slot);
    CREATE TABLE check_result_rest PARTITION OF check_result DEFAULT;";
/// The parts and where they end; the one for the rest has no end.
const ENDS: &str = r"
    SELECT CAST(c.relname AS TEXT),
           CAST(SUBSTRING(PG_GET_EXPR(c.relpartbound, c.oid) FROM 'TO \(''(\d+)''\)') AS BIGINT)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = CAST('check_result' AS REGCLASS)";
/// Whether something of a day is kept in the part for the rest: then the day can have none of its own.
const HAS_BEGUN: &str =
    "SELECT EXISTS (SELECT 1 FROM check_result_rest WHERE slot >= $1 AND slot < $2)";
/// Whoever waits for a table keeps others waiting behind: rather try again later.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '200ms'";
/// What PostgreSQL says then.
const LOCKED: &str = "55P03";
/// What it says of a day that belongs to the part before the others.
const OVERLAPS: &str = "42P17";

impl Db {
    /// Divides the table of checks, if it is whole: what is in it becomes the part before the others.
    /// Takes as long as reading it once.
    pub(in crate::store) async fn divide_by_day(&self) -> Result<(), StoreError> {
        let Pools::Postgres { options, .. } = &self.pools else {
            return Ok(());
        };
        let options = options
            .as_ref()
            .clone()
            .options([("statement_timeout", "0")]);
        let mut connection = PgConnection::connect_with(&options).await?;
        let mut tx = connection.begin().await?;
        sqlx::query(LOCK).execute(&mut *tx).await?;
        if sqlx::query_scalar(IS_WHOLE).fetch_one(&mut *tx).await? {
            let newest: Option<i64> = sqlx::query_scalar(NEWEST).fetch_one(&mut *tx).await?;
            sqlx::raw_sql(DIVIDE).execute(&mut *tx).await?;
            let keep = match newest {
                Some(newest) => format!(
                    "ALTER TABLE check_result ATTACH PARTITION check_result_before
                         FOR VALUES FROM (MINVALUE) TO ({})",
                    At(newest).day().0 + DAY_MS
                ),
                None => "DROP TABLE check_result_before".to_owned(),
            };
            sqlx::raw_sql(AssertSqlSafe(keep)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        connection.close().await?;
        Ok(())
    }

    /// Makes the part of a day, if there is none and nothing of that day is recorded yet. Nothing on
    /// SQLite.
    pub(in crate::store) async fn add_day(&self, day: At) -> Result<(), StoreError> {
        let Pools::Postgres { pool, .. } = &self.pools else {
            return Ok(());
        };
        let mut tx = pool.begin().await?;
        if unless_in_the_way(make_day(&mut tx, day).await)? {
            tx.commit().await?;
        }
        Ok(())
    }

    /// Drops the parts that end by `before`. Nothing on SQLite.
    pub(in crate::store) async fn drop_days(&self, before: At) -> Result<(), StoreError> {
        let Pools::Postgres { pool, .. } = &self.pools else {
            return Ok(());
        };
        for row in sqlx::query(ENDS).fetch_all(pool).await? {
            let (name, end): (String, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
            if end.is_none_or(|end| end > before.0) {
                continue;
            }
            let mut tx = pool.begin().await?;
            sqlx::query(BRIEFLY).execute(&mut *tx).await?;
            let text = format!("DROP TABLE {name}");
            let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx).await;
            if unless_in_the_way(done)? {
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

async fn make_day(tx: &mut PgConnection, day: At) -> sqlx::Result<()> {
    let (from, until) = (day.day().0, day.day().0 + DAY_MS);
    sqlx::query(BRIEFLY).execute(&mut *tx).await?;
    sqlx::query(LOCK).execute(&mut *tx).await?;
    let has_begun = sqlx::query_scalar(HAS_BEGUN).bind(from).bind(until);
    if has_begun.fetch_one(&mut *tx).await? {
        return Ok(());
    }
    let text = format!(
        "CREATE TABLE IF NOT EXISTS check_result_{} PARTITION OF check_result
             FOR VALUES FROM ({from}) TO ({until})",
        from / DAY_MS
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(tx).await?;
    Ok(())
}

/// False when a table was locked for too long, or another part has the day.
fn unless_in_the_way<T>(done: sqlx::Result<T>) -> Result<bool, StoreError> {
    match done {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some(LOCKED | OVERLAPS)) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
