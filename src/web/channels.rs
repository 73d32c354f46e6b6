//! Channels: the list with their health, making and changing one, the test, the deliveries.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::channel_route;
use super::channel_secret::Made;
use super::channel_words;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::heard::heard;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::channels::{self, ChannelSpec, Preview};
use crate::app::refused::Refused;
use crate::domain::channel::{Channel, Field, Form, Kind, Route, Topic};
use crate::domain::id::{ChannelId, NotificationId};
use crate::store::Delivery;

/// Deliveries on one page.
const PAGE: usize = 30;

#[derive(Template, WebTemplate)]
#[template(path = "channels/list.html")]
struct List {
    frame: Frame,
    channels: Vec<Channel>,
    may_edit: bool,
}

/// `GET /channels`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    Ok(List {
        channels: shared.app.store.channels(visitor.actor.team).await?,
        may_edit: visitor.actor.may_edit(),
        frame: visitor.frame().done(query.get("done")),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "channels/form.html")]
pub(super) struct FormPage {
    frame: Frame,
    kind: Kind,
    /// The channel that is changed.
    known: Option<Channel>,
    form: Filled,
    /// How its words would read, where somebody asked.
    previews: Vec<Preview>,
    mail_is_set_up: bool,
    /// The channels that can stand in for it.
    others: Vec<Channel>,
}

impl FormPage {
    /// A form for a channel that there is not yet.
    pub(super) async fn new(
        shared: &Shared,
        visitor: &Visitor,
        kind: Kind,
        form: Filled,
    ) -> Result<Self, WebError> {
        Ok(Self {
            frame: visitor.frame(),
            kind,
            known: None,
            form,
            previews: Vec::new(),
            mail_is_set_up: shared.app.settings.smtp_url.is_some(),
            others: shared.app.store.channels(visitor.actor.team).await?,
        })
    }

    /// The same for a channel that is changed.
    pub(super) fn changing(mut self, known: Channel) -> Self {
        self.others.retain(|other| other.id != known.id);
        self.known = Some(known);
        self
    }

    /// The same with how the words would read.
    pub(super) fn reading(self, previews: Vec<Preview>) -> Self {
        Self { previews, ..self }
    }

    fn topics() -> [Topic; 12] {
        Topic::ALL
    }

    /// Whether something is chosen of what it hears, or wrong with it.
    fn is_open(&self) -> bool {
        let is_chosen = |known: &Channel| known.route != Route::default();
        self.form.is_refused() || self.known.as_ref().is_some_and(is_chosen)
    }

    /// Whether there is a secret in this field that an empty one keeps.
    fn is_kept(&self, field: &Field) -> bool {
        let known = self.known.as_ref();
        field.form.is_secret()
            && known.is_some_and(|known| {
                known
                    .settings
                    .get(field.name)
                    .is_some_and(|v| !v.is_empty())
            })
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "channels/kinds.html")]
struct Kinds {
    frame: Frame,
}

/// `GET /channels/new?kind=…`; without a kind it asks for one.
pub(super) async fn new(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let Some(kind) = query.get("kind").and_then(Kind::parse) else {
        let frame = visitor.frame();
        return Ok(Kinds { frame }.into_response());
    };
    let defaults = kind.fields().iter();
    let defaults = defaults.filter_map(|field| Some((field.name, field.default?)));
    let values = defaults.chain([("default", "yes"), ("name", kind.title())]);
    let values = values.map(|(name, value)| (name, value.to_owned()));
    let route = channel_route::filled(&Route::default());
    let form = Filled::of(values.chain(route));
    let page = FormPage::new(&shared, &visitor, kind, form).await?;
    Ok(page.into_response())
}

/// `POST /channels`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let Some(kind) = Kind::parse(form.value("kind")) else {
        return Ok(Redirect::to("/channels/new").into_response());
    };
    let settings = |name: &str| Some(form.value(name));
    let done = match spec(kind, &form, &settings) {
        Ok(spec) => channels::create(&shared.app, &visitor.actor, kind, &spec).await,
        Err(refused) => Err(refused),
    };
    match done {
        Ok(made) => Ok(match made.secret {
            None => {
                Redirect::to(&format!("/channels/{}?done=saved", made.channel.id)).into_response()
            }
            Some(secret) => Made::of(&visitor, made.channel, &secret).into_response(),
        }),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            let page = FormPage::new(&shared, &visitor, kind, form).await?;
            Ok(refusal.page(page))
        }
    }
}

/// What a test brought to light.
pub(super) struct Tested {
    /// Whether it arrived.
    pub(super) ok: bool,
    /// What the receiver answered.
    pub(super) detail: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "channels/show.html")]
