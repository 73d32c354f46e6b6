//! The words for tools that are others than before.

use super::words::{cut, in_short, moment};
use super::{Fact, MAX_SENTENCE, Message, Tone, fact};
use crate::domain::failure::Code;
use crate::domain::notification::Content;
use crate::domain::tools::{Class, Kind, SurfaceDiff, ToolDiff};
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, line};

/// Most differences that a message lists; the page lists them all.
const MAX_LISTED: usize = 8;

pub(super) fn of(content: &Content, public_url: &str) -> Message {
    let status = "TOOLS CHANGED";
    let monitor = content.monitor.as_ref();
    let name = monitor.map_or_else(String::new, |monitor| line(&monitor.name, MAX_QUOTE));
    let diff = content.tools.as_ref().map(|tools| &tools.diff);
    let sentence = diff.map_or_else(String::new, SurfaceDiff::sentence);
    let reason = line(&format!("{sentence}."), MAX_SENTENCE);
    let short = match diff {
        Some(diff) if diff.only_descriptions => in_short(&sentence),
        Some(diff) => cut(&format!("{}: {}", class(diff), in_short(&sentence))),
        None => String::new(),
    };
    let mut facts = Vec::new();
    if let Some(monitor) = monitor {
        facts.push(fact("Server", line(&monitor.url, MAX_SENTENCE)));
    }
    if let Some(diff) = diff {
        facts.extend(differences(diff));
    }
    facts.push(fact("Seen", moment(content.at)));
    if let Some(check) = &content.check {
        facts.push(fact("Seen from", line(&check.location, MAX_QUOTE)));
    }
    let is_rewritten = diff.is_some_and(|diff| diff.description_rewritten);
    let is_alarming = diff.is_some_and(SurfaceDiff::is_alarming);
    let code = if is_rewritten {
        Code::ToolsDescriptionChanged
    } else {
        Code::ToolsChanged
    };
    Message {
        tone: if is_alarming {
            Tone::Warning
        } else {
            Tone::Neutral
        },
        subject: format!("{status} {name}: {short}"),
        status: status.to_owned(),
        body: None,
        name,
        reason,
        facts,
        changed: vec![],
        hint: Some(code.hint().to_owned()),
        link: monitor.map_or_else(
            || public_url.to_owned(),
            |monitor| format!("{public_url}/monitors/{}#tools", monitor.id),
        ),
        acknowledge: None,
        footer: "You receive this because a channel of your team listens to this server.",
    }
}

/// What kind of change it is, in the words of the pages.
fn class(diff: &SurfaceDiff) -> &'static str {
    match (diff.class, diff.description_rewritten) {
        (Class::Breaking, false) => "breaking",
        (Class::Breaking, true) => "breaking, description rewritten",
        (_, true) => "description rewritten",
        (Class::Additive, false) => "additive",
        (Class::Cosmetic, false) => "cosmetic",
    }
}

fn differences(diff: &SurfaceDiff) -> Vec<Fact> {
    let all: Vec<Fact> = diff.tools.iter().flat_map(of_tool).collect();
    let more = all.len().saturating_sub(MAX_LISTED) + diff.more;
    let mut listed: Vec<Fact> = all.into_iter().take(MAX_LISTED).collect();
    if more > 0 {
        listed.push(fact("And", format!("{more} more")));
    }
    listed
}

fn of_tool(tool: &ToolDiff) -> Vec<Fact> {
    let name = line(&tool.name, MAX_NAME);
    let whole = match tool.kind {
        Kind::Removed => Some("is gone"),
        Kind::Added => Some("is new"),
        Kind::Changed => None,
    };
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(words) = whole {
        facts.push(fact(label(tool.class), format!("{name} {words}")));
    }
    for note in &tool.notes {
        let text = line(&note.text, MAX_QUOTE);
        facts.push(fact(label(note.class), format!("{name}: {text}")));
    }
    if let Some(texts) = &tool.description {
        let (before, after) = (
            line(&texts.before, MAX_QUOTE),
            line(&texts.after, MAX_QUOTE),
        );
        let text = format!("{name}: \u{201c}{before}\u{201d} → \u{201c}{after}\u{201d}");
        facts.push(fact("Rewritten", text));
    } else if tool.description_rewritten {
        let text = format!("{name}: a description in its schemas");
        facts.push(fact("Rewritten", text));
    }
    facts
}

fn label(class: Class) -> &'static str {
    match class {
        Class::Breaking => "Breaking",
        Class::Additive => "Additive",
        Class::Cosmetic => "Cosmetic",
    }
}
