//! Maintenance windows for people: the list with what comes next, and declaring, changing, ending,
//! deleting one. Complete without JavaScript; times are typed and shown in the zone of the window.

mod typed;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::maintenance;
use crate::app::refused::Refused;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, WindowId};
use crate::domain::maintenance::{MAX_WINDOWS, Occurrence, Schedule, Scope, Window};
use crate::domain::zone::Zone;

pub(super) use typed::{DAYS, day_name};

/// Windows that are over on the list.
const OVER: usize = 20;
/// Occurrences that are shown ahead.
const AHEAD: usize = 5;

/// A window as the list shows it.
struct Line {
    window: Window,
    running: Option<Occurrence>,
    next: Vec<Occurrence>,
    whom: String,
}

impl Line {
    fn of(window: Window, monitors: &[(MonitorId, String)], now: At) -> Self {
        Self {
            running: window.covers(now),
            next: window.next(now, AHEAD),
            whom: whom(&window.scope, monitors),
            window,
        }
    }

    /// Until when it runs, on its clock.
    fn until(&self) -> Option<String> {
        let ends_at = self.running?.ends_at;
        Some(self.window.zone.written(ends_at, "%-d %b, %H:%M %Z"))
    }

    /// Its next times: the instant and the words.
    fn times(&self) -> Vec<(At, String)> {
        let zone = self.window.zone;
        let time = |o: &Occurrence| (o.starts_at, occurrence_words(o, zone));
        self.next.iter().map(time).collect()
    }

    /// When it is, in words.
    fn when(&self) -> String {
        schedule_words(&self.window)
    }
}

/// From when to when, on the clock of a zone: `Sun 29 Nov 2026, 02:30–03:30 CET`.
pub(crate) fn occurrence_words(occurrence: &Occurrence, zone: Zone) -> String {
    let Occurrence { starts_at, ends_at } = *occurrence;
    let start = zone.written(starts_at, "%a %-d %b %Y, %H:%M");
    let (from, until) = (zone.local(starts_at), zone.local(ends_at));
    let is_same_clock = zone.written(starts_at, "%Z") == zone.written(ends_at, "%Z");
    // Across a change of the clocks both ends say which clock they mean.
    let first = if is_same_clock {
        String::new()
    } else {
        zone.written(starts_at, " %Z")
    };
    let end = if from.date() == until.date() {
        zone.written(ends_at, "%H:%M %Z")
    } else {
        zone.written(ends_at, "%a %-d %b %Y, %H:%M %Z")
    };
    let dash = if from.date() == until.date() && is_same_clock {
        "–"
    } else {
        " – "
    };
    format!("{start}{first}{dash}{end}")
}

fn schedule_words(window: &Window) -> String {
    match &window.schedule {
        Schedule::Once { .. } => "once".to_owned(),
        Schedule::Weekly { days, at, minutes } => {
            let days: Vec<&str> = days.iter().map(|day| day_name(*day)).collect();
            let at = at.format("%H:%M");
            format!("every {} at {at} for {minutes} min", days.join(", "))
        }
        Schedule::Cron { cron, minutes } => format!("by cron {cron} for {minutes} min"),
    }
}

/// Whom it covers, in words: the first few by name.
fn whom(scope: &Scope, monitors: &[(MonitorId, String)]) -> String {
    const NAMED: usize = 3;
    let Scope::Some {
        monitors: ids,
        tags,
    } = scope
    else {
        return "all monitors".to_owned();
    };
    let names = monitors.iter().filter(|(id, _)| ids.contains(id));
    let mut parts: Vec<String> = names.take(NAMED).map(|(_, name)| name.clone()).collect();
    if ids.len() > NAMED {
        parts.push(format!("{} more", ids.len() - NAMED));
    }
    parts.extend(tags.iter().map(|tag| format!("tag {tag}")));
    if parts.is_empty() {
        "no monitor any more".to_owned()
    } else {
        parts.join(", ")
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "maintenance/list.html")]
struct List {
    frame: Frame,
    lines: Vec<Line>,
    over: Vec<Line>,
    may_edit: bool,
}

