//! The report of a month: a page made for print, and the same as files for spreadsheets.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::csv;
use super::error::WebError;
use super::filters;
use super::frame::Frame;
use super::path::Query;
use super::session::Visitor;
use crate::app::sla;
use crate::domain::at::At;
use crate::domain::budget::Target;
use crate::domain::month::Month;
use crate::domain::sla::{SlaIncident, SlaLine, SlaReport};

/// The columns of the file of monitors.
const COLUMNS: [&str; 16] = [
    "month",
    "is_whole",
    "monitor_id",
    "monitor",
    "uptime_percent",
    "target_percent",
    "is_met",
    "up_seconds",
    "degraded_seconds",
    "down_seconds",
    "unknown_seconds",
    "maintenance_seconds",
    "incidents",
    "longest_incident_seconds",
    "p50_ms",
    "p95_ms",
];
/// The columns of the file of incidents.
const INCIDENT_COLUMNS: [&str; 8] = [
    "incident_id",
    "monitor_id",
    "monitor",
    "severity",
    "started_at",
    "resolved_at",
    "duration_seconds",
    "cause",
];

#[derive(Template, WebTemplate)]
#[template(path = "reports/month.html")]
struct Page {
    frame: Frame,
    report: SlaReport,
    tags: Vec<String>,
    query: Query,
    now: At,
}

impl Page {
    /// The same report of another month.
    fn at(&self, month: Month) -> String {
        self.query.with(&format!("/reports/{month}"), "of", "")
    }

    fn previous(&self) -> String {
        self.at(self.report.month.previous())
    }

    /// The report of the next month, if that has begun.
    fn next(&self) -> Option<String> {
        let month = self.report.month.next();
        (month.starts_at() <= self.now).then(|| self.at(month))
    }

    fn file(&self, of: &str) -> String {
        let path = format!("/reports/{}.csv", self.report.month);
        self.query.with(&path, "of", of)
    }
}

/// `GET /reports`: leads to the newest month that is over.
pub(super) async fn latest(visitor: Visitor, query: Query) -> Redirect {
    let month = Month::of(visitor.now).previous();
    Redirect::to(&query.with(&format!("/reports/{month}"), "of", ""))
}

/// `GET /reports/2026-11` as a page, `GET /reports/2026-11.csv` as a file; `?of=incidents` for those,
/// `?tag=` for the monitors with a tag.
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response, WebError> {
    let (store, team, now) = (&shared.app.store, visitor.actor.team, visitor.now);
    let (text, is_file) = match name.strip_suffix(".csv") {
        Some(month) => (month, true),
        None => (&*name, false),
    };
    let month: Month = text.parse().map_err(|_| WebError::NotFound)?;
    let bounds = if is_file {
        sla::IN_A_FILE
    } else {
        sla::ON_A_PAGE
    };
    let report = sla::of_month(store, team, (month, query.get("tag")), bounds, now).await?;
    let report = report.ok_or(WebError::NotFound)?;
    if is_file {
        let is_of_incidents = query.get("of") == Some("incidents");
        return Ok(file(&report, is_of_incidents, now));
    }
    let page = Page {
        frame: visitor.frame(),
        report,
        tags: store.tags(team).await?,
        query,
        now,
    };
    Ok(page.into_response())
}

fn file(report: &SlaReport, is_of_incidents: bool, now: At) -> Response {
    let (kind, text) = if is_of_incidents {
        let lines = report.incidents.iter().map(|i| incident_line(i, now));
        (
            "incidents",
            csv::line(INCIDENT_COLUMNS) + &lines.collect::<String>(),
        )
    } else {
        let lines = report.lines.iter().map(|line| monitor_line(report, line));
        ("uptime", csv::line(COLUMNS) + &lines.collect::<String>())
    };
    let name = format!("attachment; filename=\"{kind}-{}.csv\"", report.month);
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present".to_owned(),
        ),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, text).into_response()
}

fn monitor_line(report: &SlaReport, line: &SlaLine) -> String {
    let word = |is: bool| if is { "true" } else { "false" };
    let seconds = |ms: i64| (ms / 1_000).to_string();
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let spent = &line.bucket.spent;
    let uptime = line.uptime_percent().map(|percent| format!("{percent:.3}"));
    let fields = [
        report.month.to_string(),
        word(report.is_whole()).to_owned(),
        line.monitor.to_string(),
        line.name.clone(),
        uptime.unwrap_or_default(),
        number(line.target.map(Target::percent)),
        line.is_met().map_or("", word).to_owned(),
        seconds(spent.up_ms),
        seconds(spent.degraded_ms),
        seconds(spent.down_ms),
        seconds(spent.unknown_ms),
        seconds(spent.maintenance_ms),
        line.incidents.to_string(),
        seconds(line.longest_ms),
        number(line.latency(0.5)),
        number(line.latency(0.95)),
    ];
    csv::line(fields.iter().map(String::as_str))
}

fn incident_line(incident: &SlaIncident, now: At) -> String {
    let fields = [
        incident.incident.to_string(),
        incident.monitor.to_string(),
        incident.name.clone(),
        incident.severity.as_str().to_owned(),
        incident.started_at.rfc3339(),
        incident.resolved_at.map(At::rfc3339).unwrap_or_default(),
        (incident.lasted_ms(now) / 1_000).to_string(),
        incident.message.clone(),
    ];
    csv::line(fields.iter().map(String::as_str))
}
