//! The locations of a monitor side by side, where it has several.

use crate::app::figures::Percentiles;
use crate::domain::at::{At, HOUR_MS};
use crate::store::{LastCheck, Overview, Store};
use crate::web::error::WebError;

/// Hours whose latency is told.
const HOURS: i64 = 24;

/// How a monitor looks from one location.
pub(super) struct Place {
    pub(super) name: String,
    /// Its last check, if there was one.
    pub(super) last: Option<LastCheck>,
    /// How long checks took from there in the last day.
    pub(super) latency: Percentiles,
}

/// One line for each location; none where there is but one.
pub(super) async fn side_by_side(
    store: &Store,
    overview: &Overview,
    now: At,
) -> Result<Vec<Place>, WebError> {
    let monitor = &overview.monitor;
    let wanted = monitor.spec.locations.iter().flatten().cloned();
    let seen = overview.last_checks.iter();
    let mut names: Vec<String> = wanted
        .chain(seen.map(|last| last.location.clone()))
        .collect();
    names.sort();
    names.dedup();
    if names.len() < 2 {
        return Ok(vec![]);
    }
    let from = At(now.0 - (HOURS - 1) * HOUR_MS);
    let sums = store
        .rollup_by_location(monitor.team, monitor.id, from)
        .await?;
    let place = |name: String| {
        let mut checks = overview.last_checks.iter();
        let latency = sums.get(&name);
        Place {
            last: checks.find(|last| last.location == name).cloned(),
            latency: latency.map_or_else(Percentiles::default, |bucket| {
                Percentiles::of(&bucket.latency, "total")
            }),
            name,
        }
    };
    Ok(names.into_iter().map(place).collect())
}
