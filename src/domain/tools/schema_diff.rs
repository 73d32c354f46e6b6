//! What is different between two JSON Schemas, seen from whoever calls (input) or reads (output).
//!
//! A wider input takes all that it took before; a narrower output promises all that it promised.
//! Keywords that only annotate are cosmetic; a keyword that is not understood and belongs to the
//! vocabulary counts as breaking.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::canonical::{canonical_member, canonical_text};
use super::diff::{Class, Note};
use super::keyword_diff::shown;
use crate::domain::untrusted::{MAX_NAME, line};

/// Levels that are compared member by member; deeper ones as a whole.
const MAX_DEPTH: usize = 16;
/// Most notes that are collected; a diff tells fewer.
const MAX_FOUND: usize = 500;
/// Keywords that describe for people.
const TEXTS: [&str; 1] = ["description"];
/// Keywords whose value is a map of schemas.
const MAPS: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];
/// Keywords whose value is a schema.
const INNER: [&str; 2] = ["items", "additionalProperties"];
/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Bounds: more of these allows less.
const LOWER: [&str; 5] = [
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
];
/// Bounds: less of these allows less.
const UPPER: [&str; 5] = [
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
];
/// Keywords that decide what is valid and are compared as a whole.
const STRICT: [&str; 16] = [
    "$ref",
    "$dynamicRef",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "multipleOf",
    "not",
    "pattern",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// Which way the values of a schema travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// To the server.
    Input,
    /// From the server.
    Output,
}

/// The members of an object, or none where it is absent.
type Members<'v> = Cow<'v, Map<String, Value>>;

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) notes: Vec<Note>,
    /// A description inside a schema was rewritten.
    pub(super) has_rewritten_text: bool,
}

impl Found {
    pub(super) fn note(&mut self, class: Class, text: &str) {
        if self.notes.len() < MAX_FOUND {
            let text = text.to_owned();
            self.notes.push(Note { class, text });
        }
    }
}

/// Whether a schema allows more or fewer values than before.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Wider,
    Narrower,
}

/// Finds what is different between two schemas.
pub(super) fn compare(old: &Value, new: &Value, side: Side, found: &mut Found) {
    let mut walk = Walk { side, found };
    let root = match side {
        Side::Input => "input",
        Side::Output => "output",
    };
    walk.schema(old, new, root, 0);
}

pub(super) struct Walk<'f> {
    side: Side,
    pub(super) found: &'f mut Found,
}

