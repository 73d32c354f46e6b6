//! How long a node and PostgreSQL wait for each other when one of them is gone without a word.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lifesign::domain::id::TeamId;
use lifesign::secret::SealingKey;
use lifesign::store::{Store, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::time::timeout;
use url::Url;

use super::{NOW, id};
use crate::support::engines::{Database, Engine};

/// A path to a database that can be made to swallow everything, as a partition does.
struct Path {
    url: String,
    is_cut: Arc<AtomicBool>,
}

impl Path {
    #[expect(clippy::disallowed_methods, reason = "no task of the application")]
    async fn to(database: &Database) -> Self {
        let mut url = Url::parse(&database.url).unwrap();
        let port = url.port().unwrap();
        let server = SocketAddr::new(url.host_str().unwrap().parse().unwrap(), port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, Arc::clone(&cut)));
                tokio::spawn(carry(far_in, near_out, Arc::clone(&cut)));
            }
        });
        Self {
            url: url.to_string(),
            is_cut,
        }
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

/// What was lost stays lost, and so is everything after it: neither end is told.
async fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, cut: Arc<AtomicBool>) {
    let (mut bytes, mut is_lost) = ([0; 16 << 10], false);
    while let Ok(count) = from.read(&mut bytes).await {
        is_lost |= cut.load(Ordering::SeqCst);
        if count == 0 || (!is_lost && to.write_all(&bytes[..count]).await.is_err()) {
            break;
        }
    }
    if is_lost {
        // As long as this is held nobody is told of the end of a connection, either.
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn a_node_that_stops_in_a_transaction_lets_go_of_its_rows() {
    let database = Database::new(Engine::Postgres).await;
    let (stopped, other) = (database.store().await, database.store().await);
    let team = TeamId(id(1));
    let mut tx = stopped.begin().await.unwrap();
    tx.add_team(team, "Of the one that stops", NOW)
        .await
        .unwrap();
    let theirs = async {
        let mut tx = other.begin().await.unwrap();
        tx.add_team(team, "Of the other", NOW).await.unwrap();
        tx.commit().await.unwrap();
    };
    timeout(Duration::from_secs(20), theirs)
        .await
        .expect("it does not wait for a process that has stopped");
    let late = tx.add_team(TeamId(id(2)), "Late", NOW).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    drop(tx);
    stopped.ping().await.unwrap();
    database.remove().await;
}

#[tokio::test]
async fn who_reads_beside_a_transaction_finds_a_connection() {
    let database = Database::new(Engine::Postgres).await;
    let store = database.store().await;
    let all_begun = tokio::sync::Barrier::new(6);
    let write = async |n: u128| {
        let mut tx = store.begin().await.unwrap();
        if n < 6 {
            all_begun.wait().await;
        }
        store.ping().await.unwrap();
        tx.add_team(TeamId(id(n)), "Acme", NOW).await.unwrap();
        tx.commit().await.unwrap();
    };
    let all = futures_util::future::join_all((0..20).map(write));
    timeout(Duration::from_secs(8), all)
        .await
        .expect("nobody waits for another");
    database.remove().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_not_waited_for() {
    let database = Database::new(Engine::Postgres).await;
    let path = Path::to(&database).await;
    let store = Store::connect(&path.url, SealingKey::random())
        .await
        .unwrap();
    let mut tx = store.begin().await.unwrap();
    store.ping().await.unwrap();
    path.cut();
    let lost = tx.add_team(TeamId(id(1)), "Lost", NOW);
    let lost = timeout(Duration::from_secs(50), lost).await;
    let lost = lost.expect("it ends");
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert!(matches!(tx.commit().await, Err(StoreError::Unavailable(_))));
    path.mend();
    // The connection that was idle meanwhile is as dead as the other.
    let mut tries = 0;
    while store.ping().await.is_err() {
        tries += 1;
        assert!(tries < 3, "it is itself again");
    }
    database.remove().await;
}
