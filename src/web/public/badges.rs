//! Badges of a status page and of its components, as pictures and for shields.io.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::seen::{Face, answer as hand_out, of_slug};
use crate::app::public_status::{PublicComponent, PublicStatus};
use crate::domain::status::MonitorStatus;
use crate::domain::uptime::Spent;
use crate::web::Shared;
use crate::web::badge::{Badge, Style};
use crate::web::error::WebError;
use crate::web::path::Query;
use crate::web::words::share_of;

/// `GET /badge/{slug}.svg` and `GET /badge/{slug}.json`
pub(in crate::web) async fn badge(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let (slug, kind) = file.rsplit_once('.').ok_or(WebError::NotFound)?;
    let status = of_slug(&shared.app, slug, &headers).await?;
    let spent = |window: &str| {
        let mut all = Spent::default();
        status
            .components
            .iter()
            .for_each(|component| all.merge(&component.spent(window)));
        all
    };
    let badge = of_query(&query, &status.page.title, status.status, spent);
    answer(&headers, &status, &badge, (kind, &query))
}

/// `GET /badge/{slug}/{component}.svg`: a component by its name or the id of its monitor.
pub(in crate::web) async fn component_badge(
    State(shared): State<Shared>,
    Path((slug, file)): Path<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let (wanted, kind) = file.rsplit_once('.').ok_or(WebError::NotFound)?;
    let status = of_slug(&shared.app, &slug, &headers).await?;
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
    answer(&headers, &status, &badge, (kind, &query))
}

/// What is asked for by `?metric=` and `?label=`.
pub(in crate::web) fn of_query(
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
    status: &PublicStatus,
    badge: &Badge,
    asked: (&str, &Query),
) -> Result<Response, WebError> {
    hand_out(headers, status, face(badge, asked)?)
}

/// A badge as a picture (`svg`) or for shields.io (`json`).
pub(in crate::web) fn face(badge: &Badge, (kind, query): (&str, &Query)) -> Result<Face, WebError> {
    match kind {
        "svg" => {
            let style = Style::parse(query.get("style").unwrap_or_default());
            Ok(Face::new("image/svg+xml; charset=utf-8", badge.svg(style)))
        }
        "json" => {
            let text = serde_json::to_string(&badge.shield());
            let text = text.map_err(|error| WebError::Internal(error.into()))?;
            Ok(Face::new("application/json", text))
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