impl Walk<'_> {
    pub(super) fn turned(&mut self, turn: Turn, text: &str) {
        let class = match (self.side, turn) {
            (Side::Input, Turn::Wider) | (Side::Output, Turn::Narrower) => Class::Additive,
            (Side::Input, Turn::Narrower) | (Side::Output, Turn::Wider) => Class::Breaking,
        };
        self.found.note(class, text);
    }

    fn schema(&mut self, old: &Value, new: &Value, at: &str, depth: usize) {
        if canonical_text(old) == canonical_text(new) {
            return;
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) if depth < MAX_DEPTH => {
                self.members(old, new, at, depth);
            }
            (Value::Bool(true), Value::Object(_)) | (Value::Object(_), Value::Bool(false)) => {
                self.turned(Turn::Narrower, &format!("{at} is restricted"));
            }
            (Value::Bool(false), _) | (Value::Object(_), Value::Bool(true)) => {
                self.turned(Turn::Wider, &format!("{at} is no longer restricted"));
            }
            (Value::Bool(true), Value::Bool(false)) => {
                self.turned(Turn::Narrower, &format!("{at} is no longer allowed"));
            }
            _ => self
                .found
                .note(Class::Breaking, &format!("{at} is different")),
        }
    }

    fn members(
        &mut self,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) {
        let added = new.keys().filter(|name| !old.contains_key(*name));
        for name in old.keys().chain(added) {
            let (before, after) = (old.get(name), new.get(name));
            let canonical = |value: &Value| canonical_member(name, value);
            if before.map(canonical) == after.map(canonical) {
                continue;
            }
            self.keyword(name, before, after, (old, new), at, depth);
        }
    }

    fn keyword(
        &mut self,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        (old, new): (&Map<String, Value>, &Map<String, Value>),
        at: &str,
        depth: usize,
    ) {
        match name {
            _ if TEXTS.contains(&name) => self.found.has_rewritten_text = true,
            "type" => self.types(before, after, at),
            "required" => self.required(before, after, at),
            "enum" => self.values(before, after, at),
            "properties" => self.properties(before, after, (old, new), at, depth),
            _ if MAPS.contains(&name) => self.map(name, before, after, at, depth),
            _ if INNER.contains(&name) => {
                let anything = Value::Bool(true);
                let inner = if name == "items" {
                    format!("{at}[]")
                } else {
                    format!("{at}: other members")
                };
                let (before, after) = (before.unwrap_or(&anything), after.unwrap_or(&anything));
                self.schema(before, after, &inner, depth + 1);
                if canonical_text(before) == canonical_text(after) {
                    self.found
                        .note(Class::Cosmetic, &format!("{at}: {name} is spelt out"));
                }
            }
            _ if LISTS.contains(&name) => self.list(name, before, after, at, depth),
            _ if LOWER.contains(&name) => self.bound(name, before, after, at, true),
            _ if UPPER.contains(&name) => self.bound(name, before, after, at, false),
            _ if STRICT.contains(&name) => {
                let text = format!("{at}: {name} {} → {}", shown(before), shown(after));
                self.found.note(Class::Breaking, &text);
            }
            _ => {
                let name = line(name, MAX_NAME);
                let text = format!("{at}: {name} {} → {}", shown(before), shown(after));
                self.found.note(Class::Cosmetic, &text);
            }
        }
    }

    fn properties(
        &mut self,
        before: Option<&Value>,
        after: Option<&Value>,
        (old, new): (&Map<String, Value>, &Map<String, Value>),
        at: &str,
        depth: usize,
    ) {
        let Some((before, after)) = self.maps("properties", before, after, at) else {
            return;
        };
        let requires = |schema: &Map<String, Value>, name: &str| {
            let list = schema.get("required").and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)))
        };
        for (name, schema) in before.iter() {
            let inner = format!("{at}.{}", line(name, MAX_NAME));
            match after.get(name) {
                Some(now) => self.schema(schema, now, &inner, depth + 1),
                None if requires(old, name) => {
                    self.found.note(
                        Class::Breaking,
                        &format!("{inner} is gone (it was required)"),
                    );
                }
                None => self
                    .found
                    .note(Class::Breaking, &format!("{inner} is gone")),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let is_required = requires(new, name);
            let class = if is_required && self.side == Side::Input {
                Class::Breaking
            } else {
                Class::Additive
            };
            let kind = if is_required { "required" } else { "optional" };
            let text = format!("{at}.{} is new ({kind})", line(name, MAX_NAME));
            self.found.note(class, &text);
        }
    }

    /// Schemas by name; definitions count where they are used.
    fn map(
        &mut self,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        at: &str,
        depth: usize,
    ) {
        let Some((before, after)) = self.maps(name, before, after, at) else {
            return;
        };
        let class = match name {
            "patternProperties" => Class::Breaking,
            _ => Class::Cosmetic,
        };
        let added = after.keys().filter(|key| !before.contains_key(*key));
        for key in before.keys().chain(added) {
            let inner = format!("{at} {name} {}", line(key, MAX_NAME));
            match (before.get(key), after.get(key)) {
                (Some(old), Some(new)) => self.schema(old, new, &inner, depth + 1),
                (None, _) => self.found.note(class, &format!("{inner} is new")),
                (_, None) => self.found.note(class, &format!("{inner} is gone")),
            }
        }
    }

    /// Two maps to be compared member by member; an absent one is empty. Where there is nothing to
    /// compare, that has been noted.
    fn maps<'v>(
        &mut self,
        name: &str,
        before: Option<&'v Value>,
        after: Option<&'v Value>,
        at: &str,
    ) -> Option<(Members<'v>, Members<'v>)> {
        let read = |side: Option<&'v Value>| match side {
            None => Some(Cow::Owned(Map::new())),
            Some(side) => side.as_object().map(Cow::Borrowed),
        };
        let Some((before, after)) = read(before).zip(read(after)) else {
            self.found
                .note(Class::Breaking, &format!("{at}: {name} is different"));
            return None;
        };
        if before.is_empty() && after.is_empty() {
            self.found
                .note(Class::Cosmetic, &format!("{at}: {name} is spelt out"));
            return None;
        }
        Some((before, after))
    }

    /// Schemas in a row.
    fn list(
        &mut self,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        at: &str,
        depth: usize,
    ) {
        let restricts = name != "prefixItems";
        let both = before
            .and_then(Value::as_array)
            .zip(after.and_then(Value::as_array));
        match both {
            Some((old, new)) if old.len() == new.len() => {
                for (place, (old, new)) in old.iter().zip(new).enumerate() {
                    let inner = format!("{at} {name} {}", place + 1);
                    self.schema(old, new, &inner, depth + 1);
                }
            }
            Some((old, new)) if name == "anyOf" => self.alternatives(old, new, at),
            None if restricts && before.is_none() => {
                self.turned(Turn::Narrower, &format!("{at}: {name} restricts"));
            }
            None if restricts && after.is_none() => {
                self.turned(Turn::Wider, &format!("{at}: {name} no longer restricts"));
            }
            _ => self
                .found
                .note(Class::Breaking, &format!("{at}: {name} is different")),
        }
    }

    /// More or fewer alternatives than before.
    fn alternatives(&mut self, old: &[Value], new: &[Value], at: &str) {
        let (now, was) = (new.len(), old.len());
        let text = format!("{at}: anyOf has {now} alternatives, was {was}");
        let texts = |list: &[Value]| list.iter().map(canonical_text).collect::<Vec<_>>();
        let (old, new) = (texts(old), texts(new));
        if now > was && old.iter().all(|one| new.contains(one)) {
            self.turned(Turn::Wider, &text);
        } else if new.iter().all(|one| old.contains(one)) {
            self.turned(Turn::Narrower, &text);
        } else {
            self.found.note(Class::Breaking, &text);
        }
    }
}
