//! Backups and restores: from each engine to each, all or nothing, and refused where something would be
//! lost.

use std::path::{Path, PathBuf};

use lifesign::app::backup::{back_up, copy, restore};
use lifesign::secret::SealingKey;
use lifesign::store::{Batch, MIGRATIONS, Store, Value};
use tokio_util::sync::CancellationToken;

use super::{NOW, add, monitor, team};
use crate::support::engines::{Database, Engine, SECRET_KEY};
use crate::support::every_table::{assert_full, everything, fill};

/// Steps between the schemas that old backups are of; `migrations` looks at each.
const OLDER: usize = 4;

/// A database of that schema with rows in every table.
async fn full(engine: Engine, position: usize) -> (Database, Store) {
    let database = Database::empty(engine).await;
    let store = database.store().await;
    let schema = i64::try_from(position).unwrap();
    store.migrate_to(schema).await.unwrap();
    fill(&database, position).await;
    (database, store)
}

async fn empty(engine: Engine) -> (Database, Store) {
    let database = Database::empty(engine).await;
    let store = database.store().await;
    (database, store)
}

/// A backup of a database with rows in every table, in a folder that goes with it.
async fn backup(engine: Engine, position: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let (database, store) = full(engine, position).await;
    back_up(&store, &file, NOW).await.unwrap();
    database.remove().await;
    (folder, file)
}

/// Why a backup is not restored; the database stays as it was.
async fn refused(store: &Store, file: &Path) -> String {
    let error = restore(store, file).await.unwrap_err();
    format!("{error:#}")
}

async fn all_rows_arrive(from: Engine, to: Engine) {
    let (source, store) = full(from, MIGRATIONS.len()).await;
    let before = everything(&store).await;
    assert_full(&before);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let written = back_up(&store, &file, NOW).await.unwrap();
    assert_eq!(written.tables, before.len());
    assert_eq!(
        written.rows,
        before.values().map(Vec::len).sum::<usize>() as u64
    );

    let (target, restored) = empty(to).await;
    assert_eq!(restore(&restored, &file).await.unwrap(), written);
    assert_eq!(everything(&restored).await, before);
    let again = refused(&restored, &file).await;
    assert!(again.contains("not empty"), "{again}");
    assert_eq!(everything(&restored).await, before);

    let (other, moved) = empty(to).await;
    assert_eq!(copy(&store, &moved).await.unwrap(), written);
    assert_eq!(everything(&moved).await, before);
    for database in [source, target, other] {
        database.remove().await;
    }
}

