//! The report of a month: the numbers of its page, as JSON.

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
use crate::app::sla;
use crate::domain::at::At;
use crate::domain::budget::Target;
use crate::domain::id::{IncidentId, MonitorId};
use crate::domain::month::Month;
use crate::domain::sla::{SlaIncident, SlaLine, SlaReport};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(of_month))
}

/// How a month was.
#[derive(Serialize, ToSchema)]
#[schema(as = MonthlyReport)]
struct ReportView {
    /// The month, in UTC.
    month: String,
    /// Its beginning.
    from: At,
    /// Its end, or now while it is not over.
    until: At,
    /// Whether it is over.
    is_whole: bool,
    /// The monitors, by name.
    monitors: Vec<LineView>,
    /// The incidents that were open in it, oldest first.
    incidents: Vec<IncidentView>,
    /// Whether there are more of either than are told: at most 5,000 monitors and 10,000 incidents.
    is_cut: bool,
}

/// How a monitor spent the month.
#[derive(Serialize, ToSchema)]
#[schema(as = MonthOfMonitor)]
struct LineView {
    /// Which.
    monitor_id: MonitorId,
    /// What people call it.
    name: String,
    /// Time up or degraded in percent of the time that is known; null where nothing is known.
    uptime: Option<f64>,
    /// What it should reach, as it is now.
    #[schema(value_type = Option<f64>)]
    target_percent: Option<Target>,
    /// Whether it did; null without a target or where nothing is known.
    is_met: Option<bool>,
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
    /// How many incidents were open in the month.
    incidents: u64,
    /// The longest of them, as far as it lies in the month.
    longest_incident_seconds: i64,
    /// Milliseconds that half of the good checks stayed at or below.
    p50_ms: Option<f64>,
    /// Milliseconds that 95 % of them did.
    p95_ms: Option<f64>,
}

impl From<&SlaLine> for LineView {
    fn from(line: &SlaLine) -> Self {
        let spent = &line.bucket.spent;
        Self {
            monitor_id: line.monitor,
            name: line.name.clone(),
            uptime: line.uptime_percent(),
            target_percent: line.target,
            is_met: line.is_met(),
            up_ms: spent.up_ms,
            degraded_ms: spent.degraded_ms,
            down_ms: spent.down_ms,
            unknown_ms: spent.unknown_ms,
            maintenance_ms: spent.maintenance_ms,
            incidents: line.incidents,
            longest_incident_seconds: line.longest_ms / 1_000,
            p50_ms: line.latency(0.5),
            p95_ms: line.latency(0.95),
        }
    }
}

/// An incident that was open in the month.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentOfMonth)]
struct IncidentView {
    /// Which.
    incident_id: IncidentId,
    /// The monitor.
    monitor_id: MonitorId,
    /// What people call that.
    name: String,
    /// `down` or `degraded`.
    severity: &'static str,
    /// Why, in words.
    message: String,
    /// The first bad check; it may lie before the month.
    started_at: At,
    /// When it ended; null while it has not.
    resolved_at: Option<At>,
    /// How long it lasted, or has lasted until now.
    duration_seconds: i64,
}

impl IncidentView {
    fn of(incident: &SlaIncident, now: At) -> Self {
        Self {
            duration_seconds: incident.lasted_ms(now) / 1_000,
            incident_id: incident.incident,
            monitor_id: incident.monitor,
            name: incident.name.clone(),
            severity: incident.severity.as_str(),
            message: incident.message.clone(),
            started_at: incident.started_at,
            resolved_at: incident.resolved_at,
        }
    }
}

impl ReportView {
    fn of(report: &SlaReport, now: At) -> Self {
        let incidents = report.incidents.iter();
        Self {
            month: report.month.to_string(),
            from: report.month.starts_at(),
            until: report.until,
            is_whole: report.is_whole(),
            monitors: report.lines.iter().map(LineView::from).collect(),
            incidents: incidents.map(|i| IncidentView::of(i, now)).collect(),
            is_cut: report.has_more_lines || report.has_more_incidents,
        }
    }
}

/// How a month was: uptime, incidents and latency of every monitor. A month that has not begun is not
/// there.
#[utoipa::path(get, path = "/reports/{month}", tag = "reports",
    params(("month" = String, Path, description = "The month in UTC, like `2026-11`."),
        ("tag" = Option<String>, Query, description = "Of monitors with this tag only.")),
    responses((status = 200, body = ReportView), (status = 404, body = Problem)))]
async fn of_month(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((month,)): Ids<(Month,)>,
    query: Query,
) -> Result<Json<ReportView>, ApiError> {
    let query = query.only(&["tag"])?;
    let (store, now) = (&api.app.store, api.app.clock.now());
    let what = (month, query.text("tag"));
    let report = sla::of_month(store, actor.team, what, sla::IN_A_FILE, now).await?;
    let report = report.ok_or_else(ApiError::not_found)?;
    Ok(Json(ReportView::of(&report, now)))
}
