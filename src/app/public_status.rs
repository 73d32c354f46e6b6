//! A status page as the public sees it: page, JSON, badge and feed tell the same.
//!
//! What of an incident is for the public is the business of [`super::public_incident`].

use crate::domain::announcement::Announcement;
use crate::domain::at::{At, DAY_MS};
use crate::domain::histogram::Latency;
use crate::domain::id::{IncidentId, MonitorId, WindowId};
use crate::domain::incident::Incident;
use crate::domain::maintenance::{MAX_WINDOWS, Occurrence, Window};
use crate::domain::month::Month;
use crate::domain::status::MonitorStatus;
use crate::domain::status_page::{self, Component, StatusPage};
use crate::domain::uptime::{Day, Spent};
use crate::store::{Overview, StoreError};

use super::App;
use super::directory_kept;
use super::figures::Percentiles;
use super::public_incident::PublicIncident;
use super::public_news;

/// Days of incidents that a page tells.
pub const HISTORY_DAYS: i64 = 90;
/// Most incidents that a page tells.
const MOST_INCIDENTS: usize = 200;
/// Days ahead for which a page announces maintenance.
const PLANNED_DAYS: i64 = 14;
/// Most announcements that a page shows.
const MOST_ANNOUNCED: usize = 10;
/// Most maintenance windows that a page announces.
const MOST_MAINTENANCE: usize = 20;
/// Days ahead that the calendar holds.
const CALENDAR_DAYS: i64 = 90;
/// Most occurrences of one window in the calendar.
const MOST_OCCURRENCES: usize = 100;
/// Most occurrences in the calendar.
const MOST_DATES: usize = 300;

/// A line of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicComponent {
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What the public calls it.
    pub name: String,
    /// The heading that it stands under.
    pub group: Option<String>,
    /// How it is.
    pub status: MonitorStatus,
    /// Alive behind an authorization wall.
    pub gated: bool,
    /// Since when it is so.
    pub since: At,
    /// When it was last measured.
    pub last_check_at: Option<At>,
    /// Time by status over `24h`, `7d`, `30d` and `90d`.
    pub uptime: Vec<(&'static str, Spent)>,
    /// The last ninety days, oldest first.
    pub days: Vec<Day>,
    /// Median of the last 24 hours, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Nineteen in twenty of the last 24 hours, in milliseconds.
    pub p95_ms: Option<f64>,
    /// The negotiated protocol version.
    pub protocol_version: Option<String>,
    /// How many tools it lists.
    pub tool_count: Option<usize>,
    /// What is wrong with it, if anything; not what maintenance holds back.
    pub open_incident: Option<IncidentId>,
    /// Until when it is in maintenance, if it is.
    pub maintenance_until: Option<At>,
}

impl PublicComponent {
    /// Time by status over a window.
    pub fn spent(&self, window: &str) -> Spent {
        let found = self.uptime.iter().find(|(name, _)| *name == window);
        found.map(|(_, spent)| *spent).unwrap_or_default()
    }
}

/// Maintenance that runs or is planned: of each window what comes first.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicMaintenance {
    /// The window.
    pub id: WindowId,
    /// What people call it.
    pub name: String,
    /// From when to when.
    pub occurrence: Occurrence,
    /// Whether it runs.
    pub is_running: bool,
    /// Its components, by monitor and name.
    pub components: Vec<(MonitorId, String)>,
}

/// Components under one heading.
#[derive(Clone, Debug)]
pub struct PublicGroup<'a> {
    /// The heading; `None` for those that stand above all headings.
    pub name: Option<String>,
    /// The worst of its components, those in maintenance left out where there are others.
    pub status: MonitorStatus,
    /// Its components, in their order.
    pub components: Vec<&'a PublicComponent>,
}

/// How components are as a whole. What is expected says nothing about it, unless there is nothing
/// else among them.
fn whole(components: &[&PublicComponent]) -> MonitorStatus {
    let all: Vec<MonitorStatus> = components.iter().map(|c| c.status).collect();
    let others = components.iter().filter(|c| c.maintenance_until.is_none());
    let others: Vec<MonitorStatus> = others.map(|c| c.status).collect();
    status_page::overall(if others.is_empty() { &all } else { &others })
}

