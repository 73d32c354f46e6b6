//! The status page as the public sees it, with its history, its feed and its badges.
//!
//! It must stand when everybody looks at it: `app` makes it once for all who ask, and whoever has
//! it already gets a `304`. A page that is not public answers exactly like one that does not exist.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::badge::{Badge, Style};
use super::error::WebError;
use super::filters;
use super::path::Query;
use super::words::share_of;
use crate::app::public_incident::PublicIncident;
use crate::app::public_kept;
use crate::app::public_status::{PublicComponent, PublicStatus};
use crate::domain::at::{At, DAY_MS};
use crate::domain::status::MonitorStatus;
use crate::domain::uptime::Spent;

/// Days of past incidents on the page itself; the history has more.
const RECENT_DAYS: i64 = 14;
/// What caches may do with it.
const CACHE: &str = "public, max-age=30, stale-while-revalidate=300";

#[derive(Template)]
#[template(path = "status/page.html")]
struct Page<'a> {
    status: &'a PublicStatus,
    open: Vec<&'a PublicIncident>,
    past: Vec<&'a PublicIncident>,
    own_since: Option<At>,
    now: At,
}

/// `GET /status/{slug}`
pub(super) async fn page(
    State(shared): State<Shared>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let status = public(&shared, &slug).await?;
    let now = shared.app.clock.now();
    let recent = At(now.0 - RECENT_DAYS * DAY_MS);
    let (past, open): (Vec<_>, Vec<_>) = status
        .incidents
        .iter()
        .partition(|incident| incident.resolved_at.is_some());
    let past = past
        .into_iter()
        .filter(|i| i.resolved_at >= Some(recent))
        .collect();
    let page = Page {
        status: &status,
        open,
        past,
        own_since: shared.app.nodes.word().seen_since(),
        now,
    };
    cacheable(&headers, "text/html; charset=utf-8", render(&page)?)
}

#[derive(Template)]
#[template(path = "status/history.html")]
struct History<'a> {
    status: &'a PublicStatus,
    months: Vec<(String, Vec<&'a PublicIncident>)>,
    now: At,
}

/// `GET /status/{slug}/history`
pub(super) async fn history(
    State(shared): State<Shared>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let status = public(&shared, &slug).await?;
    let mut months: Vec<(String, Vec<&PublicIncident>)> = Vec::new();
    for incident in &status.incidents {
        let month = incident.started_at.utc().format("%B %Y").to_string();
        match months.last_mut().filter(|(known, _)| *known == month) {
            Some((_, incidents)) => incidents.push(incident),
            None => months.push((month, vec![incident])),
        }
    }
    let page = History {
        status: &status,
        months,
        now: shared.app.clock.now(),
    };
    cacheable(&headers, "text/html; charset=utf-8", render(&page)?)
}

#[derive(Template)]
#[template(path = "status/feed.xml")]
struct Feed<'a> {
    status: &'a PublicStatus,
    updated_at: At,
    base: &'a str,
}

/// `GET /status/{slug}/feed.atom`
pub(super) async fn feed(
    State(shared): State<Shared>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let status = public(&shared, &slug).await?;
    let incidents = status.incidents.iter().map(PublicIncident::updated_at);
    let announced = status.announcements.iter().map(|one| one.updated_at);
    let latest = incidents.chain(announced).max();
    let feed = Feed {
        updated_at: latest.or(status.updated_at).unwrap_or(status.made_at),
        base: &shared.app.settings.public_url,
        status: &status,
    };
    cacheable(
        &headers,
        "application/atom+xml; charset=utf-8",
        render(&feed)?,
    )
}

/// `GET /badge/{slug}.svg` and `GET /badge/{slug}.json`
pub(super) async fn badge(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let (slug, kind) = file.rsplit_once('.').ok_or(WebError::NotFound)?;
    let status = public(&shared, slug).await?;
    let spent = |window: &str| {
        let mut all = Spent::default();
        status
            .components
            .iter()
            .for_each(|component| all.merge(&component.spent(window)));
        all
    };
    let badge = of_query(&query, &status.page.title, status.status, spent);
    answer(&headers, &badge, kind, &query)
}

/// `GET /badge/{slug}/{component}.svg`: a component by its name or the id of its monitor.
pub(super) async fn component_badge(
    State(shared): State<Shared>,
    Path((slug, file)): Path<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let (wanted, kind) = file.rsplit_once('.').ok_or(WebError::NotFound)?;
    let status = public(&shared, &slug).await?;
    let is_wanted = |c: &&PublicComponent| {
        c.monitor.to_string() == wanted || c.name == wanted || slug_of(&c.name) == wanted
    };
    let component = status
        .components
        .iter()
        .find(is_wanted)
        .ok_or(WebError::NotFound)?;
    let badge = of_query(&query, &component.name, component.status, |window| {
        component.spent(window)
    });
    answer(&headers, &badge, kind, &query)
}

/// What is asked for by `?metric=` and `?label=`.
fn of_query(
    query: &Query,
    name: &str,
    status: MonitorStatus,
    spent: impl Fn(&str) -> Spent,
) -> Badge {
    let label = query.get("label").unwrap_or(name);
    let window = query
        .get("metric")
        .and_then(|metric| metric.strip_prefix("uptime-"));
    match window.filter(|window| ["24h", "7d", "30d", "90d"].contains(window)) {
        Some(window) => {
            let share = spent(window).uptime();
            Badge::uptime(label, share, format!("{} ({window})", share_of(share)))
        }
        None => Badge::status(label, status),
    }
}

fn answer(
    headers: &HeaderMap,
    badge: &Badge,
    kind: &str,
    query: &Query,
) -> Result<Response, WebError> {
    match kind {
        "svg" => {
            let style = Style::parse(query.get("style").unwrap_or_default());
            cacheable(headers, "image/svg+xml; charset=utf-8", badge.svg(style))
        }
        "json" => {
            let text = serde_json::to_string(&badge.shield());
            let text = text.map_err(|error| WebError::Internal(error.into()))?;
            cacheable(headers, "application/json", text)
        }
        _ => Err(WebError::NotFound),
    }
}

/// `Search server` becomes `search-server`.
fn slug_of(name: &str) -> String {
    let words = name.to_lowercase();
    let words = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The public page at a slug.
pub(super) async fn public(shared: &Shared, slug: &str) -> Result<Arc<PublicStatus>, WebError> {
    let found = public_kept::at(&shared.app, slug).await?;
    found.ok_or(WebError::NotFound)
}

fn render(page: &impl Template) -> Result<String, WebError> {
    page.render()
        .map_err(|error| WebError::Internal(error.into()))
}

/// An answer that may be kept; `304` for whoever has it.
fn cacheable(headers: &HeaderMap, kind: &'static str, text: String) -> Result<Response, WebError> {
    let digest = Sha256::digest(text.as_bytes());
    let mut etag = String::from("\"");
    for byte in digest.iter().take(12) {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    });
    let response = Response::builder()
        .header(header::CACHE_CONTROL, CACHE)
        .header(header::ETAG, etag)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    let response = if is_known {
        response
            .status(StatusCode::NOT_MODIFIED)
            .body(Body::empty())
    } else {
        response
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(text))
    };
    response
        .map_err(|error| WebError::Internal(error.into()))
        .map(IntoResponse::into_response)
}
