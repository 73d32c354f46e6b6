//! The words of a script: the trouble that the field knows, one function each.
//!
//! Every word gives a [`Reply`] that can be refined (`healthy().tools(["a"])`), narrowed
//! (`healthy().on("tools/list", stall())`) and followed (`status(503).then(healthy())`).

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::body::Piece;
use crate::habits::{Act, After, Endpoint, Era, Gate, HttpReply, Id, RawReply};
use crate::login::Login;
use crate::reply::Reply;

const PAGE: &str = "<!doctype html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n";
/// One chunk of an answer without end.
const ENDLESS_CHUNK: usize = 16 * 1024;
const HUGE_HEADER: usize = 1024;

/// A good server: Streamable HTTP at `/mcp`, sessions kept, answers as JSON, three tools.
pub fn healthy() -> Reply {
    Reply::new(Act::Serve)
}

/// A good server that speaks HTTP+SSE (2024-11-05): stream at `/sse`, messages at `/messages/`.
pub fn http_sse() -> Reply {
    healthy().endpoint(Endpoint::Relative).name("fake-mcp-sse")
}

/// A good server of 2026-07-28: no handshake, no session; `initialize` is refused.
pub fn modern() -> Reply {
    healthy()
        .era(Era::Modern)
        .stateless()
        .name("fake-mcp-modern")
}

/// A good server of both generations at one address.
pub fn dual() -> Reply {
    healthy().era(Era::Dual).name("fake-mcp-dual")
}

/// `healthy()` with these tools.
pub fn tools<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Reply {
    healthy().tools(names)
}

/// Answers well, `ms` milliseconds late each time.
pub fn slow(ms: u64) -> Reply {
    healthy().delayed(Duration::from_millis(ms))
}

/// This HTTP status and a line of text.
pub fn status(status: u16) -> Reply {
    body(
        status,
        "text/plain; charset=utf-8",
        &format!("status {status}\n"),
    )
}

/// 429 with `Retry-After`, in seconds or as a date.
pub fn rate_limited(retry_after: &str) -> Reply {
    status(429).header("Retry-After", retry_after)
}

/// This HTTP status, media type and body; `{{id}}` in the body stays as it is.
pub fn body(status: u16, content_type: &str, text: &str) -> Reply {
    pieces(status, content_type, [Piece::text(text)])
}

/// This HTTP status, media type (none if empty) and scripted body.
pub fn pieces(status: u16, content_type: &str, pieces: impl IntoIterator<Item = Piece>) -> Reply {
    let pieces = pieces.into_iter().collect();
    Reply::new(Act::Http(HttpReply {
        status,
        content_type: content_type.to_owned(),
        pieces,
    }))
}

/// Accepts the request and never answers.
pub fn stall() -> Reply {
    Reply::new(Act::Hang)
}

/// Sends the head of a JSON answer and then nothing.
pub fn stall_after_headers() -> Reply {
    pieces(200, "application/json", [Piece::Hang])
}

/// Sends the head of an event stream and then nothing: a buffering proxy.
pub fn stalled_stream() -> Reply {
    pieces(200, "text/event-stream", [Piece::Hang])
}

/// Announces more body than it sends, and closes.
pub fn close_mid_body() -> Reply {
    raw(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"res",
        After::Close,
    )
}

/// Takes the request and closes without a word.
pub fn close() -> Reply {
    raw("", After::Close)
}

/// Takes the request and resets the connection.
pub fn reset() -> Reply {
    raw("", After::Reset)
}

