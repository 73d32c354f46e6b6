//! Channels: made, changed, tested, deleted. What was delivered is in `deliveries`.
//!
//! The secret of a webhook is told once, when the channel is made; the query of a URL may hold a
//! key and is never told.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::channel_digest::{self, DigestBody, DigestView};
use super::channel_route::{HoursBody, RouteBody, RouteView};
use super::channel_secret::MadeChannel;
use super::error::{ApiError, Fault, Problem};
use super::list::List;
use super::request::{Body, Given, Ids, Query};
use crate::app::channels::{self, ChannelSpec};
use crate::app::refused::Refused;
use crate::domain::at::At;
use crate::domain::channel::{Channel, Kind, Route, Words};
use crate::domain::id::ChannelId;
use crate::domain::incident::Severity;
use crate::domain::monitor::FieldError;

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
    /// Who brings the message: `email`, `webhook`, `slack` …
    kind: &'static str,
    /// Where it goes, without what is secret: `to` of a mail channel, `url` of a webhook without
    /// its query.
    settings: BTreeMap<&'static str, String>,
    /// Whether it hears every monitor that names no channels of its own.
    default: bool,
    /// What it hears, and when.
    #[serde(flatten)]
    route: RouteView,
    /// The subject in words of its own; null where the built-in one holds.
    subject: Option<String>,
    /// The body in words of its own; null where the built-in one holds.
    body: Option<String>,
    /// When it tells what happened in a day or a week; null where it does not.
    digest: Option<DigestView>,
    /// Why it was switched off; null while it is on.
    disabled: Option<String>,
    /// When something last arrived.
    last_success_at: Option<At>,
    /// What went wrong last, since then.
    last_error: Option<LastError>,
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
    pub(super) fn of(channel: &Channel) -> Self {
        let fields = channel.kind.fields().iter();
        let shown = fields.filter_map(|field| Some((field.name, channel.settings.shown(field)?)));
        let error = channel.health.last_error.as_ref();
        Self {
            id: channel.id,
            name: channel.name.clone(),
            kind: channel.kind.as_str(),
            settings: shown.collect(),
            default: channel.is_default,
            route: RouteView::of(&channel.route),
            subject: channel.words.subject().map(str::to_owned),
            body: channel.words.body().map(str::to_owned),
            digest: channel.digest.as_ref().map(DigestView::of),
            disabled: channel.health.disabled.clone(),
            last_success_at: channel.health.last_success_at,
            last_error: error.map(|(at, message)| LastError {
                at: *at,
                message: message.clone(),
            }),
        }
    }
}

/// What people say of a channel. A change keeps what it does not name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelBody {
    /// What people call it.
    name: Option<String>,
    /// `email`, `webhook`, `slack` …; cannot change.
    kind: Option<String>,
    /// What the kind needs to know: `{"to": "me@example.com"}` of a mail channel,
    /// `{"url": "https://example.com/hook"}` of a webhook. A setting that is not named stays.
    settings: Option<BTreeMap<String, String>>,
    /// Whether it hears every monitor that names no channels of its own; false when not given.
    default: Option<bool>,
    /// The kinds of news that it hears: `incidents`, `reminders`, `tools_breaking`,
    /// `tools_rewritten`, `tools_additive`, `tools_cosmetic`, `certificates`, `credentials`,
    /// `authorization`, `channels`; null: all but `tools_additive` and `tools_cosmetic`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    kinds: Given<Vec<String>>,
    /// How bad an incident is of which it hears; null: any.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Severity>>)]
    severities: Given<Vec<Severity>>,
    /// It hears only of monitors with one of these tags; null: of any.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Given<Vec<String>>,
    /// When it is told; what comes outside of these hours waits for a summary. Null: always.
    #[serde(default)]
    #[schema(value_type = Option<HoursBody>)]
    hours: Given<HoursBody>,
    /// It is told only of incidents that nobody has acknowledged for so many minutes: 0 to 1440.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    escalate_after_minutes: Given<u32>,
    /// The id of the channel that is told instead when this one fails three times or for good.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    fallback: Given<String>,
    /// The subject in words of its own, of every kind but `webhook`: `{status} {monitor}: {reason}`.
    /// `{{` writes a brace; null brings back the built-in one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    subject: Given<String>,
    /// The body in words of its own, of every kind but `webhook` and `pagerduty`; null brings back
    /// the built-in one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    body: Given<String>,
    /// When a mail channel tells what happened in a day or a week; null for never.
    #[serde(default)]
    #[schema(value_type = Option<DigestBody>)]
    digest: Given<DigestBody>,
}