struct Show {
    frame: Frame,
    channel: Channel,
    /// What it hears, each with a heading.
    heard: Vec<(&'static str, String)>,
    deliveries: Vec<Delivery>,
    next: Option<String>,
    test: Option<Tested>,
    may_edit: bool,
}

async fn page(
    shared: &Shared,
    visitor: &Visitor,
    id: ChannelId,
    query: &Query,
) -> Result<Show, WebError> {
    let team = visitor.actor.team;
    let store = &shared.app.store;
    let channel = store.channel(team, id).await?.ok_or(WebError::NotFound)?;
    let page = store
        .deliveries(team, id, query.get("cursor"), PAGE)
        .await?;
    let path = format!("/channels/{id}");
    Ok(Show {
        frame: visitor.frame().done(query.get("done")),
        heard: heard(&channel),
        channel,
        deliveries: page.rows,
        next: page.next.map(|cursor| query.with(&path, "cursor", &cursor)),
        test: None,
        may_edit: visitor.actor.may_edit(),
    })
}

/// `GET /channels/{id}`
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    page(&shared, &visitor, id, &query).await
}

/// `POST /channels/{id}/test`: the one page that waits for a receiver, as somebody is looking.
pub(super) async fn test(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<impl IntoResponse, WebError> {
    let answer = channels::test(&shared.app, &visitor.actor, id).await?;
    let mut page = page(&shared, &visitor, id, &Query::default()).await?;
    page.test = Some(match answer {
        Ok(detail) => Tested { ok: true, detail },
        Err(detail) => Tested { ok: false, detail },
    });
    Ok(page)
}

/// `GET /channels/{id}/edit`
pub(super) async fn edit(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    let fields = known.kind.fields().iter();
    let shown = fields.filter_map(|field| Some((field.name, known.settings.shown(field)?)));
    let mut values: Vec<_> = shown.chain([("name", known.name.clone())]).collect();
    values.extend(channel_words::shown(&known));
    if known.is_default {
        values.push(("default", "yes".to_owned()));
    }
    values.extend(channel_route::filled(&known.route));
    let page = FormPage::new(&shared, &visitor, known.kind, Filled::of(values)).await?;
    Ok(page.changing(known))
}

/// `POST /channels/{id}/edit`
pub(super) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
    form: Filled,
) -> Result<Response, WebError> {
    let known = known(&shared, &visitor, id).await?;
    let settings = |name: &str| Some(form.value(name));
    let done = match spec(known.kind, &form, &settings) {
        Ok(spec) => channels::change(&shared.app, &visitor.actor, id, &spec).await,
        Err(refused) => Err(refused),
    };
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/channels/{id}?done=saved")).into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            let page = FormPage::new(&shared, &visitor, known.kind, form).await?;
            Ok(refusal.page(page.changing(known)))
        }
    }
}

/// `POST /channels/{id}/enable`: saved as it is, which switches it on again.
pub(super) async fn enable(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<Redirect, WebError> {
    let known = known(&shared, &visitor, id).await?;
    let as_it_is = ChannelSpec {
        name: &known.name,
        settings: &|_| None,
        is_default: known.is_default,
        route: known.route.clone(),
        words: known.words.clone(),
        digest: known.digest.clone(),
    };
    channels::change(&shared.app, &visitor.actor, id, &as_it_is).await?;
    Ok(Redirect::to(&format!("/channels/{id}?done=enabled")))
}

/// `GET /channels/{id}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the channel",
        name: known.name,
        consequence: "What was still to be told to it is dropped, and its log goes with it.",
        back: format!("/channels/{id}"),
    })
}

/// `POST /channels/{id}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
) -> Result<Redirect, WebError> {
    channels::delete(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/channels?done=deleted"))
}

/// `POST /channels/{id}/deliveries/{notification}/replay`
pub(super) async fn replay(
    State(shared): State<Shared>,
    visitor: Visitor,
    Path((channel, id)): Path<(String, String)>,
) -> Result<Redirect, WebError> {
    let channel: ChannelId = channel.parse().map_err(|_| WebError::NotFound)?;
    let id: NotificationId = id.parse().map_err(|_| WebError::NotFound)?;
    channels::replay(&shared.app, &visitor.actor, channel, id).await?;
    Ok(Redirect::to(&format!("/channels/{channel}?done=replayed")))
}

/// A channel of the visitor's team.
pub(super) async fn known(
    shared: &Shared,
    visitor: &Visitor,
    id: ChannelId,
) -> Result<Channel, WebError> {
    let found = shared.app.store.channel(visitor.actor.team, id).await?;
    found.ok_or(WebError::NotFound)
}

/// Reads a setting out of what was typed.
type Typed<'a> = dyn Fn(&str) -> Option<&'a str> + Sync + 'a;

/// What was typed.
fn spec<'a>(
    kind: Kind,
    form: &'a Filled,
    settings: &'a Typed<'a>,
) -> Result<ChannelSpec<'a>, Refused> {
    let (words, digest) = channel_words::typed(kind, form).map_err(Refused::Fields)?;
    Ok(ChannelSpec {
        name: form.value("name"),
        settings,
        is_default: form.has("default", "yes"),
        route: channel_route::read(form).map_err(Refused::Fields)?,
        words,
        digest,
    })
}
