//! Alerts are always told, and told once: whole lives of servers on a clock that is moved by hand,
//! with processes that die at every write and every send.
//!
//! A seed unfolds into one or two servers with their answers, one to three receivers with their
//! moods, one or two nodes, maintenance now and then, and the moments when processes die. Faked is
//! the world: answers (as our own prober saw them once), receivers, time. Scheduler, record, outbox,
//! alerter, release and reminders are the product's, on a real database. What should have been told
//! is worked out by `model`; what was is held against it by `promises`.
//!
//!     SEED=4711 cargo nextest run -E 'test(simulation)'     one seed, and what happened in it
//!     SEEDS=100000 cargo nextest run -E 'test(simulation)'  so many on each engine
//!
//! Threads of the database driver are not part of a seed: a replay plays it several times.

mod cast;
mod model;
mod mortal;
mod promises;
mod receiver;
mod run;
mod script;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};

use self::cast::Cast;
use self::receiver::Receivers;
use self::run::Run;
use crate::support::engines::{Database, Engine};

/// Tests that share the seeds of an engine.
const PARTS: u64 = 10;
/// Seeds of an ordinary run, by engine.
const SEEDS: [(Engine, u64); 2] = [(Engine::Sqlite, 2_000), (Engine::Postgres, 200)];
/// How often a replayed seed is played.
const REPLAYS: u64 = 20;

#[expect(clippy::disallowed_methods, reason = "how a run is told what to play")]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// Plays the seeds of one part.
async fn play(engine: Engine, part: u64) {
    let seeds: Vec<u64> = match (number("SEED"), number("SEEDS")) {
        (Some(_), _) if part > 0 => return,
        (Some(seed), _) => vec![seed; usize::try_from(REPLAYS).unwrap()],
        (None, given) => {
            let usual = SEEDS.iter().find(|(known, _)| *known == engine).unwrap().1;
            (part..given.unwrap_or(usual))
                .step_by(usize::try_from(PARTS).unwrap())
                .collect()
        }
    };
    let cast = Box::pin(Cast::new()).await;
    let receivers = Receivers::start().await;
    let database = Database::new(engine).await;
    let mut stores = vec![database.store().await];
    // Two processes share no connection; an embedded database has one process.
    stores.push(match engine {
        Engine::Sqlite => stores[0].clone(),
        Engine::Postgres => database.store().await,
    });
    let mut fault = None;
    for seed in seeds {
        wipe(&database.url).await;
        let mut run = Run::new(seed, (&stores, &database.url), &receivers, &cast).await;
        let mut kept = Box::pin(run.play()).await;
        if kept.is_ok() {
            kept = Box::pin(promises::check(&run)).await;
        }
        if let Err(promise) = kept {
            let told = run.trace.join("\n");
            let arrived = run.receivers.arrivals();
            let arrived = arrived
                .iter()
                .map(|a| format!("{} {:?} {} {}", a.round, a.fate, a.channel, a.body));
            let arrived = arrived.collect::<Vec<_>>().join("\n");
            fault = Some(format!("SEED={seed}: {promise}\n{told}\n{arrived}"));
            break;
        }
    }
    for store in &stores {
        store.close().await;
    }
    database.remove().await;
    if let Some(fault) = fault {
        panic!("{fault}");
    }
}

/// Empties every table: a seed must not know of the one before.
async fn wipe(url: &str) {
    if let Ok(options) = url.parse::<sqlx::sqlite::SqliteConnectOptions>()
        && url.starts_with("sqlite:")
    {
        let mut connection = options.foreign_keys(false).connect().await.unwrap();
        let names =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                        AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
        for row in connection.fetch_all(names).await.unwrap() {
            let delete = format!("DELETE FROM {}", row.get::<String, _>(0));
            connection.execute(AssertSqlSafe(delete)).await.unwrap();
        }
        connection.close().await.unwrap();
        return;
    }
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    // Emptying small tables row by row is quicker than making them anew.
    let deletes = "SELECT string_agg('DELETE FROM ' || tablename, '; ') FROM pg_tables
                    WHERE schemaname = 'public' AND tablename NOT LIKE '\\_sqlx%'";
    let deletes: String = connection.fetch_one(deletes).await.unwrap().get(0);
    let empty = format!("SET session_replication_role = replica; {deletes}");
    connection.execute(AssertSqlSafe(empty)).await.unwrap();
    connection.close().await.unwrap();
}

/// One test for each part of the seeds.
macro_rules! parts {
    ($($name:ident: $engine:ident $part:literal),+) => {$(
        #[tokio::test]
        async fn $name() {
            play(Engine::$engine, $part).await;
        }
    )+};
}

parts!(
    sqlite_0: Sqlite 0,
    sqlite_1: Sqlite 1,
    sqlite_2: Sqlite 2,
    sqlite_3: Sqlite 3,
    sqlite_4: Sqlite 4,
    sqlite_5: Sqlite 5,
    sqlite_6: Sqlite 6,
    sqlite_7: Sqlite 7,
    sqlite_8: Sqlite 8,
    sqlite_9: Sqlite 9,
    postgres_0: Postgres 0,
    postgres_1: Postgres 1,
    postgres_2: Postgres 2,
    postgres_3: Postgres 3,
    postgres_4: Postgres 4,
    postgres_5: Postgres 5,
    postgres_6: Postgres 6,
    postgres_7: Postgres 7,
    postgres_8: Postgres 8,
    postgres_9: Postgres 9
);
