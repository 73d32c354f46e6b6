//! Whether a value fits a JSON Schema: the part of it that tools use.
//!
//! A keyword that is not known is taken as met, and so is a `$ref` that leads out of the schema:
//! nothing is ever fetched. It may pass what a complete validator refuses, never the other way.

use serde_json::{Map, Value};

use super::tools::canonical_text;
use super::untrusted::{MAX_NAME, line};

/// Levels of schema, references included, beyond which a value counts as fitting.
const MAX_DEPTH: usize = 64;
/// Schemas that are tried for one value beyond which it counts as fitting.
const MAX_STEPS: usize = 20_000;

/// What about `value` does not fit `schema`; nothing when it fits.
pub fn fault(schema: &Value, value: &Value) -> Option<String> {
    let mut check = Check {
        root: schema,
        steps: 0,
    };
    check.fault(schema, value, "it", 0)
}

struct Check<'s> {
    root: &'s Value,
    steps: usize,
}

impl<'s> Check<'s> {
    fn fault(
        &mut self,
        schema: &'s Value,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return None;
        }
        let schema = match schema {
            Value::Bool(false) => return Some(format!("{at} is not allowed")),
            Value::Object(members) => members,
            _ => return None,
        };
        if let Some(to) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = self.target(to)
            && let Some(fault) = self.fault(target, value, at, depth + 1)
        {
            return Some(fault);
        }
        simple(schema, value, at)
            .or_else(|| self.members(schema, value, at, depth))
            .or_else(|| self.items(schema, value, at, depth))
            .or_else(|| self.alternatives(schema, value, at, depth))
    }

    /// Where a reference within the schema leads.
    fn target(&self, reference: &str) -> Option<&'s Value> {
        let root: &'s Value = self.root;
        root.pointer(reference.strip_prefix('#')?)
    }

    fn members(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        let members = value.as_object()?;
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                return Some(format!("{at} lacks '{}'", line(name, MAX_NAME)));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let has_patterns = schema.contains_key("patternProperties");
        for (name, inner) in members {
            let place = format!("'{}'", line(name, MAX_NAME));
            let rule = match known.and_then(|known| known.get(name)) {
                Some(rule) => rule,
                None if has_patterns => continue,
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => return Some(format!("{place} is not known")),
                    Some(rule) => rule,
                    None => continue,
                },
            };
            if let Some(fault) = self.fault(rule, inner, &place, depth + 1) {
                return Some(fault);
            }
        }
        let count = members.len() as u64;
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        if bound("minProperties").is_some_and(|least| count < least)
            || bound("maxProperties").is_some_and(|most| count > most)
        {
            return Some(format!("{at} has {count} members"));
        }
        None
    }

    fn items(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        let items = value.as_array()?;
        let count = items.len() as u64;
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        if bound("minItems").is_some_and(|least| count < least)
            || bound("maxItems").is_some_and(|most| count > most)
        {
            return Some(format!("{at} has {count} items"));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            let mut texts: Vec<String> = items.iter().map(canonical_text).collect();
            texts.sort_unstable();
            if texts.windows(2).any(|pair| pair[0] == pair[1]) {
                return Some(format!("{at} has an item twice"));
            }
        }
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let first = first.map_or(&[][..], Vec::as_slice);
        let rest = schema.get("items");
        for (place, item) in items.iter().enumerate() {
            let Some(rule) = first.get(place).or(rest) else {
                break;
            };
            let at = format!("item {place} of {at}");
            if let Some(fault) = self.fault(rule, item, &at, depth + 1) {
                return Some(fault);
            }
        }
        None
    }

    fn alternatives(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        for rule in list("allOf").into_iter().flatten() {
            if let Some(fault) = self.fault(rule, value, at, depth + 1) {
                return Some(fault);
            }
        }
        if let Some(rules) = list("anyOf") {
            let fits = rules
                .iter()
                .any(|rule| self.fault(rule, value, at, depth + 1).is_none());
            if !fits {
                return Some(format!("{at} fits none of the alternatives"));
            }
        }
        if let Some(rules) = list("oneOf") {
            // More than one may only seem to fit, for want of a keyword that is not known.
            let fits = rules
                .iter()
                .any(|rule| self.fault(rule, value, at, depth + 1).is_none());
            if !fits {
                return Some(format!("{at} fits none of the alternatives"));
            }
        }
        None
    }
}

