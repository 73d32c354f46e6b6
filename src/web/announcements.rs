//! Announcements of a status page: the list with a form for a new one, changing, ending, deleting.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDateTime;

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Ids, Query};
use super::session::Visitor;
use crate::app::announcements::{self, AnnouncementSpec};
use crate::domain::announcement::{Announcement, MOST_ANNOUNCEMENTS};
use crate::domain::at::At;
use crate::domain::id::{AnnouncementId, StatusPageId};
use crate::domain::monitor::FieldError;
use crate::domain::status_page::StatusPage;

/// How a browser writes a time.
const LOCAL: &str = "%Y-%m-%dT%H:%M";

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/announcements.html")]
struct List {
    frame: Frame,
    page: StatusPage,
    announcements: Vec<Announcement>,
    subscribers: i64,
    form: Filled,
    may_edit: bool,
    now: At,
}

async fn listed(
    shared: &Shared,
    visitor: &Visitor,
    id: StatusPageId,
    form: Filled,
) -> Result<List, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let page = store.status_page(team, id).await?;
    let page = page.ok_or(WebError::NotFound)?;
    let counts = store.subscriber_counts(team).await?;
    let counts = counts.iter().find(|(known, ..)| *known == id);
    Ok(List {
        frame: visitor.frame(),
        announcements: store
            .announcements(team, id, None, MOST_ANNOUNCEMENTS)
            .await?,
        subscribers: counts.map_or(0, |(_, active, _)| *active),
        page,
        form,
        may_edit: visitor.actor.may_edit(),
        now: visitor.now,
    })
}

/// `GET /status-pages/{id}/announcements`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut list = listed(&shared, &visitor, id, Filled::default()).await?;
    list.frame = list.frame.done(query.get("done"));
    Ok(list)
}

/// `POST /status-pages/{id}/announcements`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    form: Filled,
) -> Result<Response, WebError> {
    let made = match spec(&form) {
        Ok(spec) => announcements::create(&shared.app, &visitor.actor, id, spec).await,
        Err(fault) => Err(fault.into()),
    };
    match made {
        Ok(_) => Ok(back(id, "announced").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(listed(&shared, &visitor, id, form).await?))
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/announcement.html")]
struct EditPage {
    frame: Frame,
    known: Announcement,
    form: Filled,
}

/// `GET /status-pages/{id}/announcements/{announcement}/edit`
pub(super) async fn edit(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, AnnouncementId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, page, id).await?;
    let ends_at = known.ends_at.map(|at| at.utc().format(LOCAL).to_string());
    let form = Filled::of([
        ("title", known.title.clone()),
        ("text", known.text.clone()),
        ("ends_at", ends_at.unwrap_or_default()),
    ]);
    Ok(EditPage {
        frame: visitor.frame(),
        known,
        form,
    })
}

/// `POST /status-pages/{id}/announcements/{announcement}/edit`
pub(super) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, AnnouncementId>,
    form: Filled,
) -> Result<Response, WebError> {
    let changed = match spec(&form) {
        Ok(spec) => announcements::change(&shared.app, &visitor.actor, (page, id), spec).await,
        Err(fault) => Err(fault.into()),
    };
    match changed {
        Ok(_) => Ok(back(page, "saved").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            Ok(refusal.page(EditPage {
                frame: visitor.frame(),
                known: known(&shared, &visitor, page, id).await?,
                form: form.refused(faults),
            }))
        }
    }
}

/// `POST /status-pages/{id}/announcements/{announcement}/end`
pub(super) async fn end(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, AnnouncementId>,
) -> Result<Redirect, WebError> {
    announcements::end(&shared.app, &visitor.actor, (page, id)).await?;
    Ok(back(page, "taken_down"))
}

/// `GET /status-pages/{id}/announcements/{announcement}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, AnnouncementId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, page, id).await?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the announcement",
        name: known.title,
        consequence: "It leaves the page and its feed. Who was told of it is told nothing more.",
        back: format!("/status-pages/{page}/announcements"),
    })
}

/// `POST /status-pages/{id}/announcements/{announcement}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Ids(page, id): Ids<StatusPageId, AnnouncementId>,
) -> Result<Redirect, WebError> {
    announcements::delete(&shared.app, &visitor.actor, (page, id)).await?;
    Ok(back(page, "deleted"))
}

async fn known(
    shared: &Shared,
    visitor: &Visitor,
    page: StatusPageId,
    id: AnnouncementId,
) -> Result<Announcement, WebError> {
    let team = visitor.actor.team;
    let found = shared.app.store.announcement(team, page, id).await?;
    found.ok_or(WebError::NotFound)
}

/// What was typed; the time is in UTC.
fn spec(form: &Filled) -> Result<AnnouncementSpec, FieldError> {
    let ends_at = match form.value("ends_at") {
        "" => None,
        text => {
            let at = NaiveDateTime::parse_from_str(text, LOCAL);
            let wrong = |_| FieldError::new("ends_at", "is not a time like 2026-11-22T06:41");
            Some(At(at.map_err(wrong)?.and_utc().timestamp_millis()))
        }
    };
    Ok(AnnouncementSpec {
        title: form.value("title").to_owned(),
        text: form.value("text").to_owned(),
        ends_at,
    })
}

fn back(page: StatusPageId, done: &str) -> Redirect {
    Redirect::to(&format!("/status-pages/{page}/announcements?done={done}"))
}
