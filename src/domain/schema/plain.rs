//! The keywords that look at a value alone: its type, the listed values, its bounds, its pattern.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Check;
use super::ecma::translated;
use crate::domain::pattern::{MAX_SEARCHED, Pattern};
use crate::domain::tools::canonical_text;
use crate::domain::untrusted::{MAX_NAME, line};

/// Most patterns of one schema; others count as met.
const MAX_PATTERNS: usize = 64;
/// Most bytes of text that are held against patterns together.
const MAX_TOTAL: usize = 4 * MAX_SEARCHED;

/// The patterns of a schema, each compiled once.
#[derive(Default)]
pub(super) struct Patterns<'s> {
    known: HashMap<&'s str, Option<Pattern>>,
    searched: usize,
}

impl<'s> Patterns<'s> {
    /// Whether `text` fits; unknown for a pattern that we cannot read, and when it gets too much.
    fn fits(&mut self, pattern: &'s str, text: &str) -> Option<bool> {
        self.searched += text.len();
        if self.searched > MAX_TOTAL
            || self.known.len() >= MAX_PATTERNS && !self.known.contains_key(pattern)
        {
            return None;
        }
        let read = || Pattern::parse(&translated(pattern)?).ok();
        let known = self.known.entry(pattern).or_insert_with(read);
        known.as_ref()?.is_in(text)
    }
}

impl<'s> Check<'s> {
    pub(super) fn plain(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
    ) -> Option<String> {
        if let Some(kinds) = schema.get("type")
            && !self.is_one_of(kinds, value)
        {
            let kinds = line(&kinds.to_string(), MAX_NAME);
            return Some(format!("{at} is not of type {kinds}"));
        }
        let text = canonical_text(value);
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.iter().any(|one| canonical_text(one) == text)
        {
            return Some(format!("{at} is none of the listed values"));
        }
        if let Some(one) = schema.get("const")
            && canonical_text(one) != text
        {
            return Some(format!("{at} is not the one allowed value"));
        }
        if let Some(number) = value.as_f64() {
            let least = self.bound(schema, "exclusiveMinimum");
            let most = self.bound(schema, "exclusiveMaximum");
            let is_out = least.is_some_and(|least| number <= least)
                || most.is_some_and(|most| number >= most);
            if is_out || !self.is_within(schema, ["minimum", "maximum"], number) {
                return Some(format!("{at} is out of bounds"));
            }
        }
        if let Some(text) = value.as_str() {
            let count = text.chars().count();
            if !self.counts(schema, ["minLength", "maxLength"], count) {
                return Some(format!("{at} has {count} characters"));
            }
            if let Some(pattern) = schema.get("pattern") {
                let fits = pattern.as_str().and_then(|it| self.patterns.fits(it, text));
                if fits == Some(false) {
                    let pattern = line(pattern.as_str().unwrap_or_default(), MAX_NAME);
                    return Some(format!("{at} does not fit the pattern {pattern}"));
                }
                self.is_unsure |= fits.is_none();
            }
        }
        None
    }

    fn is_one_of(&mut self, kinds: &Value, value: &Value) -> bool {
        let names: Option<Vec<&str>> = match kinds {
            Value::String(kind) => Some(vec![kind]),
            Value::Array(kinds) => kinds.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let fits: Option<Vec<bool>> =
            names.and_then(|names| names.into_iter().map(|kind| is(kind, value)).collect());
        self.is_unsure |= fits.is_none();
        fits.is_none_or(|fits| fits.contains(&true))
    }

    /// Whether a count is within two bounds.
    pub(super) fn counts(
        &mut self,
        schema: &Map<String, Value>,
        bounds: [&str; 2],
        count: usize,
    ) -> bool {
        let count = u32::try_from(count).map_or(f64::INFINITY, f64::from);
        self.is_within(schema, bounds, count)
    }

    fn is_within(
        &mut self,
        schema: &Map<String, Value>,
        [least, most]: [&str; 2],
        number: f64,
    ) -> bool {
        let (least, most) = (self.bound(schema, least), self.bound(schema, most));
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    }

    fn bound(&mut self, schema: &Map<String, Value>, name: &str) -> Option<f64> {
        let bound = schema.get(name)?;
        self.is_unsure |= !bound.is_number();
        bound.as_f64()
    }
}

/// Whether a value is of a type; unknown for a type that there is not.
fn is(kind: &str, value: &Value) -> Option<bool> {
    Some(match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => return None,
    })
}
