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
mod tests;
