//! One monitor: how it is and why, its figures, its last checks.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::checks::RecentChecks;
use super::latency::LatencyCard;
use super::locations::{self, Place};
use super::tools::ToolsCard;
use super::visits::Visits;
use crate::app::figures;
use crate::domain::at::At;
use crate::domain::budget::Standing;
use crate::domain::dependency::Dependency;
use crate::domain::directory::PublicListing;
use crate::domain::id::MonitorId;
use crate::domain::incident::Incident;
use crate::domain::maintenance::{MAX_WINDOWS, Window};
use crate::domain::monitor::Monitor;
use crate::domain::report::CheckReport;
use crate::domain::status::{MonitorStatus, State as Known};
use crate::domain::uptime::{Day, Spent};
use crate::domain::verdict::Failure;
use crate::store::{IncidentFilter, PastChange};
use crate::web::Shared;
use crate::web::error::WebError;
use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::maintenance::occurrence_words;
use crate::web::path::{Id, Query};
use crate::web::session::Visitor;
use crate::web::words::span;

/// Windows whose uptime is shown.
const SHOWN: [&str; 4] = ["24h", "7d", "30d", "90d"];
/// Changes of the server on the page of a monitor.
const CHANGES: usize = 10;
/// Incidents on the page of a monitor.
const INCIDENTS: usize = 8;
/// Monitors that depend on one, on its page.
const DEPENDENTS: u32 = 50;

/// How a monitor is now, and why.
struct Head {
    monitor: Monitor,
    state: Known,
    /// The check that tells why, or the last one that failed while it recovers.
    evidence: Option<CheckReport>,
    incident: Option<Incident>,
    next_check_at: Option<At>,
    /// The maintenance that it is in, or that comes next.
    maintenance: Option<Planned>,
    /// What it depends on.
    depends_on: Vec<Dependency>,
    /// One sentence: how it is, and since when.
    sentence: String,
}

impl Head {
    fn status(&self) -> MonitorStatus {
        if self.monitor.paused {
            MonitorStatus::Paused
        } else {
            self.state.status
        }
    }

    fn is_bad(&self) -> bool {
        matches!(self.status(), MonitorStatus::Down | MonitorStatus::Degraded)
    }

    /// What keeps people from being told of it, beside maintenance.
    fn excuse(&self, now: At) -> Option<String> {
        let is_held = |incident: &&Incident| incident.held.is_some();
        self.incident.as_ref().filter(is_held)?;
        self.depends_on.iter().find_map(|on| on.why(now))
    }

    /// Why it is not well, or which wall it is behind.
    fn failure(&self) -> Option<&Failure> {
        let is_told = self.is_bad() || (self.status() == MonitorStatus::Unknown);
        let evidence = self.evidence.as_ref().filter(|_| is_told)?;
        evidence.failure.as_ref()
    }

    /// The check that tells why: while it is not well, and while a change is being confirmed.
    fn shown_evidence(&self) -> Option<&CheckReport> {
        let is_told = self.failure().is_some() || self.state.suspicion.is_some();
        self.evidence
            .as_ref()
            .filter(|_| is_told && !self.monitor.paused)
    }
}

/// Maintenance of a monitor.
struct Planned {
    name: String,
    is_running: bool,
    /// From when to when, on the clock of its window.
    times: String,
}

impl Planned {
    /// What runs, or what comes first.
    fn first(windows: &[Window], monitor: &Monitor, now: At) -> Option<Self> {
        let covers = |window: &&Window| window.scope.covers(monitor.id, &monitor.spec.tags);
        let next = |window: &Window| Some((*window.next(now, 1).first()?, window.clone()));
        let all = windows.iter().filter(covers).filter_map(next);
        let (occurrence, window) = all.min_by_key(|(occurrence, _)| occurrence.starts_at)?;
        Some(Self {
            is_running: occurrence.holds(now),
            times: occurrence_words(&occurrence, window.zone),
            name: window.name,
        })
    }
}

