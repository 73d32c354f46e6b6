//! The lints that take a request of their own: each asks for something that the specification wants
//! refused, and remembers what came instead (mcp.md §7).
//!
//! Only for those who want it, once a week, outside of the measured time, of a server that has just
//! answered well, and never what might harm it: which ones is decided in `domain::lint`. A server
//! that is busy or silent says nothing about them, and is left alone for the rest of the round.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{self, Asked};
use super::handshake::{client_info, request};
use super::streamable_http::{VERSION, end_sessions, post};
use super::visit::{Call, HEAD, SESSION, Visit};
use crate::domain::lint::{Fact, Lint, Tried};
use crate::domain::modern::MODERN;
use crate::domain::observation::{Era, Outcome, StepName};
use crate::domain::trouble::{RpcError, Trouble};

/// An origin that nobody has.
const FOREIGN: HeaderValue = HeaderValue::from_static("https://origin-check.invalid");
/// A version that never was.
const NEVER: &str = "1900-01-01";
/// A cursor that nobody gave out.
const CURSOR: &str = "lifesign-never-given";
/// A method that nobody has.
const NO_METHOD: &str = "lifesign/no-such-method";
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// Since when a foreign origin is refused with 403; how was left open before.
const ORIGIN_403_SINCE: &str = "2025-11-25";
/// How long a round may take.
const ROUND: Duration = Duration::from_secs(10);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The first id of these requests.
const FIRST_ID: u64 = 2_000;

/// What a request came to.
struct Came {
    status: u16,
    error: Option<RpcError>,
    is_stream: bool,
}

impl Came {
    fn has(&self, status: u16, code: i64) -> bool {
        self.status == status && self.has_code(code)
    }

    fn has_code(&self, code: i64) -> bool {
        self.error.as_ref().and_then(|error| error.code) == Some(code)
    }

    fn words(&self) -> String {
        let Self { status, error, .. } = self;
        match error.as_ref().map(|error| error.code) {
            Some(Some(code)) => format!("{status} came, with the error {code}"),
            _ if (200..300).contains(status) => format!("{status} came, as for any request"),
            _ => format!("{status} came"),
        }
    }
}

/// A conversation to make requests in.
struct Speech<'s> {
    is_modern: bool,
    has_tools: bool,
    session: Option<&'s HeaderValue>,
    version: Option<&'s HeaderValue>,
}

impl Speech<'_> {
    /// A request that a good server answers well.
    fn method(&self) -> &'static str {
        match (self.has_tools, self.is_modern) {
            (true, _) => "tools/list",
            (false, true) => "server/discover",
            (false, false) => "ping",
        }
    }

    fn call(&self, id: u64, cursor: Option<&str>) -> Call {
        let method = self.method();
        let mut params = cursor.map(|cursor| json!({ "cursor": cursor }));
        if self.is_modern {
            return modern(id, method, method, MODERN, params.take());
        }
        let mut call = post(request(id, method, params));
        self.identify(&mut call.headers);
        call
    }

    fn identify(&self, headers: &mut HeaderMap) {
        if let Some(session) = self.session {
            headers.insert(SESSION, session.clone());
        }
        if let Some(version) = self.version {
            headers.insert(VERSION, version.clone());
        }
    }

    /// What `lint` asks.
    fn asks(&self, lint: Lint, id: u64) -> Call {
        let method = self.method();
        match lint {
            Lint::InvalidCursor => self.call(id, Some(CURSOR)),
            Lint::Origin403 => {
                let mut call = self.call(id, None);
                call.headers.insert(ORIGIN, FOREIGN);
                call
            }
            Lint::VersionHeader400 => {
                let mut call = self.call(id, None);
                call.headers
                    .insert(VERSION, HeaderValue::from_static(NEVER));
                call
            }
            Lint::UnknownMethod404 => modern(id, NO_METHOD, NO_METHOD, MODERN, None),
            Lint::HeaderMismatch => modern(id, method, "prompts/list", MODERN, None),
            Lint::UnsupportedVersion => modern(id, method, method, NEVER, None),
            Lint::MissingMeta => {
                let mut call = modern(id, method, method, MODERN, None);
                call.body = request(id, method, Some(json!({ "_meta": meta(MODERN) })));
                call
            }
            // Get405OrSse, GetDelete405Modern; the others have no request here.
            _ => {
                let mut call = bare("GET");
                self.identify(&mut call.headers);
                call
            }
        }
    }
}

