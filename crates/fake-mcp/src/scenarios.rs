//! Scenarios by name, for the command line: one server with one script, ready to be probed by hand.
//!
//! Tests do not use these: they write their scripts themselves.

use std::time::Duration;

use fake_mcp::{
    Reply, Sessions, Sse, accepted, bad_chunks, batch, close, close_mid_body, deep_json, dual,
    duplicate_tool, empty_body, endless_body, endless_events, forbidden, garbage, healthy, html,
    http_sse, huge_headers, modern, needs_auth, not_json, not_jsonrpc, pagination_loop,
    rate_limited, redirect_loop, reset, slow, stall, stall_after_headers, stalled_stream, status,
    string_id, tools_list_error, tools_not_array, wrong_content_type, wrong_id, wrong_revision,
};

/// A name, what it shows, and the reply that plays it.
pub(crate) type Scenario = (&'static str, &'static str, fn() -> Reply);

/// How long `flapping` stays up, and then down.
pub(crate) const FLAPPING: (Duration, Duration) =
    (Duration::from_secs(150), Duration::from_secs(90));

/// Every scenario that is one server with one script.
pub(crate) const SCENARIOS: &[Scenario] = &[
    (
        "healthy",
        "Streamable HTTP with sessions, answers as JSON",
        healthy,
    ),
    ("stateless", "Streamable HTTP without sessions", || {
        healthy().stateless()
    }),
    (
        "streaming",
        "Streamable HTTP, answers as event streams",
        || healthy().sse(Sse::new().crlf().priming().notifications(2)),
    ),
    ("sse", "HTTP+SSE of 2024-11-05", http_sse),
    ("modern", "2026-07-28 only", modern),
    ("dual", "2026-07-28 and initialize at one address", dual),
    ("slow", "every answer takes 1.5 s", || slow(1500)),
    (
        "flapping",
        "up for 150 s, then 503 for 90 s, and again",
        healthy,
    ),
    (
        "gated",
        "401 with a Bearer challenge; lets in the token `demo`",
        || needs_auth().bearer("demo"),
    ),
    ("forbidden", "403 insufficient_scope", forbidden),
    ("500", "HTTP 500", || status(500)),
    ("503", "HTTP 503", || status(503)),
    ("404", "HTTP 404", || status(404)),
    ("rate-limited", "429 with Retry-After: 120", || {
        rate_limited("120")
    }),
    ("stall", "accepts and never answers", stall),
    (
        "stall-after-headers",
        "sends the head of an answer and then nothing",
        stall_after_headers,
    ),
    (
        "stalled-stream",
        "opens an event stream and sends nothing",
        stalled_stream,
    ),
    ("close", "closes without a word", close),
    (
        "close-mid-body",
        "closes in the middle of the body",
        close_mid_body,
    ),
    ("reset", "resets the connection", reset),
    ("garbage", "bytes that are no HTTP", garbage),
    ("bad-chunks", "broken chunked framing", bad_chunks),
    ("html", "a web page where MCP should be", html),
    ("empty-body", "200 and nothing", empty_body),
    ("accepted", "202 to everything", accepted),
    ("not-json", "a body that is no JSON", not_json),
    ("not-jsonrpc", "JSON, but no JSON-RPC", not_jsonrpc),
    ("wrong-content-type", "good answers as text/plain", || {
        wrong_content_type("text/plain")
    }),
    ("wrong-id", "answers with another id", wrong_id),
    ("string-id", "answers with the id as a string", string_id),
    ("wrong-revision", "negotiates 1999-01-01", wrong_revision),
    ("batch", "answers as arrays", batch),
    (
        "session-lost",
        "refuses its own session at the next request",
        || healthy().sessions(Sessions::Lost(404)),
    ),
    (
        "tools-list-error",
        "tools/list fails with a JSON-RPC error",
        tools_list_error,
    ),
    (
        "tools-not-array",
        "the list of tools is an object",
        tools_not_array,
    ),
    ("duplicate-tool", "the same tool twice", duplicate_tool),
    (
        "pagination-loop",
        "a cursor that never ends",
        pagination_loop,
    ),
    ("redirect", "307 to another path of the same origin", || {
        healthy().redirecting(307)
    }),
    ("redirect-loop", "redirects to itself", redirect_loop),
    ("endless-body", "an answer without end", endless_body),
    (
        "endless-events",
        "an event stream without end",
        endless_events,
    ),
    ("huge-headers", "100 KiB of headers", || huge_headers(100)),
    ("deep-json", "10,000 levels of JSON", || deep_json(10_000)),
];

/// The scenario of that name.
pub(crate) fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|(known, ..)| *known == name)
}
