//! What people do to the monitors that they ticked in the list: one form, no script.

use std::collections::BTreeSet;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::list;
use crate::app::bulk::{self, Deed};
use crate::domain::id::MonitorId;
use crate::domain::monitor::FieldError;
use crate::web::Shared;
use crate::web::error::{WebError, faults};
use crate::web::filters;
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::path::Query;
use crate::web::session::{Visitor, own_path};

/// Most monitors that are named before something is done to them; the others are counted.
const MOST_NAMES: usize = 50;

/// `POST /monitors/bulk`
pub(crate) async fn bulk(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let done = match wanted(&shared, &visitor, &form).await? {
        Ok(Wanted::Delete(monitors)) => return confirm(&shared, &visitor, &form, &monitors).await,
        Ok(Wanted::Now(monitors, deed, word)) => {
            let done = bulk::act(&shared.app, &visitor.actor, &monitors, &deed).await;
            done.map(|count| (word, count))
        }
        Err(fault) => Err(fault.into()),
    };
    match done {
        Ok((word, count)) => Ok(back(&form, word, count).into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let query = Query::of(own_path(form.value("back")));
            let page = list::page(&shared, &visitor, query, form.refused(faults)).await?;
            Ok(refusal.page(page))
        }
    }
}

/// What is wanted of whom.
enum Wanted {
    /// Is done at once; the word that the list then says it with.
    Now(Vec<MonitorId>, Deed, &'static str),
    /// Is asked for once more.
    Delete(Vec<MonitorId>),
}

async fn wanted(
    shared: &Shared,
    visitor: &Visitor,
    form: &Filled,
) -> Result<Result<Wanted, FieldError>, WebError> {
    let refuse = |field, message: &str| Ok(Err(FieldError::new(field, message)));
    let monitors = if form.has("all", "yes") {
        let query = Query::of(own_path(form.value("back")));
        let (store, team) = (&shared.app.store, visitor.actor.team);
        // One more than can be changed at once, so that too many are refused and not cut.
        store
            .monitor_ids(team, &list::filter(&query), bulk::MOST + 1)
            .await?
    } else {
        chosen(form)
    };
    if monitors.is_empty() {
        return refuse("form", "No monitor was chosen. Tick some first.");
    }
    if monitors.len() > bulk::MOST {
        return refuse("form", &bulk::too_many());
    }
    let tag = form.value("new_tag").to_owned();
    let (deed, word) = match form.value("deed") {
        "pause" => (Deed::Pause, "paused"),
        "resume" => (Deed::Resume, "resumed"),
        "tag" | "untag" if tag.is_empty() => {
            return refuse("new_tag", "is empty: say which tag");
        }
        "tag" if tag.contains(',') => return refuse("new_tag", "must be one, without a comma"),
        "tag" => (Deed::Tag(tag), "tagged"),
        "untag" => (Deed::Untag(tag), "untagged"),
        "delete" => return Ok(Ok(Wanted::Delete(monitors))),
        _ => return refuse("form", "Press one of the buttons below the list."),
    };
    Ok(Ok(Wanted::Now(monitors, deed, word)))
}

/// The monitors that were ticked, each once.
fn chosen(form: &Filled) -> Vec<MonitorId> {
    let ids = form.all("monitor").filter_map(|id| id.parse().ok());
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}

/// To the list as it was, with the words for what was done.
fn back(form: &Filled, word: &str, count: usize) -> Redirect {
    let path = match own_path(form.value("back")) {
        path if path == "/" || path.starts_with("/?") => path,
        _ => "/",
    };
    let sign = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{sign}done={word}&n={count}"))
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/bulk_delete.html")]
struct ConfirmPage {
    frame: Frame,
    monitors: Vec<MonitorId>,
    names: Vec<String>,
    /// How many of them have an incident that is not over.
    open_incidents: usize,
    back: String,
}

async fn confirm(
    shared: &Shared,
    visitor: &Visitor,
    form: &Filled,
    monitors: &[MonitorId],
) -> Result<Response, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let known = store.names_of(team, monitors).await?;
    Ok(ConfirmPage {
        frame: visitor.frame(),
        open_incidents: known.iter().filter(|known| known.has_incident).count(),
        monitors: known.iter().map(|known| known.id).collect(),
        names: known.into_iter().map(|known| known.name).collect(),
        back: own_path(form.value("back")).to_owned(),
    }
    .into_response())
}

/// `POST /monitors/bulk/delete`: after it was asked for once more.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Redirect, WebError> {
    let monitors = chosen(&form);
    let done = bulk::act(&shared.app, &visitor.actor, &monitors, &Deed::Delete).await?;
    Ok(back(&form, "deleted", done))
}
