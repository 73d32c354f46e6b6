//! What a check looks at only now and then, and what it knows from the check before: whether
//! streams are left open, whether IPv6 works, whether the server sleeps when it is idle.
//!
//! What was found stays told until it is looked at again.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::connection::{Wire, reaches};
use super::events::Events;
use super::visit::Visit;
use crate::domain::habits::{Habits, Refusal};
use crate::domain::observation::Seen;
use crate::domain::trouble::{ConnectTrouble, HttpTrouble, StreamTrouble, Trouble};

/// What costs the server or us something is looked at in one of so many checks.
const EVERY: u32 = 10;
/// How long a stream may stay open after its answer.
const OPEN: Duration = Duration::from_secs(5);
/// How long a connection over IPv6 may take to come about.
const IPV6: Duration = Duration::from_secs(2);
/// Without a check for so long, a server may have gone to sleep.
const IDLE_MS: i64 = 5 * 60_000;
/// Who is awake so soon after a request that failed was woken by it.
const AWAKE_MS: i64 = 60_000;

/// A stream that was still open when its answer had come.
pub(super) struct LeftOpen {
    wire: Wire,
    events: Events,
    since: Instant,
}

impl Visit<'_> {
    /// Leaves a stream whose answer has come: looks at it again at the end, in some checks.
    pub(super) async fn leave_open(&mut self, wire: Wire, events: Events, since: Instant) {
        let habits = &self.notes.seen.memory.pace.habits;
        if habits.checks % EVERY == EVERY - 1 && self.left_open.is_none() {
            self.left_open = Some(LeftOpen {
                wire,
                events,
                since,
            });
            return;
        }
        if habits.holds_streams {
            self.notice_open();
        }
        drop(events);
        wire.close().await;
    }

    fn notice_open(&mut self) {
        self.notes.notice(Trouble::Stream(StreamTrouble::NotClosed));
    }

    /// Looks at what only some checks look at. After the measured part.
    pub(super) async fn look_around(&mut self) {
        if let Some(LeftOpen {
            mut wire,
            mut events,
            since,
        }) = self.left_open.take()
        {
            let rest = async { while let Ok(Some(_)) = events.next().await {} };
            let is_open = timeout_at(since + OPEN, wire.drive(rest)).await.is_err();
            self.notes.seen.memory.pace.habits.holds_streams = is_open;
            if is_open {
                self.notice_open();
            }
            drop(events);
            wire.close().await;
        }
        self.look_at_ipv6().await;
        let habits = &mut self.notes.seen.memory.pace.habits;
        habits.checks = habits.checks.wrapping_add(1);
    }

    async fn look_at_ipv6(&mut self) {
        let works = self.notes.seen.address.is_some_and(|a| a.is_ipv4()) && self.has_arrived;
        let six = self.addresses.iter().copied().find(IpAddr::is_ipv6);
        let (true, Some(six)) = (works, six) else {
            return;
        };
        if self
            .notes
            .seen
            .memory
            .pace
            .habits
            .checks
            .is_multiple_of(EVERY)
        {
            let port = self.url.port_or_known_default().unwrap_or_default();
            let there = SocketAddr::new(six, port);
            let refusal = match reaches(&self.parts.guard, there, IPV6).await {
                Err(Trouble::Connect(ConnectTrouble::Refused)) => Some(Refusal::Refused),
                Err(Trouble::Connect(ConnectTrouble::TimedOut { .. })) => Some(Refusal::Silent),
                // Without a route of our own there is nothing to be said.
                Ok(()) | Err(_) => None,
            };
            self.notes.seen.memory.pace.habits.ipv6 = refusal;
        }
        if let Some(refusal) = self.notes.seen.memory.pace.habits.ipv6 {
            let address = six;
            self.notes.notice(Trouble::Ipv6Broken { address, refusal });
        }
    }

    /// Tells a server that sleeps from one that fails, and remembers what the next check needs.
    pub(super) fn remember_sleep(&mut self) {
        let seen = &mut self.notes.seen;
        let now = seen.started_at;
        let stop = seen.stopped.as_ref();
        let habits: &mut Habits = &mut seen.memory.pace.habits;
        let idle = habits.last_at.map(|last| now.ms_since(last));
        let first = habits.asleep.take();
        habits.asleep = stop
            .filter(|_| idle.is_none_or(|idle| idle >= IDLE_MS))
            .and_then(sleepy);
        habits.last_at = Some(now);
        let woken = first.filter(|_| stop.is_none() && idle.is_some_and(|idle| idle <= AWAKE_MS));
        if let Some(first) = woken {
            self.notes.notice(Trouble::ColdStart(first));
        }
    }
}

/// What became of a request to somebody who may be asleep.
fn sleepy(stop: &Seen) -> Option<String> {
    match &stop.trouble {
        Trouble::Status(seen) if matches!(seen.status, 502..=504) => {
            Some(format!("was answered with {}", seen.status))
        }
        Trouble::Http(HttpTrouble::NoAnswer { seconds }) => {
            Some(format!("was not answered within {seconds} s"))
        }
        _ => None,
    }
}
