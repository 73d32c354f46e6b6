//! What the oddities on the way mean: the conversation went on in spite of them.

use super::status::what;
use super::{Effect, Opinion, Severity};
use crate::domain::failure::Code;
use crate::domain::habits::Refusal;
use crate::domain::lint::Lint;
use crate::domain::observation::Seen;
use crate::domain::trouble::{
    BodyTrouble, HandshakeTrouble, MessageTrouble, SessionTrouble, StreamTrouble, ToolsTrouble,
    Trouble,
};

const LIFECYCLE: &str = "2025-11-25 basic/lifecycle";

pub(super) fn opinion(seen: &Seen) -> Opinion {
    let what = what(seen.at);
    match &seen.trouble {
        Trouble::Redirected { to } => Opinion::warning(
            Code::Redirected,
            format!(
                "The URL redirects to {to}; real clients may lose the body or the credentials."
            ),
        ),
        Trouble::Cached { by } => Opinion::degraded(
            Code::ResponseCached,
            format!("A cache answered {what} ({by})."),
        ),
        Trouble::Body(BodyTrouble::TypeMissing) => Opinion::degraded(
            Code::ContentTypeMissing,
            format!("The answer to {what} has no Content-Type."),
        )
        .about(Lint::ResponseMediaType),
        Trouble::Body(BodyTrouble::TypeWrong(kind)) => Opinion::degraded(
            Code::ContentTypeWrong,
            format!("The answer to {what} is JSON-RPC and is labelled {kind}."),
        )
        .about(Lint::ResponseMediaType),
        Trouble::Body(BodyTrouble::Encoded(encoding)) => Opinion::degraded(
            Code::EncodingUnsupported,
            format!(
                "The answer to {what} is compressed ({encoding}), though none was asked for; not every client can read it."
            ),
        ),
        Trouble::Stream(StreamTrouble::Buffered { seconds }) => Opinion::degraded(
            Code::SseBuffered,
            format!(
                "The stream that answers {what} was held back for {seconds} s and came in one piece."
            ),
        ),
        Trouble::Stream(StreamTrouble::NotClosed) => Opinion::warning(
            Code::StreamNotClosed,
            format!("The stream that answers {what} was still open 5 s after the answer."),
        ),
        Trouble::Ipv6Broken { address, refusal } => Opinion::warning(
            Code::DnsIpv6Broken,
            format!(
                "A connection to {address} {}; IPv4 works.",
                match refusal {
                    Refusal::Refused => "is refused",
                    Refusal::Silent => "gets no answer",
                }
            ),
        ),
        Trouble::ColdStart(first) => Opinion::degraded(
            Code::ColdStart,
            format!(
                "After a time without checks the first request {first}, and soon after the server answered: it sleeps when it is idle."
            ),
        ),
        Trouble::Stream(StreamTrouble::Unterminated) => Opinion::warning(
            Code::SseUnterminatedEvent,
            format!("The last event of the answer to {what} has no empty line after it."),
        ),
        Trouble::Stream(StreamTrouble::AnsweredInPost) => Opinion::warning(
            Code::ContentTypeWrong,
            format!("The answer to {what} came in the body of the POST instead of on the stream."),
        ),
        Trouble::Message(trouble) => message(trouble, what),
        Trouble::Handshake(trouble) => handshake(trouble),
        Trouble::Modern(trouble) => super::eras::noticed(trouble, seen.at),
        Trouble::Session(trouble) => session(trouble),
        Trouble::Tools(trouble) => tools(trouble),
        other => Opinion::warning(Code::MonitorError, format!("{what}: {other:?}.")),
    }
}

fn message(trouble: &MessageTrouble, what: &str) -> Opinion {
    let opinion = match trouble {
        MessageTrouble::NotJsonRpc(reason) => Opinion::degraded(
            Code::JsonrpcInvalid,
            format!("The answer to {what} is not quite JSON-RPC 2.0: {reason}."),
        ),
        MessageTrouble::OtherId(id) => Opinion::degraded(
            Code::JsonrpcIdMismatch,
            format!("The answer to {what} has the id {id}, which is not the one of the request."),
        ),
        MessageTrouble::IdType => Opinion::warning(
            Code::JsonrpcIdType,
            format!("The answer to {what} has its id as text, the request had a number."),
        ),
        MessageTrouble::Batch { .. } => Opinion::degraded(
            Code::JsonrpcBatchResponse,
            format!("{what} was answered with an array."),
        ),
        MessageTrouble::ErrorShape | MessageTrouble::NotJson { .. } => Opinion::warning(
            Code::JsonrpcErrorShape,
            format!("The error in the answer to {what} lacks an integer code or a message."),
        ),
    };
    match trouble {
        MessageTrouble::OtherId(_) | MessageTrouble::IdType => opinion.about(Lint::ResponseIdType),
        MessageTrouble::Batch { .. } => opinion.about(Lint::BatchForbidden),
        MessageTrouble::ErrorShape => opinion.about(Lint::ErrorCodeInteger),
        MessageTrouble::NotJsonRpc(_) | MessageTrouble::NotJson { .. } => opinion,
    }
}

