//! What the probe notes on the way for the lints: facts of ordinary traffic, without opinion.
//!
//! Texts inside have been cleaned for display. A fact is noted once however often it is met.

/// Something seen that a lint may have a word about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The session id that was given.
    SessionId {
        /// Its length in bytes.
        len: usize,
        /// It is a number, hence perhaps a counter.
        is_number: bool,
        /// The handshake before was given the same.
        is_repeated: bool,
    },
    /// `DELETE` of a session was answered with this status.
    SessionEnded {
        /// The status.
        status: u16,
    },
    /// A session id came with an answer of the stateless revision.
    SessionOnModern,
    /// A notification was accepted with a body.
    NotificationBody {
        /// Its length in bytes.
        len: usize,
    },
    /// A capability of another shape than the schema says.
    OddCapability {
        /// Its name.
        name: String,
        /// What is odd about it.
        what: &'static str,
    },
    /// The head of an event stream of the stateless revision.
    StreamHead {
        /// It says that it must not be buffered.
        unbuffered: bool,
    },
    /// An event stream up to its answer.
    Stream {
        /// It began with an event that has an id and no data.
        primed: bool,
        /// It ended soon after the answer.
        ended: bool,
    },
    /// A request of the server inside an answer of the stateless revision.
    ServerRequest {
        /// Its method.
        method: String,
    },
    /// A log message that nobody asked for, in the stateless revision.
    UnaskedLog,
    /// A JSON-RPC error.
    RpcError {
        /// Its code, where that is an integer.
        code: Option<i64>,
        /// It names a request.
        has_id: bool,
        /// It came in the stateless revision.
        is_modern: bool,
    },
    /// A result of the stateless revision.
    ModernResult {
        /// It says its `resultType`.
        has_type: bool,
        /// It names its server.
        has_server: bool,
        /// How long it says to hold.
        ttl: TimeToLive,
        /// For whom it says to hold, when it is one that has to say so.
        scope: Option<String>,
        /// It is a page of tools.
        is_page: bool,
    },
    /// An extra request of the last round did not come to what it should.
    Tried(super::Tried),
}

/// How long a result says to hold (`ttlMs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeToLive {
    /// As it should, or it need not say.
    Fine,
    /// It does not say.
    Missing,
    /// No integer, or a negative one.
    Odd,
}
