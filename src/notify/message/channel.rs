//! The words for what happens to a channel.

use super::words::{in_short, moment};
use super::{MAX_SENTENCE, Message, Tone, fact};
use crate::domain::notification::{Content, Event};
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(event: Event, content: &Content, public_url: &str) -> Message {
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
        body: None,
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
