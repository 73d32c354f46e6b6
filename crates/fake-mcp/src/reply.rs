//! What a scripted server does when it is asked: [`Reply`].
//!
//! A reply is a complete server — transport, sessions, tools, spelling — and the one thing it does
//! instead of answering well, if any. The words that make one (`healthy()`, `status(503)`, …) are in
//! `vocabulary.rs`; how a good answer comes about is in `protocol.rs`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::habits::{
    Act, Delete, Endpoint, Era, Gate, HttpSse, Id, REVISIONS, Server, Sessions, StreamEnd,
};
use crate::login::Login;
use crate::modern::MODERN;
use crate::script::Script;
use crate::sse::Sse;

/// What the server does when it is asked; made by the vocabulary (`healthy()`, `status(503)`, …),
/// refined by the methods here. Copies are independent.
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    pub(crate) act: Act,
    pub(crate) delay: Duration,
    pub(crate) id: Id,
    pub(crate) batch: bool,
    pub(crate) sse: Option<Sse>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) gate: Option<Gate>,
    pub(crate) login: Option<Login>,
    pub(crate) server: Server,
    pub(crate) on: Vec<(String, Vec<Reply>)>,
}

impl Reply {
    pub(crate) fn new(act: Act) -> Self {
        let server = Server {
            name: "fake-mcp".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            era: Era::Legacy,
            revisions: REVISIONS.map(str::to_owned).to_vec(),
            modern: vec![MODERN.to_owned()],
            listed: vec![MODERN.to_owned()],
            result_type: Some("complete".to_owned()),
            capabilities: json!({ "tools": {} }),
            tools: ["search", "fetch", "summarize"]
                .iter()
                .map(|name| tool(name))
                .collect(),
            page_size: None,
            cursor_loops: false,
            sessions: Sessions::Kept,
            delete: Delete::Status(200),
            initialized_status: 202,
            http_sse: None,
            redirect: None,
            any_origin: false,
        };
        Self {
            act,
            delay: Duration::ZERO,
            id: Id::Same,
            batch: false,
            sse: None,
            headers: Vec::new(),
            gate: None,
            login: None,
            server,
            on: Vec::new(),
        }
    }

    /// After this reply was asked once, the next one; see [`Script`] for what "asked" means.
    pub fn then(self, next: impl Into<Script>) -> Script {
        Script::from(self).then(next)
    }

    /// This reply `count` times, before whatever `then` adds.
    pub fn times(self, count: usize) -> Script {
        Script::of(vec![self; count.max(1)])
    }

    /// Only requests named `what` get `reply`; everything else stays as it is.
    ///
    /// `what` is a JSON-RPC method (`"tools/list"`, `"notifications/initialized"`), an HTTP method in
    /// capitals (`"GET"`, `"DELETE"`), or a revision as `MCP-Protocol-Version` names it. With a script of several replies the first request of that
    /// name in a conversation gets the first one, and so on. The tools, sessions and transport of
    /// `reply` are not looked at: they stay those of `self`.
    pub fn on(mut self, what: &str, reply: impl Into<Script>) -> Self {
        self.on.push((what.to_owned(), reply.into().into_replies()));
        self
    }

    /// Waits before every answer.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// What becomes of the id in answers.
    pub fn id(mut self, id: Id) -> Self {
        self.id = id;
        self
    }

    /// Wraps every answer into an array of one.
    pub fn batch(mut self) -> Self {
        self.batch = true;
        self
    }

