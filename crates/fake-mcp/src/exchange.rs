//! One request through a scripted server: recorded, matched with the script, answered.
//!
//! Owns what all connections of a server share. Decides *who* answers — the gate, a redirect, a
//! scripted response, or one of the two transports — never what they say.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::Value;

use crate::body::{Body, Piece};
use crate::habits::{Act, Gate, RawReply};
use crate::journal::{Journal, Recorded, lock};
use crate::reply::Reply;
use crate::script::{Opening, Stage};
use crate::{http_sse, login, streamable};

/// Bodies of requests beyond this are refused with 413.
const MAX_REQUEST: usize = 1 << 20;

/// What happens on the wire.
pub(crate) enum Outcome {
    Respond(Response<Body>),
    Raw(RawReply),
    Hang,
}

/// A request, read to its end.
pub(crate) struct Asked {
    pub(crate) connection: u64,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) json: Option<Value>,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A field of the form in the body.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(&self.body);
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn rpc(&self) -> &str {
        self.json
            .as_ref()
            .and_then(|json| json.get("method")?.as_str())
            .unwrap_or_default()
    }
}

/// What the connections of one server share.
pub(crate) struct Shared {
    pub(crate) origin: String,
    pub(crate) journal: Journal,
    pub(crate) stages: Vec<(String, Stage)>,
    pub(crate) sessions: Mutex<HashMap<String, bool>>,
    /// On which connection each session was opened.
    pub(crate) homes: Mutex<HashMap<String, u64>>,
    pub(crate) streams: Mutex<HashMap<String, http_sse::Stream>>,
}

impl Shared {
    /// The whole way of one request.
    pub(crate) async fn exchange(
        self: &std::sync::Arc<Self>,
        connection: u64,
        request: Request<Incoming>,
    ) -> Outcome {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
            return Outcome::Respond(plain(413, "request too large\n"));
        };
        let body = body.to_bytes();
        self.journal
            .add(record(connection, &head, body.clone(), &self.journal));
        let asked = Asked {
            connection,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            json: serde_json::from_slice(&body).ok(),
            body,
        };
        let Some((_, stage)) = self
            .stages
            .iter()
            .find(|(prefix, _)| asked.path.starts_with(prefix.as_str()))
        else {
            return Outcome::Respond(plain(404, "no such server\n"));
        };
        if login::is_on_the_way(&asked.path) && asked.rpc().is_empty() {
            let login = stage.current().login.clone();
            let reply = login.and_then(|login| login.reply(&asked, &self.origin));
            let Some(reply) = reply else {
                return Outcome::Respond(plain(404, "Not Found\n"));
            };
            return self.play(&reply, &asked).await;
        }
        let version = asked.header("mcp-protocol-version").unwrap_or_default();
        let names = [asked.rpc(), asked.method.as_str(), version];
        let reply = stage.reply(opening(&asked), names);
        self.play(&reply, &asked).await
    }

    /// Does what the reply says.
    async fn play(self: &std::sync::Arc<Self>, reply: &Reply, asked: &Asked) -> Outcome {
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        let mut outcome = self.outcome(reply, asked).await;
        if let Outcome::Respond(response) = &mut outcome {
            add_headers(response, &reply.headers);
        }
        outcome
    }

    async fn outcome(self: &std::sync::Arc<Self>, reply: &Reply, asked: &Asked) -> Outcome {
        match &reply.act {
            Act::Http(http) => {
                let mut response = Response::new(Body::new(http.pieces.clone()));
                *response.status_mut() =
                    StatusCode::from_u16(http.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                if let Ok(value) = HeaderValue::from_str(&http.content_type)
                    && !value.is_empty()
                {
                    response.headers_mut().insert(CONTENT_TYPE, value);
                }
                return Outcome::Respond(response);
            }
            Act::Raw(raw) => return Outcome::Raw(raw.clone()),
            Act::Hang => return Outcome::Hang,
            Act::Serve | Act::Message(_) => {}
        }
        if let Some(refusal) = reply
            .gate
            .as_ref()
            .and_then(|gate| self.refusal(gate, asked))
        {
            return Outcome::Respond(refusal);
        }
        if let Some((status, location)) = &reply.server.redirect
            && !asked.path.starts_with("/moved")
        {
            let mut response = plain(*status, "");
            let location = location.replace("{path}", &asked.path);
            if let Ok(location) = HeaderValue::from_str(&location) {
                response
                    .headers_mut()
                    .insert(hyper::header::LOCATION, location);
            }
            return Outcome::Respond(response);
        }
        match &reply.server.http_sse {
            Some(sse) => Outcome::Respond(http_sse::answer(self, reply, sse, asked).await),
            None => streamable::answer(self, reply, asked),
        }
    }

    fn refusal(&self, gate: &Gate, asked: &Asked) -> Option<Response<Body>> {
        let wanted = gate.token.as_ref().map(|token| format!("Bearer {token}"));
        if wanted.is_some() && asked.header("authorization") == wanted.as_deref() {
            return None;
        }
        let mut response = plain(gate.status, "{\"error\":\"unauthorized\"}\n");
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let challenge = gate.challenge.clone().unwrap_or_else(|| {
            let Self { origin, .. } = self;
            let path = &asked.path;
            format!(
                "Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource{path}\""
            )
        });
        if let Ok(challenge) = HeaderValue::from_str(&challenge)
            && !challenge.is_empty()
        {
            response
                .headers_mut()
                .insert(hyper::header::WWW_AUTHENTICATE, challenge);
        }
        Some(response)
    }

    /// Counts a session as opened.
    pub(crate) fn session_opened(&self) {
        self.journal.sessions_opened.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a session as closed.
    pub(crate) fn session_closed(&self) {
        self.journal.sessions_closed.fetch_add(1, Ordering::SeqCst);
        self.journal.arrived.notify_waiters();
    }

    /// Whether a session of Streamable HTTP is there and past `notifications/initialized`.
    pub(crate) fn session(&self, id: &str) -> Option<bool> {
        lock(&self.sessions).get(id).copied()
    }
}

/// A session id that nobody guesses and no two servers share.
pub(crate) fn session_id() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let half = |salt: u64| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(number ^ salt);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

/// A short text response.
pub(crate) fn plain(status: u16, text: &str) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", text)
}

/// A response of one piece with its media type.
pub(crate) fn typed(status: u16, content_type: &'static str, text: &str) -> Response<Body> {
    let pieces = (!text.is_empty()).then(|| Piece::text(text));
    let mut response = Response::new(Body::new(pieces));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if !text.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

fn opening(asked: &Asked) -> Opening {
    if asked.method == Method::GET {
        Opening::Stream
    } else if asked.rpc() == "initialize" && !http_sse::is_message_path(&asked.path) {
        Opening::Initialize
    } else {
        Opening::No
    }
}

fn add_headers(response: &mut Response<Body>, headers: &[(String, String)]) {
    for (name, value) in headers {
        let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.as_str()),
        ) else {
            continue;
        };
        if name != CONTENT_TYPE {
            response.headers_mut().append(name, value);
        } else if value.is_empty() {
            response.headers_mut().remove(name);
        } else {
            response.headers_mut().insert(name, value);
        }
    }
}

fn record(
    connection: u64,
    head: &hyper::http::request::Parts,
    body: Bytes,
    journal: &Journal,
) -> Recorded {
    let headers = head.headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    Recorded {
        connection,
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        body,
        at: journal.since_start(),
    }
}
