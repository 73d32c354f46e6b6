//! The state of a monitor, tried.

use proptest::prelude::*;

use super::*;

/// Of a check each minute that may take half of one.
const PATIENCE: Duration = Duration::from_secs(180);
use CheckStatus::{Degraded, Down, Unknown, Up};

fn seen(second: i64, status: CheckStatus) -> Seen {
    Seen {
        at: At(second * 1_000),
        status,
        gated: false,
        code: None,
        is_own: true,
    }
}

fn run(checks: &[(i64, CheckStatus)]) -> (State, Vec<Transition>, Vec<Span>) {
    let mut state = State::pending(At(0));
    let (mut transitions, mut spans) = (vec![], vec![]);
    for (second, status) in checks {
        let seen = seen(*second, *status);
        let step = step(&state, &seen, PATIENCE, seen.at);
        state = step.state;
        transitions.extend(step.transition);
        spans.extend(step.spans);
    }
    (state, transitions, spans)
}

fn ms(spans: &[Span], status: CheckStatus) -> i64 {
    spans
        .iter()
        .filter(|s| s.status == status)
        .map(|s| s.until.0 - s.from.0)
        .sum()
}

#[test]
fn the_first_good_check_makes_it_up_at_once() {
    let (state, transitions, _) = run(&[(0, Up)]);
    assert_eq!(state.status, MonitorStatus::Up);
    assert_eq!(transitions.len(), 1);
}

#[test]
fn an_outage_is_confirmed_by_three_and_dated_back_to_the_first() {
    let (state, transitions, spans) = run(&[(0, Up), (60, Down), (65, Down), (70, Down)]);
    assert_eq!(state.status, MonitorStatus::Down);
    assert_eq!(state.since, At(60_000));
    assert_eq!(transitions.last().unwrap().since, At(60_000));
    assert_eq!((ms(&spans, Up), ms(&spans, Down)), (60_000, 10_000));
}

#[test]
fn a_blip_changes_nothing_and_is_marked() {
    let before = run(&[(0, Up), (60, Down)]).0;
    let after = step(&before, &seen(65, Up), PATIENCE, At(65_000));
    assert_eq!(after.transition, None);
    assert_eq!(after.blip_since, Some(At(60_000)));
    assert_eq!(after.recheck, None);
    assert_eq!(ms(&after.spans, Up), 5_000);
}

#[test]
fn down_and_degraded_agree_on_the_milder() {
    let (state, ..) = run(&[(0, Up), (60, Down), (65, Degraded), (70, Down)]);
    assert_eq!(state.status, MonitorStatus::Degraded);
    let (state, ..) = run(&[
        (0, Down),
        (5, Down),
        (10, Down),
        (60, Up),
        (65, Degraded),
        (70, Up),
    ]);
    assert_eq!(state.status, MonitorStatus::Degraded);
}

#[test]
fn what_was_not_measured_is_unknown_and_never_down() {
    let (state, transitions, spans) = run(&[
        (0, Up),
        (60, Unknown),
        (120, Unknown),
        (180, Unknown),
        (240, Unknown),
    ]);
    assert_eq!(state.status, MonitorStatus::Unknown);
    assert_eq!(transitions.len(), 2);
    assert_eq!((ms(&spans, Up), ms(&spans, Unknown)), (60_000, 180_000));
}

#[test]
fn our_own_trouble_takes_back_what_was_suspected() {
    let before = run(&[(0, Up), (60, Down), (65, Down)]).0;
    let ours = Seen {
        code: Some(Code::MonitorError),
        ..seen(70, Unknown)
    };
    let after = step(&before, &ours, PATIENCE, ours.at);
    assert_eq!((after.state.suspicion, after.transition), (None, None));
    assert_eq!(after.blip_since, Some(At(60_000)));
    assert_eq!(ms(&after.spans, Unknown), 10_000);
    let down = step(&after.state, &seen(130, Down), PATIENCE, At(130_000));
    assert_eq!(down.transition, None, "it has to be confirmed anew");
}

#[test]
fn an_unmeasured_check_is_not_hurried() {
    let before = run(&[(0, Up)]).0;
    assert_eq!(
        step(&before, &seen(60, Unknown), PATIENCE, At(60_000)).recheck,
        None
    );
    assert_eq!(
        step(&before, &seen(60, Down), PATIENCE, At(60_000)).recheck,
        Some(RECHECK_AFTER)
    );
}

