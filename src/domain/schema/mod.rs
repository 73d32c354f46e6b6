//! Whether a value fits a JSON Schema: the part of it that tools use.
//!
//! A keyword that is not known is taken as met, and so is a `$ref` that leads out of the schema:
//! nothing is ever fetched. It may pass what a complete validator refuses, never the other way:
//! what was only taken as met is remembered, and a `not` or an `if` does not count on it.

mod ecma;
mod plain;

use serde_json::{Map, Value};

use self::plain::Patterns;
use super::tools::canonical_text;
use super::untrusted::{MAX_NAME, line};

/// Levels of schema, references included, beyond which a value counts as fitting.
const MAX_DEPTH: usize = 64;
/// Schemas that are tried for one value beyond which it counts as fitting.
const MAX_STEPS: usize = 20_000;
/// The keywords that are looked at, and those that only describe. `format` is not among them:
/// whether it says anything is up to the validator.
const UNDERSTOOD: [&str; 39] = [
    "$comment",
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "not",
    "oneOf",
    "pattern",
    "prefixItems",
    "properties",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
    "writeOnly",
];

/// What about `value` does not fit `schema`; nothing when it fits.
pub fn fault(schema: &Value, value: &Value) -> Option<String> {
    let mut check = Check {
        root: schema,
        steps: 0,
        is_unsure: false,
        patterns: Patterns::default(),
    };
    check.fault(schema, value, "it", 0)
}

struct Check<'s> {
    root: &'s Value,
    steps: usize,
    /// Something was taken as met without knowing.
    is_unsure: bool,
    patterns: Patterns<'s>,
}

/// How a value stands to a schema.
enum Fit {
    Fits,
    /// It seems to, as far as we understand the schema.
    Seems,
    Not,
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
        let is_enough = depth > MAX_DEPTH || self.steps > MAX_STEPS;
        let schema = match schema {
            Value::Object(members) if !is_enough => members,
            Value::Bool(true) => return None,
            Value::Bool(false) if !is_enough => return Some(format!("{at} is not allowed")),
            _ => {
                self.is_unsure = true;
                return None;
            }
        };
        let is_understood =
            |name: &String| UNDERSTOOD.contains(&name.as_str()) || name.starts_with("x-");
        self.is_unsure |= !schema.keys().all(is_understood);
        if let Some(to) = schema.get("$ref") {
            let target = to.as_str().and_then(|to| self.target(to));
            self.is_unsure |= target.is_none();
            if let Some(target) = target
                && let Some(fault) = self.fault(target, value, at, depth + 1)
            {
                return Some(fault);
            }
        }
        self.plain(schema, value, at)
            .or_else(|| self.members(schema, value, at, depth))
            .or_else(|| self.items(schema, value, at, depth))
            .or_else(|| self.alternatives(schema, value, at, depth))
            .or_else(|| self.conditions(schema, value, at, depth))
    }

    /// How `value` stands to a schema that decides about others.
    fn fit(&mut self, schema: &'s Value, value: &Value, at: &str, depth: usize) -> Fit {
        let was_unsure = std::mem::take(&mut self.is_unsure);
        let fault = self.fault(schema, value, at, depth);
        let is_unsure = std::mem::replace(&mut self.is_unsure, was_unsure);
        match fault {
            Some(_) => Fit::Not,
            None if is_unsure => Fit::Seems,
            None => Fit::Fits,
        }
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
        let count = members.len();
        let fits = self.counts(schema, ["minProperties", "maxProperties"], count);
        (!fits).then(|| format!("{at} has {count} members"))
    }

    fn items(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        let items = value.as_array()?;
        let count = items.len();
        if !self.counts(schema, ["minItems", "maxItems"], count) {
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
        for (rules, most) in [(list("anyOf"), usize::MAX), (list("oneOf"), 1)] {
            let Some(rules) = rules else { continue };
            let (mut sure, mut seeming) = (0_usize, 0_usize);
            for rule in rules {
                match self.fit(rule, value, at, depth + 1) {
                    Fit::Fits => sure += 1,
                    Fit::Seems => seeming += 1,
                    Fit::Not => {}
                }
                // Enough to know.
                if sure > most || sure == 1 && most > 1 {
                    break;
                }
            }
            if sure + seeming == 0 {
                return Some(format!("{at} fits none of the alternatives"));
            }
            if sure > most {
                return Some(format!("{at} fits more than one of the alternatives"));
            }
            self.is_unsure |= seeming > 0 && (sure == 0 || most == 1);
        }
        None
    }

    /// What must not be, and what must be where something else is.
    fn conditions(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Option<String> {
        if let Some(rule) = schema.get("not") {
            match self.fit(rule, value, at, depth + 1) {
                Fit::Fits => return Some(format!("{at} is what it must not be")),
                Fit::Seems => self.is_unsure = true,
                Fit::Not => {}
            }
        }
        let rule = match self.fit(schema.get("if")?, value, at, depth + 1) {
            Fit::Fits => "then",
            Fit::Not => "else",
            Fit::Seems => {
                self.is_unsure = true;
                return None;
            }
        };
        self.fault(schema.get(rule)?, value, at, depth + 1)
    }
}

#[cfg(test)]
mod tests;
