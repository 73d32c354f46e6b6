//! Finding out what a server speaks: what a refusal of the first `initialize` says about where to
//! look next, and what the answers there mean (mcp.md §2.2).
//!
//! The order is the point: `initialize` first, because old servers die of methods that they do not
//! know; `server/discover` where it harms nobody; a GET last, and only where a POST was refused.

use url::Url;

use crate::domain::memory::{is_refusal, is_refusal_of_era};
use crate::domain::modern::MODERN;
use crate::domain::observation::{Seen, StepName};
use crate::domain::trouble::{BodyTrouble, ModernTrouble, RpcError, StreamTrouble, Trouble};

/// Where to look next after a refused `initialize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nowhere: the answer says nothing about what the server speaks.
    Nowhere,
    /// It talks JSON-RPC: perhaps 2026-07-28.
    Modern,
    /// Something else lives here: perhaps 2026-07-28, then HTTP+SSE.
    ModernThenSse,
    /// The address looks like HTTP+SSE; then 2026-07-28.
    SseThenModern,
}

/// Where to look after `stop`. A GET may leave a stream open at a server that speaks Streamable
/// HTTP: asked only where there is reason to, or when looking `thoroughly`.
pub(super) fn next(stop: &Seen, url: &Url, thoroughly: bool) -> Next {
    if stop.at != StepName::Initialize || !is_refusal_of_era(stop, false) {
        return Next::Nowhere;
    }
    if matches!(&stop.trouble, Trouble::Rpc(_))
        || matches!(&stop.trouble, Trouble::Status(seen) if seen.rpc.is_some())
    {
        return Next::Modern;
    }
    let is_hinted = matches!(&stop.trouble, Trouble::Status(seen) if seen.status == 405)
        || matches!(stop.trouble, Trouble::Stream(StreamTrouble::EndpointOnPost));
    if is_sse_path(url) || (is_hinted && !thoroughly) {
        Next::SseThenModern
    } else if thoroughly {
        Next::ModernThenSse
    } else {
        Next::Nowhere
    }
}

/// The GET found no event stream of HTTP+SSE either: the refusal of the POST tells more.
pub(super) fn is_no_stream(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Status(seen) => seen.status < 500 && !matches!(seen.status, 401..=403 | 429),
        Trouble::Body(_) | Trouble::Redirect { .. } => true,
        Trouble::Stream(trouble) => matches!(
            trouble,
            StreamTrouble::NoEndpoint { .. } | StreamTrouble::Malformed(_)
        ),
        _ => false,
    }
}

/// A server that was greeted with `initialize` says that it has moved on to 2026-07-28.
pub(super) fn names_modern(trouble: &Trouble) -> bool {
    let error = match trouble {
        Trouble::Rpc(error) => Some(error),
        Trouble::Status(seen) => seen.rpc.as_ref(),
        _ => None,
    };
    error.is_some_and(|error| {
        error.code == Some(-32_022) && error.supported.iter().any(|v| v.as_str() >= MODERN)
    })
}

/// Whether the refusal of `initialize` says which versions are spoken.
pub(super) fn names_versions(trouble: &Trouble) -> bool {
    let (error, body) = match trouble {
        Trouble::Rpc(error) => (Some(error), ""),
        Trouble::Status(seen) => (seen.rpc.as_ref(), seen.body.as_str()),
        _ => (None, ""),
    };
    let is_named = |error: &RpcError| !error.supported.is_empty() || error.message.contains(MODERN);
    error.is_some_and(is_named) || body.contains(MODERN)
}

/// The status of a refusal for the want of a session, where it is another than the one for that.
pub(super) fn wants_session_with(trouble: &Trouble) -> Option<u16> {
    let Trouble::Status(seen) = trouble else {
        return None;
    };
    let is_wanted = seen.body.to_ascii_lowercase().contains("session");
    (is_wanted && seen.status != 400).then_some(seen.status)
}