#[test]
fn turned_away_five_times_is_degraded() {
    let mut state = run(&[(0, Up)]).0;
    for n in 1..=5 {
        let limited = Seen {
            code: Some(Code::RateLimited),
            ..seen(60 * n, Unknown)
        };
        state = step(&state, &limited, PATIENCE, limited.at).state;
    }
    assert_eq!(state.status, MonitorStatus::Degraded);
}

#[test]
fn time_that_no_check_vouches_for_is_unknown() {
    let (.., spans) = run(&[(0, Up), (60, Up), (3_660, Up)]);
    let vouched = 60_000 + 180_000;
    assert_eq!(ms(&spans, Up), vouched);
    assert_eq!(ms(&spans, Unknown), 3_660_000 - vouched);
}

#[test]
fn a_server_that_asks_to_be_left_alone_stays_as_it_was_meanwhile() {
    let mut state = run(&[(0, Down), (5, Down), (10, Down)]).0;
    let hour = Duration::from_hours(1) + PATIENCE;
    let mut spans = vec![];
    for second in [70, 3_670, 7_270] {
        let step = step(&state, &seen(second, Down), hour, At(second * 1_000));
        state = step.state;
        spans.extend(step.spans);
    }
    assert_eq!((ms(&spans, Down), ms(&spans, Unknown)), (7_260_000, 0));
}

#[test]
fn what_nobody_followed_up_has_to_be_confirmed_anew() {
    let before = run(&[(0, Up), (60, Down)]).0;
    // The machine slept for ten hours.
    let mut state = before;
    let (mut transitions, mut spans, mut blips) = (vec![], vec![], vec![]);
    for second in [36_000, 36_005, 36_010] {
        let step = step(&state, &seen(second, Down), PATIENCE, At(second * 1_000));
        state = step.state;
        transitions.extend(step.transition);
        spans.extend(step.spans);
        blips.extend(step.blip_since);
    }
    assert_eq!(transitions[0].since, At(36_000_000));
    assert_eq!(blips, [At(60_000)]);
    assert_eq!(ms(&spans, Down), 10_000);
    assert_eq!(ms(&spans, Unknown), 36_000_000 - 60_000 - 180_000);
}

#[test]
fn what_nobody_checks_any_more_is_unknown_from_then_on() {
    let before = run(&[(0, Up), (60, Up), (120, Down)]).0;
    assert_eq!(lapse(&before, At(300_000)), None, "it still vouches");
    let lapsed = lapse(&before, At(600_000)).unwrap();
    assert_eq!(lapsed.transition.unwrap().to, MonitorStatus::Unknown);
    assert_eq!(
        (lapsed.state.since, lapsed.blip_since),
        (At(300_000), Some(At(120_000)))
    );
    assert_eq!(
        (ms(&lapsed.spans, Up), ms(&lapsed.spans, Unknown)),
        (180_000, 0)
    );
    assert_eq!(lapse(&lapsed.state, At(900_000)), None, "it is said once");
    let back = step(&lapsed.state, &seen(1_000, Up), PATIENCE, At(1_000_000));
    assert_eq!(
        (ms(&back.spans, Up), ms(&back.spans, Unknown)),
        (0, 700_000)
    );
    let state = State::pending(At(0));
    assert_eq!(lapse(&state, At(900_000)), None);
}

#[test]
fn a_location_that_waits_in_vain_is_heard_though_others_began_later() {
    let from_one = |state: &State, second, status, previous: i64, now: i64| {
        let previous = Some(At(previous * 1_000));
        step_from_one(
            state,
            &seen(second, status),
            previous,
            PATIENCE,
            At(now * 1_000),
        )
    };
    let before = run(&[(0, Up), (70, Up)]).0;
    // It began before the last check and hung for half a minute.
    let hung = from_one(&before, 60, Degraded, 0, 90);
    assert_eq!(
        hung.state.suspicion.map(|held| held.since),
        Some(At(60_000))
    );
    assert_eq!(hung.state.last_check_at, Some(At(70_000)));
    for (second, previous, now) in [(60, 60, 90), (60, 65, 90), (60, 0, 400)] {
        let late = from_one(&before, second, Down, previous, now);
        assert_eq!(late.state, before, "late, or told long after");
    }
    let ahead = from_one(&before, 75, Up, 90_000, 90);
    assert_eq!(
        ahead.state.last_check_at,
        Some(At(75_000)),
        "its clock was set back"
    );
    let again = from_one(&hung.state, 95, Degraded, 60, 125);
    let confirmed = from_one(&again.state, 130, Degraded, 95, 160);
    assert_eq!(confirmed.transition.unwrap().since, At(60_000));
}

