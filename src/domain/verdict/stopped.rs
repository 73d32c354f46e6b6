//! What it means when a conversation ended before its time.

use super::status::what;
use super::{Effect, Opinion, eras, status, tls, way};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::observation::{Observation, Seen, StepName};
use crate::domain::trouble::{
    BodyTrouble, HandshakeTrouble, HttpTrouble, MessageTrouble, RpcError, SessionTrouble,
    StreamTrouble, ToolsTrouble, Trouble,
};

/// Words of an error that ask for a login.
const LOGIN_WORDS: [&str; 5] = [
    "unauthorized",
    "unauthenticated",
    "not authenticated",
    "authentication required",
    "login required",
];

pub(super) fn opinion(
    observation: &Observation,
    seen: &Seen,
    has_credentials: bool,
    now: At,
) -> Opinion {
    let at = seen.at;
    match &seen.trouble {
        Trouble::Dns(trouble) => way::dns(trouble),
        Trouble::TargetRefused { address } => Opinion::new(
            Effect::Unknown,
            Code::TargetPrivate,
            format!(
                "The address {address} is not public and was not probed; the operator can open it with LIFESIGN_ALLOW_TARGETS."
            ),
        ),
        Trouble::Connect(trouble) => way::connect(trouble, observation),
        Trouble::Tls(trouble) => tls::opinion(trouble, now),
        Trouble::Http(trouble) => {
            let has_answered = observation.cost.requests > 1;
            let is_greeted = observation.has_greeted(&[StepName::Initialize, StepName::Discover]);
            http(trouble, at, (has_answered, is_greeted))
        }
        Trouble::Status(seen) => match status::error_inside(seen) {
            Some(error) => rpc(error, at, has_credentials),
            None => status::opinion(seen, at, has_credentials, observation),
        },
        Trouble::Redirect { kind, to } => way::redirect(*kind, to, has_credentials),
        Trouble::Body(trouble) => body(trouble, at),
        Trouble::Stream(trouble) => stream(trouble, at),
        Trouble::Message(trouble) => message(trouble, at),
        Trouble::Rpc(error) => rpc(error, at, has_credentials),
        Trouble::Handshake(trouble) => handshake(trouble),
        Trouble::Modern(trouble) => eras::stopped(trouble, at),
        Trouble::Session(trouble) => session(trouble),
        Trouble::Tools(trouble) => tools(trouble),
        Trouble::Own { what } => own(what),
        // These never end a conversation.
        Trouble::Redirected { .. }
        | Trouble::Cached { .. }
        | Trouble::Ipv6Broken { .. }
        | Trouble::ColdStart(_) => own("stopped without a reason"),
    }
}

fn own(what: &str) -> Opinion {
    Opinion::new(
        Effect::Unknown,
        Code::MonitorError,
        format!("Lifesign could not measure: {what}."),
    )
}

fn http(trouble: &HttpTrouble, at: StepName, (has_answered, is_greeted): (bool, bool)) -> Opinion {
    let what = what(at);
    match trouble {
        // The handshake worked: the application is alive and its list is what hangs.
        HttpTrouble::NoAnswer { seconds } if at.is_list() && is_greeted => Opinion::down(
            Code::ToolsListError,
            format!("{what} was not answered within {seconds} s, although the handshake works."),
        ),
        // Whoever answered the POST before is not hung: the stream is.
        HttpTrouble::NoAnswer { seconds } if at == StepName::OpenStream && has_answered => {
            Opinion::down(
                Code::SseStalled,
                format!(
                    "{what} was not answered within {seconds} s, though the server answers other requests."
                ),
            )
        }
        HttpTrouble::NoAnswer { seconds } => Opinion::down(
            Code::HttpTimeoutHeaders,
            format!("{what} was not answered within {seconds} s."),
        ),
        HttpTrouble::Unfinished { seconds } => Opinion::down(
            Code::HttpTimeoutBody,
            format!("The answer to {what} began and did not end within {seconds} s."),
        ),
        HttpTrouble::Malformed(reason) => Opinion::down(
            Code::HttpProtocolError,
            format!("The answer to {what} is not valid HTTP: {reason}."),
        ),
        HttpTrouble::HeadTooLarge => Opinion::down(
            Code::HttpProtocolError,
            format!("The headers of the answer to {what} are larger than 64 KiB."),
        ),
        HttpTrouble::SpeaksTls => Opinion::down(
            Code::HttpProtocolError,
            "The port speaks TLS; the URL should begin with https://.",
        ),
        HttpTrouble::Closed => Opinion::down(
            Code::HttpProtocolError,
            format!("The connection was closed without an answer to {what}."),
        ),
    }
}

