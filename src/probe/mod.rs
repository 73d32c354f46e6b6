//! The probe: one visit to a server, from its name to the end of the session, seen and told
//! without opinion.
//!
//! It cannot fail: whatever happens is an [`Observation`]. It is harmless: one connection where
//! the protocol allows it, no request that a client would not make, every session ended. Its
//! whole time is bounded by the target's.

mod answer;
mod authorization;
mod body;
mod canary;
mod connection;
mod conversation;
mod detection;
mod encoding;
mod eras;
mod events;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzed;
mod habits;
mod handshake;
mod jsonrpc;
mod legacy_sse;
mod lines;
mod lints;
mod listing;
mod modern;
mod notes;
mod pages;
mod recognised;
mod redirect;
mod room;
mod sessions;
mod streamable_http;
mod transcript;
mod visit;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use crate::clock::Clock;
use crate::domain::canary::Canary;
use crate::domain::id::MonitorId;
use crate::domain::monitor::Endpoint;
use crate::domain::observation::{Observation, ProbeMemory, Step};
use crate::net::{Guard, Names, Trust, certificate};

use self::authorization::Tokens;
use self::notes::Notes;
use self::recognised::Lists;
use self::room::Room;
use self::visit::Visit;

pub use self::authorization::client_key_fault;

/// Most addresses of a name that are kept with a transcript.
const MAX_ADDRESSES: usize = 16;

/// Somebody who watches a probe at work.
pub trait Observer: Send + Sync {
    /// A step has ended. Must not block.
    fn step(&self, step: &Step);
}

/// Nobody.
impl Observer for () {
    fn step(&self, _: &Step) {}
}

impl<F: Fn(&Step) + Send + Sync> Observer for F {
    fn step(&self, step: &Step) {
        self(step);
    }
}

/// What to probe.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where, and what it takes to talk to it.
    pub endpoint: Endpoint,
    /// How long the probe may take in all; ending the sessions may take two seconds more.
    pub timeout: Duration,
    /// What the last probe learnt.
    pub memory: ProbeMemory,
    /// A tool to be called when it is time.
    pub canary: Option<Canary>,
    /// For whom; nobody's where it is only a try.
    pub monitor: MonitorId,
    /// Try the lints that take requests of their own, once a week.
    pub lint: bool,
}

/// Probes servers; cheap to clone.
#[derive(Clone)]
pub struct Prober {
    parts: Arc<Parts>,
    offer: Option<Arc<str>>,
}

struct Parts {
    guard: Guard,
    names: Names,
    trust: Trust,
    clock: Clock,
    user_agent: HeaderValue,
    lists: Lists,
    tokens: Tokens,
    room: Room,
}

impl Prober {
    /// A prober that connects to what `guard` lets pass and introduces itself as `user_agent`.
    pub fn new(guard: Guard, names: Names, trust: Trust, clock: Clock, user_agent: &str) -> Self {
        let user_agent = HeaderValue::try_from(user_agent).unwrap_or(HeaderValue::from_static(
            concat!("Lifesign/", env!("CARGO_PKG_VERSION")),
        ));
        Self {
            parts: Arc::new(Parts {
                guard,
                names,
                trust,
                clock,
                user_agent,
                lists: Lists::default(),
                tokens: Tokens::default(),
                room: Room::new(),
            }),
            offer: None,
        }
    }

    /// The same prober, offering this protocol version instead of the latest.
    pub fn offering(self, version: &str) -> Self {
        Self {
            offer: Some(version.into()),
            ..self
        }
    }

    /// Visits `target`; `observer` hears of every step as it ends.
    pub async fn probe(&self, target: &Target, observer: &dyn Observer) -> Observation {
        let begun = Observation::begun(self.parts.clock.now(), target.memory.clone());
        let mut visit = Visit::new(&self.parts, target, Notes::new(begun, observer));
        // Large, and carried about by tasks that mostly wait: apart from them.
        Box::pin(authorization::converse(
            &mut visit,
            target,
            self.offer.as_deref(),
        ))
        .await;
        let Visit {
            mut notes,
            veil,
            chain,
            addresses,
            ..
        } = visit;
        let seen = &mut notes.seen;
        seen.remember_tools();
        if let Some(decisive) = seen
            .stopped
            .as_ref()
            .or(seen.failed_era.as_ref().map(|(_, seen)| seen))
            .or(seen.noticed.first())
            .map(|seen| seen.at)
        {
            let hello = handshake::initialize(handshake::OFFERED, target.endpoint.oauth.is_some());
            let hello = handshake::request(1, "initialize", Some(hello));
            seen.transcript = transcript::shown(&notes.exchanges, &target.endpoint, &veil);
            seen.chain = chain.iter().filter_map(certificate).collect();
            if target.endpoint.url.url().domain().is_some() {
                seen.addresses = addresses.into_iter().take(MAX_ADDRESSES).collect();
            }
            seen.curl = Some(transcript::curl(
                &notes.exchanges,
                decisive,
                &target.endpoint,
                &hello,
            ));
        }
        notes.into_observation()
    }
}
