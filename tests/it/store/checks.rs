//! The record path: checks, states, watches, sums and reports of one batch.

use std::time::Duration;

use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::check::CheckResult;
use lifesign::domain::digest::Period;
use lifesign::domain::failure::Code;
use lifesign::domain::histogram::Latency;
use lifesign::domain::id::MonitorId;
use lifesign::domain::status::{MonitorStatus, State, step};
use lifesign::domain::uptime::{Bucket, Dated, Spent};
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{
    Addition, CheckFilter, Claim, Finished, OverviewFilter, Store, StoreError, WHOLE,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use tokio::task::JoinSet;

use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::engines;

const MINUTE: Duration = Duration::from_secs(60);

fn at(minutes: i64) -> At {
    At(NOW.0 + minutes * 60_000)
}

/// Records checks of one watch as the recorder does, each in a batch of its own.
async fn record(store: &Store, monitor: u128, checks: &[(i64, CheckStatus)]) {
    let claim = Claim {
        id: id(99),
        node: "node",
        now: at(10_000),
        until: at(10_001),
    };
    for (minute, status) in checks {
        let result = check(id(1), id(monitor), at(*minute), *status);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(
            added(&mut tx, std::slice::from_ref(&result))
                .await
                .unwrap()
                .len(),
            1
        );
        let finished = Finished {
            result: &result,
            claim: claim.id,
            is_recorded: true,
            next_due: at(minute + 1),
            attempt: 0,
            facts_hash: None,
        };
        tx.finish_watches(&[finished]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Records a check with its state and its sums, as the recorder does.
async fn record_whole(store: &Store, result: &CheckResult) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let watch = &result.watch;
    let mut held = tx.states(&[watch.monitor]).await?[&watch.monitor].clone();
    added(&mut tx, [result]).await?;
    held.state = step(&held.state, &result.seen(), MINUTE, result.seen().at).state;
    tx.finish_watches(&[Finished {
        result,
        claim: id(99),
        is_recorded: true,
        next_due: at(99),
        attempt: 0,
        facts_hash: None,
    }])
    .await?;
    if !tx.save_states(&[(watch.monitor, held)]).await? {
        return Err(StoreError::Conflict);
    }
    let bucket = Bucket {
        checks: 1,
        ..Bucket::default()
    };
    tx.add_to_rollups(&[Addition {
        team: watch.team,
        monitor: watch.monitor,
        location: WHOLE.to_owned(),
        at: result.slot,
        bucket,
    }])
    .await?;
    tx.commit().await
}

async fn minutes(store: &Store, filter: &CheckFilter, limit: usize) -> Vec<i64> {
    let team = lifesign::domain::id::TeamId(id(1));
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = store
            .checks(team, MonitorId(id(10)), filter, cursor.as_deref(), limit)
            .await
            .unwrap();
        assert!(page.rows.len() <= limit);
        all.extend(
            page.rows
                .iter()
                .map(|check| (check.slot.0 - NOW.0) / 60_000),
        );
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

engines! {
    async fn the_last_checks_of_a_monitor_are_paged_through(store: Store) {
        use CheckStatus::{Down, Up};
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        add(&store, &monitor(team, 11)).await;
        let seen = [(0, Up), (1, Down), (2, Up), (3, Down), (4, Up), (5, Up), (6, Down)];
        record(&store, 10, &seen).await;
        record(&store, 11, &[(0, Up), (9, Up)]).await;
        assert_eq!(minutes(&store, &CheckFilter::default(), 3).await, [6, 5, 4, 3, 2, 1, 0]);
        let some = CheckFilter { from: Some(at(2)), until: Some(at(6)), ..CheckFilter::default() };
        assert_eq!(minutes(&store, &some, 2).await, [5, 4, 3, 2]);
        let bad = CheckFilter { status: Some(Down), ..CheckFilter::default() };
        assert_eq!(minutes(&store, &bad, 1).await, [6, 3, 1]);
        let blips = CheckFilter { blip: Some(true), ..CheckFilter::default() };
        assert_eq!(minutes(&store, &blips, 3).await, Vec::<i64>::new());
        let mut tx = store.begin().await.unwrap();
        tx.mark_blip(MonitorId(id(10)), at(1), at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(minutes(&store, &blips, 3).await, [1]);
        let stranger = super::team(&store, 2).await;
        let none = store.checks(stranger, MonitorId(id(10)), &CheckFilter::default(), None, 5).await.unwrap();
        assert!(none.rows.is_empty());
        let nonsense = store.checks(team, MonitorId(id(10)), &CheckFilter::default(), Some("%%"), 5).await;
        assert!(matches!(nonsense, Err(StoreError::Cursor)));
    }

    async fn a_check_that_is_recorded_late_takes_its_place(store: Store) {
        use CheckStatus::{Down, Up};
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        record(&store, 10, &[(2, Up), (5, Down), (8, Up)]).await;
        record(&store, 10, &[(6, Down), (3, Up), (0, Up), (9, Up), (7, Up)]).await;
        assert_eq!(minutes(&store, &CheckFilter::default(), 2).await, [9, 8, 7, 6, 5, 3, 2, 0]);
        let last = store.overview(team, MonitorId(id(10)), NOW).await.unwrap().unwrap();
        assert_eq!(last.last_check().unwrap().slot, at(9), "the newest stays the last");
    }

    async fn nodes_that_record_at_once_lose_nothing(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut nodes = JoinSet::new();
        for n in 0..4 {
            let store = store.clone();
            nodes.spawn(async move {
                for slot in 0..8 {
                    let result = check(id(1), id(10), at(slot * 4 + n), CheckStatus::Up);
                    while let Err(error) = record_whole(&store, &result).await {
                        assert!(error.is_passing(), "{error:?}");
                    }
                }
            });
        }
        nodes.join_all().await;
        let seen = minutes(&store, &CheckFilter::default(), 7).await;
        assert_eq!(seen, (0..32).rev().collect::<Vec<i64>>());
        let days = store.rollup_days(team, made.id, NOW, at(60)).await.unwrap();
        assert_eq!(days[0].bucket.checks, 32);
    }

    async fn a_check_is_read_back_as_it_was(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        record(&store, 10, &[(0, CheckStatus::Down)]).await;
        let page = store.checks(team, MonitorId(id(10)), &CheckFilter::default(), None, 5).await.unwrap();
        let [kept] = page.rows.as_slice() else { panic!("{page:?}") };
        let made = check(id(1), id(10), at(0), CheckStatus::Down);
        assert_eq!((kept.slot, kept.started_at, kept.status), (NOW, made.report.started_at, CheckStatus::Down));
        assert_eq!((kept.code, kept.blip, kept.gated), (Some(Code::TcpRefused), false, false));
        assert_eq!(kept.message.as_deref(), Some("refused"));
        assert_eq!(kept.timings, made.report.timings_ms);
    }

    async fn a_slot_is_recorded_once(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let one = check(id(1), id(10), at(0), CheckStatus::Up);
        let other = check(id(1), id(10), at(1), CheckStatus::Up);
        let gone = check(id(1), id(12), at(0), CheckStatus::Up);
        let mut tx = store.begin().await.unwrap();
        let batch = [other.clone(), one.clone(), one.clone(), gone];
        assert_eq!(added(&mut tx, &batch).await.unwrap(), [true, true, false, false]);
        let claim = id(99);
        let finished = [&other, &one].map(|result| Finished {
            result, claim, is_recorded: true, next_due: at(2), attempt: 0, facts_hash: None,
        });
        tx.finish_watches(&finished).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(added(&mut tx, &[one]).await.unwrap(), [false]);
        tx.commit().await.unwrap();
        assert_eq!(minutes(&store, &CheckFilter::default(), 5).await, [1, 0]);
    }

    async fn a_check_finishes_its_claim_and_no_other(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let claim = |n, minute| Claim { id: id(n), node: "n", now: at(minute), until: at(minute + 2) };
        let due = store.claim_due(&claim(1, 0), "local", 9).await.unwrap().checks.pop().unwrap();
        let late = store.claim_due(&claim(2, 3), "local", 9).await.unwrap().checks.pop().unwrap();
        assert_eq!(late.slot, due.slot);
        let mut result = check(id(1), id(10), due.slot, CheckStatus::Up);
        result.memory.misses = 3;
        let finished = |held: &lifesign::store::DueCheck, is_recorded| Finished {
            result: &result,
            claim: held.claim,
            is_recorded,
            next_due: at(7),
            attempt: 1,
            facts_hash: Some("facts".to_owned()),
        };
        let mut tx = store.begin().await.unwrap();
        added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
        tx.finish_watches(&[finished(&due, true)]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.next_due_at("local").await.unwrap(), Some(at(5)), "the other one holds it");
        let mut tx = store.begin().await.unwrap();
        assert_eq!(added(&mut tx, std::slice::from_ref(&result)).await.unwrap(), [false]);
        tx.finish_watches(&[finished(&late, false)]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.next_due_at("local").await.unwrap(), Some(at(7)));
        let next = store.claim_due(&claim(3, 8), "local", 9).await.unwrap().checks.pop().unwrap();
        assert_eq!((next.slot, next.attempt, next.memory.misses), (at(7), 1, 3));
        assert_eq!(next.facts_hash.as_deref(), Some("facts"));
    }

    async fn a_check_teaches_nothing_of_a_monitor_that_was_changed_meanwhile(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let claim = |n, minute| Claim { id: id(n), node: "n", now: at(minute), until: at(minute + 2) };
        let due = store.claim_due(&claim(1, 0), "local", 9).await.unwrap().checks.pop().unwrap();
        let mut result = check(id(1), id(10), due.slot, CheckStatus::Up);
        result.memory.misses = 3;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_monitor(&made, due.revision, at(1)).await.unwrap());
        added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
        let finished = Finished {
            result: &result, claim: due.claim, is_recorded: true, next_due: at(1), attempt: 0, facts_hash: None,
        };
        tx.finish_watches(&[finished]).await.unwrap();
        tx.commit().await.unwrap();
        let next = store.claim_due(&claim(2, 1), "local", 9).await.unwrap().checks.pop().unwrap();
        assert_eq!((next.slot, next.memory.misses), (at(1), 0));
    }

    async fn a_check_that_has_learnt_nothing_moves_the_pace_alone(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let mut known = Vec::new();
        for n in 0..3 {
            let claim = Claim { id: id(1), node: "n", now: at(n), until: at(n + 2) };
            let due = store.claim_due(&claim, "local", 9).await.unwrap().checks.pop().unwrap();
            known.push((due.memory.misses, due.memory.pace.checks));
            let mut result = check(id(1), id(10), due.slot, CheckStatus::Up);
            result.has_learnt = n == 0;
            result.memory.misses = 3;
            result.memory.pace.checks = due.memory.pace.checks + 1;
            let finished = Finished {
                result: &result, claim: due.claim, is_recorded: true, next_due: at(n + 1), attempt: 0, facts_hash: None,
            };
            let mut tx = store.begin().await.unwrap();
            added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
            tx.finish_watches(&[finished]).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(known, [(0, 0), (3, 1), (3, 2)]);
    }

    async fn a_check_of_a_paused_monitor_does_not_make_it_due(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let claim = Claim { id: id(1), node: "n", now: at(0), until: at(2) };
        let due = store.claim_due(&claim, "local", 9).await.unwrap().checks.pop().unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.set_paused(team, made.id, true, at(0)).await.unwrap();
        let result = check(id(1), id(10), due.slot, CheckStatus::Up);
        added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
        let finished = Finished {
            result: &result, claim: due.claim, is_recorded: true, next_due: at(1), attempt: 0, facts_hash: None,
        };
        tx.finish_watches(&[finished]).await.unwrap();
        assert!(tx.states(&[made.id]).await.unwrap()[&made.id].paused);
        tx.commit().await.unwrap();
        assert_eq!(store.next_due_at("local").await.unwrap(), None);
    }

    async fn a_state_is_saved_by_who_saw_it_last(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        let held = tx.states(&[made.id, made.id, MonitorId(id(77))]).await.unwrap();
        assert_eq!(held.len(), 1, "one that is gone is left out");
        let mut before = held[&made.id].clone();
        assert_eq!((before.state, before.paused), (State::pending(NOW), false));
        let seen = check(id(1), id(10), at(0), CheckStatus::Up).seen();
        let after = step(&before.state, &seen, MINUTE, seen.at).state;
        assert_eq!(after.status, MonitorStatus::Up);
        before.state = after;
        let save = [(made.id, before)];
        assert!(tx.save_states(&save).await.unwrap());
        assert!(!tx.save_states(&save).await.unwrap(), "somebody was quicker");
        tx.commit().await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.states(&[made.id]).await.unwrap()[&made.id].state, after);
    }

    async fn locations_vote_with_what_they_saw_last(store: Store) {
        let team = team(&store, 1).await;
        let mut made = monitor(team, 10);
        made.spec.locations = Some(vec!["fra".to_owned(), "iad".to_owned(), "syd".to_owned()]);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        for (location, status) in [("fra", CheckStatus::Up), ("iad", CheckStatus::Down)] {
            let mut result = check(id(1), id(10), at(0), status);
            result.watch.location = location.to_owned();
            added(&mut tx, std::slice::from_ref(&result)).await.unwrap();
            let finished = Finished {
                result: &result, claim: id(9), is_recorded: true, next_due: at(1), attempt: 0, facts_hash: None,
            };
            tx.finish_watches(&[finished]).await.unwrap();
        }
        let votes = tx.votes(&[made.id]).await.unwrap();
        let mut votes: Vec<_> = votes[&made.id].iter().map(|(l, v)| (l.as_str(), v.seen.status)).collect();
        votes.sort_by_key(|(location, _)| *location);
        assert_eq!(votes, [("fra", CheckStatus::Up), ("iad", CheckStatus::Down)]);
    }

    async fn a_blip_is_marked_where_it_was(store: Store) {
        use CheckStatus::{Down, Up};
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        record(&store, 10, &[(0, Down), (1, Up), (2, Down), (3, Down), (4, Up)]).await;
        let began = |minute| check(id(1), id(10), at(minute), Up).report.started_at;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.mark_blip(MonitorId(id(10)), began(2), began(4)).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let page = store.checks(team, MonitorId(id(10)), &CheckFilter::default(), None, 9).await.unwrap();
        let blips: Vec<bool> = page.rows.iter().map(|check| check.blip).collect();
        assert_eq!(blips, [false, true, true, false, false]);
    }

    async fn whole_reports_are_kept_of_failures_and_of_the_last_good_check(store: Store) {
        let (team, stranger) = (team(&store, 1).await, team(&store, 2).await);
        let made = monitor(team, 10);
        add(&store, &made).await;
        let good = check(id(1), id(10), at(0), CheckStatus::Up);
        let bad = check(id(1), id(10), at(1), CheckStatus::Down);
        let mut tx = store.begin().await.unwrap();
        added(&mut tx, &[good.clone(), bad.clone()]).await.unwrap();
        let finished = [(&good, Some("a".to_owned())), (&bad, None)].map(|(result, facts_hash)| Finished {
            result, claim: id(9), is_recorded: true, next_due: at(2), attempt: 0, facts_hash,
        });
        tx.finish_watches(&finished).await.unwrap();
        tx.save_failure_reports(&[&bad]).await.unwrap();
        let reports = tx.good_reports(&[made.id]).await.unwrap();
        assert_eq!(reports[&made.id], [("local".to_owned(), *good.report.clone())]);
        tx.commit().await.unwrap();
        let latest = store.latest_reports(team, made.id).await.unwrap();
        assert_eq!(latest[0].failed.as_ref(), Some(&*bad.report));
        assert_eq!(latest[0].good.as_ref(), Some(&*good.report));
        let kept = store.check_report(team, made.id, "local", at(1)).await.unwrap();
        assert_eq!(kept.as_ref(), Some(&*bad.report));
        assert_eq!(store.check_report(stranger, made.id, "local", at(1)).await.unwrap(), None);
        let failures = store.failure_reports(team, made.id, 5).await.unwrap();
        assert_eq!(failures, [(at(1), *bad.report)]);
        assert!(store.latest_reports(stranger, made.id).await.unwrap().is_empty());
    }

    async fn sums_of_hours_and_days_add_up_however_they_are_cut(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut runner = TestRunner::deterministic();
        let one = (0..3_i64, 0..DAY_MS, 0..100_000_i64, 0..4_i64, 0.5..900.0_f64);
        let many = prop::collection::vec(one, 40).new_tree(&mut runner).unwrap().current();
        let additions: Vec<Addition> = many.into_iter().map(|(day, ms, up_ms, checks, latency_ms)| {
            let mut latency = Latency::default();
            latency.add("total", latency_ms);
            let spent = Spent { up_ms, down_ms: up_ms / 7, ..Spent::default() };
            let bucket = Bucket { spent, checks, failures: checks / 2, latency };
            let at = At(NOW.day().0 + day * DAY_MS + ms);
            Addition { team, monitor: made.id, location: WHOLE.to_owned(), at, bucket }
        }).collect();
        for batch in additions.chunks(7) {
            let mut tx = store.begin().await.unwrap();
            tx.states(&[made.id]).await.unwrap();
            tx.add_to_rollups(batch).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut all = Bucket::default();
        for addition in &additions {
            all.merge(&addition.bucket);
        }
        let (from, until) = (NOW.day(), At(NOW.day().0 + 3 * DAY_MS));
        let sum = |dated: &[Dated]| {
            let mut sum = Bucket::default();
            for one in dated {
                sum.merge(&one.bucket);
            }
            sum
        };
        let hours = store.rollup_hours(team, made.id, from, until).await.unwrap();
        let days = store.rollup_days(team, made.id, from, until).await.unwrap();
        assert_eq!(sum(&hours), all);
        assert_eq!(sum(&days), all);
        assert_eq!(days.len(), 3);
        assert!(hours.windows(2).all(|pair| pair[0].start < pair[1].start));
        let part = store.rollup_hours(team, made.id, At(from.0 + 90 * 60_000), until).await.unwrap();
        let first_hour = At(from.0 + HOUR_MS);
        assert!(part.iter().all(|hour| hour.start >= first_hour));
        let stranger = super::team(&store, 2).await;
        assert!(store.rollup_days(stranger, made.id, from, until).await.unwrap().is_empty());

        assert!(store.rollup_by_location(team, made.id, from).await.unwrap().is_empty());
        let elsewhere = additions.iter().take(9).enumerate().map(|(n, addition)| Addition {
            location: ["fra", "nyc"][n % 2].to_owned(),
            ..addition.clone()
        });
        let elsewhere: Vec<Addition> = elsewhere.collect();
        let mut tx = store.begin().await.unwrap();
        tx.states(&[made.id]).await.unwrap();
        tx.add_to_rollups(&elsewhere).await.unwrap();
        tx.commit().await.unwrap();
        let places = store.rollup_by_location(team, made.id, from).await.unwrap();
        let checks = |place: &str| -> i64 {
            let there = elsewhere.iter().filter(|addition| addition.location == place);
            there.map(|addition| addition.bucket.checks).sum()
        };
        let told: Vec<_> = places.iter().map(|(place, sum)| (&**place, sum.checks)).collect();
        assert_eq!(told, [("fra", checks("fra")), ("nyc", checks("nyc"))]);
        assert!(store.rollup_by_location(stranger, made.id, from).await.unwrap().is_empty());
        assert_eq!(sum(&store.rollup_hours(team, made.id, from, until).await.unwrap()), all);
    }

    async fn the_hour_that_a_monitor_is_in_counts_like_any_other(store: Store) {
        let team = team(&store, 1).await;
        let (added, kept) = (monitor(team, 10), monitor(team, 11));
        add(&store, &added).await;
        add(&store, &kept).await;
        let now = At(NOW.day().0 + 2 * DAY_MS + 5 * HOUR_MS + 60_000);
        // On into the present hour, and two late ones.
        for hour in (0..54).chain([3, 53]) {
            let start = At(NOW.day().0 + hour * HOUR_MS);
            let mut latency = Latency::default();
            latency.add("total", 12.0);
            let bucket = Bucket {
                spent: Spent { up_ms: 50_000, down_ms: hour, ..Spent::default() },
                checks: 1,
                failures: 1,
                latency,
            };
            let addition = |monitor, at, bucket| Addition {
                team, monitor, location: WHOLE.to_owned(), at, bucket,
            };
            let mut tx = store.begin().await.unwrap();
            let mut held = tx.states(&[kept.id]).await.unwrap()[&kept.id].clone();
            let over = held.open_hour.add(Dated { start, bucket: bucket.clone() });
            assert!(tx.save_states(&[(kept.id, held)]).await.unwrap());
            let over = over.map(|over| addition(kept.id, over.start, over.bucket));
            let all: Vec<_> = over.into_iter().chain([addition(added.id, start, bucket)]).collect();
            tx.add_to_rollups(&all).await.unwrap();
            tx.commit().await.unwrap();
        }
        let all_days = (NOW.day(), At(now.0 + DAY_MS));
        for (from, until) in [all_days, (now, At(now.0 + 1)), (NOW.day(), now.hour())] {
            for is_by_hour in [true, false] {
                let mut sums = Vec::new();
                for id in [added.id, kept.id] {
                    sums.push(if is_by_hour {
                        store.rollup_hours(team, id, from, until).await.unwrap()
                    } else {
                        store.rollup_days(team, id, from, until).await.unwrap()
                    });
                }
                assert!(!sums[0].is_empty());
                assert_eq!(sums[0], sums[1]);
            }
        }
        let stranger = super::team(&store, 2).await;
        assert!(store.rollup_days(stranger, kept.id, all_days.0, all_days.1).await.unwrap().is_empty());
        // A day later the present hour is one at the edge of a window.
        for now in [now, At(now.0 + DAY_MS - 90_000)] {
            let filter = OverviewFilter::default();
            let rows = store.overviews(team, &filter, None, 9, now).await.unwrap().rows;
            assert_eq!(rows[0].windows, rows[1].windows);
            assert_eq!((&rows[0].days, &rows[0].hours), (&rows[1].days, &rows[1].hours));
        }
        let month = Period { from: NOW.day(), until: At(NOW.day().0 + 3 * DAY_MS) };
        let (lines, _) = store.sla_lines(team, None, month, now, 9).await.unwrap();
        assert_eq!((lines[0].bucket.checks, &lines[0].bucket), (56, &lines[1].bucket));
    }

    async fn a_deleted_monitor_leaves_nothing_behind(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        record(&store, 10, &[(0, CheckStatus::Up), (1, CheckStatus::Down)]).await;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_monitor(team, made.id).await.unwrap());
        tx.commit().await.unwrap();
        add(&store, &made).await;
        record(&store, 10, &[(0, CheckStatus::Up)]).await;
        assert_eq!(minutes(&store, &CheckFilter::default(), 5).await, [0], "the slot was free again");
    }
}
