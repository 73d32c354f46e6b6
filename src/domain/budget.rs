//! Error budgets: how much of a month may fail before a target of uptime is missed, and how fast that
//! is used up.
//!
//! The budget is counted over the last 30 days: of a target of 99.9 % it is 43 minutes down. Time that
//! was not measured, maintenance, and time before there was a monitor burn nothing. The rules for
//! telling people are those of the Google SRE workbook, chapter 5, "Multiwindow, Multi-Burn-Rate
//! Alerts", on the windows that hourly sums support.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::accounting::Span;
use super::at::{At, DAY_MS, HOUR_MS};
use super::monitor::FieldError;
use super::uptime::{self, Dated, Spent};

/// Length of the time that a target is for, in milliseconds.
pub const WINDOW_MS: i64 = 30 * DAY_MS;
/// The name of that window where uptime is told.
pub const WINDOW: &str = "30d";
/// Bounds of a target, in thousandths of a percent.
const BOUNDS: std::ops::RangeInclusive<u32> = 50_000..=99_999;
/// All of the time, in thousandths of a percent.
const WHOLE: u32 = 100_000;
/// How many times too fast: two hundredths of the budget in one hour.
const FAST: f64 = 14.4;
/// How many times too fast: a twentieth of the budget in six hours.
const SLOW: f64 = 6.0;
/// What was told may be told again when it has fallen to this share of its threshold.
const CALMED: f64 = 0.5;
/// A budget that was used up is one again when this share of it is left.
const RECOVERED: f64 = 0.1;

/// The share of the time in which a server should be usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Target(u32);

impl Target {
    /// Reads a percentage: 50 to 99.999, with at most three decimals.
    pub fn of_percent(percent: f64) -> Result<Self, FieldError> {
        let thousandths = (percent * 1_000.0).round();
        let is_exact = (percent * 1_000.0 - thousandths).abs() < 1e-6;
        let bounds = f64::from(*BOUNDS.start())..=f64::from(*BOUNDS.end());
        if !is_exact || !bounds.contains(&thousandths) {
            let message =
                "must be a percentage from 50 to 99.999 with at most three decimals, like 99.9";
            return Err(FieldError::new("target_percent", message));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number within the bounds"
        )]
        let thousandths = thousandths as u32;
        Ok(Self(thousandths))
    }

    /// Reads what people type, with or without the sign: `99.9`, `99,9 %`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let number = text.trim().trim_end_matches('%').trim_end();
        let number = number.replace(',', ".");
        // What is no number is out of bounds.
        Self::of_percent(number.parse().unwrap_or(f64::NAN))
    }

    /// The same as a number: 99.9.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }

    /// Whether time that was spent so meets it; `None` when nothing is known.
    pub fn is_met(self, spent: &Spent) -> Option<bool> {
        let known = spent.known_ms();
        let allowed = i64::from(WHOLE - self.0);
        (known > 0).then(|| spent.down_ms * i64::from(WHOLE) <= known * allowed)
    }

    /// The time of the last 30 days that may be down, in milliseconds.
    fn allowed_ms(self) -> i64 {
        WINDOW_MS / i64::from(WHOLE) * i64::from(WHOLE - self.0)
    }

    /// How many times faster than the target allows time was down in a window of this length.
    fn rate(self, spent: &Spent, window_ms: i64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a month fit a float"
        )]
        let share = spent.down_ms as f64 / window_ms as f64;
        share * f64::from(WHOLE) / f64::from(WHOLE - self.0)
    }
}

/// `99.9 %`, `99.95 %`
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

impl TryFrom<f64> for Target {
    type Error = FieldError;

    fn try_from(percent: f64) -> Result<Self, FieldError> {
        Self::of_percent(percent)
    }
}

impl From<Target> for f64 {
    fn from(target: Target) -> Self {
        target.percent()
    }
}

/// What is told of a budget, the lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Burn {
    /// It would not last for a week: a twentieth went in six hours, and it goes on.
    Slow,
    /// It would be gone in about two days: two hundredths went in one hour, and the server is down now.
    Fast,
    /// Nothing is left of it.
    Exhausted,
}

impl Burn {
    /// All of them, the lightest first.
    pub const ALL: [Self; 3] = [Self::Slow, Self::Fast, Self::Exhausted];

