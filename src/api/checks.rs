//! The checks of a monitor; and one check of an address that is not watched.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::monitor_body::{HeaderBody, MonitorBody};
use super::oauth_body::OauthBody;
use super::request::{Body, Ids, Query};
use crate::app::trial;
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::MonitorId;
use crate::domain::report::{CheckReport, Timings};
use crate::domain::team::Actor;
use crate::domain::verdict::CheckStatus;
use crate::store::{CheckFilter, PastCheck};

/// Most whole reports that a list looks through; no more are kept of a monitor.
const MOST_REPORTS: usize = 200;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(checks))
        .routes(routes!(probe))
}

/// A check that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
struct CheckView {
    /// The slot of time that it was for; with the location, what it is known by.
    slot: At,
    /// From where.
    location: String,
    /// When it began.
    started_at: At,
    /// `up`, `degraded`, `down` or `unknown`.
    status: &'static str,
    /// Alive behind an authorization wall.
    gated: bool,
    /// Whether it disagreed with the status and was not confirmed.
    blip: bool,
    /// How many repetitions came before it.
    attempt: u32,
    /// Why, when it is not plainly up.
    code: Option<Code>,
    /// Why, in words.
    message: Option<String>,
    /// How long each phase took.
    timings_ms: Timings,
    /// The whole report, where it is kept and was asked for: of the last failures.
    report: Option<CheckReport>,
}

impl CheckView {
    fn of(check: PastCheck, report: Option<CheckReport>) -> Self {
        Self {
            slot: check.slot,
            location: check.location,
            started_at: check.started_at,
            status: check.status.as_str(),
            gated: check.gated,
            blip: check.blip,
            attempt: check.attempt,
            code: check.code,
            message: check.message,
            timings_ms: check.timings,
            report,
        }
    }
}

pub(super) async fn must_be_there(api: &Api, actor: &Actor, id: MonitorId) -> Result<(), ApiError> {
    let monitor = api.app.store.monitor(actor.team, id).await?;
    monitor.map(drop).ok_or_else(ApiError::not_found)
}

/// The checks of a monitor, newest first.
#[utoipa::path(get, path = "/monitors/{id}/checks", tag = "monitors",
    params(("id" = String, Path, description = "The monitor."),
        ("from" = Option<String>, Query, description = "From this slot on."),
        ("until" = Option<String>, Query, description = "Before this slot."),
        ("status" = Option<String>, Query, description = "`up`, `degraded`, `down` or `unknown`."),
        ("reports" = Option<bool>, Query, description = "Tell the whole reports that are kept."),
        ("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<CheckView>), (status = 404, body = Problem)))]
async fn checks(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    query: Query,
) -> Result<Json<List<CheckView>>, ApiError> {
    let query = query.only(&["from", "until", "status", "reports", "limit", "cursor"])?;
    let statuses = "one of up, degraded, down, unknown";
    let filter = CheckFilter {
        from: query.at("from")?,
        until: query.at("until")?,
        status: query.parsed("status", statuses, CheckStatus::parse)?,
        blip: None,
    };
    let with_reports = query.parsed("reports", "true or false", |word| word.parse().ok())?;
    let (cursor, limit) = (query.cursor(), query.limit()?);
    must_be_there(&api, &actor, id).await?;
    let store = &api.app.store;
    let page = store.checks(actor.team, id, &filter, cursor, limit).await?;
    let mut reports: HashMap<(At, String), CheckReport> = HashMap::new();
    if with_reports == Some(true) {
        let kept = store.failure_reports(actor.team, id, MOST_REPORTS).await?;
        let keyed = kept
            .into_iter()
            .map(|(slot, report)| ((slot, report.location.clone()), report));
        reports.extend(keyed);
    }
    Ok(Json(List::of(page, |check| {
        let report = reports.remove(&(check.slot, check.location.clone()));
        CheckView::of(check, report)
    })))
}

/// An address to be checked once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProbeBody {
    /// The address of the MCP server.
    url: String,
    /// `auto`, `streamable_http` or `sse`.
    transport: Option<String>,
    /// Headers for every request.
    headers: Option<Vec<HeaderBody>>,
    /// A token for `Authorization: Bearer …`.
    bearer: Option<String>,
    /// A client that gets tokens from an authorization server.
    oauth: Option<OauthBody>,
    /// Seconds that the check may take in all: 5 to 120, 30 when not given.
    timeout_seconds: Option<u32>,
    /// Tools that must be listed.
    expect_tools: Option<Vec<String>>,
    /// More than this in all is degraded, in milliseconds.
    slow_ms: Option<u32>,
}

/// Checks an address once without saving anything.
#[utoipa::path(post, path = "/probe", tag = "probe", request_body = ProbeBody,
    responses((status = 200, body = CheckReport), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn probe(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<ProbeBody>,
) -> Result<Json<CheckReport>, ApiError> {
    crate::app::monitors::may_edit(&actor)?;
    let body = MonitorBody::of_endpoint(
        body.url,
        body.transport,
        body.headers,
        body.bearer,
        body.oauth,
    )
    .expecting(body.timeout_seconds, body.expect_tools, body.slow_ms);
    let (spec, _) = body.read(None)?;
    let timeout = Some(spec.timeout());
    let trial = trial::begin(&api.app, spec.endpoint, spec.expectations, timeout)?;
    let report = trial.report.await;
    report
        .map(Json)
        .map_err(|_| ApiError::ours(&anyhow::anyhow!("a trial ended without a report")))
}