impl PublicStatus {
    /// The status whose colour and shape it shows: while all there is is in maintenance, that of
    /// something that is waited for, whatever the checks say.
    pub fn shown_as(&self) -> MonitorStatus {
        let mut components = self.components.iter();
        let is_expected = |c: &PublicComponent| c.maintenance_until.is_some();
        if !self.components.is_empty() && components.all(is_expected) {
            MonitorStatus::Pending
        } else {
            self.status
        }
    }

    /// Its components under their headings.
    pub fn groups<'a>(&'a self) -> Vec<PublicGroup<'a>> {
        let groups = status_page::grouped(&self.components, |line| line.group.as_deref());
        let group = |group: (Option<String>, Vec<&'a PublicComponent>)| {
            let (name, components) = group;
            PublicGroup {
                name,
                status: whole(&components),
                components,
            }
        };
        groups.into_iter().map(group).collect()
    }
}

/// What of the windows of a team concerns the components of a page until `horizon`, at most `most`
/// occurrences of each window, in the order of time.
fn maintenance_of(
    windows: &[Window],
    components: &[(MonitorId, String, Vec<String>)],
    (now, horizon): (At, At),
    most: usize,
) -> Vec<PublicMaintenance> {
    let public = |window: &Window| {
        let covered = components
            .iter()
            .filter(|(monitor, _, tags)| window.scope.covers(*monitor, tags));
        let components: Vec<_> = covered.map(|(id, name, _)| (*id, name.clone())).collect();
        let next = if components.is_empty() {
            Vec::new()
        } else {
            window.next(now, most)
        };
        let near = next
            .into_iter()
            .take_while(|occurrence| occurrence.starts_at < horizon);
        let near = near.map(|occurrence| PublicMaintenance {
            id: window.id,
            name: window.name.clone(),
            occurrence,
            is_running: occurrence.holds(now),
            components: components.clone(),
        });
        near.collect::<Vec<_>>()
    };
    let mut all: Vec<_> = windows.iter().flat_map(public).collect();
    all.sort_by_key(|m| (m.occurrence.starts_at, m.id));
    all
}

/// A status page as the public sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicStatus {
    /// The page itself.
    pub page: StatusPage,
    /// When this was read.
    pub made_at: At,
    /// Whether it is the last that is known, because our database is away.
    pub is_last_known: bool,
    /// How it is as a whole.
    pub status: MonitorStatus,
    /// The one sentence for all components.
    pub sentence: String,
    /// When any of them was last measured.
    pub updated_at: Option<At>,
    /// Its lines, from the top.
    pub components: Vec<PublicComponent>,
    /// The incidents of the last [`HISTORY_DAYS`] days, newest first; those that are open among
    /// them.
    pub incidents: Vec<PublicIncident>,
    /// Maintenance that runs or is planned, in the order of time.
    pub maintenance: Vec<PublicMaintenance>,
    /// What its makers announce, newest first.
    pub announcements: Vec<Announcement>,
    /// Every occurrence of it that comes in the next months, in the order of time.
    pub calendar: Vec<PublicMaintenance>,
    /// Whether there is anything in the public directory.
    pub has_directory: bool,
}

fn component(line: &Component, overview: &Overview) -> PublicComponent {
    let name = line.name.as_ref().unwrap_or(&overview.monitor.spec.name);
    let mut day = Latency::default();
    overview
        .hours
        .iter()
        .for_each(|hour| day.merge(&hour.bucket.latency));
    let latency = Percentiles::of(&day, "total");
    PublicComponent {
        monitor: overview.monitor.id,
        name: name.clone(),
        group: line.group.clone(),
        status: overview.status(),
        gated: overview.state.gated,
        since: overview.state.since,
        last_check_at: overview.last_check().map(|check| check.started_at),
        uptime: overview.windows.clone(),
        days: overview.days.clone(),
        p50_ms: latency.p50,
        p95_ms: latency.p95,
        protocol_version: None,
        tool_count: None,
        open_incident: overview.open_incident.as_ref().map(|incident| incident.id),
        maintenance_until: overview
            .maintenance
            .as_ref()
            .map(|run| run.occurrence.ends_at),
    }
}

