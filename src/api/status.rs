//! A status page as JSON: public, without a token, for everybody at once.
//!
//! Made by the same function as page, badge and feed. A page that is not public answers exactly
//! like one that does not exist.

use axum::extract::{Path, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::{ApiError, Problem};
use super::uptime::{MsByWindow, UptimeByWindow, tenths};
use crate::app::public_incident::{PublicIncident, PublicPostmortem, PublicUpdate};
use crate::app::public_kept::{self, Seen};
use crate::app::public_status::{PublicComponent, PublicMaintenance, PublicStatus};
use crate::app::status_pass;
use crate::domain::announcement::Announcement;
use crate::domain::at::At;
use crate::domain::id::{AnnouncementId, IncidentId, MonitorId, WindowId};
use crate::domain::written::Stage;

/// What caches may do with it.
const CACHE: &str = "public, max-age=30, stale-while-revalidate=300";

/// What they may do with a page that takes a password.
const PRIVATE: &str = "private, no-cache";

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(status))
}

/// A status page.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
struct StatusView {
    /// The page itself.
    page: PageView,
    /// The worst of its components; `unknown` only when nothing is known.
    status: &'static str,
    /// The one sentence for all components.
    sentence: String,
    /// When any of them was last measured.
    updated_at: Option<At>,
    /// How old that is, in seconds.
    age_seconds: Option<i64>,
    /// When this was read.
    as_of: At,
    /// False while our own database is away: then this is the last that is known, and after a
    /// minute every component is `unknown`.
    is_current: bool,
    /// Its lines, from the top.
    components: Vec<ComponentView>,
    /// The incidents of the last 90 days, newest first.
    incidents: Vec<IncidentView>,
    /// Maintenance that runs or is planned for the next 14 days, in the order of time.
    maintenance: Vec<MaintenanceView>,
    /// What its makers announce, newest first.
    announcements: Vec<AnnouncementView>,
}

/// Something that the makers of the page announce.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusAnnouncement)]
struct AnnouncementView {
    /// Its id.
    id: AnnouncementId,
    /// In one line.
    title: String,
    /// Plain text; an empty line parts paragraphs.
    text: String,
    /// When it was written.
    created_at: At,
    /// When it was last changed.
    updated_at: At,
    /// When it ceases to be shown; null until somebody ends it.
    ends_at: Option<At>,
}

impl AnnouncementView {
    fn of(announcement: &Announcement) -> Self {
        Self {
            id: announcement.id,
            title: announcement.title.clone(),
            text: announcement.text.clone(),
            created_at: announcement.created_at,
            updated_at: announcement.updated_at,
            ends_at: announcement.ends_at,
        }
    }
}

/// What is said of the page itself.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusPage)]
struct PageView {
    /// Its place: `/status/{slug}`.
    slug: String,
    /// Its heading.
    title: String,
    /// Its address.
    url: String,
}

/// A line of the page.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusComponent)]
struct ComponentView {
    /// The id of the monitor behind it.
    id: MonitorId,
    /// What the public calls it.
    name: String,
    /// The heading that it stands under; null above all headings.
    group: Option<String>,
    /// `up`, `degraded`, `down`, `unknown`, `pending` or `paused`.
    status: &'static str,
    /// Alive behind an authorization wall.
    gated: bool,
    /// Since when it is so.
    since: At,
    /// When it was last measured.
    last_check_at: Option<At>,
    /// Uptime in percent over `24h`, `7d`, `30d` and `90d`; null where nothing is known.
    uptime: UptimeByWindow,
    /// Time that was down in the same windows, in milliseconds.
    down_ms: MsByWindow,
    /// Time that was not measured in the same windows, in milliseconds.
    unknown_ms: MsByWindow,
    /// Median of the last 24 hours, in milliseconds.
    p50_ms: Option<f64>,
    /// 95 % of the last 24 hours stayed at or below it, in milliseconds.
    p95_ms: Option<f64>,
    /// The negotiated version of the protocol.
    protocol_version: Option<String>,
    /// How many tools it lists.
    tool_count: Option<usize>,
    /// The id of the incident that is not over.
    open_incident: Option<IncidentId>,
    /// Whether a maintenance window covers it now.
    in_maintenance: bool,
}

/// Maintenance of components: of each window what comes first.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusMaintenance)]
struct MaintenanceView {
    /// The id of the window.
    id: WindowId,
    /// What it is called.
    name: String,
    /// `running` or `planned`.
    status: &'static str,
    /// When it begins.
    starts_at: At,
    /// When it is over.
    ends_at: At,
    /// The ids of the components that it covers.
    component_ids: Vec<MonitorId>,
}

impl MaintenanceView {
    fn of(maintenance: &PublicMaintenance) -> Self {
        Self {
            id: maintenance.id,
            name: maintenance.name.clone(),
            status: if maintenance.is_running {
                "running"
            } else {
                "planned"
            },
            starts_at: maintenance.occurrence.starts_at,
            ends_at: maintenance.occurrence.ends_at,
            component_ids: maintenance.components.iter().map(|(id, _)| *id).collect(),
        }
    }
}

