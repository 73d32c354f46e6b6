//! A transaction over everything, on a connection of its own that may take as long as it takes: one
//! that reads all as of one moment, or one that fills an empty database.
//!
//! On either engine reading keeps nobody from writing. Dropped without `commit` it never happened.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, ColumnIndex, Connection as _, Decode, Encode, Type};
use uuid::Uuid;

use super::{Db, Dialects, Pools, Row, Sign};
use crate::store::error::StoreError;
use crate::store::rows::{Kind, Value};

/// What makes a server end a transaction that takes long, switched off.
const PATIENT: [(&str, &str); 2] = [
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
];
/// Begins to read as of one moment.
const READ: Dialects = Dialects {
    sqlite: "BEGIN",
    postgres: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};
/// Begins to write.
const WRITE: Dialects = Dialects {
    sqlite: "BEGIN IMMEDIATE",
    postgres: "BEGIN",
};

/// The rows of a table as they come.
pub(in crate::store) type Stored<'w> =
    Pin<Box<dyn Stream<Item = Result<Vec<Value>, StoreError>> + Send + 'w>>;

/// The transaction with its connection.
#[derive(Debug)]
pub(in crate::store) enum Whole {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Db {
    /// Reads everything as it is now.
    pub(in crate::store) async fn snapshot(&self) -> Result<Whole, StoreError> {
        let mut whole = match &self.pools {
            Pools::Sqlite { reader, .. } => {
                Whole::Sqlite(SqliteConnection::connect_with(&reader.connect_options()).await?)
            }
            Pools::Postgres { .. } => self.patient().await?,
        };
        whole.begin(READ).await?;
        Ok(whole)
    }

    /// Fills what is empty. On SQLite nobody else writes meanwhile.
    pub(in crate::store) async fn filling(&self) -> Result<Whole, StoreError> {
        let mut whole = self.patient().await?;
        whole.begin(WRITE).await?;
        Ok(whole)
    }

    async fn patient(&self) -> Result<Whole, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Whole::Sqlite(SqliteConnection::connect_with(&writer.connect_options()).await?)
            }
            Pools::Postgres { options, .. } => {
                let options = options.as_ref().clone().options(PATIENT);
                Whole::Postgres(PgConnection::connect_with(&options).await?)
            }
        })
    }
}

impl Whole {
    async fn begin(&mut self, texts: Dialects) -> Result<(), StoreError> {
        let text = self.pick(texts);
        self.execute(text).await
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop)?,
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop)?,
        }
        Ok(())
    }

    /// The text for this engine.
    pub(in crate::store) fn pick(&self, texts: Dialects) -> &'static str {
        match self {
            Self::Sqlite(_) => texts.sqlite,
            Self::Postgres(_) => texts.postgres,
        }
    }

    /// How this engine wants the places of parameters written.
    pub(in crate::store) fn sign(&self) -> Sign {
        match self {
            Self::Sqlite(_) => Sign::Plain,
            Self::Postgres(_) => Sign::Numbered,
        }
    }

    /// All rows of a read that has few.
    pub(in crate::store) async fn all<R: Row>(
        &mut self,
        sql: &'static str,
    ) -> Result<Vec<R>, StoreError> {
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await?,
        })
    }

    /// The rows of a read whose columns hold `kinds`, as they come: however many there are, few are
    /// held at once. Whoever gives the text vouches for the names in it.
    pub(in crate::store) fn rows(&mut self, sql: String, kinds: Vec<Kind>) -> Stored<'_> {
        match self {
            Self::Sqlite(connection) => {
                let found = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
                Box::pin(found.map(move |row| Ok(values(&row?, &kinds)?)))
            }
            Self::Postgres(connection) => {
                let found = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
                Box::pin(found.map(move |row| Ok(values(&row?, &kinds)?)))
            }
        }
    }

    /// Runs a statement over rows whose columns hold `kinds`. Whoever gives the text vouches for the
    /// names in it.
    pub(in crate::store) async fn write(
        &mut self,
        sql: String,
        kinds: &[Kind],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => {
                let args: SqliteArguments = arguments(kinds, rows)?;
                let done = sqlx::query_with(AssertSqlSafe(sql), args).execute(connection);
                done.await.map(drop)?;
            }
            Self::Postgres(connection) => {
                let args: PgArguments = arguments(kinds, rows)?;
                let done = sqlx::query_with(AssertSqlSafe(sql), args).execute(connection);
                done.await.map(drop)?;
            }
        }
        Ok(())
    }

    /// Makes it so.
    pub(in crate::store) async fn commit(mut self) -> Result<(), StoreError> {
        self.execute("COMMIT").await?;
        self.close().await
    }

    /// Ends it now; what was not committed never happened.
    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }
}

/// The values of a row.
fn values<'r, R>(row: &'r R, kinds: &[Kind]) -> sqlx::Result<Vec<Value>>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
{
    let value = |(at, kind): (usize, &Kind)| {
        let value = match kind {
            Kind::Uuid => row.try_get::<Option<Uuid>, _>(at)?.map(Value::Uuid),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
            Kind::Integer => row.try_get::<Option<i64>, _>(at)?.map(Value::Integer),
            Kind::Flag => row.try_get::<Option<bool>, _>(at)?.map(Value::Flag),
            Kind::Real => row.try_get::<Option<f64>, _>(at)?.map(Value::Real),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    kinds.iter().enumerate().map(value).collect()
}

/// The values of rows, as parameters.
fn arguments<A>(kinds: &[Kind], rows: Vec<Vec<Value>>) -> sqlx::Result<A>
where
    A: Arguments + Default,
    for<'q> Option<Uuid>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<String>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<i64>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<bool>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<f64>: Encode<'q, A::Database> + Type<A::Database>,
{
    let mut to = A::default();
    for (kind, value) in rows.into_iter().flat_map(|row| kinds.iter().zip(row)) {
        let added = match (kind, value) {
            (Kind::Uuid, Value::Null) => to.add(None::<Uuid>),
            (Kind::Text, Value::Null) => to.add(None::<String>),
            (Kind::Integer, Value::Null) => to.add(None::<i64>),
            (Kind::Flag, Value::Null) => to.add(None::<bool>),
            (Kind::Real, Value::Null) => to.add(None::<f64>),
            (Kind::Uuid, Value::Uuid(value)) => to.add(Some(value)),
            (Kind::Text, Value::Text(value)) => to.add(Some(value)),
            (Kind::Integer, Value::Integer(value)) => to.add(Some(value)),
            (Kind::Flag, Value::Flag(value)) => to.add(Some(value)),
            (Kind::Real, Value::Real(value)) => to.add(Some(value)),
            (kind, value) => Err(format!("{value:?} is not {kind:?}").into()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(to)
}
