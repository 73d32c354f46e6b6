//! Subscribing to a status page, and what the links in letters lead to.
//!
//! A link only shows a page with a button: programs that read mail follow links, too. What mail
//! clients post by themselves for one click (RFC 8058) is the same as what the button posts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::{WebError, faults};
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Peer, Query};
use super::public::seen::{Asked, Place, open_to_all};
use crate::app::public_status::PublicStatus;
use crate::app::subscribers::{self, Deed, Wish};
use crate::domain::at::At;
use crate::domain::channel::Kind;
use crate::domain::id::{MonitorId, SubscriberId};
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::Visibility;
use crate::domain::subscriber::{State as How, Subscriber};
use std::sync::Arc;

#[derive(Template, WebTemplate)]
#[template(path = "status/subscribe.html")]
struct SubscribePage {
    status: Arc<PublicStatus>,
    form: Filled,
    /// Whether somebody has just asked for mail.
    is_asked: bool,
    /// What signs the requests of the webhook that was just made.
    secret: Option<Sensitive>,
    mail_is_set_up: bool,
    public_url: String,
    place: Place,
    now: At,
}

impl SubscribePage {
    fn of(shared: &Shared, (asked, status): (&Asked, Arc<PublicStatus>), form: Filled) -> Self {
        Self {
            status,
            form,
            is_asked: false,
            secret: None,
            mail_is_set_up: shared.app.settings.smtp_url.is_some(),
            public_url: shared.app.settings.public_url.clone(),
            place: asked.place.clone(),
            now: shared.app.clock.now(),
        }
    }
}

/// `GET /status/{slug}/subscribe`
pub(super) async fn ask(
    State(shared): State<Shared>,
    asked: Asked,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let status = open_to_all(&shared.app, &asked).await?;
    let mut page = SubscribePage::of(&shared, (&asked, status), Filled::default());
    page.is_asked = query.get("done") == Some("asked");
    Ok(page)
}

/// `POST /status/{slug}/subscribe`; the same answer whether or not the address is known.
pub(super) async fn subscribe(
    State(shared): State<Shared>,
    asked: Asked,
    Peer(from): Peer,
    form: Filled,
) -> Result<Response, WebError> {
    let status = open_to_all(&shared.app, &asked).await?;
    let (kind, field) = match form.value("kind") {
        "webhook" => (Kind::Webhook, "url"),
        _ => (Kind::Email, "to"),
    };
    let wish = Wish {
        kind,
        to: form.value(field),
        components: components(&form),
        from,
    };
    match subscribers::subscribe(&shared.app, &status.page, wish).await {
        Ok(None) => {
            let path = format!("/status/{}/subscribe?done=asked", status.page.slug);
            Ok(Redirect::to(&path).into_response())
        }
        Ok(secret) => {
            let mut page = SubscribePage::of(&shared, (&asked, status), Filled::default());
            page.secret = secret;
            Ok(page.into_response())
        }
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(SubscribePage::of(&shared, (&asked, status), form)))
        }
    }
}

/// The components that are ticked; all of them where none is.
fn components(form: &Filled) -> Option<Vec<MonitorId>> {
    let ids = form.all("components").filter_map(|id| id.parse().ok());
    let chosen: Vec<MonitorId> = ids.collect();
    (!chosen.is_empty()).then_some(chosen)
}

#[derive(Template, WebTemplate)]
#[template(path = "subscribers/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    title: String,
    target: String,
    is_active: bool,
}

/// `GET /subscribers/{id}/confirm?key=…`, the link in the first letter.
pub(super) async fn ask_confirm(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let key = query.get("key").unwrap_or_default();
    let (subscriber, page) = subscribers::linked(&shared.app, id, Deed::Confirm, key).await?;
    Ok(ConfirmPage {
        frame: Frame::stranger(shared.app.clock.now()),
        title: page.title,
        target: subscriber.target(),
        is_active: subscriber.state == How::Active,
    })
}

/// `POST /subscribers/{id}/confirm?key=…`
pub(super) async fn confirm(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
) -> Result<Redirect, WebError> {
    let key = query.get("key").unwrap_or_default();
    let subscriber = subscribers::confirm(&shared.app, id, key).await?;
    let now = shared.app.clock.now();
    let path = subscribers::link(&shared.app.store, "", &subscriber, (Deed::Keep, ""), now);
    Ok(Redirect::to(&format!("{path}&done=subscribed")))
}

#[derive(Template, WebTemplate)]
#[template(path = "subscribers/subscription.html")]
struct SubscriptionPage {
    frame: Frame,
    title: String,
    /// Where the page is, if the public sees it.
    slug: Option<String>,
    subscriber: Subscriber,
    /// Its components, by monitor and name.
    components: Vec<(MonitorId, String)>,
    form: Filled,
    key: String,
}

/// `GET /subscribers/{id}?key=…`
pub(super) async fn show(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let key = query.get("key").unwrap_or_default();
    let mut page = subscription(&shared, id, key, None).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /subscribers/{id}?key=…`
pub(super) async fn change(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
    form: Filled,
) -> Result<Response, WebError> {
    let key = query.get("key").unwrap_or_default();
    match subscribers::choose(&shared.app, id, key, components(&form)).await {
        Ok(()) => {
            let path = query.with(&format!("/subscribers/{id}"), "key", key);
            Ok(Redirect::to(&format!("{path}&done=saved")).into_response())
        }
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            let page = subscription(&shared, id, key, Some(form)).await?;
            Ok(refusal.page(page))
        }
    }
}

async fn subscription(
    shared: &Shared,
    id: SubscriberId,
    key: &str,
    form: Option<Filled>,
) -> Result<SubscriptionPage, WebError> {
    let (subscriber, page) = subscribers::linked(&shared.app, id, Deed::Keep, key).await?;
    let names = shared.app.store.monitor_names(page.team).await?;
    let name = |monitor: MonitorId| {
        let known = names.iter().find(|(id, _)| *id == monitor);
        known.map(|(_, name)| name.clone()).unwrap_or_default()
    };
    let lines = page.components.into_iter();
    let lines = lines.map(|line| {
        (
            line.monitor,
            line.name.unwrap_or_else(|| name(line.monitor)),
        )
    });
    let chosen = subscriber.components.iter().flatten();
    let chosen = chosen.map(|monitor| ("components", monitor.to_string()));
    Ok(SubscriptionPage {
        frame: Frame::stranger(shared.app.clock.now()),
        title: page.title,
        slug: page.visibility.is_open().then_some(page.slug),
        components: lines.collect(),
        form: form.unwrap_or_else(|| Filled::of(chosen)),
        subscriber,
        key: key.to_owned(),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "subscribers/unsubscribe.html")]
struct LeavePage {
    frame: Frame,
    /// What is left and by whom; none when it is done.
    leaves: Option<(String, String)>,
}

/// `GET /subscribers/{id}/unsubscribe?key=…`
pub(super) async fn ask_leave(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let key = query.get("key").unwrap_or_default();
    let (subscriber, page) = subscribers::linked(&shared.app, id, Deed::Keep, key).await?;
    Ok(LeavePage {
        frame: Frame::stranger(shared.app.clock.now()),
        leaves: Some((page.title, subscriber.target())),
    })
}

/// `POST /subscribers/{id}/unsubscribe?key=…`, also by mail clients without a page.
pub(super) async fn leave(
    State(shared): State<Shared>,
    Id(id): Id<SubscriberId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let key = query.get("key").unwrap_or_default();
    subscribers::leave(&shared.app, id, key).await?;
    Ok(LeavePage {
        frame: Frame::stranger(shared.app.clock.now()),
        leaves: None,
    })
}
