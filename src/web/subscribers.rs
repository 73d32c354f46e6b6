//! The subscribers of a status page as its makers see them. Addresses are personal: whoever may only
//! look does not see them.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use super::Shared;
use super::delete::DeletePage;
use super::error::WebError;
use super::filters;
use super::frame::Frame;
use super::path::{Id, Ids, Query};
use super::session::Visitor;
use crate::app::subscribers;
use crate::domain::id::{StatusPageId, SubscriberId};
use crate::domain::status_page::StatusPage;
use crate::domain::subscriber::{State as How, Subscriber};

/// Subscribers on one page of the list.
const PAGE: usize = 50;

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/subscribers.html")]
struct List {
    frame: Frame,
    page: StatusPage,
    active: i64,
    all: i64,
    subscribers: Vec<Subscriber>,
    next: Option<String>,
}

/// `GET /status-pages/{id}/subscribers`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let page = store.status_page(team, id).await?;
    let page = page.ok_or(WebError::NotFound)?;
    let found = store
        .subscribers(team, id, query.get("cursor"), PAGE)
        .await?;
    let counts = store.subscriber_counts(team).await?;
    let (active, all) = counts
        .iter()
        .find(|(known, ..)| *known == id)
        .map_or((0, 0), |(_, active, all)| (*active, *all));
    let path = format!("/status-pages/{id}/subscribers");
    Ok(List {
        frame: visitor.frame().done(query.get("done")),
        page,
        active,
        all,
        next: found.next.map(|next| query.with(&path, "cursor", &next)),
        subscribers: found.rows,
    })
}

/// `GET /status-pages/{id}/subscribers/{subscriber}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, SubscriberId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = shared.app.store.subscriber(visitor.actor.team, id).await?;
    let known = known.filter(|subscriber| subscriber.page == page);
    let known = known.ok_or(WebError::NotFound)?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the subscriber",
        name: known.target(),
        consequence: "The address is forgotten, and what was still to be told to it. They can subscribe again.",
        back: format!("/status-pages/{page}/subscribers"),
    })
}

/// `POST /status-pages/{id}/subscribers/{subscriber}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, SubscriberId>,
) -> Result<Redirect, WebError> {
    subscribers::remove(&shared.app, &visitor.actor, (page, id)).await?;
    let path = format!("/status-pages/{page}/subscribers?done=deleted");
    Ok(Redirect::to(&path))
}