/// Reads the word for a kind.
pub(super) fn kind(word: &str) -> Result<Kind, ApiError> {
    Kind::parse(word).ok_or_else(|| {
        let told = format!("'{word}' is not a kind of channel; use one of {}", kinds());
        ApiError::field("kind", told)
    })
}

fn kinds() -> String {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", ")
}

/// Reads the words of a channel; each fault by its field.
pub(super) fn words(kind: Kind, subject: &str, body: &str) -> Result<Words, ApiError> {
    let told = |faults: Vec<FieldError>| ApiError::fields(faults.into_iter().map(Fault::from));
    Words::read(kind, subject, body).map_err(told)
}

impl ChannelBody {
    /// The kind that is meant: the one that it has, if there is one.
    fn kind(&self, known: Option<&Channel>) -> Result<Kind, ApiError> {
        let named = self.kind.as_deref().map(kind).transpose()?;
        match (named, known.map(|channel| channel.kind)) {
            (Some(named), Some(known)) if named != known => Err(ApiError::from(Refused::Conflict(
                "the kind of a channel cannot change".to_owned(),
            ))),
            (named, known) => named
                .or(known)
                .ok_or_else(|| ApiError::field("kind", format!("is required: one of {}", kinds()))),
        }
    }

    /// Refuses settings that the kind does not have.
    fn only_fields_of(&self, kind: Kind) -> Result<(), ApiError> {
        let names: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
        let given = self.settings.iter().flat_map(BTreeMap::keys);
        match given
            .into_iter()
            .find(|name| !names.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(odd) => Err(ApiError::field(
                format!("settings.{odd}"),
                format!(
                    "is not a setting of {}; it has {}",
                    kind.as_str(),
                    names.join(", ")
                ),
            )),
        }
    }

    /// What it is to hear, and when; `known` is what it was.
    fn route(&self, known: &Route) -> Result<Route, ApiError> {
        let body = RouteBody {
            kinds: &self.kinds,
            severities: &self.severities,
            tags: &self.tags,
            hours: &self.hours,
            escalate_after_minutes: &self.escalate_after_minutes,
            fallback: &self.fallback,
        };
        let read = body.read(known);
        read.map_err(|fault| ApiError::fields([Fault::from(fault)]))
    }

    /// Its own words; what is not named stays.
    fn words(&self, kind: Kind, known: Option<&Channel>) -> Result<Words, ApiError> {
        let known = known.map(|channel| &channel.words);
        let subject = self.subject.text_or(known.and_then(Words::subject));
        let body = self.body.text_or(known.and_then(Words::body));
        words(kind, subject.unwrap_or_default(), body.unwrap_or_default())
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.as_ref()?.get(name).map(String::as_str)
    }
}

/// Faults of settings are told by where they stand in the body.
fn placed(refused: Refused, kind: Kind) -> ApiError {
    let Refused::Fields(faults) = refused else {
        return refused.into();
    };
    let is_setting = |field: &str| kind.fields().iter().any(|setting| setting.name == field);
    let placed = |fault: FieldError| match fault.field {
        field if is_setting(field) => Fault {
            field: format!("settings.{field}"),
            message: fault.message,
        },
        _ => Fault::from(fault),
    };
    ApiError::fields(faults.into_iter().map(placed))
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
    let kind = body.kind(None)?;
    body.only_fields_of(kind)?;
    let name = body.name.as_deref();
    let spec = ChannelSpec {
        name: name.ok_or_else(|| ApiError::field("name", "is required"))?,
        settings: &|name| body.setting(name),
        is_default: body.default.unwrap_or_default(),
        route: body.route(&Route::default())?,
        words: body.words(kind, None)?,
        digest: channel_digest::read(&body.digest, kind, None)?,
    };
    let made = channels::create(&api.app, &actor, kind, &spec).await;
    let made = made.map_err(|refused| placed(refused, kind))?;
    Ok((
        StatusCode::CREATED,
        Json(MadeChannel::of(&made.channel, made.secret.as_ref())),
    ))
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
    let kind = body.kind(Some(&known))?;
    body.only_fields_of(kind)?;
    let spec = ChannelSpec {
        name: body.name.as_deref().unwrap_or(&known.name),
        settings: &|name| body.setting(name),
        is_default: body.default.unwrap_or(known.is_default),
        route: body.route(&known.route)?,
        words: body.words(kind, Some(&known))?,
        digest: channel_digest::read(&body.digest, kind, known.digest.as_ref())?,
    };
    let channel = channels::change(&api.app, &actor, id, &spec).await;
    let channel = channel.map_err(|refused| placed(refused, kind))?;
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
