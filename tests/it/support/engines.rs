//! A fresh database per test, on each engine.
//!
//! SQLite: a file in a temporary folder. PostgreSQL: a copy of a migrated template that the first
//! process makes and all share, dropped afterwards. Without a server the PostgreSQL half fails: a
//! silent skip would prove nothing.

use std::panic::AssertUnwindSafe;
use std::str::FromStr as _;

use futures_util::FutureExt as _;
use lifesign::secret::{SealingKey, hash_token};
use lifesign::store::{MIGRATIONS, Store};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    SqliteConnection,
};
use url::Url;

/// Where a server for tests is; `make test` starts one.
const SERVER: &str = "LIFESIGN_TEST_POSTGRES";
/// The key that every test seals with, as the setting takes it.
pub(crate) const SECRET_KEY: &str =
    "0707070707070707070707070707070707070707070707070707070707070707";

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A migrated database of one test.
pub(crate) struct Database {
    /// Where it is, as the setting takes it.
    pub(crate) url: String,
    name: Option<String>,
    _folder: tempfile::TempDir,
}

impl Database {
    /// A fresh one.
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                connect(&url).await.migrate().await.unwrap();
                Self {
                    url,
                    name: None,
                    _folder: folder,
                }
            }
            Engine::Postgres => {
                let name = format!("lifesign_test_{}", fresh());
                let template = template().await;
                let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
                admin().await.execute(AssertSqlSafe(copy)).await.unwrap();
                Self {
                    url: server(&name).to_string(),
                    name: Some(name),
                    _folder: folder,
                }
            }
        }
    }

    /// One without tables.
    pub(crate) async fn empty(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, name) = match engine {
            Engine::Sqlite => (
                format!("sqlite://{}", folder.path().join("test.db").display()),
                None,
            ),
            Engine::Postgres => {
                let name = format!("lifesign_test_{}", fresh());
                let make = format!("CREATE DATABASE {name}");
                admin().await.execute(AssertSqlSafe(make)).await.unwrap();
                (server(&name).to_string(), Some(name))
            }
        };
        Self {
            url,
            name,
            _folder: folder,
        }
    }

    /// Runs statements that are written for this engine.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.name.is_some() {
            let options = sqlx::postgres::PgConnectOptions::from_str(&self.url).unwrap();
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        } else {
            let options = sqlx::sqlite::SqliteConnectOptions::from_str(&self.url).unwrap();
            let options = options.foreign_keys(true);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
    }

    /// A store of its own pools over it.
    pub(crate) async fn store(&self) -> Store {
        connect(&self.url).await
    }

    /// Removes it. What still runs on it is cut off.
    pub(crate) async fn remove(self) {
        if let Some(name) = self.name {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            admin().await.execute(AssertSqlSafe(drop)).await.unwrap();
        }
    }
}

/// Runs a test with a store over a fresh database, and removes the database whatever happens.
pub(crate) async fn with_store<F: Future<Output = ()>>(
    engine: Engine,
    test: impl FnOnce(Store) -> F,
) {
    let database = Database::new(engine).await;
    let store = database.store().await;
    let outcome = AssertUnwindSafe(test(store)).catch_unwind().await;
    database.remove().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn connect(url: &str) -> Store {
    Store::connect(url, SealingKey::parse(SECRET_KEY).unwrap())
        .await
        .unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests are told of their server that way"
)]
fn server(database: &str) -> Url {
    let url = std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run `make test`, which starts a PostgreSQL of its own")
    });
    let mut url = Url::parse(&url).unwrap();
    url.set_path(database);
    url
}

#[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
fn fresh() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

async fn admin() -> PgConnection {
    let options = sqlx::postgres::PgConnectOptions::from_url(&server("postgres")).unwrap();
    PgConnection::connect_with(&options).await.unwrap()
}

/// The name of the migrated template. Its name is the hash of the migrations; a lock keeps the
/// processes of one run from making it twice.
async fn template() -> String {
    let texts: String = MIGRATIONS.iter().map(|(_, sql)| *sql).collect();
    let name = format!("lifesign_template_{}", &hash_token(&texts)[..24]);
    let mut admin = admin().await;
    let find = "SELECT 1 FROM pg_database WHERE datname = $1";
    let is_there = |rows: Option<sqlx::postgres::PgRow>| rows.is_some();
    if is_there(
        sqlx::query(find)
            .bind(&name)
            .fetch_optional(&mut admin)
            .await
            .unwrap(),
    ) {
        return name;
    }
    admin
        .execute("SELECT pg_advisory_lock(7105)")
        .await
        .unwrap();
    if !is_there(
        sqlx::query(find)
            .bind(&name)
            .fetch_optional(&mut admin)
            .await
            .unwrap(),
    ) {
        let draft = format!("{name}_draft");
        let steps = [
            format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"),
            format!("CREATE DATABASE {draft}"),
        ];
        for step in steps {
            admin.execute(AssertSqlSafe(step)).await.unwrap();
        }
        let store = connect(server(&draft).as_str()).await;
        store.migrate().await.unwrap();
        store.close().await;
        let rename = format!("ALTER DATABASE {draft} RENAME TO {name}");
        admin.execute(AssertSqlSafe(rename)).await.unwrap();
    }
    admin.close().await.unwrap();
    name
}

/// `engines! { async fn name(store: Store) {…} }` is two tests: `name::sqlite`, `name::postgres`.
macro_rules! engines {
    ($($(#[doc = $doc:literal])* async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        $(#[doc = $doc])*
        async fn $name($store: lifesign::store::Store) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let engine = $crate::support::engines::Engine::Sqlite;
                $crate::support::engines::with_store(engine, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let engine = $crate::support::engines::Engine::Postgres;
                $crate::support::engines::with_store(engine, super::$name).await;
            }
        }
    )+};
}
pub(crate) use engines;
