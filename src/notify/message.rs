//! What is said: a notification turned into words.
//!
//! Pure: the same notification always gives the same message, so that one which is sent twice or
//! hours late says what was true when it happened. Whatever came from outside passes
//! [`line()`] here; escaping for HTML is the business of the template.

use askama::Template;

use crate::domain::at::At;
use crate::domain::incident::{EntryKind, Severity};
use crate::domain::notification::{Content, Event, IncidentFacts, Notification};
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::domain::verdict::CheckStatus;

/// Longest reason in a subject, in characters: more is cut off by mail clients anyway.
const MAX_REASON: usize = 100;
/// Longest sentence in a message, in characters.
const MAX_SENTENCE: usize = 500;

/// A line of a message: a label and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What it says.
    pub value: String,
}

/// Something that is different from the last good check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub now: String,
}

/// How it should look and sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody should look now.
    Bad,
    /// Somebody should look.
    Warning,
    /// It is over.
    Good,
    /// Good to know.
    Neutral,
}

impl Tone {
    /// Its colour, `#rrggbb`: those of the pages.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Bad => "#d4351c",
            Self::Warning => "#f0a028",
            Self::Good => "#2faa63",
            Self::Neutral => "#3b49c8",
        }
    }

    /// The same as a number.
    pub fn rgb(self) -> u32 {
        u32::from_str_radix(&self.colour()[1..], 16).unwrap_or_default()
    }
}

/// A notification in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How it should look and sound.
    pub tone: Tone,
    /// One line in the order status, name, reason: `DOWN search.example.com: nothing listens`.
    pub subject: String,
    /// The first word of the subject.
    pub status: String,
    /// What it is about: a monitor, or a channel.
    pub name: String,
    /// The reason in a sentence.
    pub reason: String,
    /// Since when, from where, and the like.
    pub facts: Vec<Fact>,
    /// What is different from the last good check.
    pub changed: Vec<Changed>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where to look.
    pub link: String,
    /// Where to say that somebody cares, without logging in.
    pub acknowledge: Option<String>,
    /// Why this was sent.
    pub footer: &'static str,
}

#[derive(Template)]
#[template(path = "email/message.txt", escape = "none")]
struct Text<'a> {
    message: &'a Message,
    width: usize,
}

impl Text<'_> {
    fn padded(&self, label: &str) -> String {
        format!("{label:width$}", width = self.width)
    }
}

#[derive(Template)]
#[template(path = "email/message.html")]
struct Html<'a> {
    message: &'a Message,
}

impl Message {
    /// The words for a notification. `public_url` is how people reach this service, without a
    /// slash at the end.
    pub fn of(notification: &Notification, public_url: &str) -> Self {
        let content = &notification.content;
        match (notification.event, &content.incident) {
            (Event::Test | Event::ChannelFailing, _) | (_, None) => {
                of_channel(notification.event, content, public_url)
            }
            (event, Some(incident)) => of_incident(event, incident, content, public_url),
        }
    }

    /// What stands below the subject, a line for each thing: reason, hint, what changed, facts.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.reason.clone()];
        lines.extend(self.hint.clone());
        let changed = self.changed.iter();
        lines.extend(changed.map(|c| format!("Changed: {}: {} → {}", c.what, c.before, c.now)));
        lines.extend(
            self.facts
                .iter()
                .map(|f| format!("{}: {}", f.label, f.value)),
        );
        lines
    }

    /// The message as plain text.
    pub fn text(&self) -> Result<String, askama::Error> {
        let width = self.facts.iter().map(|fact| fact.label.len()).max();
        let text = Text {
            message: self,
            width: width.unwrap_or_default(),
        };
        text.render()
    }

    /// The message as HTML.
    pub fn html(&self) -> Result<String, askama::Error> {
        Html { message: self }.render()
    }
}

