//! Channels: made, changed, tested, deleted. What was delivered is in `deliveries`.
//!
//! The secret of a webhook is told once, when the channel is made; the query of a URL may hold a
//! key and is never told.

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
use super::request::{Body, Ids, Query};
use crate::app::channels::{self, ChannelSpec, Target};
use crate::domain::at::At;
use crate::domain::channel::{Channel, ChannelKind};
use crate::domain::id::ChannelId;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, delete))
        .routes(routes!(test))
}

/// Where people are told.
#[derive(Serialize, ToSchema)]
#[schema(as = Channel)]
pub(super) struct ChannelView {
    /// Its id.
    id: ChannelId,
    /// What people call it.
    name: String,
    /// `email` or `webhook`.
    kind: &'static str,
    /// Where it goes: `to` of a mail channel, `url` of a webhook, without the values of its query.
    settings: SettingsView,
    /// Whether it hears every monitor that names no channels of its own.
    default: bool,
    /// Why it was switched off; null while it is on.
    disabled: Option<String>,
    /// When something last arrived.
    last_success_at: Option<At>,
    /// What went wrong last, since then.
    last_error: Option<LastError>,
}

/// Where a channel goes.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ChannelSettings)]
enum SettingsView {
    /// A mail address.
    Email {
        /// The address.
        to: String,
    },
    /// A receiver.
    Webhook {
        /// Its URL.
        url: String,
    },
}

/// What went wrong last.
#[derive(Serialize, ToSchema)]
struct LastError {
    /// When.
    at: At,
    /// In words.
    message: String,
}

impl ChannelView {
    fn of(channel: &Channel) -> Self {
        let shown = channel.kind.target();
        let error = channel.health.last_error.as_ref();
        Self {
            id: channel.id,
            name: channel.name.clone(),
            kind: channel.kind.as_str(),
            settings: match channel.kind {
                ChannelKind::Email { .. } => SettingsView::Email { to: shown },
                ChannelKind::Webhook { .. } => SettingsView::Webhook { url: shown },
            },
            default: channel.is_default,
            disabled: channel.health.disabled.clone(),
            last_success_at: channel.health.last_success_at,
            last_error: error.map(|(at, message)| LastError {
                at: *at,
                message: message.clone(),
            }),
        }
    }
}

/// A channel that was made.
#[derive(Serialize, ToSchema)]
struct MadeChannel {
    #[serde(flatten)]
    channel: ChannelView,
    /// What signs the messages of a webhook (`whsec_…`): told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// What people say of a channel. A change keeps what it does not name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelBody {
    /// What people call it.
    name: Option<String>,
    /// `email` or `webhook`; cannot change.
    kind: Option<String>,
    /// `{"to": "me@example.com"}` or `{"url": "https://example.com/hook"}`.
    settings: Option<SettingsBody>,
    /// Whether it hears every monitor that names no channels of its own; false when not given.
    default: Option<bool>,
}

/// Where a channel goes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    /// The address of a mail channel.
    to: Option<String>,
    /// The URL of a webhook.
    url: Option<String>,
}

impl ChannelBody {
    fn spec(self, known: Option<&Channel>) -> Result<ChannelSpec, ApiError> {
        let known_kind = known.map(|channel| channel.kind.as_str());
        let kind = self.kind.as_deref().or(known_kind);
        let kind = kind.ok_or_else(|| ApiError::field("kind", "is required: email or webhook"))?;
        let settings = self.settings.unwrap_or_default();
        let target = match (kind, settings.to, settings.url) {
            ("email", _, Some(_)) => {
                return Err(ApiError::field(
                    "settings.url",
                    "is not a setting of an email channel",
                ));
            }
            ("webhook", Some(_), _) => {
                return Err(ApiError::field(
                    "settings.to",
                    "is not a setting of a webhook",
                ));
            }
            ("email", Some(to), None) => Target::Email { to },
            ("webhook", None, Some(url)) => Target::Webhook {
                url: unhidden(url, known),
            },
            ("email" | "webhook", None, None) => kept(kind, known)?,
            (other, ..) => {
                let words = format!("'{other}' is not a kind of channel; use email or webhook");
                return Err(ApiError::field("kind", words));
            }
        };
        let name = self
            .name
            .or_else(|| known.map(|channel| channel.name.clone()));
        Ok(ChannelSpec {
            name: name.ok_or_else(|| ApiError::field("name", "is required"))?,
            target,
            is_default: self
                .default
                .unwrap_or(known.is_some_and(|channel| channel.is_default)),
        })
    }
}

