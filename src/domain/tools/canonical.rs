//! The canonical form: what two spellings of the same tool or schema have in common.
//!
//! Members of objects sorted, numbers in one spelling, the sets of JSON Schema (`required`, `enum`,
//! `type`) sorted. It ignores order and formatting and nothing else.

use serde_json::{Map, Value};

/// What of a tool makes up the surface, besides its name.
const MEMBERS: [&str; 4] = ["description", "inputSchema", "outputSchema", "annotations"];
/// Arrays that are sets in JSON Schema, so that their order says nothing.
const SETS: [&str; 3] = ["required", "enum", "type"];

/// A tool in canonical form, a line.
pub(super) fn canonical(tool: &Map<String, Value>) -> String {
    let mut out = String::with_capacity(512);
    out.push('{');
    for key in std::iter::once("name").chain(MEMBERS) {
        if let Some(value) = tool.get(key)
            && !value.is_null()
        {
            write_text(key, &mut out);
            out.push(':');
            write(value, &mut out);
            out.push(',');
        }
    }
    out.push_str("}\n");
    out
}

/// The canonical form of any value.
pub fn canonical_text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// The canonical form of a member of an object: the sets of JSON Schema have no order.
pub(super) fn canonical_member(name: &str, value: &Value) -> String {
    let mut text = String::new();
    write_member(name, value, &mut text);
    text
}

fn write_member(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Array(items) if SETS.contains(&name) => write_set(items, out),
        value => write(value, out),
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            // Sorted here and not by the map: whether the map is sorted is a feature that any
            // dependency can turn off.
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort_unstable();
            for key in keys {
                write_text(key, out);
                out.push(':');
                write_member(key, &members[key], out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn write_set(items: &[Value], out: &mut String) {
    let mut texts: Vec<String> = items
        .iter()
        .map(|item| {
            let mut text = String::new();
            write(item, &mut text);
            text
        })
        .collect();
    texts.sort_unstable();
    out.push('[');
    for text in texts {
        out.push_str(&text);
        out.push(',');
    }
    out.push(']');
}

/// `1` and `1.0` are the same number in JSON Schema.
fn write_number(number: &serde_json::Number, out: &mut String) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and below two to the 53rd"
            )]
            let whole = float as i64;
            out.push_str(&whole.to_string());
        }
        _ => out.push_str(&number.to_string()),
    }
}

/// Length and text: unambiguous without escaping.
fn write_text(text: &str, out: &mut String) {
    out.push_str(&text.len().to_string());
    out.push('"');
    out.push_str(text);
    out.push('"');
}