/// Resets the connection in the middle of the body.
pub fn reset_mid_body() -> Reply {
    raw(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{\"jsonrpc\"",
        After::Reset,
    )
}

/// Bytes that are no HTTP.
pub fn garbage() -> Reply {
    raw("\u{0}\u{1}\u{2} 220 not http at all\r\n\r\n", After::Close)
}

/// An HTTP answer whose chunked framing is broken.
pub fn bad_chunks() -> Reply {
    raw(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        After::Close,
    )
}

/// These very bytes, then the end of the connection.
pub fn raw_bytes(bytes: impl Into<Bytes>) -> Reply {
    Reply::new(Act::Raw(RawReply {
        bytes: bytes.into(),
        then: After::Close,
    }))
}

/// These very bytes, then silence.
pub fn raw_bytes_then_hang(bytes: impl Into<Bytes>) -> Reply {
    Reply::new(Act::Raw(RawReply {
        bytes: bytes.into(),
        then: After::Hang,
    }))
}

/// A web page where MCP should be.
pub fn html() -> Reply {
    body(200, "text/html; charset=utf-8", PAGE)
}

/// 200 and nothing.
pub fn empty_body() -> Reply {
    pieces(200, "application/json", [])
}

/// 202 and nothing, to whatever was asked.
pub fn accepted() -> Reply {
    pieces(202, "", [])
}

/// 200 with a body that is no JSON.
pub fn not_json() -> Reply {
    body(200, "application/json", "INFO: starting up\n{\"jsonrpc\":")
}

/// JSON, but no JSON-RPC.
pub fn not_jsonrpc() -> Reply {
    body(200, "application/json", r#"{"status":"ok"}"#)
}

/// Good answers under another media type; none at all if `content_type` is empty.
pub fn wrong_content_type(content_type: &str) -> Reply {
    healthy().header("Content-Type", content_type)
}

/// This JSON text where the right answer would be, by whatever transport; `{{id}}` becomes the id asked with.
pub fn message(json: &str) -> Reply {
    Reply::new(Act::Message(json.to_owned()))
}

/// This result.
pub fn result(result: &serde_json::Value) -> Reply {
    message(&format!(
        r#"{{"jsonrpc":"2.0","id":{{{{id}}}},"result":{result}}}"#
    ))
}

/// A JSON-RPC error.
pub fn rpc_error(code: i64, text: &str) -> Reply {
    let error = json!({ "code": code, "message": text });
    message(&format!(
        r#"{{"jsonrpc":"2.0","id":{{{{id}}}},"error":{error}}}"#
    ))
}

/// A JSON-RPC error under this HTTP status.
pub fn refusal(status: u16, code: i64, text: &str) -> Reply {
    let error = json!({ "code": code, "message": text });
    let message = json!({ "jsonrpc": "2.0", "id": null, "error": error });
    body(status, "application/json", &message.to_string())
}

/// Answers with another id.
pub fn wrong_id() -> Reply {
    healthy().id(Id::Other)
}

/// Answers with the id as a string.
pub fn string_id() -> Reply {
    healthy().id(Id::Text)
}

/// Answers the handshake with a revision that nobody knows.
pub fn wrong_revision() -> Reply {
    healthy().revisions(&["1999-01-01"])
}

/// Answers as an array of one.
pub fn batch() -> Reply {
    healthy().batch()
}

/// The list of tools fails with a JSON-RPC error.
pub fn tools_list_error() -> Reply {
    healthy().on(
        "tools/list",
        rpc_error(-32603, "the tool registry is on fire"),
    )
}

/// The list of tools is an object.
pub fn tools_not_array() -> Reply {
    healthy().on("tools/list", result(&json!({ "tools": { "search": {} } })))
}

/// The same name twice.
pub fn duplicate_tool() -> Reply {
    tools(["search", "fetch", "search"])
}

/// The cursor never ends.
pub fn pagination_loop() -> Reply {
    healthy().page_size(2).pagination_loop()
}

/// 401 with a Bearer challenge that names `resource_metadata`; add `.bearer(token)` to let somebody in.
pub fn needs_auth() -> Reply {
    gated(401)
}

/// 403 with `insufficient_scope`.
pub fn forbidden() -> Reply {
    gated(403).challenge(r#"Bearer error="insufficient_scope", scope="tools:read""#)
}

/// 401 without any challenge.
pub fn needs_auth_opaque() -> Reply {
    let mut reply = gated(401).challenge("");
    reply.login = None;
    reply
}

fn gated(status: u16) -> Reply {
    let mut reply = healthy();
    reply.gate = Some(Gate {
        token: None,
        status,
        challenge: None,
    });
    reply.login(Login::good())
}

/// A redirect that leads to itself.
pub fn redirect_loop() -> Reply {
    status(307).header("Location", "?again")
}

/// This redirect, wherever it leads.
pub fn redirect(code: u16, location: &str) -> Reply {
    status(code).header("Location", location)
}

/// A JSON answer without end.
pub fn endless_body() -> Reply {
    let start = Piece::text(r#"{"jsonrpc":"2.0","id":1,"result":{"text":""#);
    pieces(
        200,
        "application/json",
        [start, Piece::Endless(vec![b'a'; ENDLESS_CHUNK].into())],
    )
}

/// An event stream of notifications without end.
pub fn endless_events() -> Reply {
    let event = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n";
    pieces(
        200,
        "text/event-stream",
        [Piece::Endless(event.repeat(16).into())],
    )
}

/// Good answers under `kib` KiB of headers.
pub fn huge_headers(kib: usize) -> Reply {
    let filler = "x".repeat(HUGE_HEADER - 16);
    (0..kib).fold(healthy(), |reply, at| {
        reply.header(&format!("X-Filler-{at}"), &filler)
    })
}

/// JSON of `levels` nested arrays inside the result.
pub fn deep_json(levels: usize) -> Reply {
    let open = "[".repeat(levels);
    let close = "]".repeat(levels);
    message(&format!(
        r#"{{"jsonrpc":"2.0","id":{{{{id}}}},"result":{{"deep":{open}{close}}}}}"#
    ))
}

fn raw(bytes: &'static str, then: After) -> Reply {
    Reply::new(Act::Raw(RawReply {
        bytes: Bytes::from_static(bytes.as_bytes()),
        then,
    }))
}
