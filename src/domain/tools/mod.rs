//! The tool surface: what a server offers, in a form that can be compared.
//!
//! Two surfaces are the same where their hashes are: tools sorted by name, each in its canonical
//! form. What is different between others is said in words, in [`SurfaceDiff`].

mod canonical;
mod diff;
mod headers;
mod keyword_diff;
mod memory;
mod schema_diff;
mod tool_diff;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use canonical::canonical_text;
pub use diff::{Class, Kind, Note, Rewritten, SurfaceDiff, ToolDiff};
pub use headers::{HeaderArgument, header_arguments};
pub use memory::ToolsMemory;

use self::canonical::canonical;
use super::lint::{self, Lint};
use super::untrusted::{MAX_EXCERPT, block, line};

/// What of a tool is kept beside its name: the surface, and what people want to read.
const KEPT: [&str; 7] = [
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "execution",
    "icons",
];
/// Longest tool name that is kept, in characters; twice what 2025-11-25 allows.
pub const MAX_TOOL_NAME: usize = 256;
/// How much more a value takes in memory than as text, about.
const VALUE_WEIGHT: usize = 4;
/// Most names listed in a message about them.
const MAX_NAMED: usize = 5;

/// The tools of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSurface {
    /// Their names, in the order of the server, cleaned for display.
    pub names: Vec<String>,
    /// `sha256:` and the digest of the canonical form.
    pub hash: String,
    /// Size of the canonical form in bytes.
    pub bytes: usize,
    /// Names that occur more than once.
    pub duplicates: Vec<String>,
    /// Names that some clients reject.
    pub odd_names: Vec<String>,
    /// Tools whose input schema makes strict clients drop them, with the reason.
    pub schema_faults: Vec<(String, &'static str)>,
    /// Tools whose `x-mcp-header` makes clients of 2026-07-28 drop them, with the reason.
    pub header_faults: Vec<(String, &'static str)>,
    /// What the lints have to say about the tools.
    pub remarks: Vec<(Lint, String)>,
    /// The tools themselves, as the server sent them.
    pub tools: Arc<[Value]>,
}

impl ToolSurface {
    /// Reads the tools of all pages. Says what is wrong when an entry is no tool at all.
    pub fn read(tools: Vec<Value>) -> Result<Self, &'static str> {
        let mut surface = Self {
            names: Vec::with_capacity(tools.len()),
            hash: String::new(),
            bytes: 0,
            duplicates: Vec::new(),
            odd_names: Vec::new(),
            schema_faults: Vec::new(),
            header_faults: Vec::new(),
            remarks: Vec::new(),
            tools: Arc::default(),
        };
        let mut seen = HashSet::with_capacity(tools.len());
        let mut lines: Vec<(&str, String)> = Vec::with_capacity(tools.len());
        for tool in &tools {
            let tool = tool.as_object().ok_or("an entry is not an object")?;
            let name = tool
                .get("name")
                .and_then(Value::as_str)
                .ok_or("a tool has no name")?;
            let shown = line(name, MAX_TOOL_NAME);
            if !seen.insert(name) {
                surface.duplicates.push(shown.clone());
            }
            if !is_portable(name) {
                surface.odd_names.push(shown.clone());
            }
            if let Some(fault) = schema_fault(tool.get("inputSchema")) {
                surface.schema_faults.push((shown.clone(), fault));
            }
            if let Some(Err(fault)) = tool.get("inputSchema").map(header_arguments) {
                surface.header_faults.push((shown.clone(), fault));
            }
            surface.names.push(shown);
            lines.push((name, canonical(tool)));
        }
        lines.sort_unstable();
        let mut digest = Sha256::new();
        for (_, line) in &lines {
            surface.bytes += line.len();
            digest.update(line.as_bytes());
        }
        surface.hash = format!("sha256:{}", hex(&digest.finalize()));
        drop(seen);
        surface.remarks = lint::of_tools(&tools);
        surface.tools = tools.into();
        Ok(surface)
    }

    /// About how many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        let texts = [&self.names, &self.duplicates, &self.odd_names];
        let texts = texts.into_iter().flatten();
        let named = texts.chain(self.schema_faults.iter().map(|(name, _)| name));
        let bytes: usize = named.map(|text| size_of::<String>() * 2 + text.len()).sum();
        // A value in memory takes several times what it takes as text.
        size_of::<Self>() + self.hash.len() + bytes + self.bytes * VALUE_WEIGHT
    }

    /// The tools as they are kept: by name, without what changes from call to call.
    pub fn kept(&self) -> Vec<Value> {
        let mut kept: Vec<(String, Value)> = Vec::with_capacity(self.tools.len());
        for tool in self.tools.iter().filter_map(Value::as_object) {
            let Some(name) = tool.get("name").and_then(Value::as_str) else {
                continue;
            };
            let mut members = Map::new();
            members.insert("name".to_owned(), Value::from(name));
            for member in KEPT {
                if let Some(value) = tool.get(member).filter(|value| !value.is_null()) {
                    members.insert(member.to_owned(), value.clone());
                }
            }
            kept.push((name.to_owned(), Value::Object(members)));
        }
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        kept.into_iter().map(|(_, tool)| tool).collect()
    }

    /// The tool of this name; of several the last.
    pub fn tool(&self, name: &str) -> Option<&Value> {
        let is_it = |tool: &&Value| tool.get("name").and_then(Value::as_str) == Some(name);
        self.tools.iter().rev().find(is_it)
    }
}