fn body(trouble: &BodyTrouble, at: StepName) -> Opinion {
    let what = what(at);
    match trouble {
        BodyTrouble::Html { title: Some(title) } => Opinion::down(
            Code::HtmlAt200,
            format!("{what} was answered with a web page: '{title}'."),
        ),
        BodyTrouble::Html { title: None } => Opinion::down(
            Code::HtmlAt200,
            format!("{what} was answered with a web page."),
        ),
        BodyTrouble::Empty { status } => Opinion::down(
            Code::BodyEmpty,
            format!("{what} was answered with {status} and nothing else."),
        ),
        BodyTrouble::TypeMissing => Opinion::down(
            Code::ContentTypeMissing,
            format!("The answer to {what} has no Content-Type and is no JSON-RPC."),
        ),
        BodyTrouble::TypeWrong(kind) => Opinion::down(
            Code::ContentTypeWrong,
            format!("{what} was answered with {kind}."),
        ),
        BodyTrouble::TooLarge { what: bound } => Opinion::down(
            Code::BodyTooLarge,
            format!("The answer to {what} has more than {bound}."),
        ),
        BodyTrouble::Encoded(encoding) => Opinion::down(
            Code::EncodingUnsupported,
            format!(
                "The answer to {what} is encoded as {encoding}, which was not offered and cannot be read."
            ),
        ),
        BodyTrouble::Bomb(encoding) => Opinion::down(
            Code::DecompressionBomb,
            format!(
                "The answer to {what} is encoded as {encoding} and grows beyond 20 times its size or 16 MiB."
            ),
        ),
        BodyTrouble::NotUtf8 => Opinion::down(
            Code::CharsetInvalid,
            format!("The answer to {what} is not UTF-8."),
        ),
        BodyTrouble::Truncated => Opinion::down(
            Code::StreamTruncated,
            format!("The answer to {what} was cut off."),
        ),
    }
}

fn stream(trouble: &StreamTrouble, at: StepName) -> Opinion {
    let what = what(at);
    match trouble {
        StreamTrouble::Malformed(reason) => Opinion::down(
            Code::SseMalformed,
            format!("The answer to {what} is not an event stream: {reason}."),
        ),
        StreamTrouble::Stalled { seconds } => Opinion::down(
            Code::SseStalled,
            format!("{what} opened a stream on which nothing arrived within {seconds} s."),
        ),
        StreamTrouble::NoEndpoint { first: Some(first) } => Opinion::down(
            Code::SseNoEndpointEvent,
            format!("The first event of the stream is '{first}', not 'endpoint'."),
        ),
        StreamTrouble::NoEndpoint { first: None } => Opinion::down(
            Code::SseNoEndpointEvent,
            "The stream opened and never said where to post.",
        ),
        StreamTrouble::EndpointInvalid(said) => Opinion::down(
            Code::SseEndpointInvalid,
            format!("The endpoint event holds no address: '{said}'."),
        ),
        StreamTrouble::EndpointCrossOrigin(to) => Opinion::down(
            Code::SseEndpointCrossOrigin,
            format!("The endpoint event points to another origin: {to}."),
        ),
        StreamTrouble::EndpointUnreachable { status, path } => Opinion::down(
            Code::SseEndpointUnreachable,
            format!("{what} to the announced {path} answered {status}."),
        ),
        StreamTrouble::ResponseMissing { seconds } => Opinion::down(
            Code::SseResponseMissing,
            format!("{what} was accepted and not answered on the stream within {seconds} s."),
        ),
        StreamTrouble::ClosedEarly => Opinion::down(
            Code::SseStreamClosedEarly,
            format!("The stream was closed before the answer to {what}."),
        ),
        StreamTrouble::EndpointOnPost => Opinion::down(
            Code::SseMalformed,
            format!("{what} was answered with the event stream of HTTP+SSE."),
        ),
        StreamTrouble::Unterminated
        | StreamTrouble::AnsweredInPost
        | StreamTrouble::Buffered { .. }
        | StreamTrouble::NotClosed => own("stopped without a reason"),
    }
}

