//! The parts of a reply: what a server does instead of answering well, and which habits it has.
//!
//! Only shapes; `reply.rs` puts them together, `exchange.rs` and the transports act on them.

use serde_json::Value;

use crate::body::Piece;
use crate::sse::Sse;

/// The legacy protocol revisions, oldest first.
pub const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers as a good server does.
    Serve,
    /// Sends this JSON text where the right answer would be; `{{id}}` becomes the id of the request.
    Message(String),
    /// Sends this HTTP response.
    Http(HttpReply),
    /// Sends these bytes instead of an HTTP response.
    Raw(RawReply),
    /// Says nothing and keeps the connection open.
    Hang,
}

/// A whole HTTP response, written down.
#[derive(Debug, Clone)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) pieces: Vec<Piece>,
}

/// Bytes for the socket and what becomes of the connection afterwards.
#[derive(Debug, Clone)]
pub(crate) struct RawReply {
    pub(crate) bytes: bytes::Bytes,
    pub(crate) then: After,
}

/// The end of a connection that was taken out of hyper's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Close,
    Reset,
    Hang,
}

/// What becomes of the id in an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Id {
    /// As asked.
    #[default]
    Same,
    /// Another number.
    Other,
    /// The same number as a string.
    Text,
    /// JSON `null`.
    Null,
    /// No id at all.
    Missing,
}

/// The generations of the protocol that the server speaks (Streamable HTTP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Only those that begin with `initialize`.
    Legacy,
    /// 2026-07-28 only.
    Modern,
    /// Both.
    Dual,
}

/// What the server thinks of sessions (Streamable HTTP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// Issues `Mcp-Session-Id` and insists on it.
    Kept,
    /// Issues none and ignores any.
    None,
    /// Issues one and refuses it at the next request with this status: another replica answered.
    Lost(u16),
    /// Issues one and knows it only on the connection that opened it: a load balancer in between.
    Sticky(u16),
    /// As `Sticky`, but known elsewhere with the cookie that came with it.
    ByCookie(u16),
}

/// The answer to `DELETE` of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delete {
    /// Ends the session and answers with this status; a status of 400 or more leaves it open.
    Status(u16),
    /// Never answers; the session stays open.
    Hang,
}

/// The `endpoint` event of HTTP+SSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `/messages/?session_id=…`, relative to the origin.
    Relative,
    /// The same with scheme, host and port.
    Absolute,
    /// This text, whatever it is: another origin, nonsense, JSON, a path that is not routed.
    Text(String),
    /// A `message` event comes where the endpoint should.
    OtherFirst,
    /// Nothing is ever sent.
    Missing,
}

/// When the stream of HTTP+SSE ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// It stays open as long as the client wants.
    Never,
    /// Right after the `endpoint` event.
    AfterEndpoint,
    /// At the first POST, before its answer.
    AtFirstPost,
}

/// HTTP+SSE, the transport of 2024-11-05.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpSse {
    pub(crate) endpoint: Endpoint,
    pub(crate) style: Sse,
    pub(crate) end: StreamEnd,
    pub(crate) answers: bool,
    pub(crate) post_status: u16,
}

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) token: Option<String>,
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
}

/// The good server behind a reply.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) era: Era,
    pub(crate) revisions: Vec<String>,
    /// The revisions without `initialize` that it takes, and those that `server/discover` lists.
    pub(crate) modern: Vec<String>,
    pub(crate) listed: Vec<String>,
    pub(crate) result_type: Option<String>,
    pub(crate) capabilities: Value,
    pub(crate) tools: Vec<Value>,
    pub(crate) page_size: Option<usize>,
    pub(crate) cursor_loops: bool,
    pub(crate) sessions: Sessions,
    pub(crate) delete: Delete,
    pub(crate) initialized_status: u16,
    pub(crate) http_sse: Option<HttpSse>,
    pub(crate) redirect: Option<(u16, String)>,
    /// Whether requests out of web pages of other origins are taken.
    pub(crate) any_origin: bool,
}