/// What a tool says of itself, cleaned for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolText {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

impl ToolText {
    /// Reads a tool as it was kept.
    pub fn of(tool: &Value) -> Self {
        let text = |member| tool.get(member).and_then(Value::as_str);
        Self {
            name: line(text("name").unwrap_or_default(), MAX_TOOL_NAME),
            title: text("title").map(|text| line(text, MAX_TOOL_NAME)),
            description: text("description").map(|text| block(text, MAX_EXCERPT)),
        }
    }
}

/// The first few of `names` and how many more there are: `a, b and 3 more`.
pub fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let all = names.len();
    let mut text = names.take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if all > MAX_NAMED {
        text.push_str(" and ");
        text.push_str(&(all - MAX_NAMED).to_string());
        text.push_str(" more");
    }
    text
}

/// The lower-case hexadecimal form of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Tool names of 2025-11-25: 1 to 128 letters, digits, underscores, hyphens, dots.
fn is_portable(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn schema_fault(schema: Option<&Value>) -> Option<&'static str> {
    let Some(schema) = schema else {
        return Some("has no inputSchema");
    };
    let Some(schema) = schema.as_object() else {
        return Some("has an inputSchema that is not an object");
    };
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "object" => {}
        None => return Some("has an inputSchema without type \"object\""),
        Some(_) => return Some("has an inputSchema whose type is not \"object\""),
    }
    match schema.get("properties") {
        None | Some(Value::Object(_)) => {}
        Some(_) => return Some("has properties that are not an object"),
    }
    match schema.get("required") {
        None => None,
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => None,
        Some(_) => Some("has a required that is not an array of names"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn hash(tools: &Value) -> String {
        ToolSurface::read(tools.as_array().unwrap().clone())
            .unwrap()
            .hash
    }

    #[test]
    fn order_and_formatting_do_not_matter() {
        let a = json!([
            {"name": "a", "description": "d", "inputSchema": {"type": "object", "required": ["x", "y"], "minimum": 1}},
            {"name": "b", "inputSchema": {"type": "object"}, "_meta": {"ts": 1}},
        ]);
        let b: Value = serde_json::from_str(
            r#"[{"inputSchema":{"type":"object"},"name":"b"},
                {"inputSchema":{"minimum":1.0,"required":["y","x"],"type":"object"},"description":"\u0064","name":"a","outputSchema":null}]"#,
        )
        .unwrap();
        assert_eq!(hash(&a), hash(&b));
        assert!(hash(&a).starts_with("sha256:"));
    }

    #[test]
    fn every_word_matters() {
        let base = json!([{"name": "a", "description": "d", "inputSchema": {"type": "object"}}]);
        for other in [
            json!([{"name": "a", "description": "D", "inputSchema": {"type": "object"}}]),
            json!([{"name": "b", "description": "d", "inputSchema": {"type": "object"}}]),
            json!([{"name": "a", "description": "d", "inputSchema": {"type": "object", "properties": {}}}]),
            json!([{"name": "a", "description": "d", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true}}]),
            json!([{"name": "a", "description": "d", "inputSchema": {"type": "object"}, "outputSchema": {}}]),
            json!([]),
        ] {
            assert_ne!(hash(&base), hash(&other));
        }
    }

    #[test]
    fn what_strict_clients_choke_on_is_named() {
        let tools = json!([
            {"name": "fine", "inputSchema": {"type": "object", "properties": {}, "required": []}},
            {"name": "fine", "inputSchema": {"type": "object"}},
            {"name": "no schema"},
            {"name": "null", "inputSchema": null},
            {"name": "any", "inputSchema": {"anyOf": []}},
            {"name": "list", "inputSchema": {"type": ["object"]}},
            {"name": "req", "inputSchema": {"type": "object", "required": null}},
        ]);
        let surface = ToolSurface::read(tools.as_array().unwrap().clone()).unwrap();
        assert_eq!(surface.duplicates, ["fine"]);
        assert_eq!(surface.odd_names, ["no schema"]);
        let faulty: Vec<_> = surface
            .schema_faults
            .iter()
            .map(|(n, _)| n.as_str())
            .collect();
        assert_eq!(faulty, ["no schema", "null", "any", "list", "req"]);
        assert_eq!(
            ToolSurface::read(vec![Value::Null]),
            Err("an entry is not an object")
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..8).map(|n| format!("t{n}")).collect();
        assert_eq!(
            named(names.iter().map(String::as_str)),
            "t0, t1, t2, t3, t4 and 3 more"
        );
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[a-z$]{1,8}", inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_hash_survives_reordering_and_reprinting(
            schemas in proptest::collection::vec(json_value(), 1..5)
        ) {
            let tools: Vec<Value> = schemas
                .into_iter()
                .enumerate()
                .map(|(n, schema)| json!({"name": format!("t{n}"), "inputSchema": schema}))
                .collect();
            let mut turned: Vec<Value> =
                serde_json::from_str(&serde_json::to_string_pretty(&tools).unwrap()).unwrap();
            turned.reverse();
            prop_assert_eq!(
                ToolSurface::read(tools).unwrap().hash,
                ToolSurface::read(turned).unwrap().hash
            );
        }
    }
}
