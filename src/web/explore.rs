//! The public directory: the list of servers that teams show to everybody, the page of one, its badge.
//!
//! What is not listed answers exactly like what does not exist. Pages are made once for all who ask
//! ([`directory_kept`]) and stay the same, to the byte, until they are made again.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::Shared;
use super::error::WebError;
use super::filters;
use super::past::{PastDay, by_day};
use super::path::{Id, Query};
use super::public::badges::{face, of_query};
use super::public::seen::{Face, open_answer};
use super::public::{HTML, render};
use super::words::{latency, share_of, span};
use crate::app::directory::{HISTORY_DAYS, PublicServer, ServerFilter, ServerList};
use crate::app::directory_kept;
use crate::app::public_incident::PublicIncident;
use crate::domain::at::At;
use crate::domain::directory::client_config;
use crate::domain::id::MonitorId;
use crate::domain::status::MonitorStatus;
use crate::store::ListedServer;

/// Servers on one page of the list.
const PAGE: usize = 50;
/// Longest text that is searched for, in characters.
const MAX_SEARCH: usize = 100;

#[derive(Template)]
#[template(path = "explore/list.html")]
struct ListPage<'a> {
    list: &'a ServerList,
    /// The servers of this page.
    rows: &'a [&'a ListedServer],
    /// How many fit.
    found: usize,
    query: &'a Query,
    is_filtered: bool,
    page: usize,
    pages: usize,
    canonical: String,
    own_since: Option<At>,
    now: At,
}

impl ListPage<'_> {
    /// How many there are, and how they are.
    fn sentence(&self) -> String {
        let all = self.list.servers.len();
        let servers = if all == 1 { "server" } else { "servers" };
        let counts = [
            MonitorStatus::Up,
            MonitorStatus::Degraded,
            MonitorStatus::Down,
        ];
        let counts = counts.into_iter().filter_map(|status| {
            let count = self.list.count(status);
            (count > 0).then(|| format!("{count} {}", status.as_str()))
        });
        let counts: Vec<String> = counts.collect();
        match (all, counts.is_empty()) {
            (0, _) => "No public MCP server is listed yet".to_owned(),
            (_, true) => format!("{all} public MCP {servers}"),
            _ => format!("{all} public MCP {servers}: {}", counts.join(", ")),
        }
    }

    /// The address of another page of the same search.
    fn at_page(&self, page: usize) -> String {
        self.query.with("/explore", "page", &page.to_string())
    }
}

/// `GET /explore`
pub(super) async fn list(
    State(shared): State<Shared>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let list = directory_kept::list(&shared.app).await?;
    let text = |text: &str| text.chars().take(MAX_SEARCH).collect();
    let filter = ServerFilter {
        text: query.get("q").map(text),
        status: query.get("status").and_then(MonitorStatus::parse),
        version: query.get("version").map(text),
    };
    let fitting = list.fitting(&filter);
    let pages = fitting.len().div_ceil(PAGE).max(1);
    let page = query.get("page").and_then(|page| page.parse().ok());
    let page: usize = page.unwrap_or(1).clamp(1, pages);
    let rows = fitting.chunks(PAGE).nth(page - 1).unwrap_or_default();
    let base = &shared.app.settings.public_url;
    let page = ListPage {
        rows,
        found: fitting.len(),
        is_filtered: filter != ServerFilter::default(),
        query: &query,
        page,
        pages,
        canonical: if page == 1 {
            format!("{base}/explore")
        } else {
            format!("{base}/explore?page={page}")
        },
        own_since: shared.app.nodes.word().seen_since(),
        now: told_at(&shared, list.made_at, list.is_last_known),
        list: &list,
    };
    open_answer(&headers, Face::new(HTML, render(&page)?))
}

#[derive(Template)]
#[template(path = "explore/server.html")]
struct ServerPage<'a> {
    server: &'a PublicServer,
    /// One sentence: how it is, and since when.
    sentence: String,
    open: Vec<&'a PublicIncident>,
    /// Past incidents.
    days: Vec<PastDay<'a>>,
    /// What a client is configured with.
    config: String,
    base: &'a str,
    own_since: Option<At>,
    now: At,
}

impl ServerPage<'_> {
    fn canonical(&self) -> String {
        format!("{}/explore/{}", self.base, self.server.monitor)
    }

    /// What search engines show of it.
    fn description(&self) -> String {
        let server = self.server;
        let mut parts = vec![format!(
            "{}: {} over 30 days",
            self.sentence,
            share_of(server.spent("30d").uptime())
        )];
        parts.extend(server.day.p50.map(|ms| format!("median {}", latency(ms))));
        let protocol = server.protocol.as_ref();
        let version = protocol.and_then(|protocol| protocol.version.as_ref());
        parts.extend(version.map(|version| format!("MCP {version}")));
        parts.extend(server.tool_count.map(|count| match count {
            1 => "1 tool".to_owned(),
            count => format!("{count} tools"),
        }));
        format!("MCP server {}. {}.", server.name, parts.join(", "))
    }
}

/// `GET /explore/{id}`
pub(super) async fn show(
    State(shared): State<Shared>,
    Id(id): Id<MonitorId>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let server = listed(&shared, id).await?;
    let now = told_at(&shared, server.made_at, server.is_last_known);
    let (past, open): (Vec<_>, Vec<_>) = server
        .incidents
        .iter()
        .partition(|incident| incident.resolved_at.is_some());
    let protocol = server.protocol.as_ref();
    let transport = protocol.and_then(|protocol| protocol.transport);
    let page = ServerPage {
        sentence: sentence(&server, now),
        config: client_config(&server.name, &server.url, transport),
        open,
        days: by_day(past),
        base: &shared.app.settings.public_url,
        own_since: shared.app.nodes.word().seen_since(),
        server: &server,
        now,
    };
    open_answer(&headers, Face::new(HTML, render(&page)?))
}

/// `GET /explore/{id}/badge.svg`: as the badges of status pages.
pub(super) async fn badge(
    State(shared): State<Shared>,
    Id(id): Id<MonitorId>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let server = listed(&shared, id).await?;
    let badge = of_query(&query, &server.name, server.status, |window| {
        server.spent(window)
    });
    open_answer(&headers, face(&badge, ("svg", &query))?)
}

async fn listed(shared: &Shared, id: MonitorId) -> Result<Arc<PublicServer>, WebError> {
    let found = directory_kept::server(&shared.app, id).await?;
    found.ok_or(WebError::NotFound)
}

/// The time that ages are counted to: when it was read, so that it stays the same until it is read again;
/// now, where it is old.
fn told_at(shared: &Shared, made_at: At, is_last_known: bool) -> At {
    if is_last_known {
        shared.app.clock.now()
    } else {
        made_at
    }
}

/// One sentence: how it is, and since when.
fn sentence(server: &PublicServer, now: At) -> String {
    let lasted = span(now.ms_since(server.since));
    match server.status {
        MonitorStatus::Pending => "Not measured yet".to_owned(),
        MonitorStatus::Paused => "Not measured at the moment".to_owned(),
        MonitorStatus::Unknown if server.is_last_known => {
            "Nobody can say how it is at the moment".to_owned()
        }
        MonitorStatus::Unknown => format!("Could not be measured for {lasted}"),
        MonitorStatus::Up if server.gated => format!("Up for {lasted}, behind a login"),
        MonitorStatus::Up => format!("Up for {lasted}"),
        MonitorStatus::Degraded => format!("Degraded for {lasted}"),
        MonitorStatus::Down => format!("Down for {lasted}"),
    }
}
