//! Maintenance windows: declared, changed, ended, deleted. A deployment announces itself with a
//! name and how many minutes it takes, and ends its window when it is done.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::maintenance_body::{WindowBody, day_word};
use super::request::{Body, Ids, Query};
use crate::app::maintenance;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, WindowId};
use crate::domain::maintenance::{Occurrence, Schedule, Scope, Window};

/// How many occurrences are told ahead.
const AHEAD: usize = 5;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, delete))
        .routes(routes!(end))
}

/// A time when failures are expected and nobody is told.
#[derive(Serialize, ToSchema)]
#[schema(as = MaintenanceWindow)]
pub(super) struct WindowView {
    /// Its id.
    id: WindowId,
    /// What people call it; status pages show it.
    name: String,
    /// `once`, `weekly` or `cron`.
    kind: &'static str,
    /// When it begins, if it is once.
    starts_at: Option<At>,
    /// When it is over, if it is once.
    ends_at: Option<At>,
    /// The days of the week, if it is weekly: `mon` to `sun`.
    days: Option<Vec<&'static str>>,
    /// The time of day in its zone, if it is weekly: `02:30`.
    at: Option<String>,
    /// The five fields, if it is by cron expression.
    cron: Option<String>,
    /// How long each occurrence lasts, if it recurs.
    minutes: Option<u32>,
    /// The IANA time zone that days and times are of.
    zone: &'static str,
    /// Whether it covers every monitor of the team.
    all: bool,
    /// The monitors that it names.
    monitors: Vec<MonitorId>,
    /// The tags whose monitors it covers.
    tags: Vec<String>,
    /// Whether its time counts for no uptime.
    exclude_from_uptime: bool,
    /// Whether it runs at this moment.
    running: bool,
    /// What runs and what follows, at most five.
    next: Vec<OccurrenceView>,
    /// When somebody last ended it before its time.
    ended_at: Option<At>,
    /// When it was declared.
    created_at: At,
}

/// One span of time.
#[derive(Serialize, ToSchema)]
#[schema(as = Occurrence)]
struct OccurrenceView {
    /// The first moment.
    starts_at: At,
    /// The first moment after it.
    ends_at: At,
}

impl WindowView {
    fn of(window: &Window, now: At) -> Self {
        let (starts_at, ends_at) = match &window.schedule {
            Schedule::Once { starts_at, ends_at } => (Some(*starts_at), Some(*ends_at)),
            _ => (None, None),
        };
        let (days, at) = match &window.schedule {
            Schedule::Weekly { days, at, .. } => (
                Some(days.iter().map(|day| day_word(*day)).collect()),
                Some(at.format("%H:%M").to_string()),
            ),
            _ => (None, None),
        };
        let cron = match &window.schedule {
            Schedule::Cron { cron, .. } => Some(cron.to_string()),
            _ => None,
        };
        let minutes = match &window.schedule {
            Schedule::Once { .. } => None,
            Schedule::Weekly { minutes, .. } | Schedule::Cron { minutes, .. } => Some(*minutes),
        };
        let (all, monitors, tags) = match &window.scope {
            Scope::All => (true, Vec::new(), Vec::new()),
            Scope::Some { monitors, tags } => (false, monitors.clone(), tags.clone()),
        };
        let seen = |o: Occurrence| OccurrenceView {
            starts_at: o.starts_at,
            ends_at: o.ends_at,
        };
        Self {
            id: window.id,
            name: window.name.clone(),
            kind: window.schedule.kind(),
            starts_at,
            ends_at,
            days,
            at,
            cron,
            minutes,
            zone: window.zone.name(),
            all,
            monitors,
            tags,
            exclude_from_uptime: window.is_excluded,
            running: window.covers(now).is_some(),
            next: window.next(now, AHEAD).into_iter().map(seen).collect(),
            ended_at: window.ended_at,
            created_at: window.created_at,
        }
    }
}

/// The maintenance windows of the team, the newest first.
#[utoipa::path(get, path = "/maintenance-windows", tag = "maintenance",
    params(
        ("over" = Option<bool>, Query, description = "Only those that are over, or that are not."),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 1 to 200, 50 when not given."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.")),
    responses((status = 200, body = List<WindowView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    query: Query,
) -> Result<Json<List<WindowView>>, ApiError> {
    let query = query.only(&["over", "limit", "cursor"])?;
    let is_over = query.parsed("over", "true or false", |text| text.parse().ok())?;
    let (now, limit) = (api.app.clock.now(), query.limit()?);
    let store = &api.app.store;
    let page = store
        .maintenance_windows(actor.team, is_over, now, query.cursor(), limit)
        .await?;
    Ok(Json(List::of(page, |window| WindowView::of(&window, now))))
}

/// Declares a window: `{"name": "Deploy", "minutes": 15, "monitors": ["…"]}` begins now.
#[utoipa::path(post, path = "/maintenance-windows", tag = "maintenance", request_body = WindowBody,
    responses((status = 201, body = WindowView), (status = 422, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<WindowBody>,
) -> Result<(StatusCode, Json<WindowView>), ApiError> {
    let spec = body.read(None, api.app.clock.now())?;
    let window = maintenance::create(&api.app, &actor, spec).await?;
    let view = WindowView::of(&window, api.app.clock.now());
    Ok((StatusCode::CREATED, Json(view)))
}

/// One maintenance window.
#[utoipa::path(get, path = "/maintenance-windows/{id}", tag = "maintenance",
    params(("id" = String, Path, description = "The window.")),
    responses((status = 200, body = WindowView), (status = 404, body = Problem)))]
async fn one(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(WindowId,)>,
) -> Result<Json<WindowView>, ApiError> {
    let window = api.app.store.maintenance_window(actor.team, id).await?;
    let window = window.ok_or_else(ApiError::not_found)?;
    Ok(Json(WindowView::of(&window, api.app.clock.now())))
}

/// Changes a window, and what comes of it; time that was counted stays as it is.
#[utoipa::path(patch, path = "/maintenance-windows/{id}", tag = "maintenance",
    request_body = WindowBody, params(("id" = String, Path, description = "The window.")),
    responses((status = 200, body = WindowView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(WindowId,)>,
    Body(body): Body<WindowBody>,
) -> Result<Json<WindowView>, ApiError> {
    let known = api.app.store.maintenance_window(actor.team, id).await?;
    let known = known.ok_or_else(ApiError::not_found)?;
    let spec = body.read(Some(&known), api.app.clock.now())?;
    let window = maintenance::change(&api.app, &actor, id, spec).await?;
    Ok(Json(WindowView::of(&window, api.app.clock.now())))
}

/// Deletes a window, also one that runs; what it held back is told.
#[utoipa::path(delete, path = "/maintenance-windows/{id}", tag = "maintenance",
    params(("id" = String, Path, description = "The window.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(WindowId,)>,
) -> Result<StatusCode, ApiError> {
    maintenance::delete(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends what runs, before its time. A window that recurs comes again.
#[utoipa::path(post, path = "/maintenance-windows/{id}/end", tag = "maintenance",
    params(("id" = String, Path, description = "The window.")),
    responses((status = 200, body = WindowView), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn end(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(WindowId,)>,
) -> Result<Json<WindowView>, ApiError> {
    let window = maintenance::end(&api.app, &actor, id).await?;
    Ok(Json(WindowView::of(&window, api.app.clock.now())))
}
