//! One monitor: how it is and why, its figures, its last checks.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::LATENCY_WINDOWS;
use super::tools::ToolsCard;
use crate::app::figures::{self, Percentiles};
use crate::domain::at::{At, DAY_MS};
use crate::domain::dependency::Dependency;
use crate::domain::histogram::PHASES;
use crate::domain::id::MonitorId;
use crate::domain::incident::Incident;
use crate::domain::maintenance::{MAX_WINDOWS, Window};
use crate::domain::monitor::Monitor;
use crate::domain::report::CheckReport;
use crate::domain::status::{MonitorStatus, State as Known};
use crate::domain::uptime::{Dated, Day, Spent};
use crate::domain::verdict::{CheckStatus, Failure};
use crate::store::{CheckFilter, IncidentFilter, PastChange, PastCheck};
use crate::web::Shared;
use crate::web::chart::{self, Lines, Point};
use crate::web::error::WebError;
use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::maintenance::occurrence_words;
use crate::web::path::{Id, Query};
use crate::web::session::Visitor;
use crate::web::words::span;

/// Checks on the page of a monitor.
const RECENT: usize = 12;
/// Checks on one page of their own list.
const PAGE: usize = 100;
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
    window: &'static str,
    phase: &'static str,
    chart: Option<Lines>,
    phases: Vec<(&'static str, Percentiles)>,
    checks: Vec<PastCheck>,
    incidents: Vec<Incident>,
    tools: ToolsCard,
    changes: Vec<PastChange>,
    /// The monitors that depend on it.
    dependents: Vec<(MonitorId, String)>,
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
    let window = query.one_of("window", &LATENCY_WINDOWS).unwrap_or("24h");
    let phase = query.one_of("phase", &PHASES).unwrap_or("total");
    let monitor = &head.monitor;
    let steps = figures::steps(store, (team, id), window, now).await?;
    let point = |step: &Dated| {
        let p = Percentiles::of(&step.bucket.latency, phase);
        Point {
            at: step.start,
            p50: p.p50,
            p95: p.p95,
            p99: p.p99,
        }
    };
    let points: Vec<Point> = steps.iter().map(point).collect();
    let title = format!(
        "Latency of {} over {window}: p50, p95, p99",
        monitor.spec.name
    );
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
        chart: chart::lines(&points, &title),
        phases: figures::phases(&steps),
        window,
        phase,
        checks: recent_checks(&shared, &visitor, id).await?,
        tools: ToolsCard::of(&shared, &visitor, id).await?,
        incidents: store
            .incidents(team, &incidents, None, INCIDENTS)
            .await?
            .rows,
        changes: store.changes(team, id, None, CHANGES).await?.rows,
        dependents: store.dependents(team, id, DEPENDENTS).await?,
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
    let sentence = sentence(overview.status(), &overview.state, now);
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
            windows: overview.windows,
            days: overview.days,
        },
    ))
}

async fn recent_checks(
    shared: &Shared,
    visitor: &Visitor,
    id: MonitorId,
) -> Result<Vec<PastCheck>, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    Ok(store
        .checks(team, id, &CheckFilter::default(), None, RECENT)
        .await?
        .rows)
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

#[derive(Template, WebTemplate)]
#[template(path = "partials/checks.html")]
struct ChecksFragment {
    id: MonitorId,
    checks: Vec<PastCheck>,
}

/// `GET /monitors/{id}/recent`: its last checks, as a fragment.
pub(crate) async fn recent(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    let known = shared.app.store.monitor(visitor.actor.team, id).await?;
    known.ok_or(WebError::NotFound)?;
    let checks = recent_checks(&shared, &visitor, id).await?;
    Ok(ChecksFragment { id, checks })
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/checks.html")]
struct ChecksPage {
    frame: Frame,
    monitor: Monitor,
    checks: Vec<PastCheck>,
    day: Option<At>,
    query: Query,
    path: String,
    next: Option<String>,
}

/// `GET /monitors/{id}/checks`: single checks, by day and status.
pub(crate) async fn checks(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let kept = store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let day = query
        .get("day")
        .and_then(|day| At::parse(&format!("{day}T00:00:00Z")));
    let filter = CheckFilter {
        from: day,
        until: day.map(|day| At(day.0 + DAY_MS)),
        status: query.get("status").and_then(CheckStatus::parse),
    };
    let page = store
        .checks(team, id, &filter, query.get("cursor"), PAGE)
        .await?;
    let path = format!("/monitors/{id}/checks");
    Ok(ChecksPage {
        frame: visitor.frame(),
        monitor: kept.monitor,
        checks: page.rows,
        day,
        next: page.next.map(|cursor| query.with(&path, "cursor", &cursor)),
        path,
        query,
    })
}
