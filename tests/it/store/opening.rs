//! Opening a database: made at first start, refused with a reason, migrated once.

use lifesign::secret::SealingKey;
use lifesign::store::{Store, StoreError};

use crate::support::engines::{Database, Engine, engines};

engines! {
    async fn a_database_answers_and_can_be_migrated_again(store: Store) {
        store.ping().await.unwrap();
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

#[tokio::test]
async fn the_folder_of_the_file_is_made_at_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/deep/lifesign.db");
    let url = format!("sqlite://{}", file.display());
    let store = Store::connect(&url, SealingKey::random()).await.unwrap();
    store.migrate().await.unwrap();
    assert!(file.exists());
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
