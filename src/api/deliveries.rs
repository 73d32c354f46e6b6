//! What was told to a channel, and telling it again.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Ids, Paging};
use crate::app::channels;
use crate::domain::at::At;
use crate::domain::id::{ChannelId, IncidentId, MonitorId, NotificationId};
use crate::store::{Delivery, Fate};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(deliveries))
        .routes(routes!(replay))
}

/// Something that was or is to be told.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryView {
    /// The id that the receiver knows it by, too.
    id: NotificationId,
    /// `incident.opened`, `incident.resolved` and so on.
    r#type: &'static str,
    /// The incident that it tells of.
    incident_id: Option<IncidentId>,
    /// The monitor of the incident.
    monitor_id: Option<MonitorId>,
    /// `queued`, `sent` or `dead`: given up, until it is replayed.
    status: &'static str,
    /// When it was written.
    created_at: At,
    /// When it is tried next; null unless it is queued.
    next_attempt_at: Option<At>,
    /// When it arrived or was given up.
    finished_at: Option<At>,
    /// The last attempts, oldest first.
    attempts: Vec<AttemptView>,
}

/// An attempt to deliver.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    /// When.
    at: At,
    /// Whether it arrived.
    ok: bool,
    /// What the receiver answered, or what went wrong.
    detail: String,
}

impl DeliveryView {
    fn of(delivery: Delivery) -> Self {
        let (next_attempt_at, finished_at) = match delivery.fate {
            Fate::Queued { next_attempt } => (Some(next_attempt), None),
            Fate::Sent { at } | Fate::Dead { at } => (None, Some(at)),
        };
        let attempts = delivery.attempts.into_iter().map(|attempt| AttemptView {
            at: attempt.at,
            ok: attempt.ok,
            detail: attempt.detail,
        });
        Self {
            id: delivery.id,
            r#type: delivery.event.webhook_type(),
            incident_id: delivery.incident,
            monitor_id: delivery.monitor.map(|(id, _)| id),
            status: delivery.fate.as_str(),
            created_at: delivery.created_at,
            next_attempt_at,
            finished_at,
            attempts: attempts.collect(),
        }
    }
}

/// What was and is to be told to a channel, newest first.
#[utoipa::path(get, path = "/channels/{id}/deliveries", tag = "channels",
    params(("id" = String, Path, description = "The channel."),
        ("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<DeliveryView>), (status = 404, body = Problem)))]
async fn deliveries(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
    Paging { cursor, limit }: Paging,
) -> Result<Json<List<DeliveryView>>, ApiError> {
    let store = &api.app.store;
    store
        .channel(actor.team, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let page = store
        .deliveries(actor.team, id, cursor.as_deref(), limit)
        .await?;
    Ok(Json(List::of(page, DeliveryView::of)))
}

/// Tells it again, under the same id.
#[utoipa::path(post, path = "/channels/{id}/deliveries/{delivery}/replay", tag = "channels",
    params(("id" = String, Path, description = "The channel."),
        ("delivery" = String, Path, description = "The delivery.")),
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn replay(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((channel, delivery)): Ids<(ChannelId, NotificationId)>,
) -> Result<axum::http::StatusCode, ApiError> {
    channels::replay(&api.app, &actor, channel, delivery).await?;
    Ok(axum::http::StatusCode::ACCEPTED)
}