fn handshake(trouble: &HandshakeTrouble) -> Opinion {
    match trouble {
        HandshakeTrouble::ServerInfoInvalid => Opinion::degraded(
            Code::InitializeResultInvalid,
            "The answer to initialize has no valid serverInfo.",
        )
        .about(Lint::InitRequiredFields),
        HandshakeTrouble::ResultInvalid { member } => Opinion::degraded(
            Code::InitializeResultInvalid,
            format!("The answer to initialize has no valid {member}."),
        )
        .about(Lint::InitRequiredFields),
        HandshakeTrouble::VersionUnknown(version) => Opinion::warning(
            Code::VersionUnknown,
            format!("The server negotiated '{version}', which is no published revision."),
        )
        .spec(LIFECYCLE),
        HandshakeTrouble::NotificationStatus(status) => Opinion::warning(
            Code::NotificationStatus,
            format!("notifications/initialized was answered with {status} instead of 202."),
        )
        .about(Lint::Notif202Empty),
        HandshakeTrouble::InitializedRejected { status, said } => Opinion::degraded(
            Code::InitializedRejected,
            format!(
                "notifications/initialized was answered with {status}{}.",
                colon(said)
            ),
        )
        .about(Lint::Notif202Empty),
        HandshakeTrouble::PingFailed(said) => Opinion::degraded(
            Code::PingFailed,
            format!("ping was not answered as it should be{}.", colon(said)),
        ),
    }
}

fn session(trouble: &SessionTrouble) -> Opinion {
    match trouble {
        SessionTrouble::IdInvalid => Opinion::degraded(
            Code::SessionIdInvalid,
            "The session id holds characters outside visible ASCII.",
        )
        .about(Lint::SessionCharset),
        SessionTrouble::Lost { status, .. } => Opinion::warning(
            Code::SessionLost,
            format!(
                "The server did not know a session that it had just opened ({status}); a second one worked."
            ),
        ),
        SessionTrouble::LostElsewhere { status } => Opinion::degraded(
            Code::SessionLost,
            format!(
                "The server knows a session only on the connection that opened it; on another one it is refused ({status})."
            ),
        ),
        SessionTrouble::CookieAffinity { status } => Opinion::degraded(
            Code::SessionCookieAffinity,
            format!(
                "The server knows a session on another connection only with its cookies; without them it is refused ({status})."
            ),
        ),
        SessionTrouble::Expired400 => Opinion::warning(
            Code::SessionExpired400,
            "An unknown session was answered with 400; clients open a new one only after 404.",
        )
        .about(Lint::Session404),
        SessionTrouble::Inconsistent => Opinion::warning(
            Code::SessionInconsistent,
            "The server changed the session id within the session.",
        ),
        SessionTrouble::VersionHeaderRejected(version) => Opinion::degraded(
            Code::VersionHeaderRejected,
            format!("The server negotiated {version} and refuses it in the header."),
        ),
    }
}

fn tools(trouble: &ToolsTrouble) -> Opinion {
    match trouble {
        ToolsTrouble::ResultInvalid(reason) => Opinion::degraded(
            Code::ToolsResultInvalid,
            format!("The answer to tools/list is malformed: {reason}."),
        ),
        ToolsTrouble::Loop(reason) => Opinion::degraded(
            Code::PaginationLoop,
            format!("The tool list does not end: {reason}."),
        ),
        ToolsTrouble::PageFailed { page, said } => Opinion::degraded(
            Code::PaginationError,
            format!("Page {page} of the tool list failed{}.", colon(said)),
        ),
        ToolsTrouble::EmptyCursor => Opinion::new(
            Effect::Remark(Severity::Info),
            Code::PaginationError,
            "The tool list ends with an empty nextCursor instead of none.",
        ),
    }
}

fn colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {}", said.trim_end_matches('.'))
    }
}
