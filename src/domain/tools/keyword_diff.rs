//! The single keywords of a JSON Schema compared: types, required members, listed values, bounds.

use serde_json::Value;

use super::canonical::canonical_text;
use super::diff::Class;
use super::schema_diff::{Turn, Walk};
use crate::domain::untrusted::{MAX_NAME, line};

/// Longest value that is shown in a note, in characters.
const MAX_VALUE: usize = 60;

impl Walk<'_> {
    pub(super) fn types(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        let text = format!("{at}: type {} → {}", shown(before), shown(after));
        let (Some(old), Some(new)) = (before.map(kinds), after.map(kinds)) else {
            let turn = if before.is_none() {
                Turn::Narrower
            } else {
                Turn::Wider
            };
            return self.turned(turn, &text);
        };
        let covers = |wide: &[String], narrow: &[String]| {
            let has = |kind: &String| {
                wide.contains(kind) || kind == "integer" && wide.iter().any(|k| k == "number")
            };
            narrow.iter().all(has)
        };
        match (covers(&new, &old), covers(&old, &new)) {
            (true, true) => self.found.note(Class::Cosmetic, &text),
            (true, false) => self.turned(Turn::Wider, &text),
            (false, true) => self.turned(Turn::Narrower, &text),
            (false, false) => self.found.note(Class::Breaking, &text),
        }
    }

    pub(super) fn required(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        let empty = Value::Array(Vec::new());
        let (before, after) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
        let (Some(old), Some(new)) = (before.as_array(), after.as_array()) else {
            return self
                .found
                .note(Class::Breaking, &format!("{at}: required is different"));
        };
        let mut is_told = false;
        for name in new.iter().filter(|name| !old.contains(name)) {
            is_told = true;
            let text = format!("{at}.{} is required", word(name));
            self.turned(Turn::Narrower, &text);
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            is_told = true;
            let text = format!("{at}.{} is no longer required", word(name));
            self.turned(Turn::Wider, &text);
        }
        if !is_told {
            self.found.note(
                Class::Cosmetic,
                &format!("{at}: required is spelt differently"),
            );
        }
    }

    pub(super) fn values(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        let (before, after) = match (before, after) {
            (Some(Value::Array(before)), Some(Value::Array(after))) => (before, after),
            (None, Some(_)) => {
                return self.turned(Turn::Narrower, &format!("{at} allows only listed values"));
            }
            (Some(_), None) => {
                return self.turned(Turn::Wider, &format!("{at} allows other values, too"));
            }
            _ => {
                return self
                    .found
                    .note(Class::Breaking, &format!("{at}: enum is different"));
            }
        };
        let has = |all: &[Value], one: &Value| {
            let one = canonical_text(one);
            all.iter().any(|other| canonical_text(other) == one)
        };
        let mut is_told = false;
        for value in after.iter().filter(|value| !has(before, value)) {
            is_told = true;
            self.turned(Turn::Wider, &format!("{at} allows {}", shown(Some(value))));
        }
        for value in before.iter().filter(|value| !has(after, value)) {
            is_told = true;
            self.turned(
                Turn::Narrower,
                &format!("{at} no longer allows {}", shown(Some(value))),
            );
        }
        if !is_told {
            self.found
                .note(Class::Cosmetic, &format!("{at}: enum is spelt differently"));
        }
    }

    pub(super) fn bound(
        &mut self,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        at: &str,
        is_lower: bool,
    ) {
        let text = format!("{at}: {name} {} → {}", shown(before), shown(after));
        let (old, new) = (
            before.and_then(Value::as_f64),
            after.and_then(Value::as_f64),
        );
        match (old, new) {
            (None, Some(_)) if before.is_none() => self.turned(Turn::Narrower, &text),
            (Some(_), None) if after.is_none() => self.turned(Turn::Wider, &text),
            (Some(old), Some(new)) if (new > old) == is_lower => self.turned(Turn::Narrower, &text),
            (Some(_), Some(_)) => self.turned(Turn::Wider, &text),
            _ => self.found.note(Class::Breaking, &text),
        }
    }
}

fn kinds(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().map(word).collect(),
        one => vec![word(one)],
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| shown(Some(value)), |text| line(text, MAX_NAME))
}

pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(
        || "(none)".to_owned(),
        |value| line(&value.to_string(), MAX_VALUE),
    )
}
