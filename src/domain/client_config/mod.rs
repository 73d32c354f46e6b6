//! The MCP servers that a client configuration or a registry listing names (mcp.md §10).
//!
//! The many shapes are told apart by what they hold, not by a file name. What is read is the text
//! of strangers: nothing in it is run, asked for or looked up. A server that cannot be watched is
//! left out with the reason; one bad entry never costs the others.

mod entry;
mod placeholder;
mod registry;

use jsonc_parser::ParseOptions;
use serde_json::{Map, Value};

use self::entry::Left;
use super::monitor::{Endpoint, FieldError, MAX_NAME, MonitorSpec};
use super::untrusted;

/// Longest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most servers that are taken from one file.
pub const MAX_SERVERS: usize = 500;

/// Where the known clients keep their servers, from the root.
const ROOTS: [&[&str]; 6] = [
    &["mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp", "mcpServers"],
    &["mcp.servers"],
    &["context_servers"],
];

/// A server that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What the file calls it.
    pub name: String,
    /// Why, and what would help.
    pub reason: String,
}

/// Everything that a file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The servers that can be watched, each once: named as there, with
    /// the headers that the file holds for them.
    pub specs: Vec<MonitorSpec>,
    /// The others.
    pub skipped: Vec<Skipped>,
}

impl Listing {
    /// Reads a file: JSON, with comments and trailing commas as editors allow them. Fails when it
    /// is too long, is no JSON, or holds nothing that looks like servers.
    pub fn read(text: &str) -> Result<Self, FieldError> {
        let refuse = |message: String| FieldError::new("file", message);
        if text.len() > MAX_BYTES {
            return Err(refuse(format!("is longer than {MAX_BYTES} bytes")));
        }
        let root: Value = jsonc_parser::parse_to_serde_value(text, &ParseOptions::default())
            .map_err(|error| refuse(format!("is not JSON: {error}")))?;
        let mut listing = Self::default();
        if !registry::read(&root, &mut listing) && !listing.add_configuration(&root) {
            return Err(refuse(
                "names no servers: expected `mcpServers`, `servers`, `context_servers` or `remotes`"
                    .to_owned(),
            ));
        }
        Ok(listing)
    }

    /// Adds what a client configuration names; false if it is none.
    fn add_configuration(&mut self, root: &Value) -> bool {
        let at = |path: &&[&str]| path.iter().try_fold(root, |value, step| value.get(step));
        let mut groups: Vec<&Value> = ROOTS.iter().filter_map(at).collect();
        if groups.is_empty() && is_map_of_servers(root) {
            groups.push(root);
        }
        for group in &groups {
            match group {
                Value::Object(servers) => {
                    for (name, server) in servers {
                        self.add(name, entry::read(server));
                    }
                }
                Value::Array(servers) => {
                    for server in servers {
                        let name = server.get("name").and_then(Value::as_str);
                        self.add(name.unwrap_or_default(), entry::read(server));
                    }
                }
                _ => {}
            }
        }
        !groups.is_empty()
    }

    fn add(&mut self, name: &str, read: Result<Endpoint, Left>) {
        let name = untrusted::line(name, MAX_NAME);
        let name = name.trim();
        match read.and_then(|endpoint| spec(name, endpoint)) {
            Ok(spec)
                if self
                    .specs
                    .iter()
                    .any(|other| other.endpoint == spec.endpoint) => {}
            Ok(spec) if self.specs.len() < MAX_SERVERS => self.specs.push(spec),
            Ok(_) => self.skip(name, format!("only {MAX_SERVERS} are taken from one file")),
            Err(Left(reason)) => self.skip(name, reason),
        }
    }

    fn skip(&mut self, name: &str, reason: String) {
        if self.skipped.len() < MAX_SERVERS {
            let name = name.to_owned();
            self.skipped.push(Skipped { name, reason });
        }
    }
}

/// A monitor of a server, with every default; refused for what makes any monitor refused.
fn spec(name: &str, endpoint: Endpoint) -> Result<MonitorSpec, Left> {
    let mut spec = MonitorSpec::of(endpoint);
    if !name.is_empty() {
        name.clone_into(&mut spec.name);
    }
    match spec.faults().into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => Ok(spec),
    }
}

/// Whether the root itself is the map of servers, as some clients have it.
fn is_map_of_servers(root: &Value) -> bool {
    let is_server = |value: &Value| {
        let keys = ["url", "serverUrl", "httpUrl", "command"];
        keys.iter().any(|key| value.get(key).is_some())
    };
    root.as_object()
        .is_some_and(|map| map.values().any(is_server))
}

/// A member that is text.
fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
