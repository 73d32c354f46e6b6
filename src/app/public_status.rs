//! A status page as the public sees it: page, JSON, badge and feed tell the same.
//!
//! What of an incident is for the public is the business of [`super::public_incident`].

use crate::domain::announcement::Announcement;
use crate::domain::at::{At, DAY_MS};
use crate::domain::histogram::Latency;
use crate::domain::id::{IncidentId, MonitorId, WindowId};
use crate::domain::incident::Incident;
use crate::domain::maintenance::{MAX_WINDOWS, Occurrence, Window};
use crate::domain::status::MonitorStatus;
use crate::domain::status_page::{self, StatusPage};
use crate::domain::uptime::{Day, Spent};
use crate::store::{Overview, StoreError};

use super::App;
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

/// A line of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicComponent {
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What the public calls it.
    pub name: String,
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

/// What of the windows of a team concerns the components of a page, in the order of time.
fn maintenance(
    windows: &[Window],
    components: &[(MonitorId, String, Vec<String>)],
    now: At,
) -> Vec<PublicMaintenance> {
    let horizon = At(now.0 + PLANNED_DAYS * DAY_MS);
    let public = |window: &Window| {
        let covered = components
            .iter()
            .filter(|(monitor, _, tags)| window.scope.covers(*monitor, tags));
        let components: Vec<_> = covered.map(|(id, name, _)| (*id, name.clone())).collect();
        let occurrence = *window.next(now, 1).first()?;
        let is_near = occurrence.starts_at < horizon && !components.is_empty();
        is_near.then(|| PublicMaintenance {
            id: window.id,
            name: window.name.clone(),
            occurrence,
            is_running: occurrence.holds(now),
            components,
        })
    };
    let mut all: Vec<_> = windows.iter().filter_map(public).collect();
    all.sort_by_key(|m| (m.occurrence.starts_at, m.id));
    all.truncate(MOST_MAINTENANCE);
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
}

fn component(name: String, overview: &Overview) -> PublicComponent {
    let mut day = Latency::default();
    overview
        .hours
        .iter()
        .for_each(|hour| day.merge(&hour.bucket.latency));
    let latency = Percentiles::of(&day, "total");
    PublicComponent {
        monitor: overview.monitor.id,
        name,
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
        let name = line
            .name
            .clone()
            .unwrap_or_else(|| overview.monitor.spec.name.clone());
        components.push(component(name, overview));
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
    // What maintenance holds back is not told here, either, unless somebody has spoken of it.
    let held = incidents.iter().filter(|i| public_news::is_held(i));
    let held: Vec<IncidentId> = held.map(|i| i.id).collect();
    for component in &mut components {
        component.open_incident = component.open_incident.filter(|id| !held.contains(id));
    }
    let public = |incident: &Incident| {
        let about = components.iter().find(|c| c.monitor == incident.monitor)?;
        Some(PublicIncident::of(incident, about.name.clone()))
    };
    let told = incidents.iter().filter(|i| !held.contains(&i.id));
    let incidents = told.filter_map(public).collect();
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
    let all: Vec<MonitorStatus> = components.iter().map(|c| c.status).collect();
    let others = components.iter().filter(|c| c.maintenance_until.is_none());
    let others: Vec<MonitorStatus> = others.map(|c| c.status).collect();
    let in_maintenance = all.len() - others.len();
    Ok(Some(PublicStatus {
        // What is expected says nothing about the page, unless there is nothing else on it.
        status: status_page::overall(if others.is_empty() { &all } else { &others }),
        sentence: status_page::sentence(&others, in_maintenance),
        maintenance: maintenance(&windows.rows, &concerned, now),
        updated_at: components.iter().filter_map(|c| c.last_check_at).max(),
        components,
        incidents,
        announcements,
        made_at: now,
        is_last_known: false,
        page,
    }))
}
