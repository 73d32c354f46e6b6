//! The tables: one portable set of migrations, compiled in and run at start.
//!
//! Allowed in them: create table, create index, add column, rename, drop column. A file that has
//! been released is never changed. Expand first, contract in a later release: old and new nodes
//! overlap.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::secret::Place;

/// Every migration in order: its name and its text.
pub const MIGRATIONS: [(&str, &str); 20] = [
    (
        "accounts",
        include_str!("../../migrations/0001_accounts.sql"),
    ),
    (
        "monitors",
        include_str!("../../migrations/0002_monitors.sql"),
    ),
    ("checks", include_str!("../../migrations/0003_checks.sql")),
    (
        "incidents",
        include_str!("../../migrations/0004_incidents.sql"),
    ),
    (
        "status pages",
        include_str!("../../migrations/0005_status_pages.sql"),
    ),
    (
        "maintenance",
        include_str!("../../migrations/0006_maintenance.sql"),
    ),
    ("routes", include_str!("../../migrations/0007_routes.sql")),
    (
        "incident people",
        include_str!("../../migrations/0008_incident_people.sql"),
    ),
    (
        "dependencies",
        include_str!("../../migrations/0009_dependencies.sql"),
    ),
    ("nodes", include_str!("../../migrations/0010_nodes.sql")),
    (
        "channel words",
        include_str!("../../migrations/0011_channel_words.sql"),
    ),
    (
        "subscribers",
        include_str!("../../migrations/0012_subscribers.sql"),
    ),
    (
        "status page looks",
        include_str!("../../migrations/0013_status_page_looks.sql"),
    ),
    ("budgets", include_str!("../../migrations/0014_budgets.sql")),
    (
        "directory",
        include_str!("../../migrations/0015_directory.sql"),
    ),
    ("audit", include_str!("../../migrations/0016_audit.sql")),
    (
        "open hours",
        include_str!("../../migrations/0017_open_hours.sql"),
    ),
    ("agents", include_str!("../../migrations/0018_agents.sql")),
    ("paused", include_str!("../../migrations/0019_paused.sql")),
    ("pace", include_str!("../../migrations/0020_pace.sql")),
];

/// What is sealed to notice another key.
const KEY_CHECK: &str = "lifesign";
/// Where that belongs.
const KEY_PLACE: Place = Place {
    table: "key_check",
    field: "sealed",
    row: Uuid::nil(),
};

/// The position of the last migration.
#[expect(clippy::cast_possible_wrap, reason = "a few dozen")]
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// The migrations up to the one at `last`.
fn migrator(last: i64) -> Migrator {
    let migration = |(version, (name, sql)): (i64, (&'static str, &'static str))| {
        let sql = sql.into_sql_str();
        Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            sql,
            false,
        )
    };
    let mut migrator =
        Migrator::with_migrations((1..=last).zip(MIGRATIONS).map(migration).collect());
    // A newer node may have brought the tables further, and we are started again meanwhile.
    migrator.set_ignore_missing(true);
    migrator
}

impl Store {
    /// Brings the tables up to date and makes sure that our key opens what is sealed in them. Tables of
    /// a newer version stay as they are. Safe on several nodes at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.migrate_to(LATEST).await?;
        self.db.divide_by_day().await?;
        let sealed = self.key.seal(&KEY_PLACE, KEY_CHECK);
        let mut tx = self.db.begin().await?;
        tx.run(ADD_KEY_CHECK, (sealed,)).await?;
        let (sealed,): (String,) = tx.one(KEY_CHECKED, ()).await?;
        tx.commit().await?;
        self.check_key(&sealed)
    }

    /// Brings the tables to the schema at `position` and no further, and writes nothing into them.
    pub async fn migrate_to(&self, position: i64) -> Result<(), StoreError> {
        self.db.migrate(&migrator(position)).await
    }

    /// Makes sure that our key opens what was sealed to notice another one.
    pub(super) fn check_key(&self, sealed: &str) -> Result<(), StoreError> {
        match self.key.open(&KEY_PLACE, sealed) {
            Some(_) => Ok(()),
            None => Err(StoreError::Unusable(
                "this database was sealed with another key: set LIFESIGN_SECRET_KEY (or the file \
                 data/secret.key) to the one that it was made with"
                    .to_owned(),
            )),
        }
    }
}

const ADD_KEY_CHECK: &str =
    "INSERT INTO key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
pub(super) const KEY_CHECKED: &str = "SELECT sealed FROM key_check WHERE id = 1";
