//! Channels: the list with their health, making and changing one, the test, the deliveries.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, refused_page};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::channels::{self, ChannelSpec, Target};
use crate::app::refused::Refused;
use crate::domain::channel::{Channel, ChannelKind};
use crate::domain::id::{ChannelId, NotificationId};
use crate::domain::monitor::FieldError;
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
struct FormPage {
    frame: Frame,
    heading: &'static str,
    action: String,
    kind: &'static str,
    form: Filled,
    mail_is_set_up: bool,
}

impl FormPage {
    fn new(shared: &Shared, visitor: &Visitor, kind: &'static str, form: Filled) -> Self {
        Self {
            frame: visitor.frame(),
            heading: if kind == "email" {
                "Add an email channel"
            } else {
                "Add a webhook"
            },
            action: "/channels".to_owned(),
            kind,
            form,
            mail_is_set_up: shared.app.settings.smtp_url.is_some(),
        }
    }

    fn changing(mut self, id: ChannelId) -> Self {
        self.heading = "Change the channel";
        self.action = format!("/channels/{id}/edit");
        self
    }
}

/// `GET /channels/new?kind=…`
pub(super) async fn new(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let kind = query
        .one_of("kind", &["email", "webhook"])
        .unwrap_or("email");
    let form = Filled::of([("default", "yes")]);
    Ok(FormPage::new(&shared, &visitor, kind, form))
}

#[derive(Template, WebTemplate)]
#[template(path = "channels/made.html")]
struct Made {
    frame: Frame,
    channel: Channel,
    secret: String,
}

/// `POST /channels`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let spec = spec(&form, None);
    match channels::create(&shared.app, &visitor.actor, &spec).await {
        Ok(made) => Ok(match made.secret {
            None => {
                Redirect::to(&format!("/channels/{}?done=saved", made.channel.id)).into_response()
            }
            Some(secret) => Made {
                frame: visitor.frame(),
                channel: made.channel,
                secret: secret.expose().to_owned(),
            }
            .into_response(),
        }),
        Err(refused) => {
            let form = form.refused(faults(refused)?);
            Ok(refused_page(FormPage::new(
                &shared,
                &visitor,
                kind_of(&spec),
                form,
            )))
        }
    }
}

/// What a test brought to light.
struct Tested {
    ok: bool,
    detail: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "channels/show.html")]
struct Show {
    frame: Frame,
    channel: Channel,
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
    let target = match &known.kind {
        ChannelKind::Email { .. } => "to",
        ChannelKind::Webhook { .. } => "url",
    };
    let mut values = vec![("name", known.name.clone()), (target, known.kind.target())];
    if known.is_default {
        values.push(("default", "yes".to_owned()));
    }
    Ok(FormPage::new(&shared, &visitor, known.kind.as_str(), Filled::of(values)).changing(id))
}

/// `POST /channels/{id}/edit`
pub(super) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
    form: Filled,
) -> Result<Response, WebError> {
    let known = known(&shared, &visitor, id).await?;
    let spec = spec(&form, Some(&known));
    match channels::change(&shared.app, &visitor.actor, id, &spec).await {
        Ok(_) => Ok(Redirect::to(&format!("/channels/{id}?done=saved")).into_response()),
        Err(refused) => {
            let form = form.refused(faults(refused)?);
            let page = FormPage::new(&shared, &visitor, known.kind.as_str(), form);
            Ok(refused_page(page.changing(id)))
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
    channels::change(&shared.app, &visitor.actor, id, &same(&known)).await?;
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

async fn known(shared: &Shared, visitor: &Visitor, id: ChannelId) -> Result<Channel, WebError> {
    let found = shared.app.store.channel(visitor.actor.team, id).await?;
    found.ok_or(WebError::NotFound)
}

/// What was typed. A webhook comes back without its query; left as it is it keeps it.
fn spec(form: &Filled, known: Option<&Channel>) -> ChannelSpec {
    let target = match known.map_or(form.value("kind"), |channel| channel.kind.as_str()) {
        "webhook" => {
            let typed = form.value("url");
            let kept = known.filter(|channel| channel.kind.target() == typed);
            let url = kept.map_or(typed.to_owned(), address);
            Target::Webhook { url }
        }
        _ => Target::Email {
            to: form.value("to").to_owned(),
        },
    };
    ChannelSpec {
        name: form.value("name").to_owned(),
        target,
        is_default: form.has("default", "yes"),
    }
}

fn same(channel: &Channel) -> ChannelSpec {
    let target = match &channel.kind {
        ChannelKind::Email { .. } => Target::Email {
            to: address(channel),
        },
        ChannelKind::Webhook { .. } => Target::Webhook {
            url: address(channel),
        },
    };
    ChannelSpec {
        name: channel.name.clone(),
        target,
        is_default: channel.is_default,
    }
}

fn address(channel: &Channel) -> String {
    match &channel.kind {
        ChannelKind::Email { to } => to.as_str().to_owned(),
        ChannelKind::Webhook { url, .. } => url.to_string(),
    }
}

fn kind_of(spec: &ChannelSpec) -> &'static str {
    match spec.target {
        Target::Email { .. } => "email",
        Target::Webhook { .. } => "webhook",
    }
}

fn faults(refused: Refused) -> Result<Vec<FieldError>, WebError> {
    match refused {
        Refused::Fields(faults) => Ok(faults),
        other => Err(other.into()),
    }
}
