//! The secret that signs the messages of a webhook: shown once, renewed while the one before still signs.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::error::WebError;
use super::frame::Frame;
use super::path::Id;
use super::session::Visitor;
use crate::app::channels;
use crate::domain::channel::Channel;
use crate::domain::id::ChannelId;
use crate::domain::sensitive::Sensitive;

/// A channel with the secret that it has just been given.
#[derive(Template, WebTemplate)]
#[template(path = "channels/made.html")]
pub(super) struct Made {
    frame: Frame,
    channel: Channel,
    secret: String,
}

impl Made {
    pub(super) fn of(visitor: &Visitor, channel: Channel, secret: &Sensitive) -> Self {
        Self {
            frame: visitor.frame(),
            channel,
            secret: secret.expose().to_owned(),
        }
    }
}

/// `POST /channels/{id}/secret`: another secret.
pub(super) async fn renew(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<impl IntoResponse, WebError> {
    let (channel, secret) = channels::renew_secret(&shared.app, &visitor.actor, id).await?;
    Ok(Made::of(&visitor, channel, &secret))
}
