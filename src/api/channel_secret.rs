//! The secret that signs the messages of a webhook: told once, renewed while the one before still signs.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::channels::ChannelView;
use super::error::{ApiError, Problem};
use super::request::Ids;
use crate::app::channels;
use crate::domain::channel::Channel;
use crate::domain::id::ChannelId;
use crate::domain::sensitive::Sensitive;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(renew_secret))
}

/// A channel that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeChannel {
    #[serde(flatten)]
    channel: ChannelView,
    /// What signs the messages of a webhook (`whsec_…`): told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl MadeChannel {
    pub(super) fn of(channel: &Channel, secret: Option<&Sensitive>) -> Self {
        Self {
            channel: ChannelView::of(channel),
            secret: secret.map(|secret| secret.expose().to_owned()),
        }
    }
}

/// Gives a webhook another secret. The one before signs beside it until there is yet another.
#[utoipa::path(post, path = "/channels/{id}/secret", tag = "channels",
    params(("id" = String, Path, description = "The channel.")),
    responses((status = 200, body = MadeChannel), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn renew_secret(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
) -> Result<Json<MadeChannel>, ApiError> {
    let (channel, secret) = channels::renew_secret(&api.app, &actor, id).await?;
    Ok(Json(MadeChannel::of(&channel, Some(&secret))))
}
