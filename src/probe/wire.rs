//! What the lints want to know of an answer: noted where the answer is read, in one place for every
//! transport and generation.

use hyper::header::HeaderMap;
use serde_json::Value;

use super::notes::Notes;
use super::visit::SESSION;
use crate::domain::lint::{Fact, TimeToLive};
use crate::domain::untrusted::{MAX_NAME, line};

/// Says which method a request of the stateless revision calls.
const METHOD: &str = "mcp-method";
/// Most versions that are remembered of those that a server lists.
const MAX_LISTED: usize = 20;
/// Where a result of the stateless revision names its server.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Whether the request that was sent last speaks the stateless revision.
fn is_modern(notes: &Notes<'_>) -> bool {
    let last = notes.exchanges.last();
    last.is_some_and(|last| last.headers.contains_key(METHOD))
}

/// The head of an answer that is an event stream.
pub(super) fn stream(notes: &mut Notes<'_>, headers: &HeaderMap) {
    if is_modern(notes) {
        let accel = headers.get("x-accel-buffering");
        let unbuffered = accel.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"no"));
        notes.fact(Fact::StreamHead { unbuffered });
    }
}

/// The head of any answer.
pub(super) fn head(notes: &mut Notes<'_>, headers: &HeaderMap) {
    if is_modern(notes) && headers.contains_key(SESSION) {
        notes.fact(Fact::SessionOnModern);
    }
}

/// A message that came: the answer, or something before it.
pub(super) fn message(notes: &mut Notes<'_>, message: &Value) {
    let is_modern = is_modern(notes);
    if let Some(error) = message.get("error").filter(|error| error.is_object()) {
        let code = error.get("code").and_then(Value::as_i64);
        notes.fact(Fact::RpcError {
            code,
            has_id: message.get("id").is_some_and(|id| !id.is_null()),
            is_modern,
        });
    }
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        return;
    };
    if is_modern && message.get("id").is_some() {
        let method = line(method, MAX_NAME);
        notes.fact(Fact::ServerRequest { method });
    } else if is_modern && method == "notifications/message" {
        notes.fact(Fact::UnaskedLog);
    }
}

/// A result.
pub(super) fn result(notes: &mut Notes<'_>, result: &Value) {
    if !is_modern(notes) {
        return;
    }
    let text = |member| result.get(member).and_then(Value::as_str);
    let is_list = result.get("tools").is_some() || result.get("supportedVersions").is_some();
    let info = result.get("_meta").and_then(|meta| meta.get(SERVER_INFO));
    notes.fact(Fact::ModernResult {
        has_type: text("resultType").is_some(),
        has_server: info.is_some(),
        ttl: match result.get("ttlMs") {
            _ if !is_list => TimeToLive::Fine,
            None => TimeToLive::Missing,
            Some(ttl) if ttl.as_u64().is_some() => TimeToLive::Fine,
            Some(_) => TimeToLive::Odd,
        },
        is_page: result.get("tools").is_some(),
        scope: is_list.then(|| line(text("cacheScope").unwrap_or("(none)"), MAX_NAME)),
    });
    if let Some(versions) = result.get("supportedVersions") {
        let listed = versions.as_array().map(|list| {
            let texts = list.iter().take(MAX_LISTED).map(Value::as_str);
            texts
                .map(|text| line(text.unwrap_or_default(), MAX_NAME))
                .collect()
        });
        notes.seen.memory.lints.listed = listed;
    }
}