fn message(trouble: &MessageTrouble, at: StepName) -> Opinion {
    let what = what(at);
    match trouble {
        MessageTrouble::NotJson { reason, start } => Opinion::down(
            Code::JsonInvalid,
            format!("The answer to {what} is not JSON ({reason}); it begins with '{start}'."),
        ),
        MessageTrouble::NotJsonRpc(reason) => Opinion::down(
            Code::JsonrpcInvalid,
            format!("The answer to {what} is not JSON-RPC 2.0: {reason}."),
        ),
        MessageTrouble::OtherId(id) => Opinion::down(
            Code::JsonrpcIdMismatch,
            format!("The answer to {what} has the id {id}, which is not the one of the request."),
        ),
        MessageTrouble::Batch { len } => Opinion::down(
            Code::JsonrpcBatchResponse,
            format!("{what} was answered with an array of {len}."),
        ),
        MessageTrouble::IdType => Opinion::down(
            Code::JsonrpcIdType,
            format!("The answer to {what} has its id as text."),
        ),
        MessageTrouble::ErrorShape => Opinion::down(
            Code::JsonrpcErrorShape,
            format!("The answer to {what} has a malformed error."),
        ),
    }
}

fn rpc(error: &RpcError, at: StepName, has_credentials: bool) -> Opinion {
    let code = error
        .code
        .map_or_else(String::new, |code| format!(" ({code})"));
    let said = error.message.trim_end_matches('.');
    let lower = said.to_ascii_lowercase();
    if LOGIN_WORDS.iter().any(|word| lower.contains(word)) {
        return if has_credentials {
            Opinion::down(
                Code::AuthInvalid,
                format!("The server refuses the credentials{code}: {said}."),
            )
        } else {
            Opinion::new(
                Effect::Gated,
                Code::AuthInJsonrpc,
                format!("The server asks for a login inside JSON-RPC{code}: {said}."),
            )
        };
    }
    if at == StepName::Discover {
        return eras::not_spoken(error);
    }
    if at.is_list() {
        let what = what(at);
        return Opinion::down(
            Code::ToolsListError,
            format!("{what} was answered with an error{code}: {said}."),
        );
    }
    if !error.supported.is_empty() {
        let versions = error.supported.join(", ");
        return Opinion::down(
            Code::VersionUnsupported,
            format!("The server refuses initialize and names only {versions}."),
        );
    }
    Opinion::down(
        Code::InitializeRejected,
        format!("initialize was answered with an error{code}: {said}."),
    )
}

fn handshake(trouble: &HandshakeTrouble) -> Opinion {
    match trouble {
        HandshakeTrouble::ResultInvalid { member } => Opinion::down(
            Code::InitializeResultInvalid,
            format!("The answer to initialize has no valid {member}."),
        ),
        _ => own("stopped without a reason"),
    }
}

fn session(trouble: &SessionTrouble) -> Opinion {
    match trouble {
        SessionTrouble::Lost { times, status } => Opinion::down(
            Code::SessionLost,
            format!(
                "The server opened a session and did not know it at the next request ({status}), {times} times in a row."
            ),
        ),
        SessionTrouble::VersionHeaderRejected(version) => Opinion::down(
            Code::VersionHeaderRejected,
            format!(
                "The server negotiated {version} and refuses it in the header of the next request."
            ),
        ),
        _ => own("stopped without a reason"),
    }
}

fn tools(trouble: &ToolsTrouble) -> Opinion {
    match trouble {
        ToolsTrouble::ResultInvalid(reason) => Opinion::down(
            Code::ToolsResultInvalid,
            format!("The answer to tools/list is malformed: {reason}."),
        ),
        _ => own("stopped without a reason"),
    }
}
