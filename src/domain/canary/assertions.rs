//! What the owner of a canary wants its result to be.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::monitor::FieldError;
use crate::domain::pattern::{MAX_SEARCHED, Pattern};
use crate::domain::tools::canonical_text;

/// Longest text that is looked for, in bytes.
const MAX_CONTAINS: usize = 1_000;
/// Longest JSON pointer, in bytes.
const MAX_POINTER: usize = 1_000;
/// Longest value that is expected at a place, in bytes of JSON.
const MAX_VALUE: usize = 4 * 1_024;

/// What the result must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CanaryAssertions)]
pub struct Assertions {
    /// The text of the result contains this.
    pub contains: Option<String>,
    /// A regular expression that is found in the text of the result. It has no look-around and no
    /// references back; a text of more than 64 KiB is too long for it.
    pub matches: Option<String>,
    /// There is some text or structured content.
    pub not_empty: bool,
    /// A place in the result, as a JSON pointer, and the value that stands there.
    pub equals: Option<Equals>,
    /// The result has at most so many bytes.
    pub max_bytes: Option<u64>,
    /// The call takes at most so many milliseconds.
    pub max_ms: Option<u32>,
}

/// A value at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CanaryEquals)]
pub struct Equals {
    /// A JSON pointer into the result, like `/structuredContent/status`.
    pub pointer: String,
    /// The value.
    pub value: Value,
}

impl Assertions {
    /// Every one that cannot be held.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut refuse = |field, message| faults.push(FieldError::new(field, message));
        if let Some(text) = &self.contains
            && (text.is_empty() || text.len() > MAX_CONTAINS)
        {
            let message = format!("must have 1 to {MAX_CONTAINS} bytes");
            refuse("canary.assertions.contains", message);
        }
        if let Some(pattern) = &self.matches
            && let Err(message) = Pattern::parse(pattern)
        {
            refuse("canary.assertions.matches", message);
        }
        if let Some(Equals { pointer, value }) = &self.equals {
            if !pointer.is_empty() && !pointer.starts_with('/') || pointer.len() > MAX_POINTER {
                let message = "must be a JSON pointer, like /structuredContent/status";
                refuse("canary.assertions.equals.pointer", message.to_owned());
            }
            if value.to_string().len() > MAX_VALUE {
                let message = format!("must have at most {MAX_VALUE} bytes");
                refuse("canary.assertions.equals.value", message);
            }
        }
        faults
    }

    /// The first one that a result does not meet, in words. `text` is what it says.
    pub(super) fn broken(&self, result: &Value, text: &str, ms: f64) -> Option<String> {
        if let Some(part) = &self.contains
            && !text.contains(part.as_str())
        {
            return Some(format!("the text does not contain '{part}'"));
        }
        if let Some(pattern) = &self.matches {
            match Pattern::parse(pattern).ok()?.is_in(text) {
                Some(true) => {}
                Some(false) => return Some(format!("the text does not match '{pattern}'")),
                None => {
                    let (bytes, most) = (text.len(), MAX_SEARCHED);
                    return Some(format!(
                        "the text has {bytes} bytes, more than the {most} that are searched"
                    ));
                }
            }
        }
        if self.not_empty && text.trim().is_empty() && result.get("structuredContent").is_none() {
            return Some("the result is empty".to_owned());
        }
        if let Some(Equals { pointer, value }) = &self.equals {
            let found = result.pointer(pointer);
            if found.map(canonical_text) != Some(canonical_text(value)) {
                let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
                return Some(format!("at {pointer} there is {found} instead of {value}"));
            }
        }
        let bytes = result.to_string().len() as u64;
        if let Some(most) = self.max_bytes.filter(|most| bytes > *most) {
            return Some(format!("the result has {bytes} bytes, more than {most}"));
        }
        let most = self.max_ms.filter(|most| ms > f64::from(*most))?;
        Some(format!("the call took {ms:.0} ms, more than {most}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanting(change: impl FnOnce(&mut Assertions)) -> Assertions {
        let mut wanted = Assertions::default();
        change(&mut wanted);
        wanted
    }

    fn equals(pointer: &str, value: Value) -> Equals {
        let pointer = pointer.to_owned();
        Equals { pointer, value }
    }

    #[test]
    fn what_the_owner_wants_is_there_or_its_absence_is_told() {
        let text = "all well\n42 items";
        let result =
            json!({"content": [{"type": "text", "text": text}], "structuredContent": {"ok": true}});
        let ok = |value| Some(equals("/structuredContent/ok", value));
        for (wanted, expected) in [
            (wanting(|it| it.contains = Some("well".to_owned())), None),
            (
                wanting(|it| it.contains = Some("ill".to_owned())),
                Some("does not contain 'ill'"),
            ),
            (
                wanting(|it| it.matches = Some(r"\b\d+ items$".to_owned())),
                None,
            ),
            (
                wanting(|it| it.matches = Some("^items".to_owned())),
                Some("does not match '^items'"),
            ),
            (wanting(|it| it.equals = ok(json!(true))), None),
            (
                wanting(|it| it.equals = ok(json!(1))),
                Some("there is true instead of 1"),
            ),
            (
                wanting(|it| it.equals = Some(equals("/nowhere", json!(1)))),
                Some("there is nothing"),
            ),
            (wanting(|it| it.max_bytes = Some(10)), Some("more than 10")),
            (wanting(|it| it.max_ms = Some(19)), Some("more than 19")),
            (
                wanting(|it| (it.not_empty, it.max_ms) = (true, Some(20))),
                None,
            ),
        ] {
            let broken = wanted.broken(&result, text, 20.0);
            match expected {
                None => assert_eq!(broken, None, "{wanted:?}"),
                Some(part) => assert!(broken.is_some_and(|it| it.contains(part)), "{wanted:?}"),
            }
        }
        let wanted = wanting(|it| it.not_empty = true);
        assert!(wanted.broken(&json!({}), " ", 1.0).is_some());
        let wanted = wanting(|it| it.matches = Some("a".to_owned()));
        let long = "a".repeat(MAX_SEARCHED + 1);
        let broken = wanted.broken(&json!({}), &long, 1.0).unwrap();
        assert!(broken.contains("searched"), "{broken}");
    }

    #[test]
    fn what_cannot_be_held_is_named_by_its_field() {
        let wanted = Assertions {
            contains: Some(String::new()),
            matches: Some("(a".to_owned()),
            equals: Some(equals("status", json!("x".repeat(MAX_VALUE)))),
            ..Assertions::default()
        };
        let faults = wanted.faults();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(
            fields,
            [
                "canary.assertions.contains",
                "canary.assertions.matches",
                "canary.assertions.equals.pointer",
                "canary.assertions.equals.value"
            ]
        );
        assert!(
            faults[1].message.contains("unclosed group"),
            "{}",
            faults[1]
        );
    }
}
