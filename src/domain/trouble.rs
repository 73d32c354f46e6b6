//! What can go wrong in a conversation with a server, as facts with their evidence.
//!
//! No opinion here: whether a trouble means down, degraded or a remark is said in `verdict`.
//! Every text inside has been cleaned for display and holds no secret of ours.

use std::net::IpAddr;

use super::at::At;
use super::challenge::Challenge;
use super::habits::Refusal;
pub use super::modern::ModernTrouble;
pub use super::session::SessionTrouble;

/// One thing that went wrong or was odd.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The name could not be resolved.
    Dns(DnsTrouble),
    /// Every address of the target is one that we must not connect to.
    TargetRefused {
        /// The first of them.
        address: IpAddr,
    },
    /// No connection came about.
    Connect(ConnectTrouble),
    /// No encryption came about.
    Tls(TlsTrouble),
    /// The exchange over HTTP broke.
    Http(HttpTrouble),
    /// The server answered with a status that ends the conversation.
    Status(Box<StatusSeen>),
    /// The server redirects, and we do not follow.
    Redirect {
        /// Why not.
        kind: RedirectTrouble,
        /// Where to.
        to: String,
    },
    /// The server redirected and we followed.
    Redirected {
        /// Where the conversation went on.
        to: String,
    },
    /// The body cannot be read as an answer.
    Body(BodyTrouble),
    /// The event stream is unfit.
    Stream(StreamTrouble),
    /// The message is not proper JSON-RPC.
    Message(MessageTrouble),
    /// The server answered with a JSON-RPC error.
    Rpc(RpcError),
    /// The answer of a cache.
    Cached {
        /// The header that told.
        by: String,
    },
    /// One kind of address works and the other does not.
    Ipv6Broken {
        /// Which address does not, and how.
        address: IpAddr,
        /// What a connection to it ends in.
        refusal: Refusal,
    },
    /// What became of the first request after a long silence; soon after it answered.
    ColdStart(String),
    /// The handshake is not as it should be.
    Handshake(HandshakeTrouble),
    /// A request of the modern generation was not answered as it should be.
    Modern(ModernTrouble),
    /// The session is not as it should be.
    Session(SessionTrouble),
    /// The tool list is not as it should be.
    Tools(ToolsTrouble),
    /// We failed ourselves.
    Own {
        /// What happened.
        what: String,
    },
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsTrouble {
    /// NXDOMAIN.
    NoSuchName,
    /// The name exists without an A or AAAA record.
    NoAddress,
    /// No answer in time.
    TimedOut {
        /// How many name servers we asked; one silent server may be our own trouble.
        asked: usize,
    },
    /// SERVFAIL or another refusal of the name server.
    ServerFailure(String),
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectTrouble {
    /// Refused.
    Refused,
    /// No answer in time.
    TimedOut {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// Reset while connecting or before the first byte.
    Reset,
    /// No route.
    Unreachable(String),
}

/// Why there is no encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsTrouble {
    /// Past its end.
    Expired(Option<At>),
    /// Before its beginning.
    NotYetValid(Option<At>),
    /// For other names.
    WrongName {
        /// The names that the certificate is for.
        names: Vec<String>,
    },
    /// Issuer unknown.
    UnknownIssuer {
        /// The issuer of the server's certificate.
        issuer: String,
        /// How many certificates the server sent.
        sent: usize,
    },
    /// Issued by itself.
    SelfSigned,
    /// Revoked.
    Revoked,
    /// Malformed or weak.
    BadCertificate(String),
    /// No common parameters.
    NoCommonParameters(String),
    /// Too old a version.
    TooOld,
    /// No site for this name.
    UnrecognisedName(String),
    /// A client certificate is wanted.
    ClientCertificateWanted,
    /// Plain text on the port.
    NotTls,
    /// Closed in the middle of the handshake.
    Closed,
    /// No end in time.
    TimedOut {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// Anything else.
    Other(String),
}

/// How an exchange over HTTP broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpTrouble {
    /// No status line in time.
    NoAnswer {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// The body did not end in time.
    Unfinished {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// Not HTTP.
    Malformed(String),
    /// The head of the answer is larger than we read.
    HeadTooLarge,
    /// TLS bytes on a plain connection.
    SpeaksTls,
    /// Closed without an answer.
    Closed,
}

/// An answer whose status ends the conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusSeen {
    /// The status.
    pub status: u16,
    /// What `WWW-Authenticate` names.
    pub challenges: Vec<Challenge>,
    /// `Retry-After`, in seconds from the answer.
    pub retry_after: Option<u64>,
    /// The media type without parameters, in lower case.
    pub media_type: Option<String>,
    /// A header or the server's name betrays bot protection.
    pub bot_protection: bool,
    /// The beginning of the body.
    pub body: String,
    /// The JSON-RPC error in the body.
    pub rpc: Option<RpcError>,
    /// The request named a session.
    pub in_session: bool,
}

/// Why a redirect was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectTrouble {
    /// Seen this URL before.
    Loop,
    /// More than we follow.
    TooMany,
    /// From https to http.
    Downgrade,
    /// To another host.
    CrossOrigin,
    /// 301, 302 or 303, which turn POST into GET.
    PostUnsafe,
    /// To a login page.
    Login,
    /// No usable `Location`.
    Nowhere,
}

/// Why a body is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyTrouble {
    /// A web page.
    Html {
        /// Its title, where it has one.
        title: Option<String>,
    },
    /// Nothing.
    Empty {
        /// The status that came with it.
        status: u16,
    },
    /// No Content-Type.
    TypeMissing,
    /// Another Content-Type.
    TypeWrong(String),
    /// Larger than we read.
    TooLarge {
        /// What grew beyond its bound.
        what: &'static str,
    },
    /// Compressed unasked.
    Encoded(String),
    /// Compressed, and grows beyond all reason.
    Bomb(String),
    /// Not UTF-8.
    NotUtf8,
    /// Cut off.
    Truncated,
}

