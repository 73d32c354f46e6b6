//! Finding the transport: what an answer to the first `initialize` says about where to look next,
//! and what is worth remembering (mcp.md §2.2 and §2.3, as far as these eras need).

use url::Url;

use crate::domain::monitor::TransportChoice;
use crate::domain::observation::{ProbeMemory, Seen, ServerFacts};
use crate::domain::trouble::{BodyTrouble, StreamTrouble, Trouble};

/// Misses in a row after which a remembered transport is forgotten.
const FORGET_AFTER: u8 = 2;
/// An address where nothing speaks MCP is asked for HTTP+SSE at every so many checks.
const ASK_AGAIN_EVERY: u8 = 6;

/// Whether to ask for HTTP+SSE after this miss. A GET may leave a stream open at a server that
/// speaks Streamable HTTP: asked only where there is reason to.
pub(super) fn may_be_sse(trouble: &Trouble, url: &Url, memory: &ProbeMemory) -> bool {
    is_sse_path(url)
        || matches!(trouble, Trouble::Status(seen) if seen.status == 405)
        || matches!(trouble, Trouble::Stream(StreamTrouble::EndpointOnPost))
        || memory.misses.is_multiple_of(ASK_AGAIN_EVERY)
}

/// Answers that say: whatever lives here, it does not take `initialize` by POST (mcp.md §2.2).
pub(super) fn is_miss(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Status(seen) => {
            matches!(seen.status, 400 | 404 | 405 | 410 | 415 | 501)
                && seen.rpc.is_none()
                && seen.challenges.is_empty()
        }
        Trouble::Body(BodyTrouble::Empty { status }) => *status == 202,
        Trouble::Stream(trouble) => matches!(
            trouble,
            StreamTrouble::EndpointOnPost | StreamTrouble::NoEndpoint { .. }
        ),
        _ => false,
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

fn is_sse_path(url: &Url) -> bool {
    url.path().trim_end_matches('/').ends_with("/sse")
}

/// What the next probe should know.
pub(super) fn remember(
    memory: &mut ProbeMemory,
    choice: TransportChoice,
    facts: &ServerFacts,
    stop: Option<&Seen>,
) {
    if facts.version.is_some() {
        memory.transport = facts.transport;
        memory.version.clone_from(&facts.version);
        memory.misses = 0;
    } else if choice == TransportChoice::Auto && stop.is_some_and(|stop| is_miss(&stop.trouble)) {
        memory.misses = memory.misses.saturating_add(1);
        if memory.transport.is_some() && memory.misses >= FORGET_AFTER {
            memory.transport = None;
            memory.misses = 0;
        }
    }
}