/// The keywords that look at the value alone.
fn simple(schema: &Map<String, Value>, value: &Value, at: &str) -> Option<String> {
    if let Some(kinds) = schema.get("type") {
        let fits = match kinds {
            Value::String(kind) => is(kind, value),
            Value::Array(kinds) => kinds
                .iter()
                .filter_map(Value::as_str)
                .any(|kind| is(kind, value)),
            _ => true,
        };
        if !fits {
            return Some(format!(
                "{at} is not of type {}",
                line(&kinds.to_string(), MAX_NAME)
            ));
        }
    }
    let text = canonical_text(value);
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.iter().any(|one| canonical_text(one) == text)
    {
        return Some(format!("{at} is none of the listed values"));
    }
    if schema
        .get("const")
        .is_some_and(|one| canonical_text(one) != text)
    {
        return Some(format!("{at} is not the one allowed value"));
    }
    if let Some(number) = value.as_f64() {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let is_out = bound("minimum").is_some_and(|least| number < least)
            || bound("exclusiveMinimum").is_some_and(|least| number <= least)
            || bound("maximum").is_some_and(|most| number > most)
            || bound("exclusiveMaximum").is_some_and(|most| number >= most);
        if is_out {
            return Some(format!("{at} is out of bounds"));
        }
    }
    if let Some(text) = value.as_str() {
        let count = text.chars().count() as u64;
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        if bound("minLength").is_some_and(|least| count < least)
            || bound("maxLength").is_some_and(|most| count > most)
        {
            return Some(format!("{at} has {count} characters"));
        }
    }
    None
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_held_against_the_keywords_that_tools_use() {
        for (schema, good, bad) in [
            (json!({"type": "integer"}), json!(1.0), json!(1.5)),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"enum": [1, "a"]}), json!(1.0), json!("b")),
            (json!({"const": {"a": 1}}), json!({"a": 1}), json!({})),
            (
                json!({"minimum": 2, "exclusiveMaximum": 3}),
                json!(2),
                json!(3),
            ),
            (
                json!({"minLength": 2, "maxLength": 3}),
                json!("äö"),
                json!("a"),
            ),
            (json!({"required": ["a"]}), json!({"a": null}), json!({})),
            (
                json!({"properties": {"a": {"type": "string"}}}),
                json!({"b": 1}),
                json!({"a": 1}),
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"a": 1}),
                json!({"b": 1}),
            ),
            (
                json!({"items": {"type": "string"}, "maxItems": 1}),
                json!(["a"]),
                json!([1]),
            ),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1.0])),
            (
                json!({"prefixItems": [{"type": "string"}], "items": false}),
                json!(["a"]),
                json!(["a", 1]),
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
                json!(null),
                json!(1),
            ),
            (
                json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}),
                json!(2),
                json!(3),
            ),
            (
                json!({"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}),
                json!("a"),
                json!(1),
            ),
        ] {
            assert_eq!(fault(&schema, &good), None, "{schema}");
            assert!(fault(&schema, &bad).is_some(), "{schema}");
        }
    }

    #[test]
    fn what_is_not_known_or_leads_nowhere_is_met_and_nothing_runs_for_ever() {
        for schema in [
            json!({"$ref": "https://a.example/s.json"}),
            json!({"$ref": "#"}),
            json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"x-unheard-of": false, "format": "date"}),
            json!(7),
        ] {
            assert_eq!(fault(&schema, &json!({"a": [1]})), None, "{schema}");
        }
        assert!(fault(&json!(false), &json!(1)).is_some());
    }
}
