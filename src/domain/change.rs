//! What changes about a server between two checks without being a fault: the generation that it
//! speaks, its transport, its final address, its version. Kept as the history of a monitor.

use serde::Serialize;
use utoipa::ToSchema;

use super::memory::ProbeMemory;
use super::monitor::EndpointUrl;
use super::observation::ServerFacts;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The generation of MCP.
    Era,
    /// How messages travel.
    Transport,
    /// Where permitted redirects lead.
    Url,
    /// The protocol version.
    Version,
    /// The name or version of the server.
    Server,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Era,
        Self::Transport,
        Self::Url,
        Self::Version,
        Self::Server,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Era => "era",
            Self::Transport => "transport",
            Self::Url => "url",
            Self::Version => "version",
            Self::Server => "server",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Era => "Generation of MCP",
            Self::Transport => "Transport",
            Self::Url => "Final address",
            Self::Version => "Protocol version",
            Self::Server => "Server",
        }
    }
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// What changed between what was remembered before a check and after it. Nothing while either of
/// them knows no server: meeting it is no change, and neither is losing sight of it.
pub fn changes(before: &ProbeMemory, after: &ProbeMemory) -> Vec<Change> {
    let (old, new) = (&before.facts, &after.facts);
    if old.version.is_none() || new.version.is_none() {
        return Vec::new();
    }
    let word = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let mut found = vec![
        (
            ChangeKind::Era,
            word(old.era.map(super::observation::Era::as_str)),
            word(new.era.map(super::observation::Era::as_str)),
        ),
        (
            ChangeKind::Transport,
            word(old.transport.map(super::observation::Transport::as_str)),
            word(new.transport.map(super::observation::Transport::as_str)),
        ),
        (ChangeKind::Url, address(before), address(after)),
        (ChangeKind::Server, server(old), server(new)),
    ];
    // With the generation goes the version.
    if old.era == new.era {
        found.push((ChangeKind::Version, versions(old), versions(new)));
    }
    found
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(kind, before, after)| Change {
            kind,
            before,
            after,
        })
        .collect()
}

/// The final address, without the values of its query.
fn address(memory: &ProbeMemory) -> String {
    let redacted = |url: &String| EndpointUrl::parse(url).map(|url| url.redacted()).ok();
    let moved = memory.url.as_ref().and_then(redacted);
    moved.unwrap_or_else(|| "the configured one".to_owned())
}

fn versions(facts: &ServerFacts) -> String {
    let both = [&facts.version, &facts.legacy_version];
    let both: Vec<&str> = both.into_iter().flatten().map(String::as_str).collect();
    both.join(" and ")
}

fn server(facts: &ServerFacts) -> String {
    let Some(server) = &facts.server else {
        return "unnamed".to_owned();
    };
    let both = [&server.name, &server.version];
    let both: Vec<&str> = both.into_iter().flatten().map(String::as_str).collect();
    both.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observation::{Era, ServerName, Transport};

    fn memory(change: impl FnOnce(&mut ProbeMemory)) -> ProbeMemory {
        let mut memory = ProbeMemory {
            facts: ServerFacts {
                era: Some(Era::Legacy),
                transport: Some(Transport::StreamableHttp),
                version: Some("2025-06-18".to_owned()),
                server: Some(ServerName {
                    name: Some("acme".to_owned()),
                    version: Some("1".to_owned()),
                }),
                ..ServerFacts::default()
            },
            ..ProbeMemory::default()
        };
        change(&mut memory);
        memory
    }

    #[test]
    fn only_what_differs_between_two_servers_that_were_met_is_a_change() {
        let before = memory(|_| {});
        for (after, expected) in [
            (memory(|_| {}), vec![]),
            (memory(|m| m.is_known = true), vec![]),
            (memory(|m| m.facts.session = Some(true)), vec![]),
            (memory(|m| m.facts.version = None), vec![]),
            (
                memory(|m| m.facts.version = Some("2025-11-25".to_owned())),
                vec![(ChangeKind::Version, "2025-06-18", "2025-11-25")],
            ),
            (
                memory(|m| {
                    m.facts.era = Some(Era::Dual);
                    m.facts.version = Some("2026-07-28".to_owned());
                    m.facts.legacy_version = Some("2025-06-18".to_owned());
                }),
                vec![(ChangeKind::Era, "legacy", "dual")],
            ),
            (
                memory(|m| m.facts.transport = Some(Transport::Sse)),
                vec![(ChangeKind::Transport, "streamable_http", "sse")],
            ),
            (
                memory(|m| m.url = Some("https://a.example/mcp/?key=secret".to_owned())),
                vec![(
                    ChangeKind::Url,
                    "the configured one",
                    "https://a.example/mcp/?key=…",
                )],
            ),
            (
                memory(|m| m.facts.server.as_mut().unwrap().version = Some("2".to_owned())),
                vec![(ChangeKind::Server, "acme 1", "acme 2")],
            ),
        ] {
            let found = changes(&before, &after);
            let found: Vec<_> = found
                .iter()
                .map(|c| (c.kind, c.before.as_str(), c.after.as_str()))
                .collect();
            assert_eq!(found, expected);
        }
        assert_eq!(changes(&ProbeMemory::default(), &before), []);
    }
}
