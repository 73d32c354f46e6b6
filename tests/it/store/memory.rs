//! A machine without memory.

use lifesign::domain::id::TeamId;
use lifesign::store::StoreError;

use super::{NOW, id};
use crate::support::engines::{Database, Engine};

#[tokio::test]
async fn a_statement_without_memory_is_tried_again_later() {
    let database = Database::new(Engine::Sqlite).await;
    let store = database.store().await;
    // It holds for the whole process, and every test has one of its own.
    database.execute("PRAGMA hard_heap_limit = 1").await;
    let mut failed = None;
    if let Ok(mut tx) = store.begin().await {
        failed = tx.add_team(TeamId(id(1)), "Acme", NOW).await.err();
    }
    assert!(
        matches!(failed, Some(StoreError::Unavailable(_))),
        "{failed:?}"
    );
}
