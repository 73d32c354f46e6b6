//! HTTP+SSE, the transport of 2024-11-05: a stream that says where to POST, and answers on it.
//!
//! A session lives as long as its stream; both are counted. Every queue to a stream is bounded.

use std::sync::Arc;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response};
use tokio::sync::mpsc;

use crate::body::{Body, Piece};
use crate::exchange::{Asked, Shared, plain, session_id};
use crate::habits::{Endpoint, HttpSse, StreamEnd};
use crate::journal::lock;
use crate::protocol;
use crate::reply::Reply;

const STREAM: &str = "/sse";
const MESSAGES: &str = "/messages/";
/// Events that may wait for a slow reader.
const QUEUE: usize = 64;

/// The way to an open stream.
pub(crate) type Stream = mpsc::Sender<Piece>;

pub(crate) fn is_message_path(path: &str) -> bool {
    path.ends_with(MESSAGES)
}

pub(crate) async fn answer(
    shared: &Arc<Shared>,
    reply: &Reply,
    sse: &HttpSse,
    asked: &Asked,
) -> Response<Body> {
    if asked.path.ends_with(STREAM) {
        if asked.method == Method::GET {
            return open(shared, sse, asked);
        }
        let mut response = plain(405, "Method Not Allowed");
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if is_message_path(&asked.path) && asked.method == Method::POST {
        return post(shared, reply, sse, asked).await;
    }
    plain(404, "Not Found\n")
}

fn open(shared: &Arc<Shared>, sse: &HttpSse, asked: &Asked) -> Response<Body> {
    let id = session_id();
    let (stream, feed) = mpsc::channel(QUEUE);
    let base = asked.path.strip_suffix(STREAM).unwrap_or_default();
    let path = format!("{base}{MESSAGES}?session_id={id}");
    let first = match &sse.endpoint {
        Endpoint::Relative => Some(sse.style.event("endpoint", &path)),
        Endpoint::Absolute => Some(
            sse.style
                .event("endpoint", &format!("{}{path}", shared.origin)),
        ),
        Endpoint::Text(text) => Some(sse.style.event("endpoint", &text.replace("{path}", &path))),
        Endpoint::OtherFirst => {
            let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hello"}}"#;
            Some(sse.style.event("message", log))
        }
        Endpoint::Missing => None,
    };
    if sse.end != StreamEnd::AfterEndpoint {
        lock(&shared.streams).insert(id.clone(), stream);
    }
    shared.session_opened();
    let owner = Arc::clone(shared);
    let on_end = Box::new(move || {
        lock(&owner.streams).remove(&id);
        owner.session_closed();
    });
    let mut response = Response::new(Body::fed(first.map(Piece::text), feed, on_end));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn post(shared: &Arc<Shared>, reply: &Reply, sse: &HttpSse, asked: &Asked) -> Response<Body> {
    let id = asked
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("session_id="));
    let Some(id) = id else {
        return plain(400, "session_id is required");
    };
    let Some(stream) = lock(&shared.streams).get(id).cloned() else {
        return plain(404, "Could not find session");
    };
    let Some(request) = asked.json.as_ref().filter(|json| json.is_object()) else {
        return plain(400, "Could not parse message");
    };
    if sse.end == StreamEnd::AtFirstPost {
        lock(&shared.streams).remove(id);
    } else if sse.answers
        && let Some(text) = protocol::answer(reply, request)
    {
        let event = Piece::text(sse.style.event("message", &text));
        // A reader that left takes its session along; the POST was accepted all the same.
        let _gone = stream.send(event).await;
    }
    plain(
        sse.post_status,
        if sse.post_status == 202 {
            "Accepted"
        } else {
            ""
        },
    )
}