/// `GET /maintenance`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (store, team, now) = (&shared.app.store, visitor.actor.team, visitor.now);
    let monitors = store.monitor_names(team).await?;
    let comes = store
        .maintenance_windows(team, Some(false), now, None, MAX_WINDOWS)
        .await?;
    let over = store
        .maintenance_windows(team, Some(true), now, None, OVER)
        .await?;
    let line = |window: Window| Line::of(window, &monitors, now);
    let mut lines: Vec<Line> = comes.rows.into_iter().map(line).collect();
    lines.sort_by_key(|line| line.next.first().map(|o| o.starts_at));
    Ok(List {
        over: over.rows.into_iter().map(line).collect(),
        lines,
        may_edit: visitor.actor.may_edit(),
        frame: visitor.frame().done(query.get("done")),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "maintenance/form.html")]
struct FormPage {
    frame: Frame,
    /// The window that is changed; none when one is declared.
    known: Option<Window>,
    form: Filled,
    monitors: Vec<(MonitorId, String)>,
    tags: Vec<String>,
}

async fn form_page(
    shared: &Shared,
    visitor: &Visitor,
    known: Option<Window>,
    form: Filled,
) -> Result<FormPage, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let mut offered = store.tags(team).await?;
    // A tag that no monitor has now is kept where the window names it.
    if let Some(Scope::Some { tags, .. }) = known.as_ref().map(|window| &window.scope) {
        offered.extend(
            tags.iter()
                .filter(|tag| !offered.contains(tag))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    Ok(FormPage {
        frame: visitor.frame(),
        known,
        form,
        monitors: store.monitor_names(team).await?,
        tags: offered,
    })
}

/// `GET /maintenance/new`, with `?monitor=` for the one that it is about.
pub(super) async fn new(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let (store, team, now) = (&shared.app.store, visitor.actor.team, visitor.now);
    let last = store.maintenance_windows(team, None, now, None, 1).await?;
    let zone = last.rows.first().map_or(Zone::UTC, |window| window.zone);
    let form = typed::fresh(zone, query.get("monitor"), now);
    form_page(&shared, &visitor, None, form).await
}

/// `POST /maintenance`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let made = match typed::spec(&form, None) {
        Ok(spec) => maintenance::create(&shared.app, &visitor.actor, spec).await,
        Err(faults) => Err(Refused::Fields(faults)),
    };
    match made {
        Ok(_) => Ok(Redirect::to("/maintenance?done=saved").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(form_page(&shared, &visitor, None, form).await?))
        }
    }
}

/// `GET /maintenance/{id}/edit`
pub(super) async fn edit(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<WindowId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    let form = typed::filled(&known);
    form_page(&shared, &visitor, Some(known), form).await
}

/// `POST /maintenance/{id}/edit`
pub(super) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<WindowId>,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    let changed = match typed::spec(&form, Some(&known)) {
        Ok(spec) => maintenance::change(&shared.app, &visitor.actor, id, spec).await,
        Err(faults) => Err(Refused::Fields(faults)),
    };
    match changed {
        Ok(_) => Ok(Redirect::to("/maintenance?done=saved").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(form_page(&shared, &visitor, Some(known), form).await?))
        }
    }
}

/// `POST /maintenance/{id}/end`
pub(super) async fn end(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<WindowId>,
) -> Result<Redirect, WebError> {
    match maintenance::end(&shared.app, &visitor.actor, id).await {
        // Whoever presses it a moment too late has what they wanted.
        Ok(_) | Err(Refused::Conflict(_)) => Ok(Redirect::to("/maintenance?done=ended")),
        Err(refused) => Err(refused.into()),
    }
}

/// `GET /maintenance/{id}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<WindowId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the maintenance window",
        name: known.name,
        consequence: "What it holds back is told at once. Time that was counted as maintenance stays so.",
        back: "/maintenance".to_owned(),
    })
}

/// `POST /maintenance/{id}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<WindowId>,
) -> Result<Redirect, WebError> {
    maintenance::delete(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/maintenance?done=deleted"))
}

async fn known(shared: &Shared, visitor: &Visitor, id: WindowId) -> Result<Window, WebError> {
    let found = shared
        .app
        .store
        .maintenance_window(visitor.actor.team, id)
        .await?;
    found.ok_or(WebError::NotFound)
}
