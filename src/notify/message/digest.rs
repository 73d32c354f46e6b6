//! The words for what happened in a day or a week.

use super::words::{cut, duration, moment_in};
use super::{Fact, MAX_SENTENCE, Message, Tone, fact};
use crate::domain::digest::facts::{
    CertificateLine, DigestFacts, IncidentLine, Lines, ToolsLine, UptimeLine,
};
use crate::domain::expiry::left;
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, line};
use crate::domain::uptime::percent;

/// Milliseconds of a minute: less time that is not known is not worth a word.
const MINUTE_MS: i64 = 60_000;

pub(super) fn of(digest: &DigestFacts, public_url: &str) -> Message {
    let status = "DIGEST";
    let monitors = counted(digest.monitors, "monitor");
    let happened = happened(digest);
    let (from, until) = (
        moment_in(digest.zone, digest.from),
        moment_in(digest.zone, digest.until),
    );
    let zone = digest.zone.name();
    let reason = if digest.is_quiet {
        format!("Nothing happened to {monitors} from {from} to {until} ({zone}).")
    } else {
        format!("From {from} to {until} ({zone}): {monitors}, {happened}.")
    };
    Message {
        tone: Tone::Neutral,
        subject: cut(&format!("{status} {monitors}: {happened}")),
        status: status.to_owned(),
        name: monitors,
        body: None,
        reason,
        facts: if digest.is_quiet {
            vec![]
        } else {
            facts(digest)
        },
        changed: vec![],
        hint: None,
        link: public_url.to_owned(),
        acknowledge: None,
        footer: "You receive this because a digest is switched on for this channel.",
    }
}

/// What happened, in numbers.
fn happened(digest: &DigestFacts) -> String {
    let worst = digest.uptime.first.first();
    let worst = worst
        .and_then(|line| line.uptime)
        .filter(|share| *share < 1.0);
    let parts = [
        (digest.incidents.count(), "incident", ""),
        (digest.certificates.count(), "certificate", " ending soon"),
        (digest.tools.count(), "tool change", ""),
    ];
    let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
    let mut parts: Vec<String> = parts
        .map(|(count, what, more)| counted(count, what) + more)
        .collect();
    parts.extend(worst.map(|share| format!("worst uptime {}", percent(share))));
    if parts.is_empty() && digest.is_quiet {
        parts.push("nothing happened".to_owned());
    } else if parts.is_empty() {
        parts.push("no incident, some time unknown".to_owned());
    }
    parts.join(", ")
}

fn facts(digest: &DigestFacts) -> Vec<Fact> {
    let mut facts = Vec::new();
    let told = |text: String| line(&text, MAX_SENTENCE);
    list(&mut facts, "Uptime", &digest.uptime, |line| {
        told(uptime(line))
    });
    list(&mut facts, "Incident", &digest.incidents, |line| {
        told(incident(line, digest))
    });
    list(&mut facts, "Certificate", &digest.certificates, |line| {
        told(certificate(line, digest))
    });
    list(&mut facts, "Tools", &digest.tools, |line| {
        told(tools(line, digest))
    });
    facts
}

/// The lines of a list, and how many more there are.
fn list<T>(
    facts: &mut Vec<Fact>,
    label: &'static str,
    lines: &Lines<T>,
    words: impl Fn(&T) -> String,
) {
    facts.extend(lines.first.iter().map(|line| fact(label, words(line))));
    if lines.more > 0 {
        facts.push(fact("And", format!("{} more", lines.more)));
    }
}

fn uptime(of: &UptimeLine) -> String {
    let name = line(&of.name, MAX_NAME);
    let share = of.uptime.map_or_else(|| "not measured".to_owned(), percent);
    if of.unknown_ms < MINUTE_MS {
        return format!("{name}: {share}");
    }
    format!(
        "{name}: {share}, {} unknown",
        duration(of.unknown_ms / 1_000)
    )
}

fn incident(of: &IncidentLine, digest: &DigestFacts) -> String {
    let name = line(&of.name, MAX_NAME);
    let since = moment_in(digest.zone, of.started_at);
    let lasted = duration(of.duration_seconds);
    let message = line(&of.message, MAX_QUOTE);
    let end = if of.resolved_at.is_some() {
        ""
    } else {
        ", not over"
    };
    format!(
        "{name}: {} for {lasted}{end}, from {since}: {message}",
        of.severity.as_str()
    )
}

fn certificate(of: &CertificateLine, digest: &DigestFacts) -> String {
    let name = line(&of.name, MAX_NAME);
    let end = moment_in(digest.zone, of.not_after);
    format!(
        "{name}: ends in {}, {end}",
        left(of.not_after, digest.until)
    )
}

fn tools(of: &ToolsLine, digest: &DigestFacts) -> String {
    let name = line(&of.name, MAX_NAME);
    let (at, message) = (moment_in(digest.zone, of.at), line(&of.message, MAX_QUOTE));
    format!("{name}: {}, {at}: {message}", of.class.as_str())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
