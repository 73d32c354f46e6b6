//! Incidents: the list, one with its timeline, and what people do with it.

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::incidents::{self, Edit};
use crate::app::refused::Refused;
use crate::domain::at::At;
use crate::domain::dependency::Dependency;
use crate::domain::id::{IncidentId, MonitorId};
use crate::domain::incident::{EntryKind, HeldBack, Incident, Severity};
use crate::domain::monitor::FieldError;
use crate::domain::report::CheckReport;
use crate::domain::written::{Readers, Stage};
use crate::store::IncidentFilter;

/// Incidents on one page of the list.
const PAGE: usize = 50;

#[derive(Template, WebTemplate)]
#[template(path = "incidents/list.html")]
struct List {
    frame: Frame,
    items: Vec<(Incident, String)>,
    status: String,
    /// What to do where there is none.
    way_on: Option<(&'static str, &'static str)>,
    next: Option<String>,
    now: At,
}

/// What is still missing before an incident would reach anybody; then there is only to look.
async fn way_on(
    shared: &Shared,
    visitor: &Visitor,
) -> Result<Option<(&'static str, &'static str)>, WebError> {
    let (team, store) = (visitor.actor.team, &shared.app.store);
    let step = if store.status_counts(team).await?.is_empty() {
        ("/monitors/new", "Add a monitor")
    } else if store.channels(team).await?.is_empty() {
        ("/channels/first?then=/incidents", "Say where to tell you")
    } else {
        return Ok(Some(("/", "See how the servers are")));
    };
    Ok(visitor.actor.may_edit().then_some(step))
}

/// `GET /incidents`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let team = visitor.actor.team;
    let store = &shared.app.store;
    let status = query.one_of("status", &["open", "resolved"]);
    let filter = IncidentFilter {
        monitor: None,
        is_resolved: status.map(|word| word == "resolved"),
        since: None,
    };
    let page = store
        .incidents(team, &filter, query.get("cursor"), PAGE)
        .await?;
    let monitors: Vec<MonitorId> = page.rows.iter().map(|incident| incident.monitor).collect();
    let known = store.names_of(team, &monitors).await?.into_iter();
    let names: HashMap<_, _> = known.map(|known| (known.id, known.name)).collect();
    let with_name = |incident: Incident| {
        let name = names.get(&incident.monitor).cloned().unwrap_or_default();
        (incident, name)
    };
    let is_empty = page.rows.is_empty();
    Ok(List {
        way_on: match status {
            Some(_) => Some(("/incidents", "Show all")),
            None if is_empty => way_on(&shared, &visitor).await?,
            None => None,
        },
        items: page.rows.into_iter().map(with_name).collect(),
        next: page
            .next
            .map(|cursor| query.with("/incidents", "cursor", &cursor)),
        status: status.unwrap_or_default().to_owned(),
        now: visitor.now,
        frame: visitor.frame(),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "incidents/show.html")]
struct Show {
    frame: Frame,
    incident: Incident,
    report: CheckReport,
    name: String,
    /// That nobody is told, and why.
    held: Option<String>,
    note: Filled,
    postmortem: Filled,
    may_edit: bool,
    now: At,
}

/// `GET /incidents/{id}`
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut page = page(&shared, visitor, id).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

async fn page(shared: &Shared, visitor: Visitor, id: IncidentId) -> Result<Show, WebError> {
    let team = visitor.actor.team;
    let store = &shared.app.store;
    let incident = store.incident(team, id).await?.ok_or(WebError::NotFound)?;
    let monitor = store.monitor(team, incident.monitor).await?;
    let name = monitor.map(|kept| kept.monitor.spec.name);
    let depends_on = store.dependencies(team, incident.monitor).await?;
    let learnt = incident.people.postmortem.iter();
    let learnt = learnt.flat_map(|postmortem| {
        let is_public = if postmortem.is_public { "yes" } else { "" };
        [
            ("postmortem.text", &*postmortem.text),
            ("postmortem.public", is_public),
        ]
    });
    Ok(Show {
        held: held_words(&incident, &depends_on, visitor.now),
        report: incident.evidence.clone(),
        name: name.ok_or(WebError::NotFound)?,
        note: Filled::default(),
        postmortem: Filled::of(learnt),
        incident,
        may_edit: visitor.actor.may_edit(),
        now: visitor.now,
        frame: visitor.frame(),
    })
}