/// What is wrong with an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamTrouble {
    /// No event lines.
    Malformed(String),
    /// Everything came at once, long after it was sent.
    Buffered {
        /// How long it was held back, in seconds.
        seconds: u64,
    },
    /// Left open for five seconds after the answer.
    NotClosed,
    /// Open, and nothing comes.
    Stalled {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// The first event is another one, or none came.
    NoEndpoint {
        /// The name of the event that came.
        first: Option<String>,
    },
    /// No address in the endpoint event.
    EndpointInvalid(String),
    /// Another origin in the endpoint event.
    EndpointCrossOrigin(String),
    /// The announced address does not take messages.
    EndpointUnreachable {
        /// The status of the POST.
        status: u16,
        /// The announced path.
        path: String,
    },
    /// Accepted and never answered.
    ResponseMissing {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// Closed before the answer.
    ClosedEarly,
    /// The last event lacks its empty line.
    Unterminated,
    /// A POST was answered with the stream of HTTP+SSE.
    EndpointOnPost,
    /// The answer came in the body of the POST instead of on the stream.
    AnsweredInPost,
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageTrouble {
    /// Not JSON.
    NotJson {
        /// What the reader said.
        reason: String,
        /// The beginning of the text.
        start: String,
    },
    /// Not JSON-RPC 2.0.
    NotJsonRpc(&'static str),
    /// The id of another request.
    OtherId(String),
    /// The id as text.
    IdType,
    /// An array.
    Batch {
        /// How many messages it holds.
        len: usize,
    },
    /// A malformed error object.
    ErrorShape,
}

/// An error that the server answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcError {
    /// Its code, where it is an integer.
    pub code: Option<i64>,
    /// Its message.
    pub message: String,
    /// The protocol versions that it names (`data.supported`).
    pub supported: Vec<String>,
    /// It repeats the version that was asked for (`data.requested`).
    pub has_requested: bool,
}

/// What is wrong with the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeTrouble {
    /// A member of the result is missing or of the wrong type.
    ResultInvalid {
        /// Which one.
        member: &'static str,
    },
    /// `serverInfo` alone is missing or mistyped.
    ServerInfoInvalid,
    /// A version that was never published.
    VersionUnknown(String),
    /// The notification was answered with a status other than 202.
    NotificationStatus(u16),
    /// The notification was refused.
    InitializedRejected {
        /// The status.
        status: u16,
        /// What the server said.
        said: String,
    },
    /// The ping was refused.
    PingFailed(String),
}

/// What is wrong with the tool list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolsTrouble {
    /// Not a list of tools.
    ResultInvalid(&'static str),
    /// The list never ends.
    Loop(&'static str),
    /// A later page failed.
    PageFailed {
        /// Which one.
        page: u32,
        /// What the server said.
        said: String,
    },
    /// An empty `nextCursor`, taken for the end.
    EmptyCursor,
}
