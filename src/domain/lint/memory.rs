//! What is remembered for the lints between two checks, and which of them take a request of their
//! own in the next one (mcp.md §7).
//!
//! Small and bounded. What was found out with extra requests, or in a conversation that is seldom
//! held, stays told until it is looked at again: a finding that comes and goes with the minute
//! helps nobody.

use serde::{Deserialize, Serialize};

use super::Lint;
use crate::domain::at::{At, DAY_MS};
use crate::domain::memory::ASKS_SAFELY_SINCE;
use crate::domain::observation::{Era, ServerFacts, Transport};

/// Time between two rounds of extra requests.
const ROUND_MS: i64 = 7 * DAY_MS;

/// What an extra request came to, where that was not what the specification asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The lint.
    pub lint: Lint,
    /// What the server did instead, in a few words.
    pub instead: String,
}

/// What is remembered for the lints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LintMemory {
    /// When the last round of extra requests was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<At>,
    /// What came of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// The versions that `server/discover` listed last; an empty text where one was no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<Vec<String>>,
    /// Whether the refusal of `initialize` named versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names_versions: Option<bool>,
    /// A request was refused for the want of a session with this status instead of 400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_session: Option<u16>,
}

impl LintMemory {
    /// The lints that take a request of their own, once a week: of a server like `server`, which
    /// has tools or has none. None where a server might not survive it, and nothing of HTTP+SSE.
    pub fn due(&self, server: &ServerFacts, has_tools: bool, now: At) -> Vec<Lint> {
        let version = server.version.as_deref();
        let is_safe = server.transport == Some(Transport::StreamableHttp)
            && version.is_some_and(|version| version >= ASKS_SAFELY_SINCE);
        let is_due = |at: At| now.ms_since(at) >= ROUND_MS;
        if !is_safe || !self.tried_at.is_none_or(is_due) {
            return Vec::new();
        }
        let is_wanted = |lint: &Lint| {
            lint.holds_for(version)
                && match lint {
                    Lint::InvalidCursor => has_tools,
                    // A stream of a server with sessions may outlive us.
                    Lint::Get405OrSse => server.session == Some(false),
                    Lint::Session404 => server.session == Some(true),
                    // One that greets, too, may well have sessions and streams, and takes a version
                    // that is not new for an old one.
                    Lint::GetDelete405Modern | Lint::UnsupportedVersion => {
                        server.era == Some(Era::Modern)
                    }
                    _ => true,
                }
        };
        Lint::ACTIVE.iter().copied().filter(is_wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: At = At(1_795_675_260_000);

    fn server(era: Era, version: &str, session: bool) -> ServerFacts {
        ServerFacts {
            transport: Some(Transport::StreamableHttp),
            era: Some(era),
            version: Some(version.to_owned()),
            session: Some(session),
            ..ServerFacts::default()
        }
    }

    fn due(server: &ServerFacts) -> Vec<&'static str> {
        let due = LintMemory::default().due(server, true, NOW);
        due.into_iter().map(Lint::as_str).collect()
    }

    #[test]
    fn only_what_a_server_survives_is_tried() {
        for version in ["2024-11-05", "2025-03-26"] {
            assert!(due(&server(Era::Legacy, version, true)).is_empty());
        }
        let over_sse = ServerFacts {
            transport: Some(Transport::Sse),
            ..server(Era::Legacy, "2025-11-25", true)
        };
        assert!(due(&over_sse).is_empty());
        assert!(due(&ServerFacts::default()).is_empty());
        assert_eq!(
            due(&server(Era::Legacy, "2025-06-18", true)),
            [
                "session_404",
                "version_header_400",
                "origin_403",
                "invalid_cursor"
            ]
        );
        let stateless = due(&server(Era::Legacy, "2025-11-25", false));
        assert!(stateless.contains(&"get_405_or_sse") && !stateless.contains(&"session_404"));
    }

    #[test]
    fn a_server_of_both_generations_is_not_asked_for_what_only_one_forbids() {
        let modern = due(&server(Era::Modern, "2026-07-28", false));
        assert!(modern.contains(&"get_delete_405_modern") && modern.contains(&"header_mismatch"));
        let dual = due(&server(Era::Dual, "2026-07-28", true));
        assert!(!dual.contains(&"get_delete_405_modern") && dual.contains(&"missing_meta"));
        assert!(!dual.contains(&"unsupported_version"));
        assert!(due(&server(Era::Modern, "2027-01-01", false)).is_empty());
    }

    #[test]
    fn a_round_is_due_once_a_week() {
        let server = server(Era::Legacy, "2025-11-25", true);
        let memory = LintMemory {
            tried_at: Some(NOW),
            ..LintMemory::default()
        };
        let after = |ms| memory.due(&server, true, At(NOW.0 + ms)).len();
        assert_eq!(after(ROUND_MS - 1), 0);
        assert_eq!(after(ROUND_MS), 4);
    }
}
