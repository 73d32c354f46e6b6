//! The words for what happens to an incident.

use super::words::{duration, in_short, moment};
use super::{Changed, Fact, MAX_SENTENCE, Message, Tone, fact};
use crate::domain::incident::{Change, EntryKind, Severity};
use crate::domain::notification::{Content, Event, IncidentFacts};
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::domain::verdict::CheckStatus;

pub(super) fn of(
    event: Event,
    incident: &IncidentFacts,
    content: &Content,
    public_url: &str,
) -> Message {
    let name = content
        .monitor
        .as_ref()
        .map_or_else(String::new, |monitor| line(&monitor.name, MAX_QUOTE));
    let trouble = line(&incident.message, MAX_SENTENCE);
    let lasted = duration(incident.duration_seconds);
    let by = who(incident, event);
    let turns = incident.turns.unwrap_or_default();
    let (status, short, reason) = match event {
        Event::Flapping => (
            "FLAPPING",
            format!("it comes and goes; {}", in_short(&trouble)),
            format!(
                "It has changed {turns} times in half an hour. The latest trouble: {trouble} You \
                 will hear again when it has settled for half an hour."
            ),
        ),
        Event::Escalated => (
            word(incident.severity),
            format!("unacknowledged after {lasted}; {}", in_short(&trouble)),
            format!(
                "It has lasted {lasted} and nobody has acknowledged it, so you are told, too. \
                 {trouble}"
            ),
        ),
        Event::Reminder => (
            word(incident.severity),
            format!("unacknowledged after {lasted}; {}", in_short(&trouble)),
            format!("It has lasted {lasted} and nobody has acknowledged it. {trouble}"),
        ),
        Event::Settled => (
            word(incident.severity),
            format!("it stays so after {turns} changes; {}", in_short(&trouble)),
            format!("It has settled after {turns} changes, and not for the better. {trouble}"),
        ),
        Event::Resolved if by.is_none() && turns > 0 => (
            recovered(content),
            format!("steady again after {turns} changes in {lasted}"),
            format!(
                "Steady for half an hour, after {turns} changes in {lasted}. It was: {trouble}"
            ),
        ),
        Event::Resolved if by.is_none() => (
            recovered(content),
            format!("back after {lasted}"),
            format!("Back after {lasted}. It was: {trouble}"),
        ),
        Event::Resolved => {
            let by = by.unwrap_or_default();
            (
                "RESOLVED",
                format!("closed by {by} after {lasted}"),
                format!(
                    "{} By {by}, after {lasted}. It was: {trouble}",
                    said(incident)
                ),
            )
        }
        Event::Acknowledged => {
            let by = by.unwrap_or_else(|| "somebody".to_owned());
            (
                word(incident.severity),
                format!("acknowledged by {by}"),
                format!("Acknowledged by {by}. {trouble}"),
            )
        }
        _ => (word(incident.severity), in_short(&trouble), trouble),
    };
    let is_over = event == Event::Resolved;
    let others = match incident.member_count {
        0 => String::new(),
        1 => " (and 1 more)".to_owned(),
        count => format!(" (and {count} more)"),
    };
    Message {
        tone: match (event, incident.severity) {
            (Event::Resolved, _) => Tone::Good,
            (Event::Acknowledged, _) => Tone::Neutral,
            (_, Severity::Down) => Tone::Bad,
            (_, Severity::Degraded) => Tone::Warning,
        },
        subject: format!("{status} {name}{others}: {short}"),
        status: status.to_owned(),
        body: None,
        name,
        reason,
        facts: facts(incident, content),
        changed: if is_over { vec![] } else { changes(content) },
        hint: (!is_over && !incident.hint.is_empty()).then(|| line(&incident.hint, MAX_SENTENCE)),
        link: format!("{public_url}/incidents/{}", incident.id),
        acknowledge: None,
        footer: "You receive this because a channel of your team listens to this server.",
    }
}

fn facts(incident: &IncidentFacts, content: &Content) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(monitor) = &content.monitor {
        facts.push(fact("Server", line(&monitor.url, MAX_SENTENCE)));
    }
    facts.push(fact("Code", incident.code.as_str().to_owned()));
    facts.push(fact("Since", moment(incident.started_at)));
    if let Some(resolved) = incident.resolved_at {
        facts.push(fact("Until", moment(resolved)));
    } else {
        facts.push(fact("Confirmed", moment(incident.confirmed_at)));
    }
    if let Some(check) = &content.check {
        let location = line(&check.location, MAX_QUOTE);
        facts.push(fact("Seen from", location));
        if let Some(address) = &check.address {
            facts.push(fact("Address", line(address, MAX_QUOTE)));
        }
    }
    if incident.member_count > 0 {
        facts.push(fact("Together with", members(incident)));
    }
    facts
}

/// The other monitors that are told as one with this.
fn members(incident: &IncidentFacts) -> String {
    let names = incident.members.iter();
    let names: Vec<String> = names
        .map(|member| line(&member.monitor, MAX_QUOTE))
        .collect();
    let told = u64::try_from(names.len()).unwrap_or(u64::MAX);
    let names = names.join(", ");
    match incident.member_count.saturating_sub(told) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn changes(content: &Content) -> Vec<Changed> {
    let shown = |change: &Change| Changed {
        what: line(&change.what, MAX_QUOTE),
        before: line(&change.before, MAX_QUOTE),
        now: line(&change.now, MAX_QUOTE),
    };
    content.changed.iter().map(shown).collect()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Down => "DOWN",
        Severity::Degraded => "DEGRADED",
    }
}

fn recovered(content: &Content) -> &'static str {
    match content.check.as_ref().map(|check| check.status) {
        None | Some(CheckStatus::Up) => "UP",
        Some(CheckStatus::Degraded | CheckStatus::Down | CheckStatus::Unknown) => "RESOLVED",
    }
}

/// The person behind an acknowledgement or a resolution by hand.
fn who(incident: &IncidentFacts, event: Event) -> Option<String> {
    let kind = match event {
        Event::Acknowledged => EntryKind::Acknowledged,
        Event::Resolved => EntryKind::Resolved,
        _ => return None,
    };
    let entry = incident
        .timeline
        .iter()
        .rev()
        .find(|entry| entry.kind == kind)?;
    entry.by.as_ref().map(|email| email.as_str().to_owned())
}

/// What the timeline says of the end.
fn said(incident: &IncidentFacts) -> String {
    let last = incident.timeline.last();
    last.map_or_else(String::new, |entry| line(&entry.text, MAX_SENTENCE))
}