impl Visit<'_> {
    /// Tries what is due and tells what the last round found. True when there is something to be
    /// tried at a session that has ended.
    pub(super) async fn try_lints(
        &mut self,
        session: Option<&HeaderValue>,
        version: Option<&HeaderValue>,
    ) -> bool {
        let now = self.now();
        let seen = &mut self.notes.seen;
        if seen.stopped.is_some() || seen.failed_era.is_some() {
            return false;
        }
        let has_tools = seen.tools.is_some();
        let due = seen.memory.lints.due(&seen.server, has_tools, now);
        if due.is_empty() {
            for tried in seen.memory.lints.tried.clone() {
                self.notes.fact(Fact::Tried(tried));
            }
            return false;
        }
        seen.memory.lints.tried_at = Some(now);
        seen.memory.lints.tried.clear();
        let speech = Speech {
            is_modern: matches!(seen.server.era, Some(Era::Modern | Era::Dual)),
            has_tools,
            session,
            version,
        };
        let refuses_403 = seen.server.version.as_deref() >= Some(ORIGIN_403_SINCE);
        let before = seen.cost.requests;
        self.deadline = self.deadline.min(Instant::now() + ROUND);
        self.patience = PATIENCE;
        self.notes.begin(StepName::Lints);
        let mut outcome = Outcome::Ok;
        for (id, lint) in (FIRST_ID..).zip(&due) {
            if *lint == Lint::Session404 {
                continue;
            }
            let call = speech.asks(*lint, id);
            let Some(came) = self.attempt(&call, id).await else {
                outcome = Outcome::Failed;
                break;
            };
            let fits = match lint {
                Lint::InvalidCursor => came.has_code(-32_602),
                Lint::Origin403 => came.status == 403 || !refuses_403 && came.status >= 400,
                Lint::VersionHeader400 => came.status == 400,
                Lint::UnknownMethod404 => came.has(404, -32_601),
                Lint::HeaderMismatch => came.has(400, -32_020),
                Lint::MissingMeta => came.has(400, -32_602),
                Lint::UnsupportedVersion => {
                    let names =
                        |error: &RpcError| error.has_requested && !error.supported.is_empty();
                    came.has(400, -32_022) && came.error.as_ref().is_some_and(names)
                }
                Lint::Get405OrSse => came.status == 405 || came.status == 200 && came.is_stream,
                _ => came.status == 405,
            };
            let mut instead = (!fits).then(|| came.words());
            if *lint == Lint::GetDelete405Modern {
                instead = match instead {
                    Some(words) => Some(format!("for GET {words}")),
                    None => match self.attempt(&bare("DELETE"), id).await {
                        Some(came) if came.status != 405 => {
                            Some(format!("for DELETE {}", came.words()))
                        }
                        _ => None,
                    },
                };
            }
            self.found(*lint, instead);
        }
        let requests = self.notes.seen.cost.requests - before;
        self.notes
            .end(outcome, Some(format!("{requests} requests")));
        self.patience = HEAD;
        due.contains(&Lint::Session404) && outcome == Outcome::Ok
    }

    /// Asks once more in a session that was ended, if it was: that there is no such session should
    /// be the answer.
    pub(super) async fn try_ended_session(
        &mut self,
        session: &HeaderValue,
        version: Option<&HeaderValue>,
    ) {
        let mut ends = self.notes.seen.facts.iter().filter_map(|fact| match fact {
            Fact::SessionEnded { status } => Some(*status),
            _ => None,
        });
        if !ends
            .next()
            .is_some_and(|status| (200..300).contains(&status))
            || ends.next().is_some()
        {
            return;
        }
        let speech = Speech {
            is_modern: false,
            has_tools: false,
            session: Some(session),
            version,
        };
        self.deadline = Instant::now() + PATIENCE;
        self.notes.begin(StepName::Lints);
        // It is no new one if it is named again.
        let kept = self.notes.kept.replace(session.clone());
        let call = speech.call(FIRST_ID, None);
        let came = self.attempt(&call, FIRST_ID).await;
        self.notes.kept = kept;
        let outcome = came.as_ref().map_or(Outcome::Failed, |_| Outcome::Ok);
        self.notes.end(outcome, Some("1 request".to_owned()));
        if let Some(came) = came {
            let instead = (came.status != 404).then(|| came.words());
            self.found(Lint::Session404, instead);
        }
        // Some open one for whatever they refuse.
        end_sessions(self, version).await;
    }

    fn found(&mut self, lint: Lint, instead: Option<String>) {
        if let Some(instead) = instead {
            let tried = Tried { lint, instead };
            self.notes.seen.memory.lints.tried.push(tried.clone());
            self.notes.fact(Fact::Tried(tried));
        }
    }

    /// What `call` comes to; nothing where the answer says nothing about it.
    async fn attempt(&mut self, call: &Call, id: u64) -> Option<Came> {
        let response = self.exchange(call).await.ok()?;
        let status = response.status().as_u16();
        if matches!(status, 429 | 502..=504) {
            self.notes.seen.wait_seconds = answer::retry_after(response.headers(), self.now());
            self.leave().await;
            return None;
        }
        let kind = answer::media_type(response.headers());
        let is_stream = kind.as_deref() == Some("text/event-stream");
        let mut came = Came {
            status,
            error: None,
            is_stream,
        };
        if call.method != "POST" {
            // Whatever comes may have no end.
            drop(response);
            self.leave().await;
            return Some(came);
        }
        let asked = Asked {
            id,
            in_session: false,
            is_list: false,
        };
        // How it is spelt is for the ordinary answers to tell.
        let (odd, facts) = (self.notes.seen.noticed.len(), self.notes.seen.facts.len());
        let result = answer::result(self, response, &asked).await;
        self.notes.seen.noticed.truncate(odd);
        self.notes.seen.facts.truncate(facts);
        came.error = match result {
            Err(Trouble::Rpc(error)) => Some(error),
            Err(Trouble::Status(seen)) => seen.rpc,
            _ => None,
        };
        Some(came)
    }
}

fn bare(method: &'static str) -> Call {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    Call {
        method,
        headers,
        body: Bytes::new(),
    }
}

/// A request of 2026-07-28 that calls `method` and says `named` in its header.
fn modern(
    id: u64,
    method: &'static str,
    named: &'static str,
    version: &'static str,
    params: Option<Value>,
) -> Call {
    let mut params = params.unwrap_or_else(|| json!({}));
    params["_meta"] = meta(version);
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let mut call = post(request(id, method, Some(params)));
    call.headers
        .insert(VERSION, HeaderValue::from_static(version));
    call.headers.insert(METHOD, HeaderValue::from_static(named));
    call
}

/// `_meta` without what a client can do.
fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": client_info(),
    })
}
