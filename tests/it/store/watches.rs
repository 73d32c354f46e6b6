//! Claims: each slot is claimed by one, given back when nobody finishes it.

use std::collections::HashSet;
use std::time::Duration;

use lifesign::domain::id::MonitorId;
use lifesign::domain::status::MonitorStatus;
use lifesign::domain::verdict::CheckStatus;
use lifesign::secret::SealingKey;
use lifesign::store::{Claim, Finished, Store};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::{Database, Engine, engines};

const LEASE: Duration = Duration::from_secs(90);

fn claim(n: u128) -> Claim<'static> {
    Claim {
        id: id(n),
        node: "node",
        now: NOW,
        until: NOW + LEASE,
    }
}

engines! {
    async fn what_is_due_is_claimed_with_its_monitor(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let claimed = store.claim_due(&claim(1), "fra", 10).await.unwrap();
        let [check] = claimed.checks.as_slice() else { panic!("{claimed:?}") };
        assert_eq!(*check.monitor, made);
        assert_eq!((check.slot, check.attempt, check.locations), (NOW, 0, 1));
        assert_eq!(check.watch.location, "local");
        assert!(store.claim_due(&claim(2), "fra", 10).await.unwrap().checks.is_empty());
        assert_eq!(store.next_due_at("fra").await.unwrap(), Some(NOW + LEASE));
    }

    async fn a_claim_that_nobody_finishes_is_due_again_for_the_same_slot(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        store.claim_due(&claim(1), "local", 10).await.unwrap();
        let later = Claim { now: NOW + LEASE, until: NOW + LEASE * 2, ..claim(2) };
        let claimed = store.claim_due(&later, "local", 10).await.unwrap();
        assert_eq!(claimed.checks[0].slot, NOW);
        assert_eq!(claimed.checks[0].claim, id(2));
    }

    async fn what_is_released_is_due_at_once(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let first = store.claim_due(&claim(1), "local", 10).await.unwrap();
        store.release(&first.checks).await.unwrap();
        let second = store.claim_due(&claim(2), "local", 10).await.unwrap();
        assert_eq!(second.checks[0].slot, NOW);
        store.release(&first.checks).await.unwrap();
        let third = store.claim_due(&claim(3), "local", 10).await.unwrap();
        assert!(third.checks.is_empty(), "a claim that was overtaken releases nothing");
    }

    async fn what_nobody_checks_from_anywhere_is_overdue(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let overdue = async |before| store.overdue(before, None, 10).await.unwrap();
        assert!(overdue(NOW + LEASE).await.is_empty(), "it says nothing yet");
        let mut tx = store.begin().await.unwrap();
        let mut states: Vec<_> = tx.states(&[MonitorId(id(10))]).await.unwrap().into_iter().collect();
        states[0].1.state.status = MonitorStatus::Up;
        assert!(tx.save_states(&states).await.unwrap());
        tx.commit().await.unwrap();
        assert!(overdue(NOW).await.is_empty());
        let found = overdue(NOW + LEASE).await;
        assert_eq!((found.len(), found[0].state.as_ref().ok()), (1, Some(&states[0].1.state)));
        let after = store.overdue(NOW + LEASE, Some(found[0].monitor), 10).await.unwrap();
        assert!(after.is_empty());
    }

    async fn what_is_renewed_stays_claimed_and_keeps_its_slot(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let first = store.claim_due(&claim(1), "local", 10).await.unwrap();
        let held = [(first.checks[0].watch.clone(), first.checks[0].claim)];
        store.renew(&held, NOW + LEASE * 2).await.unwrap();
        let at = |now, n| Claim { now, until: now + LEASE, ..claim(n) };
        let early = store.claim_due(&at(NOW + LEASE, 2), "local", 10).await.unwrap();
        assert!(early.checks.is_empty());
        let late = store.claim_due(&at(NOW + LEASE * 2, 3), "local", 10).await.unwrap();
        assert_eq!(late.checks[0].slot, NOW);
        store.renew(&held, NOW + LEASE * 9).await.unwrap();
        let due = store.next_due_at("local").await.unwrap();
        assert_eq!(due, Some(NOW + LEASE * 3), "a claim that was overtaken renews nothing");
    }

    async fn what_a_clock_ahead_has_put_off_is_due(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let days = Duration::from_hours(72);
        let ahead = Claim { now: NOW + days, until: NOW + days + LEASE, ..claim(1) };
        let due = store.claim_due(&ahead, "local", 10).await.unwrap().checks.pop().unwrap();
        let mut result = check(id(1), id(10), NOW + days, CheckStatus::Up);
        result.report.started_at = NOW + days;
        let mut tx = store.begin().await.unwrap();
        added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
        let finished = Finished {
            result: &result, claim: due.claim, is_recorded: true, next_due: NOW + days + LEASE, attempt: 0,
            facts_hash: None,
        };
        tx.finish_watches(&[finished]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.claim_due(&claim(2), "local", 10).await.unwrap().checks.is_empty());
        assert_eq!(store.forget_future(NOW + days).await.unwrap(), 0, "it is not the future there");
        assert_eq!(store.forget_future(NOW).await.unwrap(), 1);
        assert_eq!(store.claim_due(&claim(3), "local", 10).await.unwrap().checks.len(), 1);
    }

    async fn locations_are_claimed_apart(store: Store) {
        let team = team(&store, 1).await;
        let mut made = monitor(team, 10);
        made.spec.locations = Some(vec!["fra".to_owned(), "iad".to_owned()]);
        add(&store, &made).await;
        let fra = store.claim_due(&claim(1), "fra", 10).await.unwrap();
        assert_eq!(fra.checks.len(), 1);
        assert_eq!(fra.checks[0].locations, 2);
        assert_eq!(store.claim_due(&claim(2), "iad", 10).await.unwrap().checks.len(), 1);
        assert!(store.claim_due(&claim(3), "local", 10).await.unwrap().checks.is_empty());
    }

    async fn one_monitor_is_claimed_out_of_turn_by_its_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = monitor(ours, 10);
        add(&store, &made).await;
        let due = store.claim_due(&claim(1), "local", 10).await.unwrap();
        let again = Claim { now: NOW + Duration::from_secs(7), ..claim(2) };
        let busy = store.claim_now(ours, made.id, "local", &again).await.unwrap();
        assert!(busy.is_none(), "it is being checked");
        store.release(&due.checks).await.unwrap();
        let stranger = store.claim_now(theirs, made.id, "local", &again).await.unwrap();
        assert!(stranger.is_none());
        let check = store.claim_now(ours, made.id, "local", &again).await.unwrap().unwrap();
        assert_eq!(check.slot, again.now);
        let mut tx = store.begin().await.unwrap();
        tx.set_paused(ours, made.id, true, NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.claim_now(ours, made.id, "local", &claim(3)).await.unwrap().is_none());
    }

    async fn a_claim_takes_no_more_than_it_asks_for(store: Store) {
        let team = team(&store, 1).await;
        for n in 0..3 {
            add(&store, &monitor(team, 10 + n)).await;
        }
        for (n, taken) in [(1, 2), (2, 1), (3, 0)] {
            let claimed = store.claim_due(&claim(n), "local", 2).await.unwrap();
            assert_eq!(claimed.checks.len(), taken);
        }
    }

    async fn eight_claimers_claim_every_watch_once(store: Store) {
        let team = team(&store, 1).await;
        let mut tx = store.begin().await.unwrap();
        for n in 0..200 {
            tx.add_monitor(&monitor(team, 1_000 + n), NOW).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut claimers = JoinSet::new();
        for n in 0..8 {
            let store = store.clone();
            claimers.spawn(async move { claim_all(&store, n).await });
        }
        let claimed = claimers.join_all().await.concat();
        assert_eq!(claimed.len(), 200);
        assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 200);
    }
}

