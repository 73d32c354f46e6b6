//! A page as plain text for a terminal: short, aligned, and nothing in it that a terminal obeys.

use std::fmt::Write as _;

use crate::app::public_status::{PublicComponent, PublicStatus};
use crate::domain::at::At;
use crate::domain::untrusted::line;
use crate::web::words::{NOTHING, age, latency, share_of};

/// Longest name in the table, in characters.
const MAX_NAME: usize = 40;
/// Longest other text, in characters.
const MAX_TEXT: usize = 200;

/// The page in lines.
pub(super) fn table(status: &PublicStatus, public_url: &str, now: At) -> String {
    let mut text = String::new();
    let title = line(&status.page.title, MAX_TEXT);
    let _ = writeln!(text, "{title}: {}", status.sentence);
    let measured = status
        .updated_at
        .map(|at| format!("Last measured {}, {}.", age(now.ms_since(at)), when(at)));
    let _ = writeln!(
        text,
        "{}",
        measured
            .as_deref()
            .unwrap_or("Nothing has been measured yet.")
    );
    if status.is_last_known {
        let read = age(now.ms_since(status.made_at));
        let _ = writeln!(
            text,
            "Our own database is away. This is the last that we know, read {read}."
        );
    }
    let lengths = status
        .components
        .iter()
        .map(|c| line(&c.name, MAX_NAME).chars().count());
    let width = lengths.max().unwrap_or(0);
    for group in status.groups() {
        text.push('\n');
        if let Some(name) = &group.name {
            let _ = writeln!(text, "{}: {}", line(name, MAX_TEXT), group.status.as_str());
        }
        for component in group.components {
            row(&mut text, component, width);
        }
    }
    let open = status
        .incidents
        .iter()
        .filter(|incident| incident.resolved_at.is_none());
    for (n, incident) in open.enumerate() {
        let (gap, name) = (
            if n == 0 { "\n" } else { "" },
            line(&incident.component, MAX_NAME),
        );
        let (severity, since) = (incident.severity.as_str(), when(incident.started_at));
        let why = incident.code.words();
        let _ = writeln!(text, "{gap}{name} is {severity} since {since}: {why}");
    }
    for (n, window) in status.maintenance.iter().enumerate() {
        let (gap, name) = (if n == 0 { "\n" } else { "" }, line(&window.name, MAX_TEXT));
        let (from, to) = (
            when(window.occurrence.starts_at),
            when(window.occurrence.ends_at),
        );
        let _ = writeln!(text, "{gap}Maintenance: {name}, {from} to {to}");
    }
    let _ = writeln!(text, "\n{public_url}/status/{}", status.page.slug);
    text
}

fn row(text: &mut String, component: &PublicComponent, width: usize) {
    let name = line(&component.name, MAX_NAME);
    let gap = " ".repeat(width.saturating_sub(name.chars().count()));
    let uptime = share_of(component.spent("90d").uptime());
    let median = component.p50_ms.map_or_else(|| NOTHING.to_owned(), latency);
    let maintenance = if component.maintenance_until.is_some() {
        "  in maintenance"
    } else {
        ""
    };
    let word = component.status.as_str();
    let _ = writeln!(
        text,
        "  {word:<9} {name}{gap}  {uptime:>9} in 90 d  {median:>8}{maintenance}"
    );
}

/// `2026-11-28 22:10 UTC`
fn when(at: At) -> String {
    at.utc().format("%Y-%m-%d %H:%M UTC").to_string()
}
