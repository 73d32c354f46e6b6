//! Streamable HTTP (2025-03-26 and later) as a good server speaks it, sessions included.

use std::sync::Arc;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response};
use serde_json::{Value, json};

use crate::body::Body;
use crate::exchange::{Asked, Outcome, Shared, plain, session_id, typed};
use crate::habits::{Delete, Sessions};
use crate::journal::lock;
use crate::modern;
use crate::protocol;
use crate::reply::Reply;

const ENDPOINT: &str = "/mcp";
/// What a load balancer knows its clients by.
const COOKIE: &str = "lb=here";
const SESSION: &str = "mcp-session-id";
/// More sessions than this are a leak of the client; the server answers 503 then.
const MAX_SESSIONS: usize = 200_000;

pub(crate) fn answer(shared: &Arc<Shared>, reply: &Reply, asked: &Asked) -> Outcome {
    if !asked.path.ends_with(ENDPOINT) {
        return Outcome::Respond(plain(404, "Not Found\n"));
    }
    if asked.header("origin").is_some() && !reply.server.any_origin {
        return Outcome::Respond(refuse(403, -32600, "Forbidden: invalid Origin header"));
    }
    let mut outcome = match asked.method {
        Method::POST => Outcome::Respond(post(shared, reply, asked)),
        Method::DELETE => delete(shared, reply, asked),
        _ => Outcome::Respond(method_not_allowed()),
    };
    // The SDKs name the session in every answer, that to DELETE included.
    if let (Outcome::Respond(response), Some(id)) = (&mut outcome, asked.headers.get(SESSION))
        && response.status().is_success()
        && reply.server.sessions != Sessions::None
    {
        response.headers_mut().insert(SESSION, id.clone());
    }
    outcome
}

fn post(shared: &Arc<Shared>, reply: &Reply, asked: &Asked) -> Response<Body> {
    let accept = asked.header("accept").unwrap_or_default();
    if !accept.contains("application/json") || !accept.contains("text/event-stream") {
        let text = "Not Acceptable: accept both application/json and text/event-stream";
        return refuse(406, -32600, text);
    }
    let media = asked.header("content-type").unwrap_or_default();
    if media
        .split(';')
        .next()
        .is_none_or(|media| media.trim() != "application/json")
    {
        return plain(415, "Unsupported Media Type\n");
    }
    let Some(request) = &asked.json else {
        return refuse(400, -32700, "Parse error");
    };
    let method = asked.rpc();
    if !request.is_object() || method.is_empty() {
        return refuse(400, -32600, "Invalid Request: one JSON-RPC object per body");
    }
    let is_modern = modern::is_for(&reply.server, asked);
    if is_modern && let Some(refusal) = modern::refusal(&reply.server, asked) {
        return refusal;
    }
    let version = asked.header("mcp-protocol-version").filter(|_| !is_modern);
    if version.is_some_and(|version| !protocol::speaks(&reply.server, version)) {
        return refuse(400, -32600, "Bad Request: unsupported protocol version");
    }
    let mut opened = None;
    if reply.server.sessions != Sessions::None && !is_modern {
        if method == "initialize" {
            opened = match open_session(shared, asked.connection) {
                Some(id) => Some(id),
                None => return plain(503, "too many sessions\n"),
            };
        } else if let Err(refusal) = check_session(shared, reply, asked, method) {
            return *refusal;
        }
    }
    let mut response = match protocol::answer(reply, request) {
        None if method == "notifications/initialized" => typed(
            reply.server.initialized_status,
            "application/json",
            if reply.server.initialized_status == 200 {
                "null"
            } else {
                ""
            },
        ),
        None => plain(202, ""),
        Some(text) => match &reply.sse {
            None => typed(200, "application/json", &text),
            Some(style) => {
                let mut response = Response::new(Body::new(style.stream(&text)));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                headers.insert("cache-control", HeaderValue::from_static("no-cache"));
                response
            }
        },
    };
    if let Some(id) = opened
        && let Ok(id) = HeaderValue::try_from(id)
    {
        response.headers_mut().insert(SESSION, id);
        if matches!(reply.server.sessions, Sessions::ByCookie(_)) {
            let cookie = HeaderValue::from_static("lb=here; Path=/; HttpOnly");
            response.headers_mut().insert("set-cookie", cookie);
        }
    }
    response
}

fn open_session(shared: &Shared, connection: u64) -> Option<String> {
    let id = session_id();
    let mut sessions = lock(&shared.sessions);
    if sessions.len() >= MAX_SESSIONS {
        return None;
    }
    sessions.insert(id.clone(), false);
    lock(&shared.homes).insert(id.clone(), connection);
    shared.session_opened();
    Some(id)
}

/// A session must be named, known, and initialized before anything but a ping is asked.
fn check_session(
    shared: &Shared,
    reply: &Reply,
    asked: &Asked,
    method: &str,
) -> Result<(), Box<Response<Body>>> {
    let refuse = |status, code, text| Err(Box::new(refuse(status, code, text)));
    let Some(id) = asked.header(SESSION) else {
        return refuse(400, -32600, "Bad Request: Missing session ID");
    };
    if let Sessions::Lost(status) = reply.server.sessions {
        return refuse(status, -32001, "Session not found");
    }
    let is_home = lock(&shared.homes).get(id) == Some(&asked.connection);
    let has_cookie = asked
        .header("cookie")
        .is_some_and(|all| all.contains(COOKIE));
    match reply.server.sessions {
        Sessions::Sticky(status) if !is_home => {
            return refuse(status, -32001, "Session not found");
        }
        Sessions::ByCookie(status) if !is_home && !has_cookie => {
            return refuse(status, -32001, "Session not found");
        }
        _ => {}
    }
    match shared.session(id) {
        None => refuse(404, -32001, "Session not found"),
        Some(_) if method == "notifications/initialized" => {
            lock(&shared.sessions).insert(id.to_owned(), true);
            Ok(())
        }
        Some(false) if method != "ping" => refuse(
            400,
            -32602,
            "Received request before initialization was complete",
        ),
        Some(_) => Ok(()),
    }
}

fn delete(shared: &Shared, reply: &Reply, asked: &Asked) -> Outcome {
    if reply.server.sessions == Sessions::None {
        return Outcome::Respond(method_not_allowed());
    }
    let Some(id) = asked.header(SESSION) else {
        return Outcome::Respond(refuse(400, -32600, "Bad Request: Missing session ID"));
    };
    match reply.server.delete {
        Delete::Hang => Outcome::Hang,
        Delete::Status(status) if status >= 400 => Outcome::Respond(plain(status, "")),
        Delete::Status(status) => {
            if lock(&shared.sessions).remove(id).is_none() {
                return Outcome::Respond(refuse(404, -32001, "Session not found"));
            }
            shared.session_closed();
            Outcome::Respond(plain(status, ""))
        }
    }
}

fn method_not_allowed() -> Response<Body> {
    let mut response = refuse(405, -32000, "Method not allowed.");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("POST, DELETE"));
    response
}

fn refuse(status: u16, code: i64, text: &str) -> Response<Body> {
    let error =
        json!({ "jsonrpc": "2.0", "id": Value::Null, "error": { "code": code, "message": text } });
    typed(status, "application/json", &error.to_string())
}