async fn claim_all(store: &Store, n: u128) -> Vec<MonitorId> {
    let mut all = Vec::new();
    let mut empty = 0;
    for round in 0.. {
        let claim = Claim {
            id: Uuid::from_u128(n * 1_000 + round + 1),
            ..claim(0)
        };
        let claimed = store.claim_due(&claim, "local", 7).await.unwrap();
        assert!(claimed.unreadable.is_empty());
        assert!(claimed.checks.len() <= 7, "no more than asked for");
        empty = if claimed.checks.is_empty() {
            empty + 1
        } else {
            0
        };
        all.extend(claimed.checks.iter().map(|check| check.watch.monitor));
        // Rows that others hold at that moment are passed by: empty once does not mean the end.
        if empty == 3 {
            break;
        }
    }
    all
}

/// A monitor whose secrets were sealed with another key stands in nobody's way.
async fn an_unreadable_monitor_is_named_and_does_not_spin(engine: Engine) {
    let database = Database::new(engine).await;
    let store = database.store().await;
    let stranger = Store::connect(&database.url, SealingKey::random())
        .await
        .unwrap();
    let team = team(&store, 1).await;
    let (good, bad) = (monitor(team, 10), monitor(team, 11));
    add(&store, &good).await;
    add(&stranger, &bad).await;
    let claimed = store.claim_due(&claim(1), "local", 10).await.unwrap();
    let monitors: Vec<_> = claimed
        .checks
        .iter()
        .map(|check| check.watch.monitor)
        .collect();
    assert_eq!(monitors, [good.id]);
    let [unreadable] = claimed.unreadable.as_slice() else {
        panic!("{claimed:?}")
    };
    assert_eq!(unreadable.watch.monitor, bad.id);
    let told = unreadable.error.to_string();
    assert!(
        told.contains("monitor") && told.contains("sealed"),
        "{told}"
    );
    let again = store.claim_due(&claim(2), "local", 10).await.unwrap();
    assert!(
        again.unreadable.is_empty(),
        "it waits for the end of its lease"
    );
    database.remove().await;
}

#[tokio::test]
async fn an_unreadable_monitor_is_named_on_sqlite() {
    an_unreadable_monitor_is_named_and_does_not_spin(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_unreadable_monitor_is_named_on_postgres() {
    an_unreadable_monitor_is_named_and_does_not_spin(Engine::Postgres).await;
}