    /// `serverInfo.name`.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.server.name);
        self
    }

    /// `serverInfo.version`.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.server.version);
        self
    }

    /// The protocol revisions that the server speaks, oldest first; an offer outside of them is
    /// answered with the last one.
    pub fn revisions(mut self, revisions: &[&str]) -> Self {
        self.server.revisions = revisions
            .iter()
            .map(|&revision| revision.to_owned())
            .collect();
        self
    }

    /// The generations that the server speaks.
    pub fn era(mut self, era: Era) -> Self {
        self.server.era = era;
        self
    }

    /// The revisions without `initialize` that the server takes.
    pub fn modern_revisions(mut self, revisions: &[&str]) -> Self {
        self.server.modern = revisions.iter().map(|&text| text.to_owned()).collect();
        self.listing(revisions)
    }

    /// What `server/discover` lists, whatever is true.
    pub fn listing(mut self, revisions: &[&str]) -> Self {
        self.server.listed = revisions.iter().map(|&text| text.to_owned()).collect();
        self
    }

    /// The `resultType` of results of 2026-07-28, `complete` if not told otherwise; none if empty.
    pub fn result_type(mut self, kind: &str) -> Self {
        self.server.result_type = (!kind.is_empty()).then(|| kind.to_owned());
        self
    }

    /// `capabilities` of the handshake, instead of `{"tools":{}}`.
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.server.capabilities = capabilities;
        self
    }

    /// The tools by name, each with a small valid schema. A name may come twice.
    pub fn tools<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.server.tools = names.into_iter().map(|name| tool(name.as_ref())).collect();
        self
    }

    /// The tools as raw JSON, valid or not.
    pub fn tool_values(mut self, tools: impl IntoIterator<Item = Value>) -> Self {
        self.server.tools = tools.into_iter().collect();
        self
    }

    /// Lists the tools in pages of `size`.
    pub fn page_size(mut self, size: usize) -> Self {
        self.server.page_size = Some(size.max(1));
        self
    }

    /// Ignores the cursor: every page is the first one and promises another.
    pub fn pagination_loop(mut self) -> Self {
        self.server.cursor_loops = true;
        self
    }

    /// Answers as event streams in this spelling (Streamable HTTP).
    pub fn sse(mut self, style: Sse) -> Self {
        self.sse = Some(style);
        self
    }

    /// Adds a header to every HTTP response, scripted ones included. `Content-Type` replaces the one
    /// that would be there, an empty one removes it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How sessions are treated (Streamable HTTP).
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        self.server.sessions = sessions;
        self
    }

    /// No sessions: short for `sessions(Sessions::None)`.
    pub fn stateless(self) -> Self {
        self.sessions(Sessions::None)
    }

    /// The answer to `DELETE`.
    pub fn delete(mut self, delete: Delete) -> Self {
        self.server.delete = delete;
        self
    }

    /// The status for `notifications/initialized`, 202 if not told otherwise.
    pub fn initialized_status(mut self, status: u16) -> Self {
        self.server.initialized_status = status;
        self
    }

    /// Lets in only who sends `Authorization: Bearer token`; others meet the 401 of `needs_auth()`.
    pub fn bearer(mut self, token: &str) -> Self {
        let gate = self.gate.get_or_insert(Gate {
            token: None,
            status: 401,
            challenge: None,
        });
        gate.token = Some(token.to_owned());
        self.login.get_or_insert_with(Login::good);
        self
    }

    /// How one logs in, where there is a wall.
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// `WWW-Authenticate` of the refusal, instead of a Bearer challenge with `resource_metadata`;
    /// empty for no header at all.
    pub fn challenge(mut self, challenge: &str) -> Self {
        if let Some(gate) = self.gate.as_mut() {
            gate.challenge = Some(challenge.to_owned());
        }
        self
    }

    /// Requests to the endpoint are redirected with `status` to `/moved/…`, which serves.
    pub fn redirecting(self, status: u16) -> Self {
        self.redirecting_to(status, "/moved{path}")
    }

    /// Requests to the endpoint are redirected with `status` to `location`; `{path}` stands for the
    /// path asked for. Paths below `/moved` are served.
    pub fn redirecting_to(mut self, status: u16, location: &str) -> Self {
        self.server.redirect = Some((status, location.to_owned()));
        self
    }

    /// Takes requests out of web pages of any origin, which a good server refuses with 403
    /// (Streamable HTTP).
    pub fn any_origin(mut self) -> Self {
        self.server.any_origin = true;
        self
    }

    /// The `endpoint` event (HTTP+SSE).
    pub fn endpoint(self, endpoint: Endpoint) -> Self {
        self.with_http_sse(|sse| sse.endpoint = endpoint)
    }

    /// The spelling of the stream (HTTP+SSE); only its line ends apply there.
    pub fn stream_style(self, style: Sse) -> Self {
        self.with_http_sse(|sse| sse.style = style)
    }

    /// When the stream ends by itself (HTTP+SSE).
    pub fn stream_end(self, end: StreamEnd) -> Self {
        self.with_http_sse(|sse| sse.end = end)
    }

    /// POSTs are accepted and nothing ever comes on the stream (HTTP+SSE).
    pub fn response_missing(self) -> Self {
        self.with_http_sse(|sse| sse.answers = false)
    }

    /// The status of accepted POSTs, 202 if not told otherwise (HTTP+SSE).
    pub fn post_status(self, status: u16) -> Self {
        self.with_http_sse(|sse| sse.post_status = status)
    }

    fn with_http_sse(mut self, change: impl FnOnce(&mut HttpSse)) -> Self {
        let sse = self.server.http_sse.get_or_insert_with(|| HttpSse {
            endpoint: Endpoint::Relative,
            style: Sse::new(),
            end: StreamEnd::Never,
            answers: true,
            post_status: 202,
        });
        change(sse);
        self
    }
}

/// A tool that every client accepts.
fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": format!("The tool {name}"),
        "inputSchema": {
            "type": "object",
            "properties": { "query": { "type": "string" } },
            "required": ["query"],
        },
    })
}
