//! What a configuration leaves to be filled in: `${VAR}`, `${env:VAR}`, `${input:id}`,
//! `${VAR:-default}`.
//!
//! Filled in only from what the file itself holds, never from our own environment: a file of a
//! stranger could otherwise send our secrets to an address of its choice.

use serde_json::{Map, Value};

/// The placeholder that nothing fills, as it is written.
pub(super) struct Unfilled(pub(super) String);

/// The text with every placeholder filled in from `env` or by its own default.
pub(super) fn fill(text: &str, env: &Map<String, Value>) -> Result<String, Unfilled> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else {
            break;
        };
        let name = inside.strip_prefix("env:").unwrap_or(inside);
        let (name, default) = match name.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (name, None),
        };
        let value = env.get(name).and_then(Value::as_str).or(default);
        // A value that is a placeholder itself fills nothing.
        let value = value.filter(|value| !value.contains("${"));
        filled.push_str(before);
        filled.push_str(value.ok_or_else(|| Unfilled(format!("${{{inside}}}")))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
