//! What a check writes down while it goes on: steps, exchanges, sessions, oddities.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue, SERVER};
use tokio::time::Instant;

use super::Observer;
use super::connection::Traffic;
use crate::domain::lint::Fact;
use crate::domain::observation::{Cost, Observation, Outcome, Seen, Step, StepName};
use crate::domain::trouble::Trouble;

/// Most sessions that are ended; a server that opens more than this in one check is beyond help.
const MAX_SESSIONS: usize = 8;
/// Most exchanges that are kept for the transcript.
const MAX_EXCHANGES: usize = 60;
/// How proxies call themselves that buffer unless they are told not to.
const BUFFERING_PROXIES: [&str; 3] = ["nginx", "openresty", "tengine"];
/// Most bytes of a body that are kept for the transcript.
const MAX_KEPT: usize = 8 * 1024;
/// Most facts that are kept for the lints.
const MAX_FACTS: usize = 200;

/// A request and what came back, as they were; secrets included.
pub(super) struct RawExchange {
    pub(super) step: StepName,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) host: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) answer: Option<RawAnswer>,
}

/// What came back.
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The notes of one check.
pub(super) struct Notes<'a> {
    observer: &'a dyn Observer,
    pub(super) seen: Observation,
    pub(super) exchanges: Vec<RawExchange>,
    /// Every session id that the server named.
    pub(super) sessions: Vec<HeaderValue>,
    /// The session of an earlier check that this one goes on with.
    pub(super) kept: Option<HeaderValue>,
    traffic: Vec<Arc<Traffic>>,
    /// The step that is being taken.
    pub(super) at: StepName,
    begun: Instant,
    step_begun: Instant,
    asked_at: Instant,
    /// Time spent waiting for nothing that a client would wait for.
    lingered: Duration,
}

impl<'a> Notes<'a> {
    pub(super) fn new(seen: Observation, observer: &'a dyn Observer) -> Self {
        let now = Instant::now();
        Self {
            observer,
            seen,
            exchanges: Vec::with_capacity(4),
            sessions: Vec::new(),
            kept: None,
            traffic: Vec::with_capacity(2),
            at: StepName::Dns,
            begun: now,
            step_begun: now,
            asked_at: now,
            lingered: Duration::ZERO,
        }
    }

    /// A step begins.
    pub(super) fn begin(&mut self, name: StepName) {
        self.at = name;
        self.step_begun = Instant::now();
    }

    /// The step that began last has ended.
    pub(super) fn end(&mut self, outcome: Outcome, detail: Option<String>) {
        let step = Step {
            name: self.at,
            outcome,
            ms: ms(self.step_begun.elapsed()),
            detail,
        };
        self.observer.step(&step);
        self.seen.steps.push(step);
    }

    /// Time that does not count against the server.
    pub(super) fn linger(&mut self, since: Instant) {
        let idle = since.elapsed();
        self.lingered += idle;
        self.step_begun += idle;
    }

    /// Time since `begun` that is not the check's.
    pub(super) fn apart(&mut self, begun: Instant) {
        self.lingered += begun.elapsed();
    }

    /// Something odd that the conversation survives. Told once however often it is met.
    pub(super) fn notice(&mut self, trouble: Trouble) {
        let noticed = &mut self.seen.noticed;
        if noticed.iter().all(|seen| seen.trouble != trouble) {
            let at = self.at;
            noticed.push(Seen { at, trouble });
        }
    }

    /// Something that the lints may have a word about. Noted once however often it is met.
    pub(super) fn fact(&mut self, fact: Fact) {
        let facts = &mut self.seen.facts;
        if facts.len() < MAX_FACTS && !facts.contains(&fact) {
            facts.push(fact);
        }
    }

    /// A connection whose bytes count.
    pub(super) fn count(&mut self, traffic: Arc<Traffic>) {
        self.traffic.push(traffic);
    }

    /// A request goes out.
    pub(super) fn asked(&mut self, exchange: RawExchange) {
        self.seen.cost.requests += 1;
        self.asked_at = Instant::now();
        if self.exchanges.len() < MAX_EXCHANGES {
            self.exchanges.push(exchange);
        }
    }

    /// The last request has not left us.
    pub(super) fn unsent(&mut self) {
        self.seen.cost.requests -= 1;
        if self
            .exchanges
            .last()
            .is_some_and(|last| last.answer.is_none())
        {
            self.exchanges.pop();
        }
    }

    /// When the last request went out.
    pub(super) fn asked_at(&self) -> Instant {
        self.asked_at
    }

    /// The head of the answer to the last request.
    pub(super) fn answered(&mut self, status: u16, headers: HeaderMap) {
        if let Some(last) = self.exchanges.last_mut() {
            last.answer = Some(RawAnswer {
                status,
                headers,
                body: Bytes::new(),
            });
        }
    }

    /// Whether the last answer came through a proxy that buffers unless it is told not to. Without
    /// one, an answer in one piece is only late.
    pub(super) fn came_through_a_buffer(&self) -> bool {
        let answer = self.exchanges.last().and_then(|last| last.answer.as_ref());
        answer.is_some_and(|answer| {
            let server = answer
                .headers
                .get(SERVER)
                .and_then(|name| name.to_str().ok());
            let server = server.unwrap_or_default().to_ascii_lowercase();
            BUFFERING_PROXIES
                .iter()
                .any(|name| server.starts_with(name))
                || answer.headers.contains_key("x-amz-apigw-id")
        })
    }

    /// The body of the answer to the last request, or as much of it as is worth showing.
    pub(super) fn answered_with(&mut self, body: &[u8]) {
        if let Some(answer) = self
            .exchanges
            .last_mut()
            .and_then(|last| last.answer.as_mut())
        {
            // A copy: what is shown must not keep a large body alive.
            answer.body = Bytes::copy_from_slice(&body[..body.len().min(MAX_KEPT)]);
        }
    }

    /// A session id was seen; it is ended with the check, whatever else happens.
    pub(super) fn opened(&mut self, id: &HeaderValue) {
        let is_new = self.kept.as_ref() != Some(id) && !self.sessions.contains(id);
        if is_new && self.sessions.len() < MAX_SESSIONS {
            self.seen.cost.sessions_opened += 1;
            self.sessions.push(id.clone());
        }
    }

    /// What was measured so far does not count: the conversation begins again.
    pub(super) fn start_over(&mut self) {
        self.begun = Instant::now();
        self.lingered = Duration::ZERO;
        self.seen.stopped = None;
        self.seen.failed_era = None;
        self.seen.noticed.clear();
    }

    /// The measured part is over.
    pub(super) fn finish(&mut self) {
        let total = self.begun.elapsed();
        self.seen.total_ms = ms(total.saturating_sub(self.lingered));
    }

    /// What was seen, complete.
    pub(super) fn into_observation(mut self) -> Observation {
        let cost: &mut Cost = &mut self.seen.cost;
        for traffic in &self.traffic {
            let (sent, received) = traffic.bytes();
            cost.bytes_sent += sent;
            cost.bytes_received += received;
        }
        self.seen
    }
}

/// Milliseconds to the hundredth.
fn ms(span: Duration) -> f64 {
    (span.as_secs_f64() * 100_000.0).round() / 100.0
}
