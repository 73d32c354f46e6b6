//! The single checks of a monitor: the last ones on its page, all of them on a page of their own,
//! by time and status.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::domain::at::{At, DAY_MS};
use crate::domain::id::MonitorId;
use crate::domain::monitor::Monitor;
use crate::domain::verdict::CheckStatus;
use crate::store::{CheckFilter, PastCheck};
use crate::web::Shared;
use crate::web::error::WebError;
use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::path::{Id, Query};
use crate::web::session::Visitor;
use crate::web::words::date_of;

/// Checks on the page of a monitor.
const RECENT: usize = 12;
/// Checks on one page of their own list.
const PAGE: usize = 100;

/// The last checks of a monitor.
pub(super) struct RecentChecks {
    pub(super) id: MonitorId,
    pub(super) checks: Vec<PastCheck>,
}

impl RecentChecks {
    pub(super) async fn of(
        shared: &Shared,
        visitor: &Visitor,
        id: MonitorId,
    ) -> Result<Self, WebError> {
        let (store, team) = (&shared.app.store, visitor.actor.team);
        let all = CheckFilter::default();
        Ok(Self {
            id,
            checks: store.checks(team, id, &all, None, RECENT).await?.rows,
        })
    }

    /// The last check, if clients could use the server; how a failed one went is told where it is
    /// told why.
    pub(super) fn last_usable(&self) -> Option<&PastCheck> {
        let is_usable = |check: &&PastCheck| {
            let status = check.status;
            matches!(status, CheckStatus::Up | CheckStatus::Degraded)
                && check.timings.phases().next().is_some()
        };
        self.checks.first().filter(is_usable)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "partials/checks.html")]
struct ChecksFragment {
    recent: RecentChecks,
}

/// `GET /monitors/{id}/recent`: its last checks, as a fragment.
pub(crate) async fn recent(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    let known = shared.app.store.monitor(visitor.actor.team, id).await?;
    known.ok_or(WebError::NotFound)?;
    let recent = RecentChecks::of(&shared, &visitor, id).await?;
    Ok(ChecksFragment { recent })
}

/// Which checks the address asks for: of a day, or from one instant to another.
pub(super) struct Asked {
    pub(super) filter: CheckFilter,
    day: Option<At>,
}

impl Asked {
    pub(super) fn of(query: &Query) -> Self {
        let instant = |name| query.get(name).and_then(At::parse);
        let day = query
            .get("day")
            .and_then(|day| At::parse(&format!("{day}T00:00:00Z")));
        Self {
            filter: CheckFilter {
                from: day.or_else(|| instant("from")),
                until: day
                    .map(|day| At(day.0 + DAY_MS))
                    .or_else(|| instant("until")),
                status: query.get("status").and_then(CheckStatus::parse),
                blip: query.one_of("blip", &["true"]).map(|_| true),
            },
            day,
        }
    }

    /// Which times are asked for, in words; `None` for all.
    fn times(&self) -> Option<String> {
        let minute = |at: At| at.utc().format("%-d %b %Y, %H:%M").to_string();
        if let Some(day) = self.day {
            return Some(format!("on {}", date_of(day)));
        }
        match (self.filter.from, self.filter.until) {
            (None, None) => None,
            (Some(from), None) => Some(format!("since {}", minute(from))),
            (None, Some(until)) => Some(format!("before {}", minute(until))),
            (Some(from), Some(until)) => Some(format!("{} to {}", minute(from), minute(until))),
        }
    }

    fn is_blips(&self) -> bool {
        self.filter.blip == Some(true)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/checks.html")]
struct ChecksPage {
    frame: Frame,
    monitor: Monitor,
    checks: Vec<PastCheck>,
    asked: Asked,
    query: Query,
    path: String,
    next: Option<String>,
}

impl ChecksPage {
    /// Where the same checks are as a file.
    fn file(&self, ending: &str) -> String {
        format!("{}.{ending}", self.path)
    }
}

/// `GET /monitors/{id}/checks`: single checks, by time and status.
pub(crate) async fn checks(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let kept = store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let asked = Asked::of(&query);
    let page = store
        .checks(team, id, &asked.filter, query.get("cursor"), PAGE)
        .await?;
    let path = format!("/monitors/{id}/checks");
    Ok(ChecksPage {
        frame: visitor.frame(),
        monitor: kept.monitor,
        checks: page.rows,
        next: page.next.map(|cursor| query.with(&path, "cursor", &cursor)),
        asked,
        path,
        query,
    })
}
