//! The status page as the public sees it, with its history, its feed, its calendar and its badges.
//!
//! It must stand when everybody looks at it: `app` makes it once for all who ask, each face of it is
//! made once, and whoever has it already gets a `304`. A page that somebody may not see answers
//! exactly like one that does not exist; only its address itself asks for the password, where there
//! is one.

pub(super) mod badges;
mod calendar;
mod look;
mod picture;
mod plain;
pub(super) mod seen;
mod unlock;

pub(super) use badges::{badge, component_badge};
pub(super) use calendar::calendar;
pub(super) use look::{logo, picture, theme, widget};
pub(super) use unlock::unlock;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::WebError;
use super::face::{Wanted, wanted};
use super::filters;
use super::past::{PastDay, by_day};
use super::path::Query;
use crate::app::public_incident::PublicIncident;
use crate::app::public_kept::Seen;
use crate::app::public_status::{self, PublicStatus};
use crate::domain::at::{At, DAY_MS};
use crate::domain::month::Month;
use crate::domain::status_page::Visibility;
use crate::store::StoreError;
use seen::{Asked, Face, Place, answer, now, shared_answer};

/// Days of past incidents on the page itself; the history has more.
const RECENT_DAYS: i64 = 14;
/// How many months the history goes back.
const MONTHS: u32 = 12;
/// HTML.
pub(super) const HTML: &str = "text/html; charset=utf-8";

#[derive(Template)]
#[template(path = "status/page.html")]
struct Page<'a> {
    status: &'a PublicStatus,
    place: &'a Place,
    public_url: &'a str,
    open: Vec<&'a PublicIncident>,
    days: Vec<PastDay<'a>>,
    own_since: Option<At>,
    now: At,
}

/// `GET /status/{slug}`: HTML, or plain text for those who want that. JSON is the API's.
pub(super) async fn page(State(shared): State<Shared>, asked: Asked) -> Result<Response, WebError> {
    let status = match asked.look(&shared.app).await? {
        Seen::Shown(status) => status,
        Seen::Locked(status) if !is_terminal(&asked.headers) => {
            return Ok(unlock::ask(&shared, &asked, &status));
        }
        Seen::Locked(_) | Seen::Nothing => return Err(WebError::NotFound),
    };
    let whose = (&asked, &status);
    if is_terminal(&asked.headers) {
        return shared_answer(&shared, whose, "text", || {
            let url = &shared.app.settings.public_url;
            let text = plain::table(&status, url, now(&shared.app, &status));
            Ok(Face::new("text/plain; charset=utf-8", text))
        });
    }
    let own_since = shared.app.nodes.word().seen_since();
    let make = || {
        let now = now(&shared.app, &status);
        let recent = At(now.0 - RECENT_DAYS * DAY_MS);
        let incidents = status.incidents.iter();
        let (past, open): (Vec<_>, Vec<_>) = incidents.partition(|i| i.resolved_at.is_some());
        let past = past.into_iter().filter(|i| i.resolved_at >= Some(recent));
        let page = Page {
            status: &status,
            place: &asked.place,
            public_url: &shared.app.settings.public_url,
            open,
            days: by_day(past),
            own_since,
            now,
        };
        Ok(Face::new(HTML, render(&page)?))
    };
    match own_since {
        None => shared_answer(&shared, whose, "page", make),
        // Trouble of our own is said as soon as it is known.
        Some(_) => answer(&asked.headers, &status, make()?),
    }
}

fn is_terminal(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    wanted(text(header::ACCEPT), text(header::USER_AGENT)) == Wanted::Text
}

#[derive(Template)]
#[template(path = "status/history.html")]
struct History<'a> {
    status: &'a PublicStatus,
    place: &'a Place,
    public_url: &'a str,
    /// The month that is shown; the last ninety days without one.
    month: Option<Month>,
    /// The months that can be gone to, the newest first.
    choice: Vec<Month>,
    months: Vec<(Month, Vec<PastDay<'a>>)>,
    now: At,
}

impl History<'_> {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "what a template hands over"
    )]
    fn is_shown(&self, month: &Month) -> bool {
        self.month.as_ref() == Some(month)
    }
}

/// `GET /status/{slug}/history`: the last ninety days, or `?month=2026-11`.
pub(super) async fn history(
    State(shared): State<Shared>,
    asked: Asked,
    query: Query,
) -> Result<Response, WebError> {
    let status = match asked.look(&shared.app).await? {
        Seen::Shown(status) => status,
        Seen::Locked(_) => return Ok(Redirect::to(&asked.place.home).into_response()),
        Seen::Nothing => return Err(WebError::NotFound),
    };
    let now = now(&shared.app, &status);
    let choice = Month::of(now).and_before(MONTHS);
    let month = query.get("month").map(|text| {
        let known = Month::parse(text).filter(|month| choice.contains(month));
        known.ok_or(WebError::NotFound)
    });
    let month = month.transpose()?;
    let read = match month {
        Some(month) => Some(incidents_of(&shared, &status, month).await?),
        None => None,
    };
    let make = || {
        let mut months: Vec<(Month, Vec<PastDay<'_>>)> = Vec::new();
        for day in by_day(read.as_ref().unwrap_or(&status.incidents)) {
            let month = Month::of(day.start);
            match months.last_mut().filter(|(known, _)| *known == month) {
                Some((_, days)) => days.push(day),
                None => months.push((month, vec![day])),
            }
        }
        let page = History {
            status: &status,
            place: &asked.place,
            public_url: &shared.app.settings.public_url,
            month,
            choice,
            months,
            now,
        };
        Ok(Face::new(HTML, render(&page)?))
    };
    match month {
        None => shared_answer(&shared, (&asked, &status), "history", make),
        Some(_) => answer(&asked.headers, &status, make()?),
    }
}

/// The incidents of a month; of those that the page knows while the database is away.
async fn incidents_of(
    shared: &Shared,
    status: &PublicStatus,
    month: Month,
) -> Result<Vec<PublicIncident>, WebError> {
    match public_status::month(&shared.app, status, month).await {
        Err(StoreError::Unavailable(_)) if status.is_last_known => {
            let known = status.incidents.iter();
            Ok(known
                .filter(|i| Month::of(i.started_at) == month)
                .cloned()
                .collect())
        }
        other => Ok(other?),
    }
}

#[derive(Template)]
#[template(path = "status/feed.xml")]
struct Feed<'a> {
    status: &'a PublicStatus,
    updated_at: At,
    base: &'a str,
}

/// `GET /status/{slug}/feed.atom`
pub(super) async fn feed(State(shared): State<Shared>, asked: Asked) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    shared_answer(&shared, (&asked, &status), "feed", || {
        let incidents = status.incidents.iter().map(PublicIncident::updated_at);
        let announced = status.announcements.iter().map(|one| one.updated_at);
        let latest = incidents.chain(announced).max();
        let feed = Feed {
            updated_at: latest.or(status.updated_at).unwrap_or(status.made_at),
            base: &shared.app.settings.public_url,
            status: &status,
        };
        Ok(Face::new(
            "application/atom+xml; charset=utf-8",
            render(&feed)?,
        ))
    })
}

pub(super) fn render(page: &impl Template) -> Result<String, WebError> {
    page.render()
        .map_err(|error| WebError::Internal(error.into()))
}