/// What a refusal of `server/discover` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It knows the errors of 2026-07-28: other requests may work.
    Modern,
    /// It does not speak 2026-07-28.
    NotModern,
}

/// What `trouble`, met at `server/discover`, says of the server.
pub(super) fn of_discover(trouble: &Trouble) -> Refusal {
    match trouble {
        Trouble::Modern(ModernTrouble::VersionRefused { .. }) => Refusal::NotModern,
        Trouble::Modern(_) => Refusal::Modern,
        _ => Refusal::NotModern,
    }
}

/// An error that only a server of 2026-07-28 answers, though every request fails.
pub(super) fn proves_modern(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Modern(trouble) => match trouble {
            ModernTrouble::HeadersStripped(_)
            | ModernTrouble::CapabilityWanted(_)
            | ModernTrouble::ResultType(_) => true,
            // Older servers refuse in these words what they do not understand.
            ModernTrouble::MetaRejected(said) => said.contains("_meta"),
            _ => false,
        },
        _ => false,
    }
}

/// A failure of one generation that may not be one of the other.
pub(super) fn may_be_of_one_era(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Status(seen) => seen.status == 500 || is_refusal(seen),
        Trouble::Body(BodyTrouble::Truncated) => false,
        Trouble::Body(_)
        | Trouble::Stream(_)
        | Trouble::Message(_)
        | Trouble::Rpc(_)
        | Trouble::Handshake(_)
        | Trouble::Modern(_)
        | Trouble::Session(_)
        | Trouble::Tools(_) => true,
        _ => false,
    }
}

/// A refusal that passes, and says nothing about the generation that met it.
pub(super) fn is_asked_to_wait(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Status(seen)
        if seen.status == 429 || (seen.status == 503 && seen.retry_after.is_some()))
}

fn is_sse_path(url: &Url) -> bool {
    url.path().trim_end_matches('/').ends_with("/sse")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trouble::{RpcError, StatusSeen};

    fn status(status: u16, code: Option<i64>) -> Trouble {
        Trouble::Status(Box::new(StatusSeen {
            status,
            rpc: code.map(|code| RpcError {
                code: Some(code),
                ..RpcError::default()
            }),
            ..StatusSeen::default()
        }))
    }

    #[test]
    fn a_refused_greeting_says_where_to_look_next() {
        use Next::{Modern, ModernThenSse, Nowhere, SseThenModern};
        let mcp = Url::parse("https://a.example/mcp").unwrap();
        let sse = Url::parse("https://a.example/x/sse/").unwrap();
        let rpc = |code| {
            Trouble::Rpc(RpcError {
                code: Some(code),
                ..RpcError::default()
            })
        };
        for (trouble, url, thoroughly, expected) in [
            (status(400, Some(-32_600)), &mcp, false, Modern),
            (status(404, Some(-32_601)), &mcp, false, Modern),
            (rpc(-32_601), &mcp, false, Modern),
            (rpc(-32_022), &mcp, false, Modern),
            (rpc(-32_603), &mcp, true, Nowhere),
            (status(404, None), &mcp, true, ModernThenSse),
            (status(404, None), &mcp, false, Nowhere),
            (status(405, None), &mcp, false, SseThenModern),
            (status(405, None), &mcp, true, ModernThenSse),
            (status(404, None), &sse, false, SseThenModern),
            (status(404, None), &sse, true, SseThenModern),
            (
                Trouble::Body(BodyTrouble::Empty { status: 202 }),
                &mcp,
                true,
                ModernThenSse,
            ),
            (status(401, None), &mcp, true, Nowhere),
            (status(403, None), &sse, true, Nowhere),
            (status(429, None), &mcp, true, Nowhere),
            (status(500, None), &mcp, true, Nowhere),
            (status(503, None), &sse, true, Nowhere),
        ] {
            let stop = Seen {
                at: StepName::Initialize,
                trouble,
            };
            assert_eq!(next(&stop, url, thoroughly), expected, "{stop:?} {url}");
        }
    }
}
