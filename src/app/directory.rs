//! The public directory as everybody sees it: its list, and the page of one server.
//!
//! Nothing is told of a server that its status page would not tell: no secret of its address, of its
//! incidents the words for the public, of its tools what it tells everybody who connects.

use crate::domain::at::{At, DAY_MS};
use crate::domain::claim::OwnerWords;
use crate::domain::directory::MAX_LISTINGS;
use crate::domain::histogram::Latency;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::incident::Incident;
use crate::domain::report::ProtocolReport;
use crate::domain::status::MonitorStatus;
use crate::domain::tools::ToolText;
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, line};
use crate::domain::uptime::{Dated, Day, Spent};
use crate::store::{ListedServer, StoreError};

use super::App;
use super::figures::Percentiles;
use super::public_incident::PublicIncident;
use super::public_news;

/// Days of incidents and of latencies that a page tells.
pub const HISTORY_DAYS: i64 = 90;
/// Most incidents that a page tells.
const MOST_INCIDENTS: usize = 100;
/// Most tools that a page names.
pub const MOST_TOOLS: usize = 60;

/// Every server of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerList {
    /// When this was read.
    pub made_at: At,
    /// Whether it is the last that is known, because our database is away.
    pub is_last_known: bool,
    /// The servers, by name.
    pub servers: Vec<ListedServer>,
}

/// Which servers of the directory to show; all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFilter {
    /// With this in their name or host.
    pub text: Option<String>,
    /// In this status only.
    pub status: Option<MonitorStatus>,
    /// Of this protocol version only.
    pub version: Option<String>,
}

impl ServerList {
    /// The servers that fit, by name.
    pub fn fitting(&self, filter: &ServerFilter) -> Vec<&ListedServer> {
        let text = filter.text.as_ref().map(|text| text.trim().to_lowercase());
        let fits = |server: &&ListedServer| {
            let has = |text: &String| {
                server.name.to_lowercase().contains(&**text) || server.host.contains(&**text)
            };
            text.as_ref().is_none_or(has)
                && filter.status.is_none_or(|status| server.status == status)
                && (filter.version.is_none() || server.protocol_version == filter.version)
        };
        self.servers.iter().filter(fits).collect()
    }

    /// Whether a monitor is in it.
    pub fn has(&self, id: MonitorId) -> bool {
        self.servers.iter().any(|server| server.monitor == id)
    }

    /// The protocol versions that are spoken, newest first.
    pub fn versions(&self) -> Vec<&str> {
        let versions = self.servers.iter().map(|it| it.protocol_version.as_deref());
        let mut versions: Vec<&str> = versions.flatten().collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions.dedup();
        versions
    }

    /// How many are in a status.
    pub fn count(&self, status: MonitorStatus) -> usize {
        let servers = self.servers.iter();
        servers.filter(|server| server.status == status).count()
    }
}

/// Reads the whole list.
pub(super) async fn make_list(app: &App, now: At) -> Result<ServerList, StoreError> {
    let mut servers = app.store.listed_servers(now, MAX_LISTINGS).await?;
    for server in &mut servers {
        server.name = line(&server.name, MAX_NAME);
    }
    servers.sort_by_cached_key(|server| (server.name.to_lowercase(), server.monitor));
    Ok(ServerList {
        made_at: now,
        is_last_known: false,
        servers,
    })
}

/// A server of the directory with everything that its page tells.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicServer {
    /// When this was read.
    pub made_at: At,
    /// Whether it is the last that is known, because our database is away.
    pub is_last_known: bool,
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What its team calls it.
    pub name: String,
    /// Its address, without the values of its query.
    pub url: String,
    /// The host that it is on.
    pub host: String,
    /// How it is.
    pub status: MonitorStatus,
    /// Alive behind an authorization wall.
    pub gated: bool,
    /// Since when it is so.
    pub since: At,
    /// When it was last measured.
    pub last_check_at: Option<At>,
    /// Until when it is in maintenance, if it is.
    pub maintenance_until: Option<At>,
    /// Time by status over `24h`, `7d`, `30d` and `90d`.
    pub uptime: Vec<(&'static str, Spent)>,
    /// The last ninety days, oldest first.
    pub days: Vec<Day>,
    /// What checks took over 24 hours.
    pub day: Percentiles,
    /// What checks took over [`HISTORY_DAYS`] days.
    pub quarter: Percentiles,
    /// What the handshake told.
    pub protocol: Option<ProtocolReport>,
    /// When its certificate ends; `None` for plain HTTP and where it is not known.
    pub certificate_ends_at: Option<At>,
    /// How many tools it lists.
    pub tool_count: Option<usize>,
    /// Its tools as they say of themselves, the first [`MOST_TOOLS`].
    pub tools: Vec<ToolText>,
    /// The incidents of the last [`HISTORY_DAYS`] days, newest first; those that are open among them.
    pub incidents: Vec<PublicIncident>,
    /// What the owner of the host says, where they have proved that it is theirs.
    pub owner: Option<OwnerWords>,
}

impl PublicServer {
    /// Time by status over a window.
    pub fn spent(&self, window: &str) -> Spent {
        let found = self.uptime.iter().find(|(name, _)| *name == window);
        found.map(|(_, spent)| *spent).unwrap_or_default()
    }
}

