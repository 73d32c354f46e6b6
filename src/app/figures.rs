//! What the sums say of the latency of one monitor, over time and by phase.
//!
//! Pages and API ask here, so that they tell the same numbers.

use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::budget::{self, Standing};
use crate::domain::histogram::{Latency, PHASES};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::Monitor;
use crate::domain::status::MonitorStatus;
use crate::domain::uptime::{self, Bucket, Dated, Spent, window_ms};
use crate::store::{Overview, Store, StoreError};

/// Shortest span that is looked at in steps.
const SHORTEST_MS: i64 = 6 * HOUR_MS;
/// Longest one.
const LONGEST_MS: i64 = 366 * DAY_MS;

/// A span of time in steps of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The start of the first step.
    pub from: At,
    /// The end, which the last step may lie across.
    pub until: At,
    /// Length of a step in milliseconds.
    pub step: i64,
}

impl Range {
    /// The window of this name up to now; a day for a name that there is not.
    pub fn window(name: &str, now: At) -> Self {
        let length = window_ms(name).unwrap_or(DAY_MS);
        let step = step_of(length);
        Self {
            from: At(((now.0 - length).div_euclid(step) + 1) * step),
            until: At(now.0 + 1),
            step,
        }
    }

    /// From one instant to another, as far as it is not in the future and not longer ago than a
    /// year, and in whole steps; six hours at least. `None` where that is no span.
    pub fn between(from: At, until: At, now: At) -> Option<Self> {
        let until = until.min(At(now.0 + 1));
        if from >= until || until.0 < now.0 - LONGEST_MS {
            return None;
        }
        let from = from
            .min(At(until.0 - SHORTEST_MS))
            .max(At(now.0 - LONGEST_MS));
        let step = step_of(until.0 - from.0);
        let whole = |ms: i64| At(ms.div_euclid(step) * step);
        Some(Self {
            from: whole(from.0),
            until: whole(until.0 + step - 1).min(At(now.0 + 1)),
            step,
        })
    }

    /// Its length in milliseconds.
    pub fn length(&self) -> i64 {
        self.until.0 - self.from.0
    }
}

/// Length of one step of a span, in milliseconds: few enough for a chart, enough for a shape.
fn step_of(length: i64) -> i64 {
    match length {
        _ if length <= 8 * DAY_MS => HOUR_MS,
        _ if length <= 32 * DAY_MS => 6 * HOUR_MS,
        _ => DAY_MS,
    }
}

/// Length of one point of a latency chart over a window, in milliseconds.
pub fn latency_step(window: &str) -> i64 {
    step_of(window_ms(window).unwrap_or(DAY_MS))
}

/// What happened in the steps of a window, oldest first and without holes: latencies, checks and
/// failures of a monitor.
pub async fn steps(
    store: &Store,
    whose: (TeamId, MonitorId),
    window: &str,
    now: At,
) -> Result<Vec<Dated>, StoreError> {
    steps_of(store, whose, &Range::window(window, now)).await
}

/// What happened in the steps of a span, oldest first and without holes.
pub async fn steps_of(
    store: &Store,
    (team, monitor): (TeamId, MonitorId),
    range: &Range,
) -> Result<Vec<Dated>, StoreError> {
    let Range { from, until, step } = *range;
    let sums = if step < DAY_MS {
        store.rollup_hours(team, monitor, from, until).await?
    } else {
        store.rollup_days(team, monitor, from, until).await?
    };
    Ok(gather(&sums, range))
}

/// Merges sums into steps of one length.
fn gather(sums: &[Dated], range: &Range) -> Vec<Dated> {
    let floor = |at: At| at.0.div_euclid(range.step);
    let (first, last) = (floor(range.from), floor(At(range.until.0 - 1)));
    let empty = |n| Dated {
        start: At(n * range.step),
        bucket: Bucket::default(),
    };
    let mut steps: Vec<Dated> = (first..=last).map(empty).collect();
    for sum in sums {
        let place = usize::try_from(floor(sum.start) - first).ok();
        if let Some(step) = place.and_then(|place| steps.get_mut(place)) {
            step.bucket.merge(&sum.bucket);
        }
    }
    steps
}

