//! Streamable HTTP with `initialize` (2025-03-26 to 2025-11-25): one URL, every message a POST.
//!
//! Never a GET: on many servers it opens a stream that nobody ends.

use std::hash::{DefaultHasher, Hasher as _};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use serde_json::Value;
use tokio::time::Instant;

use super::answer::{self, Asked};
use super::notes::Notes;
use super::recognised::Reply;
use super::redirect::follow;
use super::visit::{Call, SESSION, Visit};
use crate::domain::lint::Fact;
use crate::domain::observation::{Outcome, StepName};
use crate::domain::trouble::{HandshakeTrouble, SessionTrouble, StatusSeen, Trouble};

/// Names the negotiated version, from this revision on.
pub(super) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const VERSION_SINCE: &str = "2025-06-18";
/// Most cookies that are sent back.
const MAX_COOKIES: usize = 8;
/// How long ending the sessions may take together.
const GOODBYE: Duration = Duration::from_secs(2);

/// A message, as every revision of Streamable HTTP wants it.
pub(super) fn post(body: Bytes) -> Call {
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let both = HeaderValue::from_static("application/json, text/event-stream");
    headers.insert(ACCEPT, both);
    Call {
        method: "POST",
        headers,
        body,
    }
}

/// A conversation over Streamable HTTP.
#[derive(Default)]
pub(super) struct StreamableHttp {
    session: Option<HeaderValue>,
    version: Option<HeaderValue>,
    cookies: Option<HeaderValue>,
}

impl StreamableHttp {
    /// Asks and waits for the result.
    pub(super) async fn ask(
        &mut self,
        visit: &mut Visit<'_>,
        id: u64,
        body: Bytes,
    ) -> Result<Value, Trouble> {
        match self.reply(visit, id, body, false).await? {
            Reply::Read(value) => Ok(value),
            Reply::Recognised(_) => Err(Trouble::Own {
                what: "tools came where none were asked for".to_owned(),
            }),
        }
    }

    /// Asks for the tools, or for the beginning of their list.
    pub(super) async fn ask_for_tools(
        &mut self,
        visit: &mut Visit<'_>,
        id: u64,
        body: Bytes,
    ) -> Result<Reply, Trouble> {
        self.reply(visit, id, body, true).await
    }

    async fn reply(
        &mut self,
        visit: &mut Visit<'_>,
        id: u64,
        body: Bytes,
        is_list: bool,
    ) -> Result<Reply, Trouble> {
        let response = follow(visit, &self.post(body)).await?;
        let named = response.headers().get(SESSION).cloned();
        let cookies = cookies(response.headers());
        if visit.notes.at != StepName::Initialize
            && named.is_some()
            && self.session.is_some()
            && named != self.session
        {
            visit
                .notes
                .notice(Trouble::Session(SessionTrouble::Inconsistent));
        }
        let asked = Asked {
            id,
            in_session: self.session.is_some(),
            is_list,
        };
        let result = answer::result(visit, response, &asked).await;
        if visit.notes.at == StepName::Initialize && result.is_ok() {
            self.session = named;
            self.cookies = cookies;
            if let Some(id) = &self.session {
                let is_repeated = is_repeated(&mut visit.notes, id);
                visit.notes.fact(Fact::SessionId {
                    len: id.len(),
                    is_number: id.as_bytes().iter().all(u8::is_ascii_digit),
                    is_repeated,
                });
                if !is_visible(id) {
                    let trouble = Trouble::Session(SessionTrouble::IdInvalid);
                    visit.notes.notice(trouble);
                }
            }
        }
        result.map_err(|trouble| self.session_trouble(trouble))
    }