/// An incident of a component.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusIncident)]
struct IncidentView {
    /// Its id.
    id: IncidentId,
    /// The id of the component that it is about.
    component_id: MonitorId,
    /// The name of the component.
    component: String,
    /// `open`, `acknowledged` or `resolved`.
    status: &'static str,
    /// `down` or `degraded`.
    severity: &'static str,
    /// Why, as a code.
    code: &'static str,
    /// The first bad check.
    started_at: At,
    /// Since when somebody cares.
    acknowledged_at: Option<At>,
    /// When it ended.
    resolved_at: Option<At>,
    /// How long it lasted, or has lasted.
    duration_seconds: i64,
    /// What happened, oldest first.
    updates: Vec<UpdateView>,
    /// What was learnt, where it is public.
    postmortem: Option<PostmortemView>,
}

/// Something that happened to an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusUpdate)]
struct UpdateView {
    /// When.
    at: At,
    /// In words.
    text: String,
    /// How far those who work on it have come, where they say so.
    stage: Option<Stage>,
}

/// What was learnt from an incident.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusPostmortem)]
struct PostmortemView {
    /// Plain text; an empty line parts paragraphs.
    text: String,
    /// When it was last changed.
    updated_at: At,
}

impl StatusView {
    fn of(status: &PublicStatus, public_url: &str, now: At) -> Self {
        let slug = status.page.slug.clone();
        // The same to the byte for all who ask at the same moment.
        let now = if status.is_last_known {
            now
        } else {
            status.made_at
        };
        let age = status.updated_at.map(|at| now.ms_since(at) / 1_000);
        let incident = |incident: &PublicIncident| IncidentView::of(incident, now);
        Self {
            page: PageView {
                url: format!("{public_url}/status/{slug}"),
                slug,
                title: status.page.title.clone(),
            },
            status: status.status.as_str(),
            sentence: status.sentence.clone(),
            updated_at: status.updated_at,
            age_seconds: age,
            as_of: status.made_at,
            is_current: !status.is_last_known,
            components: status.components.iter().map(ComponentView::of).collect(),
            incidents: status.incidents.iter().map(incident).collect(),
            maintenance: status.maintenance.iter().map(MaintenanceView::of).collect(),
            announcements: status
                .announcements
                .iter()
                .map(AnnouncementView::of)
                .collect(),
        }
    }
}

impl ComponentView {
    fn of(component: &PublicComponent) -> Self {
        let spent = |window: &str| component.spent(window);
        Self {
            id: component.monitor,
            name: component.name.clone(),
            group: component.group.clone(),
            status: component.status.as_str(),
            gated: component.gated,
            since: component.since,
            last_check_at: component.last_check_at,
            uptime: UptimeByWindow::of(spent),
            down_ms: MsByWindow::of(|window| spent(window).down_ms),
            unknown_ms: MsByWindow::of(|window| spent(window).unknown_ms),
            p50_ms: component.p50_ms.map(tenths),
            p95_ms: component.p95_ms.map(tenths),
            protocol_version: component.protocol_version.clone(),
            tool_count: component.tool_count,
            open_incident: component.open_incident,
            in_maintenance: component.maintenance_until.is_some(),
        }
    }
}

impl IncidentView {
    fn of(incident: &PublicIncident, now: At) -> Self {
        let update = |update: &PublicUpdate| UpdateView {
            at: update.at,
            text: update.text.clone(),
            stage: update.stage,
        };
        let learnt = |postmortem: &PublicPostmortem| PostmortemView {
            text: postmortem.text.clone(),
            updated_at: postmortem.updated_at,
        };
        Self {
            id: incident.id,
            component_id: incident.monitor,
            component: incident.component.clone(),
            status: incident.status(),
            severity: incident.severity.as_str(),
            code: incident.code.as_str(),
            started_at: incident.started_at,
            acknowledged_at: incident.acknowledged_at,
            resolved_at: incident.resolved_at,
            duration_seconds: incident.duration_ms(now) / 1_000,
            updates: incident.updates.iter().map(update).collect(),
            postmortem: incident.postmortem.as_ref().map(learnt),
        }
    }
}

/// A public status page.
#[utoipa::path(get, path = "/status/{page}", tag = "status", security(()),
    params(("page" = String, Path, description = "The slug of the page.")),
    responses((status = 200, body = StatusView), (status = 304), (status = 404, body = Problem)))]
async fn status(
    State(api): State<Api>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let jar = CookieJar::from_headers(&headers);
    let pass = jar.get(&status_pass::cookie(&slug));
    let found = public_kept::seen(&api.app, &slug, pass.map(Cookie::value)).await;
    let found = found.map_err(|error| open_to_all(ApiError::from(error).into_response()))?;
    let Seen::Shown(found) = found else {
        return Err(open_to_all(ApiError::not_found().into_response()));
    };
    let view = StatusView::of(&found, &api.app.settings.public_url, api.app.clock.now());
    let body = serde_json::to_string(&view)
        .map_err(|error| open_to_all(ApiError::ours(&error.into()).into_response()))?;
    let tag = format!(
        "\"{}\"",
        URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..16])
    );
    let is_open = found.page.visibility.is_open();
    let caching = if is_open { CACHE } else { PRIVATE };
    let caching = [(CACHE_CONTROL, caching.to_owned()), (ETAG, tag.clone())];
    let response = if is_known(&headers, &tag) {
        (StatusCode::NOT_MODIFIED, caching).into_response()
    } else {
        (caching, [(CONTENT_TYPE, "application/json")], body).into_response()
    };
    Ok(if is_open {
        open_to_all(response)
    } else {
        response
    })
}

/// Whether the asker has this version already (RFC 9110 §13.1.2).
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','));
    tags.any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// Lets pages of every origin read it.
fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag"),
    );
    response
}
