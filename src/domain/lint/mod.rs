//! Lints: what a server does beside the letter of the specification (mcp.md §7).
//!
//! One table of them: id, the revisions that they hold for, level, section, words. They are fed
//! from what the probe saw anyway ([`Fact`], noted on the way) and never change a status; a few
//! take a request of their own ([`Lint::ACTIVE`]), for those who want that. To add one: a row here,
//! a fact where it is seen, an arm in `remarks`, a server in `tests/it/probe/lints`.
//!
//! Not here is `cache_scope_auth` of mcp.md §7, a list that differs between credentials and says
//! that it is public: a monitor has one credential, and never sees what others are shown.

mod fact;
mod memory;
mod remarks;
mod schemas;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use fact::{Fact, TimeToLive};
pub use memory::{LintMemory, Tried};
pub(super) use remarks::findings;
pub(super) use schemas::remarks as of_tools;

/// The newest revision, beyond which nothing is known.
const NEWEST: &str = "2026-07-28";
/// The newest revision that begins with `initialize`.
const NEWEST_LEGACY: &str = "2025-11-25";

/// How strongly the specification asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Level {
    /// Required.
    #[serde(rename = "MUST")]
    Must,
    /// Forbidden.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// Recommended.
    #[serde(rename = "SHOULD")]
    Should,
    /// Advised against.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// Allowed, within bounds.
    #[serde(rename = "MAY")]
    May,
    /// Said by the schema.
    #[serde(rename = "schema")]
    Schema,
    /// On its way out.
    #[serde(rename = "deprecated")]
    Deprecated,
    /// Not asked by the specification; our advice.
    #[serde(rename = "advice")]
    Advice,
}

impl Level {
    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
            Self::Schema => "schema",
            Self::Deprecated => "deprecated",
            Self::Advice => "advice",
        }
    }
}

macro_rules! lints {
    ($($name:ident = $text:literal, $revisions:literal, $level:ident, $section:literal, $words:literal;)+) => {
        /// A lint (mcp.md §7). Its id is public interface and never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Lint {
            $(#[doc = $words] #[serde(rename = $text)] $name,)+
        }

        impl Lint {
            /// Every lint.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its id.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The revisions that it holds for: `all`, `legacy`, `FIRST+`, `FIRST..LAST` or one.
            pub fn revisions(self) -> &'static str {
                match self { $(Self::$name => $revisions,)+ }
            }

            /// How strongly the specification asks for it.
            pub fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)+ }
            }

            /// Where the specification asks for it.
            pub fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }

            /// What is asked for, in a few words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }
        }
    };
}

