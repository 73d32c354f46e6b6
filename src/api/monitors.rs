//! Monitors: listed, made, changed, paused, deleted, checked now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::canary_body::CanaryView;
use super::error::{ApiError, Fault, Problem};
use super::list::List;
use super::monitor_body::MonitorBody;
use super::oauth_body::OauthView;
use super::request::{Body, Ids, Query};
use super::uptime::{MsByWindow, UptimeByWindow};
use crate::app::monitors;
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::{ChannelId, IncidentId, MonitorId};
use crate::domain::monitor::{FieldError, Monitor};
use crate::domain::quorum::QuorumWord;
use crate::domain::report::CheckReport;
use crate::domain::status::MonitorStatus;
use crate::domain::team::Actor;
use crate::store::{LastCheck, Overview, OverviewFilter};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, delete))
        .routes(routes!(check))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// A monitor and how it is. Nothing secret: an address without the values of its query, headers
/// without theirs.
#[derive(Serialize, ToSchema)]
#[schema(as = Monitor)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the contract"
)]
struct MonitorView {
    /// Its id.
    id: MonitorId,
    /// What people call it.
    name: String,
    /// The address of the MCP server.
    url: String,
    /// `auto`, `streamable_http` or `sse`.
    transport: &'static str,
    /// Seconds between two checks.
    interval_seconds: u32,
    /// Seconds that one check may take in all.
    timeout_seconds: u32,
    /// The headers that are sent, by name.
    headers: Vec<HeaderView>,
    /// Whether a bearer token is sent.
    has_bearer: bool,
    /// The client that gets tokens from an authorization server.
    oauth: Option<OauthView>,
    /// Tools that must be listed.
    expect_tools: Vec<String>,
    /// A check that takes longer in all is degraded, in milliseconds.
    slow_ms: Option<u32>,
    /// Words to find it by.
    tags: Vec<String>,
    /// The channels that hear of it; null: the default ones.
    channels: Option<Vec<ChannelId>>,
    /// The locations that it is checked from; null: wherever a node probes.
    locations: Option<Vec<String>>,
    /// How many of the locations have to say that it is down.
    quorum: QuorumWord,
    /// A tool that is called at times.
    canary: Option<CanaryView>,
    /// Whether deviations from the specification are looked for with requests of their own, once a
    /// week.
    lint: bool,
    /// The monitors that it depends on: while one of them is down, nobody is told of this one.
    depends_on: Vec<MonitorId>,
    /// When it was made.
    created_at: At,
    /// `pending`, `up`, `degraded`, `down`, `unknown` or `paused`.
    status: &'static str,
    /// Alive behind an authorization wall that we have no credentials for.
    gated: bool,
    /// Since when it has this status.
    since: At,
    /// Whether a maintenance window covers it now.
    in_maintenance: bool,
    /// The newest check.
    last_check: Option<LastCheckView>,
    /// When it is checked next; null while paused.
    next_check_at: Option<At>,
    /// Its incident, if one is not over.
    open_incident: Option<OpenIncidentView>,
    /// Uptime in percent over `24h`, `7d`, `30d` and `90d`; null where nothing is known.
    uptime: UptimeByWindow,
    /// Time that was not measured in the same windows, in milliseconds.
    unknown_ms: MsByWindow,
}

/// A header that is sent; its value is secret.
#[derive(Serialize, ToSchema)]
#[schema(as = HeaderName)]
struct HeaderView {
    /// Its name.
    name: String,
}

/// The newest check of a monitor.
#[derive(Serialize, ToSchema)]
#[schema(as = LastCheck)]
struct LastCheckView {
    /// When it began.
    at: At,
    /// From where.
    location: String,
    /// `up`, `degraded`, `down` or `unknown`.
    status: &'static str,
    /// Alive behind an authorization wall.
    gated: bool,
    /// Why, when it is not plainly up.
    code: Option<Code>,
    /// Why, in words.
    message: Option<String>,
    /// How long it took, in milliseconds.
    total_ms: Option<f64>,
}

