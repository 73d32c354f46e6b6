//! A monitor as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use super::canary_body::CanaryView;
use super::oauth_body::OauthView;
use super::uptime::{MsByWindow, UptimeByWindow};
use crate::domain::at::At;
use crate::domain::budget::Target;
use crate::domain::failure::Code;
use crate::domain::id::{ChannelId, IncidentId, MonitorId};
use crate::domain::monitor::Monitor;
use crate::domain::quorum::QuorumWord;
use crate::domain::status::MonitorStatus;
use crate::store::{LastCheck, Overview};

/// A monitor and how it is. Nothing secret: an address without the values of its query, headers
/// without theirs.
#[derive(Serialize, ToSchema)]
#[schema(as = Monitor)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the contract"
)]
pub(super) struct MonitorView {
    /// Its id.
    id: MonitorId,
    /// What people call it.
    name: String,
    /// The address of the MCP server.
    url: String,
    /// `auto`, `streamable_http` or `sse`.
    transport: &'static str,
    /// Seconds between two checks.
    interval_seconds: u32,
    /// Seconds that one check may take in all.
    timeout_seconds: u32,
    /// The headers that are sent, by name.
    headers: Vec<HeaderView>,
    /// Whether a bearer token is sent.
    has_bearer: bool,
    /// The client that gets tokens from an authorization server.
    oauth: Option<OauthView>,
    /// Tools that must be listed.
    expect_tools: Vec<String>,
    /// A check that takes longer in all is degraded, in milliseconds.
    slow_ms: Option<u32>,
    /// The uptime that it should reach over 30 days, in percent.
    #[schema(value_type = Option<f64>)]
    target_percent: Option<Target>,
    /// Words to find it by.
    tags: Vec<String>,
    /// The channels that hear of it; null: the default ones.
    channels: Option<Vec<ChannelId>>,
    /// The locations that it is checked from; null: wherever a node probes.
    locations: Option<Vec<String>>,
    /// How many of the locations have to say that it is down.
    quorum: QuorumWord,
    /// A tool that is called at times.
    canary: Option<CanaryView>,
    /// Whether deviations from the specification are looked for with requests of their own, once a
    /// week.
    lint: bool,
    /// The monitors that it depends on: while one of them is down, nobody is told of this one.
    depends_on: Vec<MonitorId>,
    /// When it was made.
    created_at: At,
    /// `pending`, `up`, `degraded`, `down`, `unknown` or `paused`.
    status: &'static str,
    /// Alive behind an authorization wall that we have no credentials for.
    gated: bool,
    /// Since when it has this status.
    since: At,
    /// Whether a maintenance window covers it now.
    in_maintenance: bool,
    /// The newest check.
    last_check: Option<LastCheckView>,
    /// When it is checked next; null while paused.
    next_check_at: Option<At>,
    /// Its incident, if one is not over.
    open_incident: Option<OpenIncidentView>,
    /// Uptime in percent over `24h`, `7d`, `30d` and `90d`; null where nothing is known.
    uptime: UptimeByWindow,
    /// Time that was not measured in the same windows, in milliseconds.
    unknown_ms: MsByWindow,
}

/// A header that is sent; its value is secret.
#[derive(Serialize, ToSchema)]
#[schema(as = HeaderName)]
struct HeaderView {
    /// Its name.
    name: String,
}

/// The newest check of a monitor.
#[derive(Serialize, ToSchema)]
#[schema(as = LastCheck)]
struct LastCheckView {
    /// When it began.
    at: At,
    /// From where.
    location: String,
    /// `up`, `degraded`, `down` or `unknown`.
    status: &'static str,
    /// Alive behind an authorization wall.
    gated: bool,
    /// Why, when it is not plainly up.
    code: Option<Code>,
    /// Why, in words.
    message: Option<String>,
    /// How long it took, in milliseconds.
    total_ms: Option<f64>,
}

impl LastCheckView {
    fn of(check: &LastCheck) -> Self {
        Self {
            at: check.started_at,
            location: check.location.clone(),
            status: check.status.as_str(),
            gated: check.gated,
            code: check.code,
            message: check.message.clone(),
            total_ms: check.total_ms,
        }
    }
}

/// An incident that is not over, in short.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenIncident)]
struct OpenIncidentView {
    /// Its id.
    id: IncidentId,
    /// `open` or `acknowledged`.
    status: &'static str,
    /// `down` or `degraded`.
    severity: &'static str,
    /// Why, as a code.
    code: Option<Code>,
    /// Why, in words.
    message: String,
    /// The first bad check.
    started_at: At,
}

impl MonitorView {
    /// What is told of a monitor.
    pub(super) fn of(overview: &Overview) -> Self {
        let Monitor {
            id, spec, paused, ..
        } = &overview.monitor;
        let state = &overview.state;
        let channels = &overview.channels;
        let status = if *paused {
            MonitorStatus::Paused
        } else {
            state.status
        };
        let header = |name: &str| HeaderView {
            name: name.to_owned(),
        };
        let spent = |window: &str| {
            let found = overview.windows.iter().find(|(name, _)| *name == window);
            found.map(|(_, spent)| *spent).unwrap_or_default()
        };
        let incident = overview.open_incident.as_ref();
        Self {
            id: *id,
            name: spec.name.clone(),
            url: spec.endpoint.url.redacted(),
            transport: spec.endpoint.transport.as_str(),
            interval_seconds: spec.interval_seconds,
            timeout_seconds: spec.timeout_seconds,
            headers: spec
                .endpoint
                .headers
                .iter()
                .map(|h| header(&h.name))
                .collect(),
            has_bearer: spec.endpoint.bearer.is_some(),
            oauth: spec.endpoint.oauth.as_ref().map(OauthView::of),
            expect_tools: spec.expectations.tools.clone(),
            slow_ms: spec.expectations.slow_ms,
            target_percent: spec.target,
            tags: spec.tags.clone(),
            channels: (!channels.is_empty()).then(|| channels.clone()),
            locations: spec.locations.clone(),
            quorum: spec.quorum.into(),
            canary: spec.canary.as_ref().map(CanaryView::from),
            lint: spec.lint,
            depends_on: spec.depends_on.clone(),
            created_at: overview.created_at,
            status: status.as_str(),
            gated: state.gated,
            since: state.since,
            in_maintenance: overview.maintenance.is_some(),
            last_check: overview.last_checks.first().map(LastCheckView::of),
            next_check_at: overview.next_check_at,
            open_incident: incident.map(|incident| OpenIncidentView {
                id: incident.id,
                status: if incident.is_acknowledged {
                    "acknowledged"
                } else {
                    "open"
                },
                severity: incident.severity.as_str(),
                code: incident.code,
                message: incident.message.clone(),
                started_at: incident.started_at,
            }),
            uptime: UptimeByWindow::of(spent),
            unknown_ms: MsByWindow::of(|window| spent(window).unknown_ms),
        }
    }
}