fn of_incident(
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
    let (status, short, reason) = match event {
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
    Message {
        tone: match (event, incident.severity) {
            (Event::Resolved, _) => Tone::Good,
            (Event::Acknowledged, _) => Tone::Neutral,
            (_, Severity::Down) => Tone::Bad,
            (_, Severity::Degraded) => Tone::Warning,
        },
        subject: format!("{status} {name}: {short}"),
        status: status.to_owned(),
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

fn of_channel(event: Event, content: &Content, public_url: &str) -> Message {
    let channel = content.channel.as_ref();
    let name = channel.map_or_else(String::new, |channel| line(&channel.name, MAX_QUOTE));
    let kind = channel.map_or("", |channel| channel.kind.as_str());
    let refusal = channel.and_then(|channel| channel.disabled.as_deref());
    let refusal = line(refusal.unwrap_or("it refused for good"), MAX_SENTENCE);
    let is_test = event == Event::Test;
    let (status, short, reason, hint) = if is_test {
        (
            "TEST",
            "this channel works".to_owned(),
            "This channel works: what happens to your servers will be told here.".to_owned(),
            None,
        )
    } else {
        (
            "CHANNEL OFF",
            in_short(&refusal),
            format!("This channel was switched off and hears of nothing any more: {refusal}"),
            Some("Mend its settings; saving them switches it on again."),
        )
    };
    Message {
        tone: if is_test {
            Tone::Neutral
        } else {
            Tone::Warning
        },
        subject: format!("{status} {name}: {short}"),
        status: status.to_owned(),
        name,
        reason,
        facts: vec![
            fact("Channel", kind.to_owned()),
            fact(if is_test { "Sent" } else { "Since" }, moment(content.at)),
        ],
        changed: vec![],
        hint: hint.map(str::to_owned),
        link: format!("{public_url}/channels"),
        acknowledge: None,
        footer: if is_test {
            "You receive this because somebody of your team pressed Test."
        } else {
            "You receive this because another channel of your team failed."
        },
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
    facts
}

fn fact(label: &'static str, value: String) -> Fact {
    Fact { label, value }
}

fn changes(content: &Content) -> Vec<Changed> {
    let shown = |change: &crate::domain::incident::Change| Changed {
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

/// A sentence as the end of a subject: its first part, without the stop and what is in brackets
/// at its end, beginning in lower case unless it begins with an abbreviation.
fn in_short(sentence: &str) -> String {
    let first = sentence.split(". ").next().unwrap_or_default();
    let mut text = first.trim_end_matches('.');
    if text.ends_with(')')
        && let Some(start) = text.rfind(" (")
    {
        text = &text[..start];
    }
    let mut letters = text.chars();
    let (one, two) = (letters.next(), letters.next());
    let starts_a_word = one.is_some_and(char::is_uppercase) && two.is_some_and(char::is_lowercase);
    let lowered = if starts_a_word {
        let mut lowered: String = text.chars().take(1).flat_map(char::to_lowercase).collect();
        lowered.extend(text.chars().skip(1));
        lowered
    } else {
        text.to_owned()
    };
    line(&lowered, MAX_REASON)
}

/// An instant for people: `2026-11-22 06:41:00 UTC`.
fn moment(at: At) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A span of time in its two largest units: `45 seconds`, `4 minutes`, `2 hours 5 minutes`.
fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let told =
        |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let largest = units.iter().position(|(size, _)| seconds >= *size);
    let Some(place) = largest else {
        return told(0, "second");
    };
    let (size, unit) = units[place];
    let text = told(seconds / size, unit);
    match units.get(place + 1) {
        // Seconds beside minutes are noise once it took more than a few of them.
        Some((1, _)) if seconds >= 180 => text,
        Some((smaller, unit)) if seconds % size >= *smaller => {
            format!("{text} {}", told(seconds % size / smaller, unit))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_becomes_the_end_of_a_subject() {
        for (sentence, expected) in [
            (
                "Certificate expired 3 days ago (2026-11-19).",
                "certificate expired 3 days ago",
            ),
            (
                "Nothing listens on the port.",
                "nothing listens on the port",
            ),
            (
                "HTTP 503 from the gateway. Body: x",
                "HTTP 503 from the gateway",
            ),
            ("TLS alert (40) came", "TLS alert (40) came"),
            ("", ""),
        ] {
            assert_eq!(in_short(sentence), expected);
        }
        assert_eq!(in_short(&"é".repeat(300)).chars().count(), MAX_REASON);
    }

    #[test]
    fn durations_are_told_in_two_units_at_most() {
        for (seconds, expected) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (240, "4 minutes"),
            (250, "4 minutes"),
            (7_500, "2 hours 5 minutes"),
            (7_201, "2 hours"),
            (200_000, "2 days 7 hours"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