/// One sentence: how it is, and since when.
fn sentence(status: MonitorStatus, state: &Known, now: At) -> String {
    let lasted = span(now.ms_since(state.since));
    match status {
        MonitorStatus::Pending => "Waiting for the first check".to_owned(),
        MonitorStatus::Paused => "Paused: not checked".to_owned(),
        MonitorStatus::Unknown => format!("Could not be measured for {lasted}"),
        MonitorStatus::Up if state.gated => {
            format!("Up for {lasted}, behind an authorization wall")
        }
        MonitorStatus::Up => format!("Up for {lasted}"),
        MonitorStatus::Degraded => format!("Degraded for {lasted}"),
        MonitorStatus::Down => format!("Down for {lasted}"),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/show.html")]
struct Show {
    frame: Frame,
    head: Head,
    facts: Option<CheckReport>,
    uptime: Vec<(&'static str, Spent)>,
    days: Vec<Day>,
    /// How it stands with its error budget, where it has a target.
    budget: Option<Standing>,
    /// Its locations side by side, where there are several.
    places: Vec<Place>,
    latency: LatencyCard,
    recent: RecentChecks,
    incidents: Vec<Incident>,
    tools: ToolsCard,
    visits: Option<Visits>,
    changes: Vec<PastChange>,
    /// The monitors that depend on it.
    dependents: Vec<(MonitorId, String)>,
    /// Whether everybody sees it in the public directory.
    listing: Option<PublicListing>,
    may_edit: bool,
    now: At,
}

impl Show {
    /// The days on which something was lost, latest first: what the bars show, large enough for
    /// a finger.
    fn bad_days(&self) -> Vec<&Day> {
        let is_bad = |day: &&Day| day.spent.down_ms + day.spent.degraded_ms > 0;
        self.days.iter().rev().filter(is_bad).collect()
    }
}

/// `GET /monitors/{id}`
pub(crate) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (store, team, now) = (&shared.app.store, visitor.actor.team, visitor.now);
    let (head, facts) = head_of(&shared, &visitor, id).await?;
    let name = &head.monitor.spec.name;
    let latency = LatencyCard::of(store, (team, id), name, &query, now).await?;
    let url = &shared.app.settings.public_url;
    let visits = facts.good.as_ref();
    let visits = visits.map(|report| Visits::of(&head.monitor, report, url));
    let incidents = IncidentFilter {
        monitor: Some(id),
        is_resolved: None,
        since: None,
    };
    Ok(Show {
        frame: visitor.frame().done(query.get("done")),
        facts: facts.good,
        uptime: facts
            .windows
            .into_iter()
            .filter(|(name, _)| SHOWN.contains(name))
            .collect(),
        days: facts.days,
        budget: facts.budget,
        places: facts.places,
        latency,
        recent: RecentChecks::of(&shared, &visitor, id).await?,
        visits,
        tools: ToolsCard::of(&shared, &visitor, id).await?,
        incidents: store
            .incidents(team, &incidents, None, INCIDENTS)
            .await?
            .rows,
        changes: store.changes(team, id, None, CHANGES).await?.rows,
        dependents: store.dependents(team, id, DEPENDENTS).await?,
        listing: store.listing(team, id).await?,
        head,
        may_edit: visitor.actor.may_edit(),
        now,
    })
}

/// What is known of a monitor beside how it is now.
struct Facts {
    /// The last good report.
    good: Option<CheckReport>,
    windows: Vec<(&'static str, Spent)>,
    days: Vec<Day>,
    budget: Option<Standing>,
    places: Vec<Place>,
}

/// How it is, and what is known beside.
async fn head_of(
    shared: &Shared,
    visitor: &Visitor,
    id: MonitorId,
) -> Result<(Head, Facts), WebError> {
    let (store, team, now) = (&shared.app.store, visitor.actor.team, visitor.now);
    let overview = store
        .overview(team, id, now)
        .await?
        .ok_or(WebError::NotFound)?;
    let open = IncidentFilter {
        monitor: Some(id),
        is_resolved: Some(false),
        since: None,
    };
    let incident = store.incidents(team, &open, None, 1).await?.rows.pop();
    let windows = store
        .maintenance_windows(team, Some(false), now, None, MAX_WINDOWS)
        .await?;
    let latest = store.latest_reports(team, id).await?;
    let mut good = latest.iter().filter_map(|report| report.good.as_ref());
    let good = good.next().cloned();
    let failed = latest.into_iter().find_map(|report| report.failed);
    let budget = figures::standing(&overview, now);
    let sentence = sentence(overview.status(), &overview.state, now);
    let places = locations::side_by_side(store, &overview, now).await?;
    Ok((
        Head {
            sentence,
            maintenance: Planned::first(&windows.rows, &overview.monitor, now),
            evidence: failed.or_else(|| incident.as_ref().map(|i| i.evidence.clone())),
            depends_on: store.dependencies(team, id).await?,
            monitor: overview.monitor,
            state: overview.state,
            next_check_at: overview.next_check_at,
            incident,
        },
        Facts {
            good,
            budget,
            windows: overview.windows,
            days: overview.days,
            places,
        },
    ))
}

#[derive(Template, WebTemplate)]
#[template(path = "partials/monitor_head.html")]
struct HeadFragment {
    head: Head,
    now: At,
}

/// `GET /monitors/{id}/head`: how it is and why, as a fragment.
pub(crate) async fn head(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    let (head, _) = head_of(&shared, &visitor, id).await?;
    Ok(HeadFragment {
        head,
        now: visitor.now,
    })
}