lints! {
    InitVersionEcho = "init_version_echo", "legacy", Must, "basic/lifecycle", "A requested version that is supported comes back";
    InitRequiredFields = "init_required_fields", "legacy", Must, "basic/lifecycle", "The handshake names protocolVersion, capabilities and serverInfo";
    ServerInfoBlank = "server_info_blank", "all", Advice, "schema Implementation", "Name and version of the server are not blank";
    CapsShape = "caps_shape", "all", Schema, "schema ServerCapabilities", "Capabilities are objects, their flags booleans";
    CapsVsBehaviour = "caps_vs_behaviour", "legacy", Must, "basic/lifecycle", "What is declared works";
    Notif202Empty = "notif_202_empty", "2025-03-26..2025-11-25", Must, "basic/transports", "A notification is answered with 202 and no body";
    ResponseMediaType = "response_media_type", "2025-03-26+", Must, "basic/transports", "A request is answered as JSON or as an event stream";
    ResponseIdType = "response_id_type", "all", Must, "basic", "The answer has the id of the request, in its type";
    ErrorCodeInteger = "error_code_integer", "all", Must, "basic", "An error has an integer code and a message";
    ErrorIdMissing = "error_id_missing", "2024-11-05..2025-06-18", Schema, "schema JSONRPCError", "An error names the id of its request";
    ErrorCodeReserved = "error_code_reserved", "2026-07-28", MustNot, "basic", "Reserved error codes are not used";
    BatchForbidden = "batch_forbidden", "2025-06-18+", Must, "basic/transports", "No answer is an array";
    SessionCharset = "session_charset", "2025-03-26..2025-11-25", Must, "basic/transports", "A session id is visible ASCII";
    SessionEntropy = "session_entropy", "2025-03-26..2025-11-25", Should, "basic/transports", "A session id cannot be guessed";
    SessionOnModern = "session_on_modern", "2026-07-28", ShouldNot, "basic/transports", "There is no session id";
    Session404 = "session_404", "2025-03-26..2025-11-25", Must, "basic/transports", "A session that was ended is answered with 404";
    SessionMissing400 = "session_missing_400", "2025-03-26..2025-11-25", Should, "basic/transports", "A request without its session is answered with 400";
    Delete405OrOk = "delete_405_or_ok", "2025-03-26..2025-11-25", May, "basic/transports", "DELETE ends the session or is answered with 405";
    Get405OrSse = "get_405_or_sse", "2025-03-26..2025-11-25", Must, "basic/transports", "GET opens an event stream or is answered with 405";
    GetDelete405Modern = "get_delete_405_modern", "2026-07-28", Should, "basic/transports", "GET and DELETE are answered with 405";
    VersionHeader400 = "version_header_400", "2025-06-18..2025-11-25", Must, "basic/transports", "An unknown version in the header is answered with 400";
    Origin403 = "origin_403", "all", Must, "basic/transports", "A foreign Origin is refused";
    SsePriming = "sse_priming", "2025-11-25", Should, "basic/transports", "An event stream begins with an event that has an id and no data";
    SseAccelHeader = "sse_accel_header", "2026-07-28", Should, "basic/transports", "An event stream says X-Accel-Buffering: no";
    SseServerRequest = "sse_server_request", "2026-07-28", MustNot, "basic/transports", "The server makes no requests in an answer";
    SseEndsAfterReply = "sse_ends_after_reply", "2025-03-26+", Should, "basic/transports", "An event stream ends after the answer";
    NotifUnrequestedLog = "notif_unrequested_log", "2026-07-28", MustNot, "server/utilities/logging", "No log messages come unasked";
    DiscoverPresent = "discover_present", "2026-07-28", Must, "basic/versioning", "server/discover is answered";
    DiscoverVersions = "discover_versions", "2026-07-28", Advice, "server/discover", "server/discover names the versions that work";
    DiscoverServerInfo = "discover_server_info", "2026-07-28", Should, "basic", "Every result names the server in its _meta";
    ResultType = "result_type", "2026-07-28", Must, "basic", "Every result says its resultType";
    TtlMs = "ttl_ms", "2026-07-28", Must, "server/utilities/caching", "A list says how long it holds: ttlMs, an integer that is not negative";
    CacheScope = "cache_scope", "2026-07-28", Must, "server/utilities/caching", "A list says for whom it holds: cacheScope, public or private";
    CacheScopePages = "cache_scope_pages", "2026-07-28", Must, "server/utilities/caching", "All pages of a list have the same cacheScope";
    ToolsOrder = "tools_order", "2026-07-28", Should, "server/tools", "The tools come in the same order every time";
    ToolsPerConnection = "tools_per_connection", "2026-07-28", MustNot, "server/tools", "The tools do not depend on the connection";
    ToolNameCharset = "tool_name_charset", "2025-11-25+", Should, "server/tools", "A tool name has 1 to 128 letters, digits, underscores, hyphens and dots";
    ToolNameUnique = "tool_name_unique", "2025-11-25+", Should, "server/tools", "No two tools have the same name";
    InputSchemaObject = "input_schema_object", "all", Must, "server/tools", "The inputSchema of a tool is a schema of an object";
    SchemaDialect = "schema_dialect", "2025-11-25+", Must, "basic", "A schema is valid in the dialect that it names, or in JSON Schema 2020-12";
    SchemaExternalRef = "schema_external_ref", "2026-07-28", MustNot, "basic", "A schema needs nothing from the network";
    SchemaBudget = "schema_budget", "2026-07-28", Should, "basic", "A schema is not too deep or too large";
    OutputSchemaRoot = "output_schema_root", "2025-06-18..2025-11-25", Schema, "schema Tool", "The outputSchema of a tool is a schema of an object";
    XMcpHeader = "x_mcp_header", "2026-07-28", Must, "basic/transports", "An x-mcp-header annotation is usable";
    TaskSupportValue = "task_support_value", "2025-11-25", Schema, "basic/utilities/tasks", "taskSupport is forbidden, optional or required";
    IconScheme = "icon_scheme", "2025-11-25+", Must, "basic", "An icon is https or data";
    InvalidCursor = "invalid_cursor", "all", Should, "server/utilities/pagination", "A cursor that was never given out is refused with -32602";
    UnknownMethod404 = "unknown_method_404", "2026-07-28", Must, "basic/transports", "An unknown method is answered with 404 and -32601";
    HeaderMismatch = "header_mismatch", "2026-07-28", Must, "basic/transports", "A header that contradicts the body is answered with 400 and -32020";
    UnsupportedVersion = "unsupported_version", "2026-07-28", Must, "basic/versioning", "An unknown version is answered with 400 and -32022";
    MissingMeta = "missing_meta", "2026-07-28", Must, "basic", "A request without its _meta is answered with 400 and -32602";
    ModernOnlyNamesVersions = "modern_only_names_versions", "2026-07-28", Should, "basic/versioning", "The refusal of initialize names the supported versions";
    DeprecatedTransport = "deprecated_transport", "all", Deprecated, "deprecated (since 2025-03-26)", "HTTP+SSE has been superseded by Streamable HTTP";
    DeprecatedCaps = "deprecated_caps", "2026-07-28", Deprecated, "deprecated", "Capabilities on their way out are not declared";
}

