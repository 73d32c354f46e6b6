//! A disk that is full, and has room again.

use std::process::Command;

use lifesign::domain::id::TeamId;
use lifesign::domain::team::{Role, Scope};
use lifesign::store::StoreError;
use tokio::signal::unix::{SignalKind, signal};

use super::accounts::{add_token, token, user};
use super::{NOW, id};
use crate::support::engines::{Database, Engine};

/// The signal for a file that may not grow; unheard it ends the process.
const SIGXFSZ: i32 = 25;

/// How large files of this process may become. Every test has a process of its own.
fn limit(size: &str) {
    let pid = std::process::id().to_string();
    let size = format!("--fsize={size}:");
    let mut set = Command::new("prlimit");
    set.args(["--pid", &pid, &size]);
    assert!(set.status().unwrap().success());
}

#[tokio::test]
async fn sqlite_goes_on_when_a_full_disk_has_room_again() {
    let _unheard = signal(SignalKind::from_raw(SIGXFSZ)).unwrap();
    let database = Database::new(Engine::Sqlite).await;
    let store = database.store().await;
    let add = async |n: u128| {
        let mut tx = store.begin().await?;
        tx.add_team(TeamId(id(n)), "Acme", NOW).await?;
        tx.commit().await
    };
    add(1).await.unwrap();
    let made = user(&store, TeamId(id(1)), 5, Role::Owner).await;
    add_token(
        &store,
        &token(TeamId(id(1)), &made, 20, Scope::Read),
        "hash",
    )
    .await;
    limit("4096");
    for _ in 0..3 {
        let full = add(2).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    }
    let comes = store.bearer("hash", NOW).await.unwrap();
    assert!(comes.is_some(), "who only asks is answered");
    limit("unlimited");
    add(2).await.unwrap();
    add(3).await.unwrap();
    database.remove().await;
}
