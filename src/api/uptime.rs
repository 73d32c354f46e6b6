//! Uptime and latency of a monitor over a window: the numbers of the pages, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::request::{Ids, Query};
use crate::app::figures::{self, Percentiles};
use crate::domain::at::At;
use crate::domain::histogram::{Latency, PHASES};
use crate::domain::id::MonitorId;
use crate::domain::uptime::{Spent, WINDOWS, window_ms};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(uptime))
        .routes(routes!(latency))
}

/// Uptime in percent over four windows; null where nothing is known.
#[derive(Serialize, ToSchema)]
pub(super) struct UptimeByWindow {
    /// Over the last day.
    #[serde(rename = "24h")]
    day: Option<f64>,
    /// Over the last seven days.
    #[serde(rename = "7d")]
    week: Option<f64>,
    /// Over the last thirty days.
    #[serde(rename = "30d")]
    month: Option<f64>,
    /// Over the last ninety days.
    #[serde(rename = "90d")]
    quarter: Option<f64>,
}

impl UptimeByWindow {
    /// From what `spent` says of a window by its name.
    pub(super) fn of(spent: impl Fn(&str) -> Spent) -> Self {
        let told = |window| percent(&spent(window));
        Self {
            day: told("24h"),
            week: told("7d"),
            month: told("30d"),
            quarter: told("90d"),
        }
    }
}

/// Milliseconds over four windows.
#[derive(Serialize, ToSchema)]
pub(super) struct MsByWindow {
    /// Of the last day.
    #[serde(rename = "24h")]
    day: i64,
    /// Of the last seven days.
    #[serde(rename = "7d")]
    week: i64,
    /// Of the last thirty days.
    #[serde(rename = "30d")]
    month: i64,
    /// Of the last ninety days.
    #[serde(rename = "90d")]
    quarter: i64,
}

impl MsByWindow {
    /// From what `ms` says of a window by its name.
    pub(super) fn of(ms: impl Fn(&str) -> i64) -> Self {
        Self {
            day: ms("24h"),
            week: ms("7d"),
            month: ms("30d"),
            quarter: ms("90d"),
        }
    }
}

/// Uptime in percent with three decimals, rounded down: 100 means that nothing was missing.
fn percent(spent: &Spent) -> Option<f64> {
    spent
        .uptime()
        .map(|share| (share * 100_000.0).floor() / 1_000.0)
}

/// How a window of time was spent.
#[derive(Serialize, ToSchema)]
#[schema(as = Uptime)]
struct UptimeView {
    /// `24h`, `7d`, `30d`, `90d` or `365d`.
    window: &'static str,
    /// Its beginning.
    from: At,
    /// Its end: now.
    until: At,
    /// Time up or degraded in percent of the time that is known; null where nothing is known.
    uptime: Option<f64>,
    /// Milliseconds up.
    up_ms: i64,
    /// Milliseconds degraded.
    degraded_ms: i64,
    /// Milliseconds down.
    down_ms: i64,
    /// Milliseconds that were not measured; they count for nothing.
    unknown_ms: i64,
    /// Milliseconds in maintenance; they count for nothing.
    maintenance_ms: i64,
}

/// How long checks took over a window of time.
#[derive(Serialize, ToSchema)]
#[schema(as = Latency)]
struct LatencyView {
    /// `24h`, `7d`, `30d`, `90d` or `365d`.
    window: &'static str,
    /// Length of one point, in seconds.
    step_seconds: i64,
    /// Milliseconds by phase over the whole window; phases that were not measured are absent.
    phases: BTreeMap<&'static str, PercentilesView>,
    /// The same by time, oldest first, without holes.
    points: Vec<PointView>,
}

/// A point in time.
#[derive(Serialize, ToSchema)]
#[schema(as = LatencyPoint)]
struct PointView {
    /// Its beginning.
    start: At,
    /// Checks that were made.
    checks: i64,
    /// Those of them that were down or degraded.
    failures: i64,
    /// Milliseconds by phase.
    phases: BTreeMap<&'static str, PercentilesView>,
}

/// Milliseconds that half, 95 % and 99 % of the checks stayed at or below.
#[derive(Serialize, ToSchema)]
#[schema(as = Percentiles)]
struct PercentilesView {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

fn by_phase(latency: &Latency) -> BTreeMap<&'static str, PercentilesView> {
    let measured = PHASES
        .into_iter()
        .filter(|phase| latency.phase(phase).is_some());
    let view = |phase| {
        let Percentiles { p50, p95, p99 } = Percentiles::of(latency, phase);
        let [p50, p95, p99] = [p50, p95, p99].map(|ms| ms.map(tenths));
        (phase, PercentilesView { p50, p95, p99 })
    };
    measured.map(view).collect()
}

/// Milliseconds with one decimal: a histogram knows no more.
pub(super) fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

fn window(query: &Query) -> Result<&'static str, ApiError> {
    let known = |word: &str| WINDOWS.into_iter().find(|(name, _)| *name == word);
    let window = query.parsed("window", "one of 24h, 7d, 30d, 90d, 365d", known)?;
    Ok(window.map_or("24h", |(name, _)| name))
}

/// Time by status over a window.
#[utoipa::path(get, path = "/monitors/{id}/uptime", tag = "monitors",
    params(("id" = String, Path, description = "The monitor."),
        ("window" = Option<String>, Query, description = "`24h` (when not given), `7d`, `30d`, `90d` or `365d`.")),
    responses((status = 200, body = UptimeView), (status = 404, body = Problem)))]
async fn uptime(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    query: Query,
) -> Result<Json<UptimeView>, ApiError> {
    let window = window(&query.only(&["window"])?)?;
    let now = api.app.clock.now();
    let store = &api.app.store;
    let overview = store
        .overview(actor.team, id, now)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let spent = figures::spent(store, &overview, window, now).await?;
    Ok(Json(UptimeView {
        window,
        from: At(now.0 - window_ms(window).unwrap_or_default()),
        until: now,
        uptime: percent(&spent),
        up_ms: spent.up_ms,
        degraded_ms: spent.degraded_ms,
        down_ms: spent.down_ms,
        unknown_ms: spent.unknown_ms,
        maintenance_ms: spent.maintenance_ms,
    }))
}

/// Percentiles of the latency by phase, over a window and by time.
#[utoipa::path(get, path = "/monitors/{id}/latency", tag = "monitors",
    params(("id" = String, Path, description = "The monitor."),
        ("window" = Option<String>, Query, description = "`24h` (when not given), `7d`, `30d`, `90d` or `365d`.")),
    responses((status = 200, body = LatencyView), (status = 404, body = Problem)))]
async fn latency(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    query: Query,
) -> Result<Json<LatencyView>, ApiError> {
    let window = window(&query.only(&["window"])?)?;
    let store = &api.app.store;
    store
        .monitor(actor.team, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let steps = figures::steps(store, (actor.team, id), window, api.app.clock.now()).await?;
    let mut all = Latency::default();
    for step in &steps {
        all.merge(&step.bucket.latency);
    }
    let points = steps.iter().map(|step| PointView {
        start: step.start,
        checks: step.bucket.checks,
        failures: step.bucket.failures,
        phases: by_phase(&step.bucket.latency),
    });
    Ok(Json(LatencyView {
        window,
        step_seconds: figures::latency_step(window) / 1_000,
        phases: by_phase(&all),
        points: points.collect(),
    }))
}
