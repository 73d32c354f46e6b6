//! Sessions beyond the ordinary conversation: one that is kept because it cannot be ended, and
//! whether a session is known on another connection than the one that opened it (mcp.md §8).

use std::time::Duration;

use hyper::header::{COOKIE, HeaderValue};
use tokio::time::Instant;

use super::answer;
use super::connection::Wire;
use super::conversation::{Channel, Script, ends_conversation};
use super::handshake::{Functional, request};
use super::streamable_http::{StreamableHttp, is_lost};
use super::visit::{SESSION, Visit};
use crate::domain::observation::{Seen, StepName, Transport};
use crate::domain::trouble::{SessionTrouble, Trouble};

impl Script<'_, '_> {
    /// The functional request alone, in the session of an earlier check. A session that has ended
    /// meanwhile is no fault: a new one is opened in the same check.
    pub(super) async fn in_kept_session(&mut self) -> Result<(), Seen> {
        let memory = &self.visit.notes.seen.memory;
        let facts = memory.facts.clone();
        let session = memory.session.as_deref().map(HeaderValue::try_from);
        let Some(Ok(mut session)) = session else {
            return self.legacy(Transport::StreamableHttp).await;
        };
        session.set_sensitive(true);
        self.visit.notes.kept = Some(session.clone());
        let version = facts.version.as_deref().unwrap_or_default();
        self.channel = Channel::Streamable(StreamableHttp::resumed(session, version));
        let names = facts.capabilities.iter().flatten().map(String::as_str);
        let functional = Functional::among(&names.collect::<Vec<_>>());
        let Err(stop) = self.function(functional).await else {
            self.is_greeted = false;
            self.legacy = Some(facts);
            return Ok(());
        };
        if may_be_new_session(&stop.trouble) {
            if let Trouble::Session(SessionTrouble::Lost { status: 400, .. }) = stop.trouble {
                let trouble = Trouble::Session(SessionTrouble::Expired400);
                self.visit.notes.notice(trouble);
            }
            self.visit.notes.seen.memory.session = None;
            return self.legacy(Transport::StreamableHttp).await;
        }
        if !matches!(&stop.trouble, Trouble::Status(seen) if ends_conversation(seen)) {
            // It may be the session all the same: whether it is, a handshake shows at the next check.
            self.visit.notes.kept = None;
        }
        Err(stop)
    }
}

/// Whether a new session may be all that is needed. Servers that were restarted say so in many ways.
fn may_be_new_session(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Session(_) => true,
        Trouble::Rpc(error) => error.code != Some(INTERNAL_ERROR),
        Trouble::Status(seen) => matches!(seen.status, 400 | 404),
        _ => false,
    }
}

/// JSON-RPC: the server has failed, whoever asks.
const INTERNAL_ERROR: i64 = -32_603;
/// The id of a request whose answer is not read.
const FRESH_ID: u64 = 1_000;
/// Tries on a connection of their own, once a session was refused there.
const TRIES: usize = 3;
/// How long looking for the session elsewhere may take.
const LOOK: Duration = Duration::from_secs(5);

/// Asks for the session on a connection of its own and without cookies, as most clients of a pool
/// do: a connection that is kept alive hides that only one of several instances knows the session.
/// Not measured, and nothing but what a load balancer does to sessions is learnt.
pub(super) async fn try_fresh_connection(visit: &mut Visit<'_>, http: &StreamableHttp) {
    let memory = &visit.notes.seen.memory;
    let is_new = http.has_session() && visit.notes.kept.is_none();
    if !is_new || !memory.tries_fresh_connection() {
        return;
    }
    let tries = if memory.is_session_doubtful { TRIES } else { 1 };
    let deadline = visit.deadline;
    visit.deadline = deadline.min(Instant::now() + LOOK);
    let first = visit.take_wire();
    let mut lost = None;
    for _ in 0..tries {
        match knows(visit, http, None, None).await {
            Some(Err(status)) => {
                lost = Some(status);
                break;
            }
            Some(Ok(())) => {}
            None => break,
        }
    }
    let is_doubtful = lost.is_some();
    if let Some(status) = lost {
        // A restart loses sessions, too: then the first connection has lost it as well.
        let is_there = matches!(knows(visit, http, first, None).await, Some(Ok(())));
        let by_cookie = match http.cookies() {
            Some(cookies) if is_there => knows(visit, http, None, Some(cookies)).await,
            _ => None,
        };
        if is_there {
            visit.notes.notice(Trouble::Session(match by_cookie {
                Some(Ok(())) => SessionTrouble::CookieAffinity { status },
                _ => SessionTrouble::LostElsewhere { status },
            }));
        }
    } else if let Some(first) = first {
        visit.keep(first);
    }
    visit.notes.seen.memory.is_session_doubtful = is_doubtful;
    visit.deadline = deadline;
}

/// Whether the session is known on `wire`, or on a new connection; the status of the refusal if
/// not. `None` where the answer tells nothing of it.
async fn knows(
    visit: &mut Visit<'_>,
    http: &StreamableHttp,
    wire: Option<Wire>,
    cookies: Option<HeaderValue>,
) -> Option<Result<(), u16>> {
    visit.notes.at = StepName::ToolsList;
    let mut call = http.post(request(FRESH_ID, "tools/list", None));
    if let Some(cookies) = cookies {
        call.headers.insert(COOKIE, cookies);
    }
    let url = visit.url.clone();
    let (wire, response) = visit.exchange_with(wire, &url, &call).await.ok()?;
    visit.keep(wire);
    if response.status().is_success() {
        let named = response.headers().get(SESSION);
        let is_other = named.is_some() && named != http.session().as_ref();
        visit.leave().await;
        if is_other {
            let trouble = Trouble::Session(SessionTrouble::Inconsistent);
            visit.notes.notice(trouble);
        }
        return Some(Ok(()));
    }
    let refusal = answer::refusal(visit, response, true).await;
    visit.leave().await;
    match refusal {
        Trouble::Status(seen) if is_lost(&seen) => Some(Err(seen.status)),
        _ => None,
    }
}