impl Lint {
    /// Those that take a request of their own.
    pub const ACTIVE: &[Self] = &[
        Self::Session404,
        Self::Get405OrSse,
        Self::GetDelete405Modern,
        Self::VersionHeader400,
        Self::Origin403,
        Self::InvalidCursor,
        Self::UnknownMethod404,
        Self::HeaderMismatch,
        Self::UnsupportedVersion,
        Self::MissingMeta,
    ];

    /// Whether it holds for a server that speaks `version`. Without a version: whether it holds
    /// for all.
    pub fn holds_for(self, version: Option<&str>) -> bool {
        let (first, last) = self.span();
        version.map_or(self.revisions() == "all", |version| {
            (first..=last).contains(&version)
        })
    }

    /// The section with the revision that is spoken, or with the last one that has the lint.
    pub fn spec(self, version: Option<&str>) -> String {
        let (_, last) = self.span();
        let spoken = version.filter(|_| self.holds_for(version));
        format!("{} {}", spoken.unwrap_or(last), self.section())
    }

    fn span(self) -> (&'static str, &'static str) {
        match self.revisions() {
            "all" => ("", NEWEST),
            "legacy" => ("", NEWEST_LEGACY),
            text => match text.split_once("..") {
                Some(span) => span,
                None => text
                    .strip_suffix('+')
                    .map_or((text, text), |first| (first, NEWEST)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_has_an_id_of_its_own_and_holds_for_something() {
        let mut seen = std::collections::HashSet::new();
        let revisions = [
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            NEWEST,
        ];
        for lint in Lint::ALL {
            assert!(seen.insert(lint.as_str()), "{}", lint.as_str());
            assert!(!lint.words().ends_with('.'), "{}", lint.as_str());
            assert!(
                revisions
                    .iter()
                    .any(|version| lint.holds_for(Some(version))),
                "{}",
                lint.as_str()
            );
        }
    }

    #[test]
    fn a_lint_names_the_revision_that_is_spoken() {
        for (lint, version, holds, spec) in [
            (
                Lint::SsePriming,
                Some("2025-11-25"),
                true,
                "2025-11-25 basic/transports",
            ),
            (
                Lint::SsePriming,
                Some("2025-06-18"),
                false,
                "2025-11-25 basic/transports",
            ),
            (
                Lint::BatchForbidden,
                Some("2025-06-18"),
                true,
                "2025-06-18 basic/transports",
            ),
            (
                Lint::BatchForbidden,
                Some("2025-03-26"),
                false,
                "2026-07-28 basic/transports",
            ),
            (
                Lint::SessionCharset,
                Some(NEWEST),
                false,
                "2025-11-25 basic/transports",
            ),
            (
                Lint::ResponseIdType,
                Some("2024-11-05"),
                true,
                "2024-11-05 basic",
            ),
            (Lint::ResponseIdType, None, true, "2026-07-28 basic"),
            (
                Lint::TtlMs,
                None,
                false,
                "2026-07-28 server/utilities/caching",
            ),
        ] {
            assert_eq!(lint.holds_for(version), holds, "{lint:?} {version:?}");
            assert_eq!(lint.spec(version), spec, "{lint:?} {version:?}");
        }
    }
}
