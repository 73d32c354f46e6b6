//! What the sums say of the latency of one monitor, over time and by phase.
//!
//! Pages and API ask here, so that they tell the same numbers.

use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::histogram::{Latency, PHASES};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::Monitor;
use crate::domain::uptime::{self, Bucket, Dated, Spent, window_ms};
use crate::store::{Overview, Store, StoreError};

/// Length of one point of a latency chart over a window, in milliseconds.
pub fn latency_step(window: &str) -> i64 {
    match window {
        "24h" | "7d" => HOUR_MS,
        "30d" => 6 * HOUR_MS,
        _ => DAY_MS,
    }
}

/// What happened in the steps of a window, oldest first and without holes: latencies, checks and
/// failures of a monitor.
pub async fn steps(
    store: &Store,
    (team, monitor): (TeamId, MonitorId),
    window: &str,
    now: At,
) -> Result<Vec<Dated>, StoreError> {
    let step = latency_step(window);
    let length = window_ms(window).unwrap_or(DAY_MS);
    let from = At(now.0 - length);
    let sums = if step < DAY_MS {
        store.rollup_hours(team, monitor, from, now).await?
    } else {
        store.rollup_days(team, monitor, from, now).await?
    };
    Ok(gather(&sums, from, now, step))
}

/// Merges sums into steps of one length.
fn gather(sums: &[Dated], from: At, now: At, step: i64) -> Vec<Dated> {
    let floor = |at: At| at.0.div_euclid(step);
    let (first, last) = (floor(from) + 1, floor(now));
    let empty = |n| Dated {
        start: At(n * step),
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
        let now = At(48 * HOUR_MS + 1);
        let steps = gather(
            &[hour(30), hour(31), hour(36)],
            At(24 * HOUR_MS),
            now,
            6 * HOUR_MS,
        );
        let checks: Vec<i64> = steps.iter().map(|step| step.bucket.checks).collect();
        assert_eq!(checks, [120, 60, 0, 0]);
        assert_eq!(steps[0].start, At(30 * HOUR_MS));
    }
}