#[test]
fn what_was_seen_before_a_pause_does_not_count_after_it() {
    let resumed = State::pending(At(3_600_000));
    let before = step(&resumed, &seen(1_800, Down), PATIENCE, At(3_700_000));
    assert_eq!(before.state, resumed);
    let after = step(&resumed, &seen(3_601, Up), PATIENCE, At(3_602_000));
    assert_eq!(after.state.status, MonitorStatus::Up);
}

/// Mostly none; now and then the clock is set by a day.
fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![20 => Just(0), 1 => Just(86_400), 1 => Just(-86_400)]
}

fn status() -> impl Strategy<Value = CheckStatus> {
    prop_oneof![Just(Up), Just(Degraded), Just(Down), Just(Unknown)]
}

#[test]
fn a_server_that_comes_and_goes_flaps_until_it_has_settled() {
    let mut state = run(&[(0, Up)]).0;
    let mut said = Vec::new();
    let outage = |minute: i64| {
        [
            (0, Down),
            (5, Down),
            (10, Down),
            (60, Up),
            (65, Up),
            (70, Up),
        ]
        .map(|(second, status)| (minute * 60 + second, status))
    };
    let troubled = [1, 5, 10, 15].into_iter().flat_map(outage);
    let calm = (17..60).map(|minute| (minute * 60, Up));
    for (second, status) in troubled.chain(calm) {
        let seen = seen(second, status);
        let step = step(&state, &seen, PATIENCE, seen.at);
        said.extend(step.flapping.map(|flapping| (second, flapping)));
        state = step.state;
    }
    let began = (10 * 60 + 10, Flapping::Began);
    // The last turn was confirmed in minute 17, at second 10.
    let settled = (47 * 60, Flapping::Settled { turns: 8 });
    assert_eq!(said, [began, settled]);
}

#[test]
fn what_another_location_saw_once_is_confirmed_by_nobody_else() {
    let mut state = run(&[(0, Up), (60, Down)]).0;
    for second in [65, 70, 75] {
        let others = Seen {
            is_own: false,
            ..seen(second, Down)
        };
        let step = step(&state, &others, PATIENCE, others.at);
        assert_eq!(step.transition, None);
        state = step.state;
    }
    assert_eq!(state.suspicion.map(|held| held.agreeing), Some(1));
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let ahead = run(&[(0, Up), (90_000, Up)]).0;
    let late = step(&ahead, &seen(89_990, Down), PATIENCE, At(90_001_000));
    assert_eq!(late.state, ahead, "a late result is not a clock");
    let mut state = ahead;
    let mut transitions = Vec::new();
    for second in [60, 65, 70] {
        let seen = seen(second, Down);
        let step = step(&state, &seen, PATIENCE, seen.at);
        assert!(step.spans.is_empty(), "that time was counted before");
        transitions.extend(step.transition);
        state = step.state;
    }
    assert_eq!(transitions[0].since, At(60_000));
    assert_eq!(state.status, MonitorStatus::Down);
}

proptest! {
    #[test]
    fn any_history_keeps_the_books(
        checks in prop::collection::vec((-30..400_i64, status(), jump()), 1..80)
    ) {
        let (mut state, mut second) = (State::pending(At(0)), 0);
        let mut accounted: Option<At> = None;
        let mut current = MonitorStatus::Pending;
        let mut is_flapping = false;
        for (gap, status, jump) in checks {
            second += jump;
            let now = At(second * 1_000);
            second += gap; // gaps below zero are late or doubled results
            let before = state.without_future(now);
            let next = step(&state, &seen(second, status), PATIENCE, now);
            state = next.state;
            for span in &next.spans {
                prop_assert!(span.from < span.until);
                if let Some(end) = accounted {
                    prop_assert!(span.from >= end, "no moment is counted twice");
                }
                accounted = Some(span.until);
            }
            if let Some(transition) = next.transition {
                prop_assert_eq!(transition.from, current);
                prop_assert!(transition.to != transition.from);
                current = transition.to;
            }
            prop_assert_eq!(state.status, current);
            match next.flapping {
                Some(Flapping::Began) => prop_assert!(!is_flapping && next.transition.is_some()),
                Some(Flapping::Settled { .. }) => {
                    prop_assert!(is_flapping && next.transition.is_none());
                }
                None => {}
            }
            is_flapping = state.turns.flapping().is_some();
            let is_late = before.last_check_at.is_some_and(|last| At(second * 1_000) <= last);
            prop_assert!(!is_late || state == before);
        }
    }
}
