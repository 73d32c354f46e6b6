//! The words for who is let in by a server, and for its login.

use super::words::{in_short, moment};
use super::{MAX_SENTENCE, Message, Tone, fact};
use crate::domain::failure::Code;
use crate::domain::gate;
use crate::domain::notification::{Content, Event};
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(event: Event, content: &Content, public_url: &str) -> Message {
    let monitor = content.monitor.as_ref();
    let name = monitor.map_or_else(String::new, |monitor| line(&monitor.name, MAX_QUOTE));
    let check = content.check.as_ref();
    let (status, reason, code) = match event {
        Event::AuthorizationOpened => (
            "OPEN",
            "Anybody can use it now: it answers without a login, which it wanted before."
                .to_owned(),
            Some(Code::AuthOpened),
        ),
        Event::AuthorizationRequired => (
            "GATED",
            "It wants a login now: whoever used it without one cannot any more.".to_owned(),
            Some(Code::AuthRequired),
        ),
        Event::AuthorizationRestored => (
            "LOGIN WORKS",
            "People can log in again: the documents that lead to the login are sound.".to_owned(),
            None,
        ),
        _ => {
            let trouble = check.and_then(gate::trouble);
            let (sentence, code) =
                trouble.unwrap_or(("Nobody new can log in.", Code::AuthMetadataBroken));
            ("LOGIN BROKEN", line(sentence, MAX_SENTENCE), Some(code))
        }
    };
    let mut facts = Vec::new();
    if let Some(monitor) = monitor {
        facts.push(fact("Server", line(&monitor.url, MAX_SENTENCE)));
    }
    if let Some(tools) = check.and_then(|check| check.tools.as_ref())
        && event == Event::AuthorizationOpened
    {
        facts.push(fact("Tools", format!("{}, to everybody", tools.count)));
    }
    let login = check.and_then(|check| check.login.as_ref());
    if let Some(issuer) = login.and_then(|login| login.issuer.as_deref()) {
        facts.push(fact("Login at", line(issuer, MAX_QUOTE)));
    }
    facts.push(fact("Seen", moment(content.at)));
    if let Some(check) = check {
        facts.push(fact("Seen from", line(&check.location, MAX_QUOTE)));
    }
    Message {
        tone: match event {
            Event::AuthorizationRestored => Tone::Good,
            _ => Tone::Warning,
        },
        subject: format!("{status} {name}: {}", in_short(&reason)),
        status: status.to_owned(),
        name,
        reason,
        facts,
        changed: vec![],
        hint: code.map(|code| code.hint().to_owned()),
        link: monitor.map_or_else(
            || public_url.to_owned(),
            |monitor| format!("{public_url}/monitors/{}", monitor.id),
        ),
        acknowledge: None,
        body: None,
        footer: "You receive this because a channel of your team listens to this server.",
    }
}
