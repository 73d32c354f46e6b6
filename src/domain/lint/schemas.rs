//! The lints of the tools themselves: their schemas, icons and task support. Pure; told once per
//! lint, with the first tools that it is about.

use serde_json::Value;

use super::Lint;
use crate::domain::tools::{ToolText, named};

/// Levels of a schema beyond which it is too deep.
const MAX_DEPTH: usize = 64;
/// Values in a schema beyond which it is too large.
const MAX_NODES: usize = 10_000;
/// Dialects that are known.
const DIALECTS: [&str; 6] = [
    "json-schema.org/draft/2020-12/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft-06/schema",
    "json-schema.org/draft-04/schema",
    "json-schema.org/schema",
];
/// Keywords whose value cannot be anything.
const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// A lint, whether a tool offends it, and what to say of those that do.
type Check<'a> = (Lint, &'a dyn Fn(&Value) -> bool, &'a str);

/// What the lints have to say about `tools`.
pub(in crate::domain) fn remarks(tools: &[Value]) -> Vec<(Lint, String)> {
    let mut remarks = Vec::new();
    let checks: [Check<'_>; 6] = [
        (
            Lint::OutputSchemaRoot,
            &has_odd_output,
            "have an outputSchema whose type is not \"object\"",
        ),
        (
            Lint::TaskSupportValue,
            &has_odd_task_support,
            "have a taskSupport that is none of forbidden, optional, required",
        ),
        (
            Lint::IconScheme,
            &has_odd_icon,
            "have an icon that is neither https nor data",
        ),
        (
            Lint::SchemaExternalRef,
            &|tool| scans(tool).any(|scan| scan.external),
            "have a schema that refers to the network",
        ),
        (
            Lint::SchemaBudget,
            &|tool| scans(tool).any(|scan| scan.is_too_much()),
            "have a schema deeper than 64 levels or larger than 10,000 values",
        ),
        (
            Lint::SchemaDialect,
            &|tool| scans(tool).any(|scan| scan.invalid),
            "have a schema that is not valid JSON Schema",
        ),
    ];
    for (lint, is_odd, words) in checks {
        let names: Vec<String> = tools
            .iter()
            .filter(|tool| is_odd(tool))
            .map(|tool| ToolText::of(tool).name)
            .collect();
        if !names.is_empty() {
            let names = named(names.iter().map(String::as_str));
            remarks.push((lint, format!("Tools {words}: {names}.")));
        }
    }
    remarks
}

fn has_odd_output(tool: &Value) -> bool {
    match tool.get("outputSchema") {
        None | Some(Value::Null) => false,
        Some(schema) => schema.get("type").and_then(Value::as_str) != Some("object"),
    }
}

fn has_odd_task_support(tool: &Value) -> bool {
    let support = tool.pointer("/execution/taskSupport");
    support
        .is_some_and(|value| !matches!(value.as_str(), Some("forbidden" | "optional" | "required")))
}

fn has_odd_icon(tool: &Value) -> bool {
    let icons = tool.get("icons").and_then(Value::as_array);
    let is_odd = |icon: &Value| {
        let source = icon.get("src").and_then(Value::as_str).unwrap_or_default();
        !source.starts_with("https://") && !source.starts_with("data:")
    };
    icons.is_some_and(|icons| icons.iter().any(is_odd))
}

/// What was found in one schema.
#[derive(Default)]
struct Scan {
    nodes: usize,
    deepest: usize,
    external: bool,
    invalid: bool,
}

impl Scan {
    fn is_too_much(&self) -> bool {
        self.deepest > MAX_DEPTH || self.nodes > MAX_NODES
    }