/// Incidents as the public is told of them.
fn told(incidents: &[Incident], components: &[PublicComponent]) -> Vec<PublicIncident> {
    let public = |incident: &Incident| {
        let about = components.iter().find(|c| c.monitor == incident.monitor)?;
        Some(PublicIncident::of(incident, about.name.clone()))
    };
    let told = incidents
        .iter()
        .filter(|incident| !public_news::is_held(incident));
    told.filter_map(public).collect()
}

/// The incidents of a page that began in a month of it, newest first.
pub async fn month(
    app: &App,
    status: &PublicStatus,
    month: Month,
) -> Result<Vec<PublicIncident>, StoreError> {
    let ids: Vec<MonitorId> = status.components.iter().map(|line| line.monitor).collect();
    let (first, end) = (month.starts_at(), month.next().starts_at());
    let mut incidents = app
        .store
        .incidents_between(status.page.team, &ids, (first, end), MOST_INCIDENTS)
        .await?;
    incidents.retain(|incident| incident.started_at >= first);
    Ok(told(&incidents, &status.components))
}

/// Reads the public page at a slug; `None` when there is none, or it is not public.
pub(super) async fn make(
    app: &App,
    slug: &str,
    now: At,
) -> Result<Option<PublicStatus>, StoreError> {
    let Some(page) = app.store.public_status_page(slug).await? else {
        return Ok(None);
    };
    let ids: Vec<MonitorId> = page.components.iter().map(|line| line.monitor).collect();
    let overviews = app.store.overviews_of(page.team, &ids, now).await?;
    let mut components = Vec::with_capacity(ids.len());
    for line in &page.components {
        let Some(overview) = overviews.iter().find(|o| o.monitor.id == line.monitor) else {
            continue;
        };
        components.push(component(line, overview));
    }
    for component in &mut components {
        let latest = app
            .store
            .latest_reports(page.team, component.monitor)
            .await?;
        let good = latest.iter().find_map(|report| report.good.as_ref());
        component.protocol_version =
            good.and_then(|report| report.protocol.as_ref()?.version.clone());
        component.tool_count = good.and_then(|report| Some(report.tools.as_ref()?.count));
    }
    let since = At(now.0 - HISTORY_DAYS * DAY_MS);
    let incidents = app
        .store
        .incidents_of(page.team, &ids, since, MOST_INCIDENTS)
        .await?;
    let held = incidents
        .iter()
        .filter(|incident| public_news::is_held(incident));
    let held: Vec<IncidentId> = held.map(|incident| incident.id).collect();
    for component in &mut components {
        component.open_incident = component.open_incident.filter(|id| !held.contains(id));
    }
    let incidents = told(&incidents, &components);
    let announcements = app
        .store
        .announcements(page.team, page.id, Some(now), MOST_ANNOUNCED)
        .await?;
    let windows = app
        .store
        .maintenance_windows(page.team, Some(false), now, None, MAX_WINDOWS)
        .await?;
    let concerned = components.iter().map(|component| {
        let overview = overviews.iter().find(|o| o.monitor.id == component.monitor);
        let tags = overview.map(|o| o.monitor.spec.tags.clone());
        (
            component.monitor,
            component.name.clone(),
            tags.unwrap_or_default(),
        )
    });
    let concerned: Vec<_> = concerned.collect();
    let soon = (now, At(now.0 + PLANNED_DAYS * DAY_MS));
    let mut maintenance = maintenance_of(&windows.rows, &concerned, soon, 1);
    maintenance.truncate(MOST_MAINTENANCE);
    let ahead = (now, At(now.0 + CALENDAR_DAYS * DAY_MS));
    let mut calendar = maintenance_of(&windows.rows, &concerned, ahead, MOST_OCCURRENCES);
    calendar.truncate(MOST_DATES);
    let others = components.iter().filter(|c| c.maintenance_until.is_none());
    let others: Vec<MonitorStatus> = others.map(|c| c.status).collect();
    let in_maintenance = components.len() - others.len();
    Ok(Some(PublicStatus {
        status: whole(&components.iter().collect::<Vec<_>>()),
        sentence: status_page::sentence(&others, in_maintenance),
        maintenance,
        calendar,
        updated_at: components.iter().filter_map(|c| c.last_check_at).max(),
        components,
        incidents,
        announcements,
        made_at: now,
        is_last_known: false,
        has_directory: directory_kept::has_any(app).await,
        page,
    }))
}
