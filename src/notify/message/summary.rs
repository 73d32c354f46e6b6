//! The words for what happened outside of the hours of a channel.

use super::words::moment;
use super::{MAX_SENTENCE, Message, Tone, fact};
use crate::domain::notification::Content;
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(content: &Content, public_url: &str) -> Message {
    let channel = content.channel.as_ref();
    let name = channel.map_or_else(String::new, |channel| line(&channel.name, MAX_QUOTE));
    let nothing = (&[][..], 0);
    let summary = content.summary.as_ref();
    let (lines, more) = summary.map_or(nothing, |summary| (&summary.lines, summary.more));
    let what = match lines.len() + more {
        1 => "1 thing happened".to_owned(),
        count => format!("{count} things happened"),
    };
    let mut facts: Vec<_> = lines
        .iter()
        .map(|happened| fact(&moment(happened.at), line(&happened.subject, MAX_SENTENCE)))
        .collect();
    if more > 0 {
        facts.push(fact("And", format!("{more} more; the page lists them all")));
    }
    Message {
        tone: Tone::Neutral,
        subject: format!("SUMMARY {name}: {what} outside of its hours"),
        status: "SUMMARY".to_owned(),
        name,
        body: None,
        reason: format!("{what} outside of the hours of this channel."),
        facts,
        changed: vec![],
        hint: None,
        link: format!("{public_url}/incidents"),
        acknowledge: None,
        footer: "You receive this because this channel has hours, which have begun.",
    }
}
