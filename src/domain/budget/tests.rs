//! Error budgets, tried.

use proptest::prelude::*;

use super::*;
use crate::domain::uptime::Bucket;
use Burn::{Exhausted, Fast, Slow};

const MINUTE_MS: i64 = 60_000;
const NOW: At = At(100 * DAY_MS);

fn target(percent: f64) -> Target {
    Target::of_percent(percent).unwrap()
}

fn down(ms: i64) -> Spent {
    Spent {
        down_ms: ms,
        ..Spent::default()
    }
}

/// How it stands after so many minutes down of the last hour, and so many in the five before.
fn standing(month: i64, last: i64, before: i64, is_down: bool) -> Standing {
    let hour = |back: i64, minutes: i64| Dated {
        start: At(NOW.0 - back * HOUR_MS),
        bucket: Bucket {
            spent: down(minutes * MINUTE_MS),
            ..Bucket::default()
        },
    };
    let hours = [hour(3, before), hour(1, last)];
    let month = down(month * MINUTE_MS);
    Standing::of(target(99.9), &month, (&hours, &[]), is_down, NOW)
}

#[test]
fn a_target_is_a_percentage_within_bounds() {
    for (text, expected) in [
        ("99.9", Some(99.9)),
        (" 99,95 % ", Some(99.95)),
        ("50", Some(50.0)),
        ("99.999", Some(99.999)),
        ("99.9999", None),
        ("100", None),
        ("49.999", None),
        ("", None),
        ("nan", None),
        ("high", None),
    ] {
        let read = Target::parse(text).ok().map(Target::percent);
        assert_eq!(read, expected, "{text}");
    }
    assert_eq!(target(99.95).to_string(), "99.95 %");
    let stored = serde_json::to_string(&target(99.9)).unwrap();
    assert_eq!(stored, "99.9");
    assert_eq!(
        serde_json::from_str::<Target>(&stored).unwrap(),
        target(99.9)
    );
    assert!(serde_json::from_str::<Target>("100.5").is_err());
}

#[test]
fn forty_three_minutes_of_a_month_may_fail_at_three_nines() {
    let standing = standing(22, 0, 0, false);
    assert_eq!(standing.total_ms / 1_000, 2_592);
    assert_eq!(standing.left_ms() / MINUTE_MS, 21);
    assert!((0.49..0.50).contains(&standing.left_share()));
}

#[test]
fn a_target_is_met_to_the_millisecond() {
    let spent = |down_ms| Spent {
        up_ms: 1_000_000 - down_ms,
        down_ms,
        unknown_ms: 50,
        maintenance_ms: 70,
        ..Spent::default()
    };
    assert_eq!(target(99.9).is_met(&spent(1_000)), Some(true));
    assert_eq!(target(99.9).is_met(&spent(1_001)), Some(false));
    assert_eq!(
        target(99.9).is_met(&Spent {
            unknown_ms: 5,
            ..Spent::default()
        }),
        None
    );
}

#[test]
fn each_rule_is_told_once_until_it_has_calmed() {
    // What was told; minutes down of the month, the last hour and before; whether it is down.
    for (told, (month, last, before, is_down), remembered, news) in [
        (None, (1, 0, 0, false), None, None),
        (None, (1, 1, 0, true), Some(Fast), Some(Fast)),
        (None, (1, 1, 0, false), None, None),
        (Some(Fast), (1, 1, 0, true), Some(Fast), None),
        (Some(Fast), (1, 1, 0, false), Some(Fast), None),
        (Some(Fast), (3, 0, 3, false), Some(Slow), None),
        (Some(Slow), (3, 1, 2, true), Some(Fast), Some(Fast)),
        (Some(Fast), (1, 0, 0, false), None, None),
        (None, (3, 1, 2, false), Some(Slow), Some(Slow)),
        (None, (3, 0, 3, false), None, None),
        (
            Some(Slow),
            (50, 3, 2, true),
            Some(Exhausted),
            Some(Exhausted),
        ),
        (Some(Exhausted), (50, 3, 2, true), Some(Exhausted), None),
        (Some(Exhausted), (40, 0, 0, false), Some(Exhausted), None),
        (Some(Exhausted), (38, 0, 0, false), None, None),
        (Some(Exhausted), (38, 1, 0, true), Some(Fast), None),
    ] {
        let step = standing(month, last, before, is_down).step(told);
        let expected = Step { remembered, news };
        assert_eq!(step, expected, "{told:?} {month} {last} {before} {is_down}");
    }
}

prop_compose! {
    fn any_spent()(up in 0..DAY_MS, down in 0..DAY_MS, unknown in 0..DAY_MS, rest in 0..DAY_MS) -> Spent {
        Spent { up_ms: up, degraded_ms: rest, down_ms: down, unknown_ms: unknown, maintenance_ms: rest }
    }
}

fn at(percent: f64, month: &Spent, hour: Spent) -> Standing {
    let hours = [Dated {
        start: At(NOW.0 - HOUR_MS),
        bucket: Bucket {
            spent: hour,
            ..Bucket::default()
        },
    }];
    Standing::of(target(percent), month, (&hours, &[]), true, NOW)
}

proptest! {
    #[test]
    fn what_is_left_is_within_the_budget_and_more_down_time_never_leaves_more(
        thousandths in 50_000..=99_999_u32, spent in any_spent(), more in 0..DAY_MS,
    ) {
        let percent = f64::from(thousandths) / 1_000.0;
        let before = at(percent, &spent, spent);
        let worse = Spent { down_ms: spent.down_ms + more, ..spent };
        let after = at(percent, &worse, worse);
        prop_assert!((0..=before.total_ms).contains(&before.left_ms()));
        prop_assert!((0.0..=1.0).contains(&before.left_share()));
        prop_assert!(after.left_ms() <= before.left_ms());
        prop_assert!(after.hour >= before.hour && after.six_hours >= before.six_hours);
        for burn in Burn::ALL {
            prop_assert!(after.is(burn) || !before.is(burn), "{:?}", burn);
        }
    }

    #[test]
    fn what_was_not_measured_and_maintenance_burn_nothing(
        spent in any_spent(), unknown in 0..DAY_MS, maintenance in 0..DAY_MS,
    ) {
        let other = Spent {
            unknown_ms: spent.unknown_ms + unknown,
            maintenance_ms: spent.maintenance_ms + maintenance,
            up_ms: 0,
            ..spent
        };
        prop_assert_eq!(at(99.9, &spent, spent), at(99.9, &other, other));
    }

    #[test]
    fn a_higher_target_has_a_smaller_budget_and_burns_faster(
        one in 50_000..=99_999_u32, two in 50_000..=99_999_u32, spent in any_spent(),
    ) {
        let (low, high) = (one.min(two), one.max(two));
        let of = |thousandths| at(f64::from(thousandths) / 1_000.0, &spent, spent);
        prop_assert!(of(high).total_ms <= of(low).total_ms);
        prop_assert!(of(high).left_ms() <= of(low).left_ms());
        prop_assert!(of(high).hour >= of(low).hour);
    }

    #[test]
    fn nothing_is_told_twice_of_the_same(
        month in 0..60_i64, last in 0..60_i64, before in 0..60_i64, is_down: bool, told in 0..4_usize,
    ) {
        let told = told.checked_sub(1).map(|n| Burn::ALL[n]);
        let standing = standing(month, last, before, is_down);
        let first = standing.step(told);
        let second = standing.step(first.remembered);
        prop_assert_eq!(second.news, None);
        prop_assert_eq!(second.remembered, first.remembered);
        prop_assert!(first.news.is_none() || first.news > told);
    }
}