impl LastCheckView {
    fn of(check: &LastCheck) -> Self {
        Self {
            at: check.started_at,
            location: check.location.clone(),
            status: check.status.as_str(),
            gated: check.gated,
            code: check.code,
            message: check.message.clone(),
            total_ms: check.total_ms,
        }
    }
}

/// An incident that is not over, in short.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenIncident)]
struct OpenIncidentView {
    /// Its id.
    id: IncidentId,
    /// `open` or `acknowledged`.
    status: &'static str,
    /// `down` or `degraded`.
    severity: &'static str,
    /// Why, as a code.
    code: Option<Code>,
    /// Why, in words.
    message: String,
    /// The first bad check.
    started_at: At,
}

impl MonitorView {
    fn of(overview: &Overview) -> Self {
        let Monitor {
            id, spec, paused, ..
        } = &overview.monitor;
        let state = &overview.state;
        let channels = &overview.channels;
        let status = if *paused {
            MonitorStatus::Paused
        } else {
            state.status
        };
        let header = |name: &str| HeaderView {
            name: name.to_owned(),
        };
        let spent = |window: &str| {
            let found = overview.windows.iter().find(|(name, _)| *name == window);
            found.map(|(_, spent)| *spent).unwrap_or_default()
        };
        let incident = overview.open_incident.as_ref();
        Self {
            id: *id,
            name: spec.name.clone(),
            url: spec.endpoint.url.redacted(),
            transport: spec.endpoint.transport.as_str(),
            interval_seconds: spec.interval_seconds,
            timeout_seconds: spec.timeout_seconds,
            headers: spec
                .endpoint
                .headers
                .iter()
                .map(|h| header(&h.name))
                .collect(),
            has_bearer: spec.endpoint.bearer.is_some(),
            oauth: spec.endpoint.oauth.as_ref().map(OauthView::of),
            expect_tools: spec.expectations.tools.clone(),
            slow_ms: spec.expectations.slow_ms,
            tags: spec.tags.clone(),
            channels: (!channels.is_empty()).then(|| channels.clone()),
            locations: spec.locations.clone(),
            quorum: spec.quorum.into(),
            canary: spec.canary.as_ref().map(CanaryView::from),
            lint: spec.lint,
            depends_on: spec.depends_on.clone(),
            created_at: overview.created_at,
            status: status.as_str(),
            gated: state.gated,
            since: state.since,
            in_maintenance: overview.maintenance.is_some(),
            last_check: overview.last_checks.first().map(LastCheckView::of),
            next_check_at: overview.next_check_at,
            open_incident: incident.map(|incident| OpenIncidentView {
                id: incident.id,
                status: if incident.is_acknowledged {
                    "acknowledged"
                } else {
                    "open"
                },
                severity: incident.severity.as_str(),
                code: incident.code,
                message: incident.message.clone(),
                started_at: incident.started_at,
            }),
            uptime: UptimeByWindow::of(spent),
            unknown_ms: MsByWindow::of(|window| spent(window).unknown_ms),
        }
    }
}

/// A monitor that was made or changed.
#[derive(Serialize, ToSchema)]
struct MadeMonitor {
    #[serde(flatten)]
    monitor: MonitorView,
    /// What is no fault but worth a second look.
    warnings: Vec<Fault>,
}

async fn view(api: &Api, actor: &Actor, id: MonitorId) -> Result<MonitorView, ApiError> {
    let now = api.app.clock.now();
    let overview = api.app.store.overview(actor.team, id, now).await?;
    let overview = overview.ok_or_else(ApiError::not_found)?;
    Ok(MonitorView::of(&overview))
}

async fn made(
    api: &Api,
    actor: &Actor,
    id: MonitorId,
    warnings: Vec<FieldError>,
) -> Result<Json<MadeMonitor>, ApiError> {
    Ok(Json(MadeMonitor {
        monitor: view(api, actor, id).await?,
        warnings: warnings.into_iter().map(Fault::from).collect(),
    }))
}

