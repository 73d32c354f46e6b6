//! The listing of a monitor in the public directory: looked at, made, taken off.

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
use super::request::Ids;
use crate::app::listings;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(listing, list_publicly, unlist))
}

/// The place of a monitor in the public directory.
#[derive(Serialize, ToSchema)]
#[schema(as = Listing)]
struct ListingView {
    /// Whether everybody sees the monitor in the public directory.
    listed: bool,
    /// Since when.
    listed_at: Option<At>,
    /// The page of the directory, while it is listed.
    url: Option<String>,
    /// Whether the owner of the host has proved that it is theirs.
    verified: bool,
}

async fn view(api: &Api, team: TeamId, id: MonitorId) -> Result<ListingView, ApiError> {
    let store = &api.app.store;
    if store.monitor(team, id).await?.is_none() {
        return Err(ApiError::not_found());
    }
    let listing = store.listing(team, id).await?;
    let base = &api.app.settings.public_url;
    Ok(ListingView {
        listed: listing.is_some(),
        listed_at: listing.as_ref().map(|known| known.listing.listed_at),
        url: listing.as_ref().map(|_| format!("{base}/explore/{id}")),
        verified: listing.is_some_and(|known| known.owner.is_some()),
    })
}

/// Whether a monitor is listed in the public directory.
#[utoipa::path(get, path = "/monitors/{id}/listing", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = ListingView), (status = 404, body = Problem)))]
async fn listing(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<ListingView>, ApiError> {
    Ok(Json(view(&api, actor.team, id).await?))
}

/// Lists a monitor in the public directory; refused when its address is not public, or when the owner of
/// its host has taken it off.
#[utoipa::path(post, path = "/monitors/{id}/listing", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = ListingView), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn list_publicly(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<ListingView>, ApiError> {
    listings::list(&api.app, &actor, id).await?;
    Ok(Json(view(&api, actor.team, id).await?))
}

/// Takes a monitor off the public directory; one that is not listed stays so.
#[utoipa::path(delete, path = "/monitors/{id}/listing", tag = "monitors",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn unlist(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<StatusCode, ApiError> {
    listings::unlist(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