/// Reads the page of a server; `None` when it is not listed.
pub(super) async fn make_server(
    app: &App,
    id: MonitorId,
    now: At,
) -> Result<Option<PublicServer>, StoreError> {
    let store = &app.store;
    let Some(public) = store.public_listing(id).await? else {
        return Ok(None);
    };
    let team = public.listing.team;
    let Some(overview) = store.overview(team, id, now).await? else {
        return Ok(None);
    };
    let since = At(now.0 - HISTORY_DAYS * DAY_MS);
    let days = store.rollup_days(team, id, since, now).await?;
    let report = store.good_reports_of(team, &[id]).await?.remove(&id);
    let url = overview.monitor.spec.endpoint.url.redacted();
    let name = line(&overview.monitor.spec.name, MAX_NAME);
    let incidents = store
        .incidents_of(team, &[id], since, MOST_INCIDENTS)
        .await?;
    let told = |incident: &&Incident| !public_news::is_held(incident);
    let incidents = incidents.iter().filter(told);
    let incidents = incidents.map(|incident| PublicIncident::of(incident, name.clone()));
    let incidents = incidents.collect();
    let listed = report.as_ref().and_then(|report| report.tools.as_ref());
    let names = listed.map(|tools| &*tools.names).unwrap_or_default();
    let tools = tools(app, (team, id), names).await?;
    let run = overview.maintenance.as_ref();
    Ok(Some(PublicServer {
        made_at: now,
        is_last_known: false,
        monitor: id,
        host: public.listing.host,
        status: overview.status(),
        gated: overview.state.gated && !overview.monitor.paused,
        since: overview.state.since,
        last_check_at: overview.last_check().map(|check| check.started_at),
        maintenance_until: run.map(|run| run.occurrence.ends_at),
        day: total(&overview.hours),
        quarter: total(&days),
        uptime: overview.windows,
        days: overview.days,
        certificate_ends_at: report
            .as_ref()
            .and_then(|report| Some(report.tls.as_ref()?.not_after)),
        tool_count: report
            .as_ref()
            .and_then(|report| Some(report.tools.as_ref()?.count)),
        protocol: report.and_then(|report| report.protocol),
        tools,
        incidents,
        owner: public.owner,
        name,
        url,
    }))
}

/// What the whole checks of these sums took.
fn total(sums: &[Dated]) -> Percentiles {
    let mut all = Latency::default();
    for sum in sums {
        all.merge(&sum.bucket.latency);
    }
    Percentiles::of(&all, "total")
}

/// The tools that were seen last, cleaned and cut; `names` of them where nothing else was kept.
async fn tools(
    app: &App,
    (team, id): (TeamId, MonitorId),
    names: &[String],
) -> Result<Vec<ToolText>, StoreError> {
    let surfaces = app.store.current_tools(team, id).await?;
    let Some(last) = surfaces.iter().max_by_key(|surface| surface.seen_at) else {
        let bare = |name: &String| ToolText {
            name: name.clone(),
            title: None,
            description: None,
        };
        return Ok(names.iter().take(MOST_TOOLS).map(bare).collect());
    };
    let cut = |text: ToolText| ToolText {
        description: text.description.map(|text| line(&text, MAX_QUOTE)),
        ..text
    };
    let tools = last.tools.iter().take(MOST_TOOLS);
    Ok(tools.map(|tool| cut(ToolText::of(tool))).collect())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn server(n: u128, name: &str, host: &str, version: Option<&str>) -> ListedServer {
        ListedServer {
            monitor: MonitorId(Uuid::from_u128(n)),
            name: name.to_owned(),
            host: host.to_owned(),
            status: MonitorStatus::Up,
            gated: false,
            last_check_at: None,
            maintenance_until: None,
            spent: Spent::default(),
            median_ms: None,
            protocol_version: version.map(str::to_owned),
            tool_count: None,
            is_verified: false,
        }
    }

    #[test]
    fn servers_are_found_by_name_host_status_and_version() {
        let down = ListedServer {
            status: MonitorStatus::Down,
            ..server(3, "Weather", "meteo.example", Some("2025-06-18"))
        };
        let list = ServerList {
            made_at: At(0),
            is_last_known: false,
            servers: vec![
                server(1, "Search Größe", "mcp.example.com", Some("2025-11-25")),
                server(2, "Ungemessen", "other.example", None),
                down,
            ],
        };
        let found = |filter: ServerFilter| -> Vec<u128> {
            let fitting = list.fitting(&filter);
            fitting.iter().map(|it| it.monitor.0.as_u128()).collect()
        };
        let all = ServerFilter::default;
        let by_text = |text: &str| {
            found(ServerFilter {
                text: Some(text.to_owned()),
                ..all()
            })
        };
        assert_eq!(found(all()), [1, 2, 3]);
        assert_eq!(by_text(" GRÖSSE"), [0_u128; 0]);
        assert_eq!(by_text(" größe "), [1]);
        assert_eq!(by_text("EXAMPLE.com"), [1]);
        assert_eq!(by_text("%"), [0_u128; 0]);
        let status = Some(MonitorStatus::Down);
        assert_eq!(found(ServerFilter { status, ..all() }), [3]);
        let version = Some("2025-11-25".to_owned());
        assert_eq!(found(ServerFilter { version, ..all() }), [1]);
        assert_eq!(list.versions(), ["2025-11-25", "2025-06-18"]);
        assert_eq!(list.count(MonitorStatus::Up), 2);
    }
}