    /// Tells without expecting an answer.
    pub(super) async fn tell(&self, visit: &mut Visit<'_>, body: Bytes) -> Result<(), Trouble> {
        let response = follow(visit, &self.post(body)).await?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            let trouble = answer::refusal(visit, response, self.session.is_some()).await;
            return Err(self.session_trouble(trouble));
        }
        if status != 202 {
            let trouble = HandshakeTrouble::NotificationStatus(status);
            visit.notes.notice(Trouble::Handshake(trouble));
        }
        let body = visit.reason(response.into_body()).await;
        if !body.is_empty() {
            let len = body.len();
            visit.notes.fact(Fact::NotificationBody { len });
        }
        Ok(())
    }

    /// The version that the server chose; named in every request from now on.
    pub(super) fn negotiated(&mut self, version: &str) {
        self.version = (version >= VERSION_SINCE)
            .then(|| HeaderValue::try_from(version).ok())
            .flatten();
    }

    /// Whether the server opened a session.
    pub(super) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Goes on in a session of an earlier check.
    pub(super) fn resumed(session: HeaderValue, version: &str) -> Self {
        let mut http = Self {
            session: Some(session),
            version: None,
            cookies: None,
        };
        http.negotiated(version);
        http
    }

    /// The cookies that came with the session.
    pub(super) fn cookies(&self) -> Option<HeaderValue> {
        self.cookies.clone()
    }

    /// The session.
    pub(super) fn session(&self) -> Option<HeaderValue> {
        self.session.clone()
    }

    /// The headers of the end of a session.
    pub(super) fn version(&self) -> Option<HeaderValue> {
        self.version.clone()
    }

    pub(super) fn post(&self, body: Bytes) -> Call {
        let mut call = post(body);
        self.identify(&mut call.headers);
        call
    }

    fn identify(&self, headers: &mut HeaderMap) {
        if let Some(session) = &self.session {
            headers.insert(SESSION, session.clone());
        }
        if let Some(version) = &self.version {
            headers.insert(VERSION, version.clone());
        }
    }

    /// A refusal that is about the session or the version rather than the request.
    fn session_trouble(&self, trouble: Trouble) -> Trouble {
        let Trouble::Status(seen) = &trouble else {
            return trouble;
        };
        let says = |words: &[&str]| {
            let body = seen.body.to_ascii_lowercase();
            words.iter().any(|word| body.contains(word))
        };
        if let (400, Some(version)) = (seen.status, &self.version)
            && says(&["protocol version", "protocol-version", "protocolversion"])
        {
            let version = version.to_str().unwrap_or_default().to_owned();
            return Trouble::Session(SessionTrouble::VersionHeaderRejected(version));
        }
        if is_lost(seen) {
            let status = seen.status;
            return Trouble::Session(SessionTrouble::Lost { times: 1, status });
        }
        trouble
    }
}

/// The server does not know the session that it was asked in.
pub(super) fn is_lost(seen: &StatusSeen) -> bool {
    seen.in_session
        && (seen.status == 404
            || seen.status == 400 && seen.body.to_ascii_lowercase().contains("session"))
}

/// The cookies that an answer sets, as a client would send them back. Only to tell what a load
/// balancer goes by: an ordinary check sends none.
fn cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let set = headers.get_all(SET_COOKIE).iter();
    let pairs: Vec<&str> = set
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim)
        .take(MAX_COOKIES)
        .collect();
    let mut all = HeaderValue::try_from(pairs.join("; ")).ok()?;
    all.set_sensitive(true);
    (!pairs.is_empty()).then_some(all)
}

/// Whether the handshake before was given this session id; it is remembered for the next one. What
/// is remembered only stands for the id.
fn is_repeated(notes: &mut Notes<'_>, id: &HeaderValue) -> bool {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    let now = Some(hasher.finish());
    std::mem::replace(&mut notes.seen.memory.pace.session, now) == now
}

/// 2025-11-25: session ids are visible ASCII.
fn is_visible(id: &HeaderValue) -> bool {
    !id.is_empty() && id.as_bytes().iter().all(|b| (0x21..=0x7e).contains(b))
}

/// Ends every session whose id was seen, also in refusals. Outside the measured time; whatever
/// happens here says nothing about the server. Gives those that the server does not let us end.
pub(super) async fn end_sessions(
    visit: &mut Visit<'_>,
    version: Option<&HeaderValue>,
) -> Vec<HeaderValue> {
    let mut endless = Vec::new();
    let sessions = std::mem::take(&mut visit.notes.sessions);
    if sessions.is_empty() {
        return endless;
    }
    visit.notes.begin(StepName::EndSession);
    visit.deadline = Instant::now() + GOODBYE;
    let mut details = Vec::new();
    let mut outcome = Outcome::Ok;
    for session in sessions {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(SESSION, session.clone());
        if let Some(version) = version {
            headers.insert(VERSION, version.clone());
        }
        let call = Call {
            method: "DELETE",
            headers,
            body: Bytes::new(),
        };
        let Ok(response) = visit.exchange(&call).await else {
            outcome = Outcome::Failed;
            details.push("no answer".to_owned());
            continue;
        };
        let status = response.status().as_u16();
        visit.notes.fact(Fact::SessionEnded { status });
        // 404: gone already.
        if (200..300).contains(&status) || status == 404 {
            visit.notes.seen.cost.sessions_closed += 1;
        }
        if matches!(status, 405 | 501) {
            endless.push(session);
        }
        details.push(status.to_string());
        visit.reason(response.into_body()).await;
    }
    visit.notes.end(outcome, Some(details.join(", ")));
    endless
}
