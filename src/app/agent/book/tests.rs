//! The book, tried.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::observation::Observation;
use crate::domain::report::CheckReport;
use crate::domain::verdict::Verdict;

const NOW: At = At(1_800_000_000_000);

fn id() -> MonitorId {
    MonitorId(Uuid::from_u128(7))
}

fn all(revision: i64) -> Assignments {
    let watch = json!({
        "monitor": id(), "revision": revision, "url": "https://in.example/mcp",
        "transport": "auto", "headers": [], "bearer": null, "oauth": null,
        "interval_seconds": 60, "timeout_seconds": 5,
        "expectations": {"tools": [], "slow_ms": null}, "canary": null, "lint": false,
    });
    let team = Uuid::from_u128(1);
    serde_json::from_value(json!({
        "team": team, "name": "Office", "location": "office", "watches": [watch],
    }))
    .unwrap()
}

fn standing(due: At) -> Vec<WatchStanding> {
    vec![WatchStanding {
        monitor: id(),
        due,
        last_status: None,
        memory: None,
    }]
}

fn seen(errand: &Errand) -> Sighting {
    let observation = Observation::begun(errand.slot, ProbeMemory::default());
    let verdict = Verdict {
        status: CheckStatus::Up,
        gated: false,
        failure: None,
        findings: vec![],
    };
    Sighting {
        report: Box::new(CheckReport::new(
            String::new(),
            String::new(),
            observation,
            verdict,
        )),
        memory: Box::default(),
        tools: None,
        is_stopped: false,
    }
}

fn later(seconds: u64) -> At {
    NOW + Duration::from_secs(seconds)
}

/// The slot that is due at `now`, checked.
fn check(book: &mut Book, now: At) -> Option<At> {
    let errand = book.take_due(now, 9).pop()?;
    assert!(book.take_due(now, 9).is_empty(), "it is being checked");
    let found = seen(&errand);
    book.done(&errand, &found, now);
    Some(errand.slot)
}

#[test]
fn the_server_says_when_and_without_it_the_place_in_the_interval_does() {
    let mut book = Book::default();
    assert!(book.assign(all(1)).is_empty());
    assert!(
        book.take_due(later(99), 9).is_empty(),
        "nobody has said when"
    );
    book.stand(standing(NOW), None, NOW);
    assert_eq!(check(&mut book, NOW), Some(NOW));
    let minute = Duration::from_mins(1);
    let place = schedule::place(id(), "office", minute);
    let next = schedule::next_slot(NOW, place, minute);
    // A recheck that the server asks for comes before.
    let told = HashMap::from([(id(), NOW)]);
    book.stand(standing(later(5)), Some(&told), NOW);
    assert_eq!(check(&mut book, later(4)), None);
    assert_eq!(check(&mut book, later(5)), Some(later(5)));
    // What it says of an older check is not heard, and neither is a slot that was checked.
    book.stand(standing(later(6)), Some(&told), later(5));
    assert_eq!(check(&mut book, later(6)), None);
    book.stand(standing(NOW), None, later(6));
    assert_eq!(check(&mut book, next), Some(next));
    assert_eq!(check(&mut book, next + minute), Some(next + minute));
}

#[test]
fn what_was_changed_is_learnt_anew() {
    let mut book = Book::default();
    book.assign(all(1));
    book.stand(standing(NOW), None, NOW);
    let errand = book.take_due(NOW, 9).pop().unwrap();
    book.assign(all(2));
    let found = seen(&errand);
    book.done(&errand, &found, NOW);
    assert!(
        book.take_due(later(999), 9).is_empty(),
        "nobody has said when"
    );
    book.stand(standing(later(1)), None, later(1));
    assert_eq!(book.take_due(later(1), 9)[0].revision, 2);
    book.clear();
    assert_eq!(book.len(), 0);
}

#[test]
fn a_start_without_the_server_checks_the_running_slot_once() {
    let minute = Duration::from_mins(1);
    let place = schedule::place(id(), "office", minute);
    let running = schedule::next_slot(NOW - minute, place, minute);
    let mut book = Book::default();
    book.assign(all(1));
    book.resume(standing(NOW - minute * 30), NOW);
    assert_eq!(check(&mut book, NOW), Some(running));
    assert_eq!(check(&mut book, NOW), None);
    let mut book = Book::of(HashMap::from([(id(), running)]));
    book.assign(all(1));
    book.resume(standing(NOW - minute * 30), NOW);
    assert_eq!(
        check(&mut book, NOW),
        None,
        "it was checked before the death"
    );
    assert_eq!(check(&mut book, running + minute), Some(running + minute));
}

#[test]
fn slots_of_a_clock_that_was_ahead_are_forgotten() {
    let hour = Duration::from_hours(1);
    let mut book = Book::default();
    book.assign(all(1));
    book.stand(standing(NOW), None, NOW + hour);
    check(&mut book, NOW + hour);
    let ahead = check(&mut book, NOW + hour + Duration::from_mins(1)).unwrap();
    assert!(ahead > NOW + hour);
    book.rewind(NOW);
    let minute = Duration::from_mins(1);
    let next = schedule::next_slot(NOW, schedule::place(id(), "office", minute), minute);
    assert_eq!(check(&mut book, next), Some(next));
    // And the server may say when, again.
    let told = HashMap::from([(id(), next)]);
    book.stand(standing(next + Duration::from_secs(5)), Some(&told), next);
    let soon = next + Duration::from_secs(5);
    assert_eq!(check(&mut book, soon), Some(soon));
}

#[test]
fn a_busy_host_is_tried_later_for_the_same_slot() {
    let mut book = Book::default();
    book.assign(all(1));
    book.stand(standing(NOW), None, NOW);
    assert_eq!(book.take_due(NOW, 9).len(), 1);
    book.postpone(id(), later(5));
    assert_eq!(check(&mut book, later(4)), None);
    assert_eq!(check(&mut book, later(5)), Some(NOW));
}