/// What is held back of an incident, and why now: not always for what it was held at first.
fn held_words(incident: &Incident, depends_on: &[Dependency], now: At) -> Option<String> {
    let held = incident.held?;
    if incident.resolved_at().is_some() {
        let words = match held {
            HeldBack::Opening => "Nobody was told of it.",
            HeldBack::Worsening => "Nobody was told that it got worse.",
        };
        return Some(words.to_owned());
    }
    let first = incident.held_why().unwrap_or("Nobody is told.");
    let why = depends_on.iter().find_map(|on| on.why(now));
    let why = why.map_or_else(|| first.to_owned(), |why| format!("Nobody is told: {why}."));
    Some(format!(
        "{why} It is told when that is over and a check after it still finds the trouble."
    ))
}

/// `POST /incidents/{id}/acknowledge`
pub(super) async fn acknowledge(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
) -> Result<Redirect, WebError> {
    incidents::acknowledge(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "acknowledged"))
}

#[derive(Template, WebTemplate)]
#[template(path = "incidents/acknowledge.html")]
struct Linked {
    frame: Frame,
    incident: Incident,
}

/// `GET /acknowledge/{id}?key=…`, the link in a mail. It only shows: programs that read mail follow
/// links, too.
pub(super) async fn linked(
    State(shared): State<Shared>,
    Id(id): Id<IncidentId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let key = query.get("key").unwrap_or_default();
    Ok(Linked {
        incident: incidents::linked(&shared.app, id, key).await?,
        frame: Frame::stranger(shared.app.clock.now()),
    })
}

/// `POST /acknowledge/{id}?key=…`
pub(super) async fn acknowledge_linked(
    State(shared): State<Shared>,
    Id(id): Id<IncidentId>,
    query: Query,
) -> Result<Redirect, WebError> {
    let key = query.get("key").unwrap_or_default();
    match incidents::acknowledge_linked(&shared.app, id, key).await {
        // Over in the meantime: the page says so.
        Ok(()) | Err(Refused::Conflict(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let path = format!("/acknowledge/{id}");
    Ok(Redirect::to(&query.with(&path, "key", key)))
}

/// `POST /incidents/{id}/mute`
pub(super) async fn mute(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
) -> Result<Redirect, WebError> {
    incidents::mute(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "muted"))
}

/// `POST /incidents/{id}/unmute`
pub(super) async fn unmute(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
) -> Result<Redirect, WebError> {
    incidents::unmute(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "unmuted"))
}

/// `POST /incidents/{id}/severity`
pub(super) async fn rate(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
    form: Filled,
) -> Result<Redirect, WebError> {
    let severity = Severity::parse(form.value("severity"));
    let severity = severity
        .ok_or_else(|| Refused::from(FieldError::new("severity", "must be down or degraded")))?;
    incidents::edit(&shared.app, &visitor.actor, id, &[Edit::Severity(severity)]).await?;
    Ok(back(id, "saved"))
}

/// `POST /incidents/{id}/resolve`
pub(super) async fn resolve(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
) -> Result<Redirect, WebError> {
    incidents::resolve(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "resolved"))
}

/// `POST /incidents/{id}/notes`
pub(super) async fn note(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
    form: Filled,
) -> Result<Response, WebError> {
    let wrote = match readers(&form) {
        Ok(readers) => {
            let what = (form.value("text"), readers);
            incidents::note(&shared.app, &visitor.actor, id, what).await
        }
        Err(fault) => Err(fault.into()),
    };
    match wrote {
        Ok(_) => Ok(back(id, "noted").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let mut page = page(&shared, visitor, id).await?;
            page.note = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// Who shall read a note: the team, the public, or the public with the stage of the work.
fn readers(form: &Filled) -> Result<Readers, FieldError> {
    match form.value("readers") {
        "" | "team" => Ok(Readers::Team),
        "public" => Ok(Readers::Public(None)),
        word => {
            let stage = Stage::parse(word);
            let fault = || FieldError::new("readers", "must be one of these");
            Ok(Readers::Public(Some(stage.ok_or_else(fault)?)))
        }
    }
}

/// `POST /incidents/{id}/postmortem`; without a text it is taken away.
pub(super) async fn learn(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<IncidentId>,
    form: Filled,
) -> Result<Response, WebError> {
    let edit = match form.value("postmortem.text") {
        "" => Edit::NoPostmortem,
        text => Edit::Postmortem {
            text,
            is_public: form.has("postmortem.public", "yes"),
        },
    };
    match incidents::edit(&shared.app, &visitor.actor, id, &[edit]).await {
        Ok(_) => Ok(back(id, "saved").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let mut page = page(&shared, visitor, id).await?;
            page.postmortem = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

fn back(id: IncidentId, done: &str) -> Redirect {
    Redirect::to(&format!("/incidents/{id}?done={done}"))
}