/// All rows arrive, by a file and without one.
mod all_rows_arrive {
    use super::Engine::{Postgres, Sqlite};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn from_sqlite_in_sqlite() {
        super::all_rows_arrive(Sqlite, Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn from_sqlite_in_postgres() {
        super::all_rows_arrive(Sqlite, Postgres).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn from_postgres_in_sqlite() {
        super::all_rows_arrive(Postgres, Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn from_postgres_in_postgres() {
        super::all_rows_arrive(Postgres, Postgres).await;
    }
}

/// Old ones go through the schema that they have; so do databases that stayed empty at one.
async fn older_backups_are_restored(engine: Engine) {
    for position in (1..=MIGRATIONS.len()).step_by(OLDER) {
        let (_folder, file) = backup(Engine::Sqlite, position).await;
        let (database, store) = empty(engine).await;
        if position > 1 {
            store.migrate_to(1).await.unwrap();
        }
        restore(&store, &file).await.unwrap();
        let found = everything(&store).await;
        assert_eq!(found["team"].len(), 2);
        assert!(found.contains_key("listing"));
        store.close().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_backups_are_restored_sqlite() {
    older_backups_are_restored(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_backups_are_restored_postgres() {
    older_backups_are_restored(Engine::Postgres).await;
}

async fn what_is_damaged_is_refused(engine: Engine) {
    let (folder, file) = backup(engine, MIGRATIONS.len()).await;
    let whole = std::fs::read(&file).unwrap();
    let damaged = folder.path().join("damaged");
    let (database, store) = empty(engine).await;
    for place in [whole.len() / 3, whole.len() / 2, whole.len() - 6] {
        std::fs::write(&damaged, &whole[..place]).unwrap();
        let error = refused(&store, &damaged).await;
        assert!(error.contains("damaged"), "{error}");
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        std::fs::write(&damaged, flipped).unwrap();
        let error = refused(&store, &damaged).await;
        assert!(error.contains("damaged"), "{error}");
    }
    std::fs::write(&damaged, "PGDMP").unwrap();
    assert!(refused(&store, &damaged).await.contains("no backup"));
    // Nothing of the attempts is left in the way of the whole one.
    restore(&store, &file).await.unwrap();
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_backups_are_refused_sqlite() {
    what_is_damaged_is_refused(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_backups_are_refused_postgres() {
    what_is_damaged_is_refused(Engine::Postgres).await;
}

#[tokio::test]
async fn a_backup_of_another_key_is_refused_and_none_is_made_with_one() {
    let (database, store) = full(Engine::Sqlite, MIGRATIONS.len()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    back_up(&store, &file, NOW).await.unwrap();
    let target = Database::empty(Engine::Sqlite).await;
    let other = Store::connect(&target.url, SealingKey::random())
        .await
        .unwrap();
    let error = refused(&other, &file).await;
    assert!(error.contains("LIFESIGN_SECRET_KEY"), "{error}");
    let stranger = Store::connect_existing(&database.url, SealingKey::random())
        .await
        .unwrap();
    let error = back_up(&stranger, &file, NOW).await.unwrap_err();
    assert!(error.to_string().contains("LIFESIGN_SECRET_KEY"), "{error}");
    // The one that was there is still whole.
    let restored = target.store().await;
    restore(&restored, &file).await.unwrap();
    database.remove().await;
    target.remove().await;
}

#[tokio::test]
async fn a_newer_schema_and_newer_tables_are_refused() {
    let (_folder, file) = backup(Engine::Sqlite, 3).await;
    let database = Database::empty(Engine::Sqlite).await;
    let store = database.store().await;
    let newest = i64::try_from(MIGRATIONS.len()).unwrap();
    store.migrate_to(newest).await.unwrap();
    let error = refused(&store, &file).await;
    assert!(error.contains("newer (schema"), "{error}");

    let (source, from) = full(Engine::Sqlite, 3).await;
    let mut layout = from.snapshot().await.unwrap().layout().clone();
    layout.schema = newest + 1;
    let error = store.fill(&layout).await.unwrap_err().to_string();
    assert!(error.contains("a later one"), "{error}");
    layout.schema = newest;
    let error = store.fill(&layout).await.unwrap_err().to_string();
    assert!(error.contains("by hand"), "{error}");
    source.remove().await;
    database.remove().await;
}

#[tokio::test]
async fn there_is_no_backup_of_nothing() {
    let database = Database::empty(Engine::Sqlite).await;
    let key = SealingKey::parse(SECRET_KEY).unwrap();
    let missing = Store::connect_existing(&database.url, key).await;
    assert!(missing.unwrap_err().to_string().contains("no database"));
    let store = database.store().await;
    let error = store.snapshot().await.unwrap_err().to_string();
    assert!(error.contains("nothing in this database"), "{error}");
    database.remove().await;
}

#[tokio::test]
async fn rows_of_another_table_are_refused_and_what_is_dropped_never_happened() {
    let (source, store) = full(Engine::Sqlite, 1).await;
    let snapshot = store.snapshot().await.unwrap();
    let (target, restored) = empty(Engine::Sqlite).await;
    let mut filling = restored.fill(snapshot.layout()).await.unwrap();
    let mut batch = Batch::default();
    batch.push(vec![Value::Integer(1)]);
    assert!(filling.add(0, batch.clone()).await.is_err());
    assert!(filling.add(99, batch).await.is_err());
    drop(filling);
    let filling = restored.fill(snapshot.layout()).await.unwrap();
    filling.commit().await.unwrap();
    assert!(everything(&restored).await["team"].is_empty());
    source.remove().await;
    target.remove().await;
}

/// How many monitors are in a backup, each with all that was written with it. Foreign keys are checked
/// by the database that takes it.
async fn whole_transactions(file: &Path) -> usize {
    let (target, restored) = empty(Engine::Sqlite).await;
    restore(&restored, file).await.unwrap();
    let found = everything(&restored).await;
    let monitors = found["monitor"].len();
    assert_eq!(found["monitor_tag"].len(), 2 * monitors);
    assert_eq!(found["monitor_state"].len(), monitors);
    assert_eq!(found["watch"].len(), monitors);
    target.remove().await;
    monitors
}

/// A writer adds monitors with their tags, each in one transaction, while backups are made: it is never
/// kept waiting for long, and every backup holds whole transactions only.
async fn a_backup_while_somebody_writes(engine: Engine) {
    let (database, store) = empty(engine).await;
    store.migrate().await.unwrap();
    let ours = team(&store, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let writing = database.store().await;
    let stop = CancellationToken::new();
    let writer = async {
        let mut made = 0;
        while !stop.is_cancelled() {
            add(&writing, &monitor(ours, 1_000 + made)).await;
            made += 1;
        }
        made
    };
    let backups = async {
        let mut sizes = Vec::new();
        for n in 0..5 {
            let file = folder.path().join(n.to_string());
            back_up(&store, &file, NOW).await.unwrap();
            sizes.push(whole_transactions(&file).await);
        }
        stop.cancel();
        sizes
    };
    let (made, sizes) = tokio::join!(writer, backups);
    assert!(
        sizes.is_sorted() && sizes[0] < sizes[4],
        "{sizes:?} of {made}"
    );
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_somebody_writes_is_consistent_sqlite() {
    a_backup_while_somebody_writes(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_somebody_writes_is_consistent_postgres() {
    a_backup_while_somebody_writes(Engine::Postgres).await;
}