/// The monitors of the team, broken ones first.
#[utoipa::path(get, path = "/monitors", tag = "monitors",
    params(("status" = Option<String>, Query, description = "In this status only."),
        ("tag" = Option<String>, Query, description = "With this tag only."),
        ("text" = Option<String>, Query, description = "With this in name, address or tags."),
        ("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<MonitorView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    query: Query,
) -> Result<Json<List<MonitorView>>, ApiError> {
    let query = query.only(&["status", "tag", "text", "limit", "cursor"])?;
    let statuses = "one of down, degraded, unknown, pending, up, paused";
    let filter = OverviewFilter {
        status: query.parsed("status", statuses, MonitorStatus::parse)?,
        tag: query.text("tag").map(str::to_owned),
        text: query.text("text").map(str::to_owned),
    };
    let (cursor, limit) = (query.cursor(), query.limit()?);
    let now = api.app.clock.now();
    let page = api
        .app
        .store
        .overviews(actor.team, &filter, cursor, limit, now)
        .await?;
    Ok(Json(List::of(page, |overview| MonitorView::of(&overview))))
}

/// Makes a monitor; its first check is due at once.
#[utoipa::path(post, path = "/monitors", tag = "monitors", request_body = MonitorBody,
    responses((status = 201, body = MadeMonitor), (status = 422, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<MonitorBody>,
) -> Result<(StatusCode, Json<MadeMonitor>), ApiError> {
    let (spec, channels) = body.read(None)?;
    let new = monitors::create(&api.app, &actor, spec, &channels).await?;
    Ok((
        StatusCode::CREATED,
        made(&api, &actor, new.id, new.warnings).await?,
    ))
}

/// One monitor.
#[utoipa::path(get, path = "/monitors/{id}", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = MonitorView), (status = 404, body = Problem)))]
async fn one(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<MonitorView>, ApiError> {
    Ok(Json(view(&api, &actor, id).await?))
}

/// Changes a monitor and checks it at once.
#[utoipa::path(patch, path = "/monitors/{id}", tag = "monitors", request_body = MonitorBody,
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = MadeMonitor), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    Body(body): Body<MonitorBody>,
) -> Result<Json<MadeMonitor>, ApiError> {
    let store = &api.app.store;
    let known = store
        .monitor(actor.team, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let named = store.channels_named_by(actor.team, id).await?;
    let (spec, channels) = body.read(Some((&known.monitor, &named)))?;
    let changed = monitors::change(&api.app, &actor, id, spec, &channels).await?;
    made(&api, &actor, id, changed.warnings).await
}

/// Deletes a monitor and everything that is known of it.
#[utoipa::path(delete, path = "/monitors/{id}", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<StatusCode, ApiError> {
    monitors::delete(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a monitor now, records the check like any other, and tells what it saw.
#[utoipa::path(post, path = "/monitors/{id}/check", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = CheckReport), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn check(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<CheckReport>, ApiError> {
    let app = Arc::clone(&api.app);
    let check = async move { monitors::check_now(&app, &actor, id, &()).await };
    Ok(Json(api.app.trials.to_the_end(check).await??))
}

/// Stops checking a monitor; an open incident ends with it.
#[utoipa::path(post, path = "/monitors/{id}/pause", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = MonitorView), (status = 404, body = Problem)))]
async fn pause(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<MonitorView>, ApiError> {
    monitors::pause(&api.app, &actor, id).await?;
    Ok(Json(view(&api, &actor, id).await?))
}

/// Checks a paused monitor again, at once.
#[utoipa::path(post, path = "/monitors/{id}/resume", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = MonitorView), (status = 404, body = Problem)))]
async fn resume(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<MonitorView>, ApiError> {
    monitors::resume(&api.app, &actor, id).await?;
    Ok(Json(view(&api, &actor, id).await?))
}
