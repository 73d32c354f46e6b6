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
use super::error::{ApiError, Fault, Problem};
use super::list::List;
use super::monitor_body::MonitorBody;
use super::monitor_view::MonitorView;
use super::request::{Body, Ids, Query};
use crate::app::monitors;
use crate::domain::id::MonitorId;
use crate::domain::monitor::FieldError;
use crate::domain::report::CheckReport;
use crate::domain::status::MonitorStatus;
use crate::domain::team::Actor;
use crate::store::OverviewFilter;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, delete))
        .routes(routes!(check))
        .routes(routes!(pause))
        .routes(routes!(resume))
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
    let read = (id, Some(known.revision));
    let changed = monitors::change_read(&api.app, &actor, read, spec, &channels).await?;
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
