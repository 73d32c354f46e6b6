//! What is different about one tool: its description, its schemas, the hints of its annotations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::MAX_TOOL_NAME;
use super::canonical::{canonical, canonical_text};
use super::diff::{Class, Kind, Note, Rewritten, ToolDiff};
use super::schema_diff::{self, Side};
use crate::domain::untrusted::{MAX_EXCERPT, MAX_NAME, block, line};

/// Most differences of one tool that are described.
const MAX_NOTES: usize = 40;
/// Hints of a tool that promise clients something, with the value that promises less.
const PROMISES: [(&str, bool, bool); 4] = [
    // name, default, value that promises less
    ("readOnlyHint", false, false),
    ("destructiveHint", true, true),
    ("idempotentHint", false, false),
    ("openWorldHint", true, true),
];

/// A tool that was added or removed.
pub(super) fn whole(name: &str, kind: Kind, class: Class) -> ToolDiff {
    ToolDiff {
        name: line(name, MAX_TOOL_NAME),
        kind,
        class,
        description_rewritten: false,
        description: None,
        notes: Vec::new(),
    }
}

/// What is different about a tool; nothing when it is the same in canonical form.
pub(super) fn changed(name: &str, old: &Value, new: &Value) -> Option<ToolDiff> {
    if old.as_object().map(canonical) == new.as_object().map(canonical) {
        return None;
    }
    let mut found = schema_diff::Found::default();
    let (before, after) = (member(old, "description"), member(new, "description"));
    let description = (before != after).then(|| Rewritten {
        before: shown(before),
        after: shown(after),
    });
    schemas(old, new, "inputSchema", Side::Input, &mut found);
    schemas(old, new, "outputSchema", Side::Output, &mut found);
    hints(old, new, &mut found.notes);
    let description_rewritten = description.is_some() || found.has_rewritten_text;
    if found.notes.is_empty() && !description_rewritten {
        // Something is different that we have no words for.
        found.note(Class::Breaking, "something in its definition is different");
    }
    let class = found.notes.iter().map(|note| note.class).max();
    found
        .notes
        .sort_by_key(|note| std::cmp::Reverse(note.class));
    found.notes.truncate(MAX_NOTES);
    Some(ToolDiff {
        description_rewritten,
        description,
        notes: found.notes,
        ..whole(name, Kind::Changed, class.unwrap_or(Class::Cosmetic))
    })
}

fn member<'v>(tool: &'v Value, name: &str) -> &'v Value {
    tool.get(name).unwrap_or(&Value::Null)
}

fn shown(text: &Value) -> String {
    match text {
        Value::Null => String::new(),
        Value::String(text) => block(text, MAX_EXCERPT),
        other => line(&other.to_string(), MAX_EXCERPT),
    }
}

fn schemas(old: &Value, new: &Value, name: &str, side: Side, found: &mut schema_diff::Found) {
    match (member(old, name), member(new, name)) {
        (Value::Null, Value::Null) => {}
        (Value::Null, _) if side == Side::Output => {
            found.note(Class::Additive, "there is an outputSchema now");
        }
        (_, Value::Null) => found.note(Class::Breaking, &format!("the {name} is gone")),
        (old, new) => schema_diff::compare(old, new, side, found),
    }
}

fn hints(old: &Value, new: &Value, notes: &mut Vec<Note>) {
    let (old, new) = (member(old, "annotations"), member(new, "annotations"));
    for (hint, default, weaker) in PROMISES {
        let read = |of: &Value| of.get(hint).and_then(Value::as_bool).unwrap_or(default);
        let (before, after) = (read(old), read(new));
        if before != after {
            let class = if after == weaker && hint != "openWorldHint" && hint != "idempotentHint" {
                Class::Breaking
            } else {
                Class::Cosmetic
            };
            let text = format!("{hint}: {before} → {after}");
            notes.push(Note { class, text });
        }
    }
    let rest = |of: &Value| -> BTreeMap<String, String> {
        let members = of.as_object().into_iter().flatten();
        let known = |name: &str| PROMISES.iter().any(|(hint, ..)| *hint == name);
        let is_rest = |name: &str, value: &Value| !known(name) || !value.is_boolean();
        members
            .filter(|(name, value)| is_rest(name, value))
            .map(|(name, value)| (name.clone(), canonical_text(value)))
            .collect()
    };
    let (before, after) = (rest(old), rest(new));
    let all = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in all.filter(|name| before.get(*name) != after.get(*name)) {
        let text = format!("annotation {} is different", line(name, MAX_NAME));
        notes.push(Note {
            class: Class::Cosmetic,
            text,
        });
    }
    // A hint that is spelt out now, with the value that it had anyway.
    if notes.is_empty() && canonical_text(old) != canonical_text(new) {
        let text = "the annotations are spelt differently".to_owned();
        notes.push(Note {
            class: Class::Cosmetic,
            text,
        });
    }
}