    /// The word that is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Fast => "fast",
            Self::Exhausted => "exhausted",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|burn| burn.as_str() == word)
    }
}

/// What follows from a look at a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is remembered as told from now on.
    pub remembered: Option<Burn>,
    /// What is to be told.
    pub news: Option<Burn>,
}

/// How it stands with the budget of a monitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The target.
    pub target: Target,
    /// The time that may be down within 30 days, in milliseconds.
    pub total_ms: i64,
    /// The time of the last 30 days that was, in milliseconds.
    pub spent_ms: i64,
    /// How many times too fast it was used up over the last hour; 1 lasts for exactly 30 days.
    pub hour: f64,
    /// The same over the last six hours.
    pub six_hours: f64,
    /// Whether the server is down now.
    pub is_down: bool,
}

impl Standing {
    /// From what was spent of the last 30 days, and the `hours` and the `tail` that no sum holds yet
    /// of the last six. An hour in which a window begins counts in proportion.
    pub fn of(
        target: Target,
        month: &Spent,
        (hours, tail): (&[Dated], &[Span]),
        is_down: bool,
        now: At,
    ) -> Self {
        let rate = |window| target.rate(&uptime::over(hours, tail, now, window), window);
        Self {
            target,
            total_ms: target.allowed_ms(),
            spent_ms: month.down_ms,
            hour: rate(HOUR_MS),
            six_hours: rate(6 * HOUR_MS),
            is_down,
        }
    }

    /// The time that may still be down, in milliseconds; never below zero.
    pub fn left_ms(&self) -> i64 {
        (self.total_ms - self.spent_ms).clamp(0, self.total_ms)
    }

    /// The share of the budget that is left, 0 to 1.
    pub fn left_share(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a month fit a float"
        )]
        let share = self.left_ms() as f64 / self.total_ms.max(1) as f64;
        share
    }

    /// Whether a rule holds now.
    pub fn is(&self, burn: Burn) -> bool {
        match burn {
            Burn::Slow => self.six_hours >= SLOW && self.hour >= SLOW,
            Burn::Fast => self.hour >= FAST && self.is_down,
            Burn::Exhausted => self.left_ms() == 0,
        }
    }

    /// Whether what was told is not over: then it is not told again.
    fn is_still(&self, burn: Burn) -> bool {
        match burn {
            Burn::Slow => self.six_hours >= SLOW * CALMED,
            Burn::Fast => self.hour >= FAST * CALMED,
            Burn::Exhausted => self.left_share() < RECOVERED,
        }
    }

    /// What follows, where `told` is what was told last and is not over.
    pub fn step(&self, told: Option<Burn>) -> Step {
        let worst_first = || Burn::ALL.into_iter().rev();
        let holds = worst_first().find(|burn| self.is(*burn));
        if holds > told {
            return Step {
                remembered: holds,
                news: holds,
            };
        }
        let mut of_told = worst_first().filter(|burn| Some(*burn) <= told);
        let remembered = of_told.find(|burn| self.is_still(*burn));
        Step {
            remembered,
            news: None,
        }
    }
}

/// A budget as a message tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetFacts {
    /// What is told: `slow`, `fast` or `exhausted`.
    pub burning: Burn,
    /// The target in percent, over 30 days.
    pub target_percent: Target,
    /// The time that may be down within 30 days.
    pub total_seconds: i64,
    /// The time that may still be.
    pub left_seconds: i64,
    /// The same in percent of the whole budget, rounded down.
    pub left_percent: f64,
    /// How many times too fast it was used up over the last hour.
    pub burn_rate_1h: f64,
    /// The same over the last six hours.
    pub burn_rate_6h: f64,
}

impl BudgetFacts {
    /// What is told of how it stands.
    pub fn of(burning: Burn, standing: &Standing) -> Self {
        let tenths = |rate: f64| (rate * 10.0).round() / 10.0;
        Self {
            burning,
            target_percent: standing.target,
            total_seconds: standing.total_ms / 1_000,
            left_seconds: standing.left_ms() / 1_000,
            left_percent: (standing.left_share() * 100.0).floor(),
            burn_rate_1h: tenths(standing.hour),
            burn_rate_6h: tenths(standing.six_hours),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