    fn value(&mut self, value: &Value, depth: usize) {
        self.nodes += 1;
        self.deepest = self.deepest.max(depth);
        if self.is_too_much() {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    self.member(name, inner);
                    match name.as_str() {
                        "const" | "default" | "enum" | "examples" => self.nodes += 1,
                        "properties" | "$defs" | "definitions" | "patternProperties" => {
                            for inner in inner.as_object().into_iter().flat_map(|map| map.values())
                            {
                                self.invalid |= !inner.is_object() && !inner.is_boolean();
                                self.value(inner, depth + 1);
                            }
                        }
                        _ => self.value(inner, depth + 1),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.value(item, depth + 1)),
            _ => {}
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        let is_network = |text: &str| text.starts_with("http://") || text.starts_with("https://");
        match (name, value) {
            ("$ref" | "$dynamicRef", Value::String(to)) => self.external |= is_network(to),
            ("$ref" | "$dynamicRef" | "$schema" | "pattern", value) if !value.is_string() => {
                self.invalid = true;
            }
            ("type", Value::String(kind)) => self.invalid |= !TYPES.contains(&kind.as_str()),
            ("type", Value::Array(kinds)) => {
                let is_type =
                    |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
                self.invalid |= kinds.is_empty() || !kinds.iter().all(is_type);
            }
            // A property of this name is looked at elsewhere.
            ("required", Value::Array(names)) => {
                self.invalid |= !names.iter().all(Value::is_string);
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                self.invalid |=
                    all.is_empty() || !all.iter().all(|one| one.is_object() || one.is_boolean());
            }
            ("anyOf" | "oneOf" | "allOf" | "enum", value) => self.invalid |= !value.is_array(),
            ("type" | "required", _) => self.invalid = true,
            ("properties" | "$defs" | "definitions" | "patternProperties", value) => {
                self.invalid |= !value.is_object();
            }
            _ => {}
        }
    }
}

/// Scans the schemas of a tool, as long as their dialect is one that we can speak of.
fn scans(tool: &Value) -> impl Iterator<Item = Scan> {
    ["inputSchema", "outputSchema"]
        .into_iter()
        .filter_map(|name| {
            let schema = tool.get(name).filter(|schema| schema.is_object())?;
            let mut scan = Scan::default();
            scan.value(schema, 1);
            let dialect = schema.get("$schema").and_then(Value::as_str);
            let is_known =
                dialect.is_none_or(|dialect| DIALECTS.iter().any(|known| dialect.contains(known)));
            scan.invalid &= is_known;
            Some(scan)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_oddity_of_a_tool_is_told_once_with_its_name() {
        let mut deep = json!({});
        for _ in 0..70 {
            deep = json!({ "items": deep });
        }
        let input = |schema: Value| json!({"name": "odd", "inputSchema": schema});
        for (tool, lint) in [
            (
                json!({"name": "odd", "outputSchema": {"type": "array"}}),
                Lint::OutputSchemaRoot,
            ),
            (
                json!({"name": "odd", "execution": {"taskSupport": "maybe"}}),
                Lint::TaskSupportValue,
            ),
            (
                json!({"name": "odd", "icons": [{"src": "http://a.example/i.png"}]}),
                Lint::IconScheme,
            ),
            (
                input(json!({"properties": {"a": {"$ref": "https://a.example/s.json"}}})),
                Lint::SchemaExternalRef,
            ),
            (input(deep), Lint::SchemaBudget),
            (input(json!({"type": "text"})), Lint::SchemaDialect),
            (
                input(json!({"properties": {"a": "string"}})),
                Lint::SchemaDialect,
            ),
        ] {
            let fine = json!({"name": "fine", "inputSchema": {"type": "object", "properties":
                {"required": {"type": "boolean"}, "type": {"enum": [1]}, "$ref": {"$ref": "#/$defs/x"}},
                "$defs": {"x": {"default": {"$ref": 7}}}}});
            let found = remarks(&[fine, tool.clone()]);
            assert_eq!(found.len(), 1, "{tool}: {found:?}");
            assert_eq!(found[0].0, lint);
            assert!(found[0].1.ends_with(": odd."), "{}", found[0].1);
        }
    }
}