/// A URL that comes back as it was told keeps the query that was hidden.
fn unhidden(url: String, known: Option<&Channel>) -> String {
    match known.map(|channel| (&channel.kind, channel.kind.target())) {
        Some((ChannelKind::Webhook { url: whole, .. }, shown)) if shown == url => whole.to_string(),
        _ => url,
    }
}

fn kept(kind: &str, known: Option<&Channel>) -> Result<Target, ApiError> {
    match known.map(|channel| &channel.kind) {
        Some(ChannelKind::Email { to }) => Ok(Target::Email {
            to: to.as_str().to_owned(),
        }),
        Some(ChannelKind::Webhook { url, .. }) => Ok(Target::Webhook {
            url: url.to_string(),
        }),
        None => {
            let field = if kind == "email" {
                "settings.to"
            } else {
                "settings.url"
            };
            Err(ApiError::field(field, "is required"))
        }
    }
}

/// Every channel of the team.
#[utoipa::path(get, path = "/channels", tag = "channels",
    responses((status = 200, body = List<ChannelView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    query: Query,
) -> Result<Json<List<ChannelView>>, ApiError> {
    query.only(&[])?;
    let channels = api.app.store.channels(actor.team).await?;
    Ok(Json(List::whole(channels.iter().map(ChannelView::of))))
}

/// Makes a channel.
#[utoipa::path(post, path = "/channels", tag = "channels", request_body = ChannelBody,
    responses((status = 201, body = MadeChannel), (status = 422, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<ChannelBody>,
) -> Result<(StatusCode, Json<MadeChannel>), ApiError> {
    let made = channels::create(&api.app, &actor, &body.spec(None)?).await?;
    let view = MadeChannel {
        channel: ChannelView::of(&made.channel),
        secret: made.secret.map(|secret| secret.expose().to_owned()),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// One channel.
#[utoipa::path(get, path = "/channels/{id}", tag = "channels",
    params(("id" = String, Path, description = "The channel.")),
    responses((status = 200, body = ChannelView), (status = 404, body = Problem)))]
async fn one(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
) -> Result<Json<ChannelView>, ApiError> {
    let channel = api.app.store.channel(actor.team, id).await?;
    let channel = channel.ok_or_else(ApiError::not_found)?;
    Ok(Json(ChannelView::of(&channel)))
}

/// Changes a channel and switches it on again.
#[utoipa::path(patch, path = "/channels/{id}", tag = "channels", request_body = ChannelBody,
    params(("id" = String, Path, description = "The channel.")),
    responses((status = 200, body = ChannelView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
    Body(body): Body<ChannelBody>,
) -> Result<Json<ChannelView>, ApiError> {
    let known = api.app.store.channel(actor.team, id).await?;
    let known = known.ok_or_else(ApiError::not_found)?;
    let spec = body.spec(Some(&known))?;
    let channel = channels::change(&api.app, &actor, id, &spec).await?;
    Ok(Json(ChannelView::of(&channel)))
}

/// Deletes a channel with everything that was still to be told to it.
#[utoipa::path(delete, path = "/channels/{id}", tag = "channels",
    params(("id" = String, Path, description = "The channel.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
) -> Result<StatusCode, ApiError> {
    channels::delete(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a test came to.
#[derive(Serialize, ToSchema)]
#[schema(as = TestOutcome)]
struct TestView {
    /// Whether it arrived.
    delivered: bool,
    /// What the receiver answered, or why it did not arrive.
    detail: String,
}

/// Sends a test at once and tells what the receiver answered.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "channels",
    params(("id" = String, Path, description = "The channel.")),
    responses((status = 200, body = TestView), (status = 404, body = Problem)))]
async fn test(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(ChannelId,)>,
) -> Result<Json<TestView>, ApiError> {
    let outcome = channels::test(&api.app, &actor, id).await?;
    Ok(Json(match outcome {
        Ok(detail) => TestView {
            delivered: true,
            detail,
        },
        Err(detail) => TestView {
            delivered: false,
            detail,
        },
    }))
}
