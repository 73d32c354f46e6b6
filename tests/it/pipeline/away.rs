//! A database that was away for longer than a lease.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use lifesign::app::{recorder, scheduler};
use tokio::sync::mpsc::{Sender, channel};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::support::engines::{Database, Engine};

/// Far longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most lines of the log that wait to be read; those beyond are lost.
const LINES: usize = 1_000;

/// Hands on every line of the log.
struct Ear(Sender<String>);

impl Write for Ear {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.try_send(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn what_waits_meanwhile_is_not_checked_again(engine: Engine) {
    let (ear, mut log) = channel(LINES);
    let subscriber = tracing_subscriber::fmt().with_writer(move || Ear(ear.clone()));
    let _heard = tracing::subscriber::set_default(subscriber.finish());
    let database = Database::new(engine).await;
    let world = TestApp::new(database.store().await).await;
    let server = FakeMcp::start(healthy()).unwrap();
    let first = world.watch(&server.url()).await;
    let (results, mut queue) = recorder::queue();
    let stop = CancellationToken::new();
    let running = scheduler::run(Arc::clone(&world.app), results, stop.clone());
    let story = async {
        let waits = queue.recv().await.unwrap();
        assert_eq!(waits.checked.result.watch.monitor, first);
        database.execute("ALTER TABLE watch RENAME TO lost").await;
        while !log.recv().await.unwrap().contains("failed to claim") {}
        world.advance(40);
        database.execute("ALTER TABLE lost RENAME TO watch").await;
        let second = world.watch(&server.url()).await;
        let next = queue.recv().await.unwrap();
        assert_eq!(next.checked.result.watch.monitor, second);
        stop.cancel();
        waits
    };
    let both = async { tokio::join!(running, story) };
    let both = tokio::time::timeout(PATIENCE, Box::pin(both));
    let ((), _waits) = both.await.unwrap();
    assert!(queue.recv().await.is_none(), "nothing was checked twice");
    database.remove().await;
}

#[tokio::test]
async fn what_waits_meanwhile_is_not_checked_again_on_sqlite() {
    what_waits_meanwhile_is_not_checked_again(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_waits_meanwhile_is_not_checked_again_on_postgres() {
    what_waits_meanwhile_is_not_checked_again(Engine::Postgres).await;
}
