//! The maintenance of a page as a calendar that others subscribe to (RFC 5545).
//!
//! An occurrence has the same UID whenever it is told, so that a calendar changes what it has and
//! adds nothing twice.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::Response;

use super::seen::{Asked, Face, shared_answer};
use crate::app::public_status::{PublicMaintenance, PublicStatus};
use crate::domain::at::At;
use crate::domain::untrusted;
use crate::web::Shared;
use crate::web::error::WebError;

/// Longest line, in bytes without its end (RFC 5545 §3.1).
const MAX_LINE: usize = 75;
/// Longest text of a property, in characters.
const MAX_TEXT: usize = 2_000;
/// How often a calendar may ask again (RFC 7986 §5.7).
const REFRESH: &str = "PT1H";

/// `GET /status/{slug}/calendar.ics`
pub(in crate::web) async fn calendar(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    shared_answer(&shared, (&asked, &status), "calendar", || {
        let text = write(&status, &shared.app.settings.public_url);
        Ok(Face::new("text/calendar; charset=utf-8", text))
    })
}

fn write(status: &PublicStatus, public_url: &str) -> String {
    let url = format!("{public_url}/status/{}", status.page.slug);
    let mut lines = Lines::default();
    lines.raw("BEGIN", "VCALENDAR");
    lines.raw("VERSION", "2.0");
    lines.raw("PRODID", "-//Lifesign//Status page//EN");
    lines.raw("CALSCALE", "GREGORIAN");
    lines.raw("METHOD", "PUBLISH");
    lines.text("NAME", &status.page.title);
    lines.text("X-WR-CALNAME", &status.page.title);
    lines.raw("URL", &url);
    lines.raw("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    lines.raw("X-PUBLISHED-TTL", REFRESH);
    for date in &status.calendar {
        event(&mut lines, date, &url);
    }
    lines.raw("END", "VCALENDAR");
    lines.0
}

fn event(lines: &mut Lines, date: &PublicMaintenance, url: &str) {
    let occurrence = date.occurrence;
    let names: Vec<&str> = date
        .components
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    lines.raw("BEGIN", "VEVENT");
    lines.raw(
        "UID",
        &format!("{}-{}@lifesign", date.id, occurrence.starts_at.0 / 1_000),
    );
    // Nobody is told when it was last changed: the same text for the same event, so that a calendar
    // that is fetched again is the same.
    lines.raw("DTSTAMP", &instant(occurrence.starts_at));
    lines.raw("DTSTART", &instant(occurrence.starts_at));
    lines.raw("DTEND", &instant(occurrence.ends_at));
    lines.text("SUMMARY", &format!("Maintenance: {}", date.name));
    lines.text("DESCRIPTION", &names.join("\n"));
    lines.raw("URL", url);
    lines.raw("TRANSP", "TRANSPARENT");
    lines.raw("END", "VEVENT");
}

/// `20261128T223000Z`
fn instant(at: At) -> String {
    at.utc().format("%Y%m%dT%H%M%SZ").to_string()
}

/// Content lines, folded and ended as the format wants it.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A property whose value is no text and needs no escapes.
    fn raw(&mut self, name: &str, value: &str) {
        let line = format!("{name}:{value}");
        let mut rest = line.as_str();
        let mut room = MAX_LINE;
        while rest.len() > room {
            let cut = (0..=room)
                .rev()
                .find(|end| rest.is_char_boundary(*end))
                .unwrap_or(room);
            let (head, tail) = rest.split_at(cut);
            let _ = write!(self.0, "{head}\r\n ");
            rest = tail;
            // The space before a continuation counts.
            room = MAX_LINE - 1;
        }
        let _ = write!(self.0, "{rest}\r\n");
    }

    /// A property with text that somebody wrote.
    fn text(&mut self, name: &str, value: &str) {
        let value = untrusted::block(value, MAX_TEXT);
        let value = value
            .replace('\\', "\\\\")
            .replace(';', "\\;")
            .replace(',', "\\,");
        let value = value.replace('\r', "").replace('\n', "\\n");
        self.raw(name, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_long_lines_are_folded_between_characters() {
        let mut lines = Lines::default();
        lines.text("SUMMARY", "a; b, c\\ d\r\nBEGIN:VALARM");
        assert_eq!(lines.0, "SUMMARY:a\\; b\\, c\\\\ d\\nBEGIN:VALARM\r\n");
        let mut lines = Lines::default();
        lines.text("SUMMARY", &"ü".repeat(100));
        let physical: Vec<&str> = lines.0.split_terminator("\r\n").collect();
        assert!(physical.len() > 2 && physical.iter().all(|line| line.len() <= MAX_LINE));
        let unfolded = lines.0.replace("\r\n ", "");
        assert_eq!(unfolded, format!("SUMMARY:{}\r\n", "ü".repeat(100)));
    }
}
