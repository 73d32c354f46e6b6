//! Rows in every table, as each version of the schema could hold them: one file of SQL for each
//! migration, with what it made room for. Whoever adds a migration adds a file.

use std::collections::BTreeMap;

use lifesign::secret::{Place, SealingKey, hash_token};
use lifesign::store::{MIGRATIONS, Store, Value};
use regex::{Captures, Regex};
use uuid::Uuid;

use super::engines::{Database, SECRET_KEY};

/// For each migration the rows that it made room for.
const ROWS: [&str; MIGRATIONS.len()] = [
    include_str!("../store/fixtures/0001_accounts.sql"),
    include_str!("../store/fixtures/0002_monitors.sql"),
    include_str!("../store/fixtures/0003_checks.sql"),
    include_str!("../store/fixtures/0004_incidents.sql"),
    include_str!("../store/fixtures/0005_status_pages.sql"),
    include_str!("../store/fixtures/0006_maintenance.sql"),
    include_str!("../store/fixtures/0007_routes.sql"),
    include_str!("../store/fixtures/0008_incident_people.sql"),
    include_str!("../store/fixtures/0009_dependencies.sql"),
    include_str!("../store/fixtures/0010_nodes.sql"),
    include_str!("../store/fixtures/0011_channel_words.sql"),
    include_str!("../store/fixtures/0012_subscribers.sql"),
    include_str!("../store/fixtures/0013_status_page_looks.sql"),
    include_str!("../store/fixtures/0014_budgets.sql"),
    include_str!("../store/fixtures/0015_directory.sql"),
    include_str!("../store/fixtures/0016_audit.sql"),
    include_str!("../store/fixtures/0017_open_hours.sql"),
    include_str!("../store/fixtures/0018_agents.sql"),
    include_str!("../store/fixtures/0019_paused.sql"),
    include_str!("../store/fixtures/0020_pace.sql"),
];

/// The rows of every table, sorted, each by its columns.
pub(crate) type Everything = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// Fills a database whose schema is that of the migration at `position`.
pub(crate) async fn fill(database: &Database, position: usize) {
    for sql in &ROWS[..position] {
        database.execute(&written_for(database, sql)).await;
    }
}

/// All that a database holds.
pub(crate) async fn everything(store: &Store) -> Everything {
    let mut snapshot = store.snapshot().await.unwrap();
    let mut found = Everything::new();
    for (place, table) in snapshot.layout().clone().tables.iter().enumerate() {
        let rows = found.entry(table.name.clone()).or_default();
        let mut stored = snapshot.rows(place);
        loop {
            let batch = stored.next().await.unwrap();
            if batch.is_empty() {
                break;
            }
            let named = |row: &Vec<Value>| {
                let columns = table.columns.iter().zip(row);
                let named =
                    columns.map(|(column, value)| (column.name.clone(), format!("{value:?}")));
                named.collect::<BTreeMap<_, _>>()
            };
            rows.extend(batch.rows().iter().map(named));
        }
        rows.sort();
    }
    found
}

/// Nobody has forgotten a table.
pub(crate) fn assert_full(everything: &Everything) {
    let empty = everything.iter().filter(|(_, rows)| rows.is_empty());
    let empty: Vec<&String> = empty.map(|(table, _)| table).collect();
    assert!(
        empty.is_empty(),
        "no rows in {empty:?}: add some to tests/it/store/fixtures"
    );
}

/// The rows in the words of an engine.
fn written_for(database: &Database, sql: &str) -> String {
    let is_sqlite = database.url.starts_with("sqlite:");
    let sealing = Regex::new(r"sealed\((\w+), (\d+), ([^)]*)\)").unwrap();
    let sql = sealing.replace_all(sql, |found: &Captures<'_>| {
        format!(
            "'{}'",
            sealed(&found[1], found[2].parse().unwrap(), &found[3])
        )
    });
    let hashes = Regex::new(r"hash\((\w+)\)").unwrap();
    let sql = hashes.replace_all(&sql, |found: &Captures<'_>| {
        format!("'{}'", hash_token(&found[1]))
    });
    let ids = Regex::new(r"\bid\((\d+)\)").unwrap();
    let sql = ids.replace_all(&sql, |found: &Captures<'_>| {
        let id = Uuid::from_u128(found[1].parse().unwrap());
        if is_sqlite {
            format!("x'{}'", id.simple())
        } else {
            format!("'{id}'")
        }
    });
    sql.into_owned()
}

fn sealed(table: &str, row: u128, plain: &str) -> String {
    let table = match table {
        "key_check" => "key_check",
        "monitor" => "monitor",
        "channel" => "channel",
        "subscriber" => "subscriber",
        other => panic!("nothing is sealed in {other}"),
    };
    let (field, row) = ("sealed", Uuid::from_u128(row));
    let key = SealingKey::parse(SECRET_KEY).unwrap();
    key.seal(&Place { table, field, row }, plain)
}
