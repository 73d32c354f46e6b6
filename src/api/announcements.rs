//! Announcements on a status page: listed, written, changed, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Body, Given, Ids};
use crate::app::announcements as app;
use crate::app::announcements::AnnouncementSpec;
use crate::domain::announcement::{Announcement, MOST_ANNOUNCEMENTS};
use crate::domain::at::At;
use crate::domain::id::{AnnouncementId, StatusPageId, TeamId};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(announcements, announce))
        .routes(routes!(
            announcement,
            change_announcement,
            delete_announcement
        ))
}

/// An announcement on a status page.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamAnnouncement)]
struct AnnouncementView {
    /// Its id.
    id: AnnouncementId,
    /// What it says in one line.
    title: String,
    /// What it says; an empty line parts paragraphs.
    text: String,
    /// When it ceases to be shown; null until somebody ends it.
    ends_at: Option<At>,
    /// Whether the page shows it now.
    shown: bool,
    /// When it was written.
    created_at: At,
    /// When it was last changed.
    updated_at: At,
}

impl AnnouncementView {
    fn of(announcement: Announcement, now: At) -> Self {
        Self {
            shown: announcement.is_shown(now),
            id: announcement.id,
            title: announcement.title,
            text: announcement.text,
            ends_at: announcement.ends_at,
            created_at: announcement.created_at,
            updated_at: announcement.updated_at,
        }
    }
}

/// An announcement as it is written or changed. A change keeps what it does not name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnouncementBody {
    /// What it says in one line.
    title: Option<String>,
    /// What it says; an empty line parts paragraphs.
    text: Option<String>,
    /// When it ceases to be shown; null: until somebody ends it.
    #[serde(default)]
    #[schema(value_type = Option<At>)]
    ends_at: Given<At>,
}

impl AnnouncementBody {
    /// The spec; `known` is what it was.
    fn read(self, known: Option<&Announcement>) -> AnnouncementSpec {
        let kept = |field: fn(&Announcement) -> &String| known.map(field).cloned();
        let ends_at = match self.ends_at {
            Given::Absent => known.and_then(|known| known.ends_at),
            Given::Null => None,
            Given::Value(at) => Some(at),
        };
        AnnouncementSpec {
            title: self
                .title
                .or_else(|| kept(|known| &known.title))
                .unwrap_or_default(),
            text: self
                .text
                .or_else(|| kept(|known| &known.text))
                .unwrap_or_default(),
            ends_at,
        }
    }
}

/// The announcements of a status page, newest first: at most 200.
#[utoipa::path(get, path = "/status-pages/{id}/announcements", tag = "status",
    params(("id" = String, Path, description = "The status page.")),
    responses((status = 200, body = List<AnnouncementView>), (status = 404, body = Problem)))]
async fn announcements(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((page,)): Ids<(StatusPageId,)>,
) -> Result<Json<List<AnnouncementView>>, ApiError> {
    let (store, now) = (&api.app.store, api.app.clock.now());
    if store.status_page(actor.team, page).await?.is_none() {
        return Err(ApiError::not_found());
    }
    let all = store
        .announcements(actor.team, page, None, MOST_ANNOUNCEMENTS)
        .await?;
    let all = all.into_iter().map(|one| AnnouncementView::of(one, now));
    Ok(Json(List::whole(all)))
}

/// Announces something: it stands on the page, and subscribers are told of it, once.
#[utoipa::path(post, path = "/status-pages/{id}/announcements", tag = "status",
    request_body = AnnouncementBody,
    params(("id" = String, Path, description = "The status page.")),
    responses((status = 201, body = AnnouncementView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn announce(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((page,)): Ids<(StatusPageId,)>,
    Body(body): Body<AnnouncementBody>,
) -> Result<(StatusCode, Json<AnnouncementView>), ApiError> {
    let made = app::create(&api.app, &actor, page, body.read(None)).await?;
    let view = AnnouncementView::of(made, api.app.clock.now());
    Ok((StatusCode::CREATED, Json(view)))
}

/// One announcement.
#[utoipa::path(get, path = "/status-pages/{id}/announcements/{announcement}", tag = "status",
    params(("id" = String, Path, description = "The status page."),
        ("announcement" = String, Path, description = "The announcement.")),
    responses((status = 200, body = AnnouncementView), (status = 404, body = Problem)))]
async fn announcement(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((page, id)): Ids<(StatusPageId, AnnouncementId)>,
) -> Result<Json<AnnouncementView>, ApiError> {
    let known = known(&api, actor.team, (page, id)).await?;
    Ok(Json(AnnouncementView::of(known, api.app.clock.now())))
}

/// Changes an announcement; nobody is told again. With `ends_at` now it is ended.
#[utoipa::path(patch, path = "/status-pages/{id}/announcements/{announcement}", tag = "status",
    request_body = AnnouncementBody,
    params(("id" = String, Path, description = "The status page."),
        ("announcement" = String, Path, description = "The announcement.")),
    responses((status = 200, body = AnnouncementView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn change_announcement(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((page, id)): Ids<(StatusPageId, AnnouncementId)>,
    Body(body): Body<AnnouncementBody>,
) -> Result<Json<AnnouncementView>, ApiError> {
    let known = known(&api, actor.team, (page, id)).await?;
    let spec = body.read(Some(&known));
    let changed = app::change(&api.app, &actor, (page, id), spec).await?;
    Ok(Json(AnnouncementView::of(changed, api.app.clock.now())))
}

/// Deletes an announcement. Who was told of it is told nothing more.
#[utoipa::path(delete, path = "/status-pages/{id}/announcements/{announcement}", tag = "status",
    params(("id" = String, Path, description = "The status page."),
        ("announcement" = String, Path, description = "The announcement.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete_announcement(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((page, id)): Ids<(StatusPageId, AnnouncementId)>,
) -> Result<StatusCode, ApiError> {
    app::delete(&api.app, &actor, (page, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn known(
    api: &Api,
    team: TeamId,
    (page, id): (StatusPageId, AnnouncementId),
) -> Result<Announcement, ApiError> {
    let known = api.app.store.announcement(team, page, id).await?;
    known.ok_or_else(ApiError::not_found)
}
