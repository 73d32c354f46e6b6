//! What is old goes, in bites; what is young stays. And leases: one node at a time.

use std::time::Duration;

use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::id::MonitorId;
use lifesign::domain::notification::Event;
use lifesign::domain::schedule::place;
use lifesign::domain::uptime::Bucket;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Addition, CheckFilter, Claim, Finished, Store, WHOLE};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::channels::{made, webhook};
use super::notifications::of_channel;
use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::{Database, Engine, engines};

fn hours(n: i64) -> At {
    At(NOW.0 + n * HOUR_MS)
}

/// Records a check of the monitor that all tests here have.
async fn record(store: &Store, slot: At) {
    let result = check(id(1), id(10), slot, CheckStatus::Up);
    let mut tx = store.begin().await.unwrap();
    let are_new = added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
    assert_eq!(are_new, [true]);
    let finished = Finished {
        result: &result,
        claim: id(9),
        is_recorded: true,
        next_due: slot,
        attempt: 0,
        facts_hash: None,
    };
    tx.finish_watches(&[finished]).await.unwrap();
    tx.commit().await.unwrap();
}

engines! {
    async fn old_checks_and_hours_go_and_young_ones_stay(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        for n in 0..5 {
            let result = check(id(1), id(10), hours(n), CheckStatus::Up);
            let mut tx = store.begin().await.unwrap();
            added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
            let finished = Finished {
                result: &result, claim: id(9), is_recorded: true, next_due: hours(n + 1),
                attempt: 0, facts_hash: None,
            };
            tx.finish_watches(&[finished]).await.unwrap();
            let bucket = Bucket { checks: 1, ..Bucket::default() };
            let location = WHOLE.to_owned();
            let addition = Addition { team, monitor: made.id, location, at: hours(n), bucket };
            tx.add_to_rollups(&[addition]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let before = hours(3);
        assert_eq!(store.drop_checks(before, 2).await.unwrap(), 2, "a bite is no bigger");
        assert_eq!(store.drop_checks(before, 2).await.unwrap(), 1);
        assert_eq!(store.drop_checks(before, 2).await.unwrap(), 0);
        let page = store.checks(team, made.id, &CheckFilter::default(), None, 9).await.unwrap();
        let slots: Vec<At> = page.rows.iter().map(|check| check.slot).collect();
        assert_eq!(slots, [hours(4), hours(3)]);

        let before = hours(3).hour();
        assert_eq!(store.drop_hours(before, 2).await.unwrap(), 2);
        assert_eq!(store.drop_hours(before, 2).await.unwrap(), 1);
        assert_eq!(store.drop_hours(before, 2).await.unwrap(), 0);
        let left = store.rollup_hours(team, made.id, hours(0), hours(9)).await.unwrap();
        assert_eq!(left.len(), 2);
        let days = store.rollup_days(team, made.id, hours(0), hours(9)).await.unwrap();
        let counted: i64 = days.iter().map(|day| day.bucket.checks).sum();
        assert_eq!(counted, 5, "days keep what hours forget");
    }

    async fn checks_of_days_that_were_prepared_go_with_their_day(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        for _ in 0..2 {
            store.prepare_days(NOW).await.unwrap();
        }
        // What is far ahead has no room of its own.
        let slots: Vec<At> = (0..6).map(|day| hours(24 * day)).collect();
        for slot in &slots {
            record(&store, *slot).await;
        }
        let left = async || {
            let page = store.checks(team, made.id, &CheckFilter::default(), None, 9).await.unwrap();
            page.rows.iter().rev().map(|check| check.slot).collect::<Vec<_>>()
        };
        assert_eq!(left().await, slots);
        for (days, gone) in [(0, 0), (1, 1), (3, 3), (6, 6)] {
            let before = At(NOW.day().0 + 24 * days * HOUR_MS);
            while store.drop_checks(before, 1).await.unwrap() > 0 {}
            assert_eq!(left().await, slots[gone..], "{days} days");
        }
    }

    async fn the_last_reports_of_each_monitor_stay(store: Store) {
        let team = team(&store, 1).await;
        for (n, reports) in [(10, 5), (11, 2)] {
            add(&store, &monitor(team, n)).await;
            let failed: Vec<_> = (0..reports)
                .map(|hour| check(id(1), id(n), hours(hour), CheckStatus::Down))
                .collect();
            let mut tx = store.begin().await.unwrap();
            let failed: Vec<_> = failed.iter().collect();
            tx.save_failure_reports(&failed).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(store.drop_reports(3, 1).await.unwrap(), 1);
        assert_eq!(store.drop_reports(3, 9).await.unwrap(), 1);
        assert_eq!(store.drop_reports(3, 9).await.unwrap(), 0);
        for (n, left) in [(10, vec![hours(4), hours(3), hours(2)]), (11, vec![hours(1), hours(0)])] {
            let id = monitor(team, n).id;
            let reports = store.failure_reports(team, id, 9).await.unwrap();
            assert_eq!(reports.into_iter().map(|(slot, _)| slot).collect::<Vec<_>>(), left);
        }
    }

    async fn finished_notifications_go_with_their_deliveries_and_queued_ones_stay(store: Store) {
        let team = team(&store, 1).await;
        let hook = made(&store, webhook(team, 10)).await;
        let all = [30, 31, 32].map(|n| of_channel(&hook, Event::ChannelFailing, n));
        let mut tx = store.begin().await.unwrap();
        tx.enqueue(&all).await.unwrap();
        tx.commit().await.unwrap();
        let claim = Claim { id: id(40), node: "node", now: NOW, until: hours(1) };
        let claimed = store.claim_notifications(&claim, (2, 1_000)).await.unwrap().queued;
        for (n, queued) in (50..).zip(&claimed) {
            let id = lifesign::domain::id::DeliveryId(id(n));
            let attempt = lifesign::store::Attempt { id, at: NOW, detail: "200" };
            let mut tx = store.begin().await.unwrap();
            assert!(tx.mark_sent(&queued.ticket, &attempt).await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(store.drop_notifications(NOW, 9).await.unwrap(), 0);
        assert_eq!(store.drop_notifications(hours(1), 1).await.unwrap(), 1);
        assert_eq!(store.drop_notifications(hours(1), 9).await.unwrap(), 1);
        assert_eq!(store.drop_notifications(hours(1), 9).await.unwrap(), 0);
        let left = store.deliveries(team, hook.id, None, 9).await.unwrap().rows;
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [all[2].id]);
    }

    async fn a_lease_has_one_holder_until_it_ends_or_is_given_back(store: Store) {
        let (now, until) = (NOW, NOW + Duration::from_secs(60));
        let hold = async |holder, now, until| store.hold_lease("work", holder, now, until).await.unwrap();
        assert!(hold("a", now, until).await);
        assert!(!hold("b", now, until).await);
        assert!(hold("a", now, until).await, "its holder may hold it longer");
        assert!(store.hold_lease("other", "b", now, until).await.unwrap());
        store.release_lease("work", "b").await.unwrap();
        assert!(!hold("b", now, until).await, "it is not b's to give back");
        assert!(hold("b", until, until + Duration::from_secs(60)).await, "it has ended");
        store.release_lease("work", "b").await.unwrap();
        assert!(hold("a", until, until).await);
    }
}

/// PostgreSQL reads the part for the rest as a whole, under a lock, for each day that is divided off.
#[tokio::test]
async fn nothing_of_a_day_is_kept_with_the_rest_from_the_first_day_on() {
    let database = Database::new(Engine::Postgres).await;
    let store = database.store().await;
    let team = team(&store, 1).await;
    add(&store, &monitor(team, 10)).await;
    let mut connection: PgConnection = PgConnection::connect(&database.url).await.unwrap();
    let mut rest = async || -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM check_result_rest");
        count.fetch_one(&mut connection).await.unwrap()
    };
    // The first days, and one after a long absence.
    for day in [0, 1, 2, 30] {
        let nodes = [&store, &store].map(|node| node.prepare_days(hours(24 * day)));
        for made in futures_util::future::join_all(nodes).await {
            made.unwrap();
        }
        record(&store, hours(24 * day)).await;
        assert_eq!(rest().await, 0, "day {day}");
    }
    // A day of which something is there already stays with the rest, and stops no other one.
    record(&store, hours(24 * 60)).await;
    store.prepare_days(hours(24 * 60)).await.unwrap();
    record(&store, hours(24 * 60 + 1)).await;
    record(&store, hours(24 * 61)).await;
    assert_eq!(rest().await, 2);
    connection.close().await.unwrap();
    store.close().await;
    database.remove().await;
}

/// A database of a release that had one table for all checks.
#[tokio::test]
async fn what_was_there_before_days_stays_in_reach() {
    let database = Database::new(Engine::Postgres).await;
    let store = database.store().await;
    let team = team(&store, 1).await;
    let made = monitor(team, 10);
    add(&store, &made).await;
    let mut connection: PgConnection = PgConnection::connect(&database.url).await.unwrap();
    let whole = "DROP TABLE check_result_rest;
        CREATE TABLE one (LIKE check_result INCLUDING CONSTRAINTS,
                          CONSTRAINT check_result_pkey2 PRIMARY KEY (slot, monitor_id, location));
        DROP TABLE check_result;
        ALTER TABLE one RENAME TO check_result;
        ALTER INDEX check_result_pkey2 RENAME TO check_result_pkey;";
    sqlx::raw_sql(whole).execute(&mut connection).await.unwrap();
    for n in 0..2 {
        record(&store, hours(n * 24)).await;
        store.migrate().await.unwrap();
        store.prepare_days(NOW).await.unwrap();
    }
    let filter = CheckFilter::default();
    let checks = async || store.checks(team, made.id, &filter, None, 9).await.unwrap();
    assert_eq!(checks().await.rows.len(), 2);
    store
        .drop_checks(At(NOW.day().0 + 24 * HOUR_MS), 9)
        .await
        .unwrap();
    assert_eq!(checks().await.rows.len(), 1);
    connection.close().await.unwrap();
    store.close().await;
    database.remove().await;
}

/// The order of the rows of a table is that of being due; what was written in another one is put right once.
#[tokio::test]
async fn neighbours_in_the_file_are_due_one_after_the_other() {
    let database = Database::new(Engine::Sqlite).await;
    let store = database.store().await;
    let team = team(&store, 1).await;
    let out_of_order = async |table: &str| {
        let file = SqliteConnection::connect(&database.url);
        let mut file = file.await.unwrap();
        let sql = format!("SELECT monitor_id FROM {table} ORDER BY rowid");
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        let ids: Vec<uuid::Uuid> = query.fetch_all(&mut file).await.unwrap();
        file.close().await.unwrap();
        let interval = Duration::from_mins(1);
        let places = ids
            .iter()
            .map(|id| place(MonitorId(*id), "local", interval));
        let places: Vec<i64> = places.collect();
        assert_eq!(places.len(), 20);
        !places.is_sorted()
    };
    for n in 10..30 {
        add(&store, &monitor(team, n)).await;
    }
    for table in ["watch", "monitor_state"] {
        assert!(!out_of_order(table).await, "{table}, as they were added");
    }
    // As a backup writes them.
    for (table, key) in [
        ("watch", "monitor_id, location"),
        ("monitor_state", "monitor_id"),
    ] {
        let sql = format!(
            "CREATE TEMP TABLE kept AS SELECT * FROM {table} ORDER BY {key};
             DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"
        );
        database.execute(&sql).await;
        assert!(out_of_order(table).await);
    }
    assert_eq!(store.arrange(15).await.unwrap(), 30);
    assert_eq!(store.arrange(15).await.unwrap(), 10);
    assert_eq!(store.arrange(15).await.unwrap(), 0);
    for table in ["watch", "monitor_state"] {
        assert!(!out_of_order(table).await, "{table}, put right");
    }
    store.close().await;
    database.remove().await;
}
