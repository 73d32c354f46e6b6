//! What the subscribers of a status page are told, in words for the public, as it was when it
//! happened.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::at::At;
use super::id::{AnnouncementId, IncidentId, MonitorId, NewsId, StatusPageId, TeamId, WindowId};
use super::incident::Severity;
use super::status_page::StatusPage;
use super::written::Stage;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NewsKind {
    /// A component has trouble.
    #[serde(rename = "incident.opened")]
    IncidentOpened,
    /// Those who work on it have written something.
    #[serde(rename = "incident.updated")]
    IncidentUpdated,
    /// It is over.
    #[serde(rename = "incident.resolved")]
    IncidentResolved,
    /// Something was announced.
    #[serde(rename = "announcement.published")]
    Announced,
    /// Maintenance is near.
    #[serde(rename = "maintenance.planned")]
    MaintenancePlanned,
    /// Maintenance has begun.
    #[serde(rename = "maintenance.started")]
    MaintenanceStarted,
}

impl NewsKind {
    /// The type of a webhook.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IncidentOpened => "incident.opened",
            Self::IncidentUpdated => "incident.updated",
            Self::IncidentResolved => "incident.resolved",
            Self::Announced => "announcement.published",
            Self::MaintenancePlanned => "maintenance.planned",
            Self::MaintenanceStarted => "maintenance.started",
        }
    }
}

/// A status page as its news tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    /// Its id.
    pub id: StatusPageId,
    /// Its heading.
    pub title: String,
    /// Its place: `/status/{slug}`.
    pub slug: String,
}

impl PageFacts {
    /// What is told of a page.
    pub fn of(page: &StatusPage) -> Self {
        Self {
            id: page.id,
            title: page.title.clone(),
            slug: page.slug.clone(),
        }
    }
}

/// An incident as the news tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentNews {
    /// Its id.
    pub id: IncidentId,
    /// The component, by its monitor.
    pub component_id: MonitorId,
    /// What the public calls the component.
    pub component: String,
    /// `open`, `acknowledged` or `resolved`.
    pub status: String,
    /// How bad it is, or was.
    pub severity: Severity,
    /// Why, as a code.
    pub code: String,
    /// Why, in words for the public.
    pub reason: String,
    /// The first bad check.
    pub started_at: At,
    /// When it ended.
    pub resolved_at: Option<At>,
    /// How far those who work on it have come, where they have just said so.
    pub stage: Option<Stage>,
}

/// An announcement as the news tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementNews {
    /// Its id.
    pub id: AnnouncementId,
    /// Its heading.
    pub title: String,
    /// When it ceases to be shown.
    pub ends_at: Option<At>,
}

/// Maintenance as the news tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceNews {
    /// The window.
    pub id: WindowId,
    /// What people call it.
    pub name: String,
    /// When it begins.
    pub starts_at: At,
    /// When it is over.
    pub ends_at: At,
    /// The components that it covers, by their monitors.
    pub component_ids: Vec<MonitorId>,
    /// What the public calls them.
    pub components: Vec<String>,
}

/// Everything that is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsContent {
    /// What happened.
    pub kind: NewsKind,
    /// When.
    pub at: At,
    /// The page that tells it.
    pub page: PageFacts,
    /// The incident, where it is one.
    pub incident: Option<IncidentNews>,
    /// The announcement, where it is one.
    pub announcement: Option<AnnouncementNews>,
    /// The maintenance, where it is that.
    pub maintenance: Option<MaintenanceNews>,
    /// In words; an empty line parts paragraphs.
    pub text: String,
}

impl NewsContent {
    /// The components that it concerns; none where it concerns the whole page.
    pub fn concerns(&self) -> Vec<MonitorId> {
        let incident = self.incident.iter().map(|incident| incident.component_id);
        let maintenance = self.maintenance.iter();
        let covered = maintenance.flat_map(|window| window.component_ids.iter().copied());
        incident.chain(covered).collect()
    }
}

/// One thing that a page tells its subscribers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Its id; what is told later of the same thing has a greater one.
    pub id: NewsId,
    /// Whose page it is.
    pub team: TeamId,
    /// The page.
    pub page: StatusPageId,
    /// The thing that it is about: what makes a thread of it.
    pub about: Uuid,
    /// Which news of that thing it is: a page tells each once.
    pub name: String,
    /// Everything that is said.
    pub content: NewsContent,
    /// When it was written.
    pub created_at: At,
}
