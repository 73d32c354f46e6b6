//! The single checks of a monitor as a file, CSV or JSON, filtered as on their page.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;

use super::checks::Asked;
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::Timings;
use crate::store::{CheckFilter, PastCheck, Store};
use crate::web::Shared;
use crate::web::csv;
use crate::web::error::WebError;
use crate::web::path::{Id, Query};
use crate::web::session::Visitor;

/// Most checks in a file: two weeks of one a minute.
pub const MOST_EXPORTED: usize = 20_000;
/// Checks of a file that are read at once.
const BITE: usize = 2_000;
/// The phases in a file.
const PHASES: [&str; 12] = [
    "dns",
    "tcp",
    "tls",
    "open_stream",
    "initialize",
    "initialized",
    "discover",
    "tools_list",
    "prompts_list",
    "resources_list",
    "ping",
    "total",
];

/// A check in a file, with the words of the API.
#[derive(Serialize)]
struct Exported<'a> {
    slot: At,
    location: &'a str,
    started_at: At,
    status: &'static str,
    gated: bool,
    blip: bool,
    attempt: u32,
    code: Option<&'static str>,
    message: Option<&'a str>,
    timings_ms: Timings,
}

impl<'a> Exported<'a> {
    fn of(check: &'a PastCheck) -> Self {
        Self {
            slot: check.slot,
            location: &check.location,
            started_at: check.started_at,
            status: check.status.as_str(),
            gated: check.gated,
            blip: check.blip,
            attempt: check.attempt,
            code: check.code.map(Code::as_str),
            message: check.message.as_deref(),
            timings_ms: check.timings,
        }
    }

    fn csv(&self) -> String {
        let word = |is: bool| if is { "true" } else { "false" };
        let attempt = self.attempt.to_string();
        let (slot, started_at) = (self.slot.rfc3339(), self.started_at.rfc3339());
        let taken: Vec<(&str, f64)> = self.timings_ms.phases().collect();
        let phase = |name: &str| {
            let found = taken.iter().find(|(known, _)| *known == name);
            found.map_or_else(String::new, |(_, ms)| ms.to_string())
        };
        let phases = PHASES.map(phase);
        let first = [
            &*slot,
            self.location,
            &started_at,
            self.status,
            word(self.gated),
            word(self.blip),
            &attempt,
            self.code.unwrap_or_default(),
            self.message.unwrap_or_default(),
        ];
        csv::line(first.into_iter().chain(phases.iter().map(String::as_str)))
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

impl Form {
    fn head(self) -> String {
        let first = [
            "slot",
            "location",
            "started_at",
            "status",
            "gated",
            "blip",
            "attempt",
            "code",
            "message",
        ];
        let phases = PHASES.map(|name| format!("{name}_ms"));
        match self {
            Self::Csv => csv::line(first.into_iter().chain(phases.iter().map(String::as_str))),
            Self::Json => "[".to_owned(),
        }
    }

    fn rows(self, checks: &[PastCheck], is_first: bool) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for (n, check) in checks.iter().enumerate() {
            let row = Exported::of(check);
            if self == Self::Csv {
                text.push_str(&row.csv());
            } else {
                text.push_str(if is_first && n == 0 { "\n" } else { ",\n" });
                text.push_str(&serde_json::to_string(&row)?);
            }
        }
        Ok(text)
    }

    fn foot(self) -> &'static str {
        match self {
            Self::Csv => "",
            Self::Json => "\n]\n",
        }
    }
}

/// `GET /monitors/{id}/checks.csv`
pub(crate) async fn checks_csv(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    query: Query,
) -> Result<Response, WebError> {
    export(&shared, &visitor, id, &query, Form::Csv).await
}

/// `GET /monitors/{id}/checks.json`
pub(crate) async fn checks_json(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    query: Query,
) -> Result<Response, WebError> {
    export(&shared, &visitor, id, &query, Form::Json).await
}

/// The filtered checks as a file, newest first and at most [`MOST_EXPORTED`]; sent in bites while
/// they are read.
async fn export(
    shared: &Shared,
    visitor: &Visitor,
    id: MonitorId,
    query: &Query,
    form: Form,
) -> Result<Response, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let pages = Pages {
        store: store.clone(),
        whose: (team, id),
        filter: Asked::of(query).filter,
        form,
        cursor: None,
        left: MOST_EXPORTED,
    };
    let (content_type, ending) = match form {
        Form::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Form::Json => ("application/json", "json"),
    };
    let name = format!("attachment; filename=\"checks-{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(pages.stream())).into_response())
}

/// What is still to be sent of a file.
struct Pages {
    store: Store,
    whose: (TeamId, MonitorId),
    filter: CheckFilter,
    form: Form,
    cursor: Option<String>,
    left: usize,
}

impl Pages {
    fn stream(self) -> impl stream::Stream<Item = io::Result<String>> {
        let head = self.form.head();
        let foot = self.form.foot().to_owned();
        let rest = stream::unfold(Some(self), |pages| async {
            let mut pages = pages?;
            match pages.bite().await {
                Ok((text, is_last)) => Some((Ok(text), (!is_last).then_some(pages))),
                // A file that breaks off is known to be incomplete.
                Err(error) => Some((Err(error), None)),
            }
        });
        // Compression asks once more after the end.
        stream::iter([Ok(head)])
            .chain(rest)
            .chain(stream::iter([Ok(foot)]))
            .fuse()
    }

    async fn bite(&mut self) -> io::Result<(String, bool)> {
        let (team, id) = self.whose;
        let cursor = self.cursor.take();
        let most = BITE.min(self.left);
        let page = self
            .store
            .checks(team, id, &self.filter, cursor.as_deref(), most)
            .await
            .map_err(io::Error::other)?;
        self.left -= page.rows.len();
        let is_last = page.next.is_none() || self.left == 0;
        let text = self.form.rows(&page.rows, cursor.is_none());
        self.cursor = page.next;
        Ok((text.map_err(io::Error::other)?, is_last))
    }
}
