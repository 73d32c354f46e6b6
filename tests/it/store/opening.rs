//! Opening a database: made at first start, refused with a reason, migrated once.

use std::fs::Permissions;
use std::future::poll_fn;
use std::os::unix::fs::PermissionsExt as _;
use std::task::Poll;
use std::time::Duration;

use lifesign::secret::SealingKey;
use lifesign::store::{Store, StoreError};

use crate::support::engines::{Database, Engine, engines};

engines! {
    async fn a_database_answers_and_can_be_migrated_again(store: Store) {
        let before = store.statements();
        store.ping().await.unwrap();
        assert_eq!(store.statements(), before + 1);
        store.migrate().await.unwrap();
        let (one, other) = tokio::join!(store.migrate(), store.migrate());
        one.unwrap();
        other.unwrap();
        store.close().await;
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }

    async fn a_transaction_that_is_dropped_never_happened(store: Store) {
        let team = lifesign::domain::id::TeamId(crate::store::id(1));
        let mut tx = store.begin().await.unwrap();
        tx.add_team(team, "Gone", crate::store::NOW).await.unwrap();
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        tx.add_team(team, "There", crate::store::NOW).await.unwrap();
        assert!(matches!(
            tx.add_team(team, "Twice", crate::store::NOW).await,
            Err(StoreError::Conflict)
        ));
    }
}

/// Somebody goes away at each await of the beginning of a transaction; what is written afterwards on
/// the same connections is there for everybody.
async fn a_transaction_nobody_waits_for(engine: Engine) {
    let database = Database::new(engine).await;
    let (store, other) = (database.store().await, database.store().await);
    let (now, until) = (
        crate::store::NOW,
        crate::store::NOW + Duration::from_secs(60),
    );
    for polls in 0..20 {
        let mut beginning = Box::pin(store.begin());
        let mut left = polls;
        poll_fn(|cx| {
            let is_over = left == 0 || beginning.as_mut().poll(cx).is_ready();
            left -= i32::from(!is_over);
            if is_over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        drop(beginning);
        let name = format!("work {polls}");
        assert!(store.hold_lease(&name, "one", now, until).await.unwrap());
        let theirs = other.hold_lease(&name, "two", now, until);
        let theirs = tokio::time::timeout(Duration::from_secs(20), theirs).await;
        assert!(
            !theirs
                .expect("nobody waits for a transaction without an end")
                .unwrap()
        );
    }
    database.remove().await;
}

#[tokio::test]
async fn a_transaction_nobody_waits_for_is_ended_sqlite() {
    a_transaction_nobody_waits_for(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_transaction_nobody_waits_for_is_ended_postgres() {
    a_transaction_nobody_waits_for(Engine::Postgres).await;
}

#[tokio::test]
async fn the_folder_of_the_file_is_made_at_the_first_start_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("data/deep/lifesign.db");
    let url = format!("sqlite://{}", file.display());
    let store = Store::connect(&url, SealingKey::random()).await.unwrap();
    store.migrate().await.unwrap();
    for (name, mode) in [
        ("data", 0o700),
        ("data/deep", 0o700),
        ("data/deep/lifesign.db", 0o600),
        ("data/deep/lifesign.db-wal", 0o600),
    ] {
        let made = std::fs::metadata(path(name)).unwrap().permissions().mode();
        assert_eq!(made & 0o777, mode, "{name}");
    }
    store.close().await;
    // What was there before stays as the operator has left it.
    std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let store = Store::connect(&url, SealingKey::random()).await.unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_named_without_its_password() {
    for url in [
        "postgres://me:hunter2@127.0.0.1:1/lifesign?password=hunter2",
        "mysql://me:hunter2@127.0.0.1/lifesign",
        "sqlite://:memory:",
        "sqlite:///proc/nowhere/x.db",
    ] {
        let error = Store::connect(url, SealingKey::random())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("LIFESIGN_DATABASE_URL"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn another_key_is_noticed_at_start() {
    let database = Database::new(Engine::Sqlite).await;
    let store = Store::connect(&database.url, SealingKey::random())
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err().to_string();
    assert!(error.contains("LIFESIGN_SECRET_KEY"), "{error}");
    database.remove().await;
}