/// How a monitor spent a window (a name of [`uptime::WINDOWS`]): as its overview says, and longer
/// ones counted in the same way from their hours.
pub async fn spent(
    store: &Store,
    overview: &Overview,
    window: &str,
    now: At,
) -> Result<Spent, StoreError> {
    if let Some((_, spent)) = overview.windows.iter().find(|(name, _)| *name == window) {
        return Ok(*spent);
    }
    let Monitor { id, team, .. } = &overview.monitor;
    let length = window_ms(window).unwrap_or(DAY_MS);
    let hours = store
        .rollup_hours(*team, *id, At(now.0 - length), now)
        .await?;
    Ok(uptime::over(&hours, &overview.tail, now, length))
}

/// How it stands with the error budget of a monitor; `None` without a target.
pub fn standing(overview: &Overview, now: At) -> Option<Standing> {
    let target = overview.monitor.spec.target?;
    let month = overview.spent(budget::WINDOW);
    let recent = (&*overview.hours, &*overview.tail);
    let is_down = overview.status() == MonitorStatus::Down;
    Some(Standing::of(target, &month, recent, is_down, now))
}

/// Percentiles of a latency in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// Half of the checks were at least as fast.
    pub p50: Option<f64>,
    /// Nineteen in twenty.
    pub p95: Option<f64>,
    /// Ninety-nine in a hundred.
    pub p99: Option<f64>,
}

impl Percentiles {
    /// Those of one phase; empty when it was not measured.
    pub fn of(latency: &Latency, phase: &str) -> Self {
        let at = |share| latency.phase(phase).and_then(|h| h.percentile(share));
        Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
        }
    }
}

/// The percentiles of every phase that was measured, over all steps together.
pub fn phases(steps: &[Dated]) -> Vec<(&'static str, Percentiles)> {
    let mut all = Latency::default();
    for step in steps {
        all.merge(&step.bucket.latency);
    }
    let measured = PHASES.into_iter().filter(|name| all.phase(name).is_some());
    measured
        .map(|name| (name, Percentiles::of(&all, name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_no_holes_and_lose_no_check() {
        let hour = |n: i64| Dated {
            start: At(n * HOUR_MS),
            bucket: Bucket {
                checks: 60,
                ..Bucket::default()
            },
        };
        let range = Range {
            from: At(30 * HOUR_MS),
            until: At(48 * HOUR_MS + 2),
            step: 6 * HOUR_MS,
        };
        let steps = gather(&[hour(29), hour(30), hour(31), hour(36)], &range);
        let checks: Vec<i64> = steps.iter().map(|step| step.bucket.checks).collect();
        assert_eq!(checks, [120, 60, 0, 0]);
        assert_eq!(steps[0].start, At(30 * HOUR_MS));
    }

    #[test]
    fn a_span_is_in_whole_steps_and_not_in_the_future() {
        let now = At(100 * DAY_MS + 30 * 60_000);
        let hours = |from: i64, until: i64| {
            let range = Range::between(At(from), At(until), now)?;
            let hour = |at: At| (at.0 - 100 * DAY_MS).div_euclid(HOUR_MS);
            Some((hour(range.from), hour(range.until), range.step / HOUR_MS))
        };
        let at = |hour: i64| 100 * DAY_MS + hour * HOUR_MS;
        assert_eq!(hours(at(-24) + 1, at(-12) + 1), Some((-24, -11, 1)));
        assert_eq!(
            hours(at(-3), at(-2)),
            Some((-8, -2, 1)),
            "six hours at least"
        );
        assert_eq!(
            hours(at(-20), at(500)),
            Some((-20, 0, 1)),
            "not in the future"
        );
        assert_eq!(hours(at(-20 * 24), at(0)), Some((-20 * 24, 0, 6)));
        assert_eq!(hours(at(-90 * 24), at(0)), Some((-90 * 24, 0, 24)));
        assert_eq!(hours(at(0), at(-1)), None);
        assert_eq!(hours(at(5), at(9)), None);
        assert_eq!(Range::between(At(0), At(1), At(900 * DAY_MS)), None);
        let window = Range::window("24h", now);
        assert_eq!((window.from.0, window.step), (at(-23), HOUR_MS));
    }
}
