//! `lifesign agent`: a prober without a database. It asks its server what to check, checks it by its
//! own schedule, and tells what it saw.
//!
//! Three loops that know each other by what they share: one asks, one checks, one tells. What was
//! checked goes through a folder (`buffer.rs`), so that a server that is away, or the death of this
//! process, loses none of it. It goes by the clock of its server.

mod book;
mod buffer;
mod kept;
mod link;
mod telling;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::book::{Book, Errand};
use self::buffer::Buffer;
use self::kept::{Kept, Said};
use self::link::{Asked, Link, LinkError};
use super::build::{names, pem};
use super::check::{Outlook, look};
use super::hosts::{Hosts, Turn, Wish};
use super::network::Network;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::at::At;
use crate::domain::state::CLOCKS_DIFFER;
use crate::net::{self, Canaries, Guard, Trust};
use crate::probe::Prober;

/// Time between two questions what to check.
const ASK: Duration = Duration::from_secs(15);
/// How far the clock may be from the date of an answer, which is to the second and took a while.
const DOUBT_MS: i64 = 5_000;
/// Wait between two looks at what is due.
const TICK: Duration = Duration::from_millis(200);
/// How much later a check is tried again whose host has too many waiting.
const POSTPONED: Duration = Duration::from_secs(5);
/// Longest that a stop waits for the server to take what ended last.
const LAST_WORD: Duration = Duration::from_secs(5);
/// Longest that a stop waits for what is in flight.
const DRAIN: Duration = Duration::from_secs(25);

/// An agent at work.
pub struct Agent {
    prober: Prober,
    network: Network,
    clock: Clock,
    hosts: Hosts,
    max_in_flight: usize,
    link: Link,
    kept: Kept,
    book: Mutex<Book>,
    buffer: Mutex<Buffer>,
    /// The tag of what there is to check.
    tag: Mutex<Option<String>>,
    /// Something waits to be told.
    waiting: Notify,
    is_away: Mutex<bool>,
}

/// What an agent can say of itself when it has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What it is called.
    pub name: String,
    /// Where it checks from.
    pub location: String,
    /// How much it checks.
    pub watches: usize,
    /// Whether its server has said so now, or before.
    pub is_fresh: bool,
}

impl Agent {
    /// An agent as the settings want it. Fails with the name of the setting that cannot be used.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let server = settings.agent_server.as_deref();
        let server = server.context("setting LIFESIGN_AGENT_SERVER (--server) is needed")?;
        let token = settings.agent_token.clone();
        let token = token.context("setting LIFESIGN_AGENT_TOKEN (--token) is needed")?;
        let guard =
            Guard::parse(&settings.allow_targets).context("setting LIFESIGN_ALLOW_TARGETS")?;
        let names = names(settings);
        let trust = Trust::new(pem(settings.ca_file.as_deref(), "CA_FILE")?.as_deref())
            .context("setting LIFESIGN_CA_FILE")?;
        let clock = Clock::following();
        // The server may well be in the own network.
        let near = Guard::parse("private,loopback")?;
        let user_agent = net::user_agent(server);
        let client = net::delivery_client(&near, &names, &trust, &user_agent)
            .context("set up the way to the server")?;
        let link = Link::new(client, server, token.clone())
            .map_err(|fault| anyhow::anyhow!("setting LIFESIGN_AGENT_SERVER: {fault}"))?;
        let canaries = Canaries::new(settings.canary_addresses.clone(), &near, &names)
            .context("setting LIFESIGN_CANARY_ADDRESSES")?;
        let folder = settings.agent_data.as_path();
        let at = || format!("setting LIFESIGN_AGENT_DATA: {}", folder.display());
        let kept = Kept::new(folder, &token).with_context(at)?;
        let results = kept.results().with_context(at)?;
        let (buffer, done) = Buffer::open(&results).with_context(at)?;
        if buffer.len() > 0 {
            tracing::info!(results = buffer.len(), "results wait from before");
        }
        Ok(Self {
            prober: Prober::new(guard, names, trust, clock.clone(), &user_agent),
            network: Network::new(canaries),
            clock,
            hosts: Hosts::new(),
            max_in_flight: settings.max_in_flight,
            link,
            kept,
            book: Mutex::new(Book::of(done)),
            buffer: Mutex::new(buffer),
            tag: Mutex::default(),
            waiting: Notify::new(),
            is_away: Mutex::default(),
        })
    }

    /// Where its server is.
    pub fn server(&self) -> &str {
        self.link.server()
    }

    /// Asks what to check. While the server is away, what it said before counts; nothing where it
    /// never said anything. Fails when the server does not know the token.
    pub async fn begin(&self) -> anyhow::Result<Option<Begun>> {
        match self.ask().await {
            Ok(said) => Ok(said),
            Err(error @ LinkError::Stranger) => Err(error.into()),
            Err(error) => {
                self.note_away(&error);
                let Some(said) = self.kept.load().context("read what is kept")? else {
                    return Ok(None);
                };
                let now = self.clock.now();
                let mut book = lock(&self.book);
                let begun = begun(&said, false);
                book.assign(said.watches);
                book.resume(said.standings.standings, now);
                Ok(Some(begun))
            }
        }
    }

    /// Asks, checks and tells until `stop`; then finishes what is in flight. What could not be told
    /// waits on the disk.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        tasks.spawn(Arc::clone(&self).asking(stop.clone()));
        tasks.spawn(Arc::clone(&self).telling(stop.clone()));
        self.checking(stop).await;
        tasks.close();
        tasks.wait().await;
        // Once more, for what ended last.
        if let Ok(Some(oldest)) = self.oldest() {
            let _ = tokio::time::timeout(LAST_WORD, self.tell(&oldest)).await;
        }
    }

    async fn asking(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(ASK) => {}
                () = stop.cancelled() => return,
            }
            match self.ask().await {
                Ok(_) => self.note_back(),
                Err(error) => self.note_away(&error),
            }
        }
    }

    /// Asks what to check, and where it stands if that is other than before, or the clock is: gives
    /// what is other.
    async fn ask(&self) -> Result<Option<Begun>, LinkError> {
        let known = lock(&self.tag).clone();
        let asked = self.link.watches(known.as_deref()).await;
        let asked = asked.inspect_err(|error| self.heed(error))?;
        let fresh = match asked {
            Asked::Fresh(watches, tag) => Some((watches, tag)),
            Asked::Known(date) if date.is_some_and(|date| self.doubts(date)) => None,
            Asked::Known(_) => return Ok(None),
        };
        let standings = self.link.standings().await;
        let standings = standings.inspect_err(|error| self.heed(error))?;
        self.follow(standings.now);
        let Some((watches, tag)) = fresh else {
            let now = self.clock.now();
            lock(&self.book).stand(standings.standings, None, now);
            return Ok(None);
        };
        let said = Said { watches, standings };
        if let Err(error) = self.kept.save(&said) {
            tracing::warn!(%error, "failed to keep what is to be checked: a start needs the server");
        }
        let begun = begun(&said, true);
        if said.watches.is_cut {
            tracing::error!(
                watches = begun.watches,
                "there are more watches than one agent takes; the others are checked by nobody"
            );
        }
        let now = self.clock.now();
        let mut book = lock(&self.book);
        for (monitor, fault) in book.assign(said.watches) {
            tracing::error!(monitor.id = %monitor, fault, "a watch cannot be checked");
        }
        book.stand(said.standings.standings, None, now);
        tracing::info!(
            watches = book.len(),
            location = begun.location,
            "this is to be checked"
        );
        drop(book);
        *lock(&self.tag) = tag;
        Ok(Some(begun))
    }

    /// Whether the clock may be off, by the date of an answer. Only a question: a proxy may have
    /// written the date.
    fn doubts(&self, date: At) -> bool {
        let now = self.clock.now();
        now.ms_since(date).max(date.ms_since(now)) > DOUBT_MS
    }

    /// Goes by what time it is at the server.
    fn follow(&self, theirs: At) {
        // The server takes what is less ahead, and a small step must not undo a `Retry-After`.
        if self.clock.follow(theirs) > CLOCKS_DIFFER {
            lock(&self.book).rewind(self.clock.now());
        }
    }

    /// Whoever was removed stops at once, and forgets what it was trusted with.
    fn heed(&self, error: &LinkError) {
        if matches!(error, LinkError::Stranger) {
            lock(&self.book).clear();
            *lock(&self.tag) = None;
            if let Err(error) = self.kept.forget() {
                tracing::error!(%error, "failed to forget what was to be checked");
            }
        }
    }

    async fn checking(self: &Arc<Self>, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(self.max_in_flight));
        let tasks = TaskTracker::new();
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let due = lock(&self.book).take_due(now, permits.available_permits());
            for errand in due {
                // Only this loop takes permits at once, and it asked for no more than there are.
                let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                    self.postpone(&errand, Duration::ZERO);
                    continue;
                };
                match self.hosts.ask(errand.task.target.endpoint.url.url()) {
                    Wish::Granted(turn) => {
                        tasks.spawn(Arc::clone(self).check(errand, (turn, permit)));
                    }
                    Wish::Refused => self.postpone(&errand, POSTPONED),
                    Wish::Wait(queued) => {
                        drop(permit);
                        let (agent, permits) = (Arc::clone(self), Arc::clone(&permits));
                        tasks.spawn(async move {
                            let Some(turn) = queued.turn().await else {
                                agent.postpone(&errand, POSTPONED);
                                return;
                            };
                            if let Ok(permit) = permits.acquire_owned().await {
                                agent.check(errand, (turn, permit)).await;
                            }
                        });
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stop.cancelled() => {}
            }
        }
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!("stopped with checks in flight");
        }
    }

    fn postpone(&self, errand: &Errand, wait: Duration) {
        let until = self.clock.now() + wait;
        lock(&self.book).postpone(errand.task.watch.monitor, until);
    }

    async fn check(self: Arc<Self>, errand: Errand, going: (Turn, OwnedSemaphorePermit)) {
        let from = Outlook {
            prober: &self.prober,
            network: &self.network,
            clock: &self.clock,
        };
        let seen = Box::pin(look(from, &errand.task, &())).await;
        drop(going);
        self.write_down(&errand, &seen);
        lock(&self.book).done(&errand, &seen, self.clock.now());
        self.waiting.notify_one();
    }

    fn note_away(&self, error: &LinkError) {
        let was_away = std::mem::replace(&mut *lock(&self.is_away), true);
        if !was_away {
            let results = lock(&self.buffer).len();
            tracing::warn!(%error, results, "results wait on the disk");
        }
    }

    fn note_back(&self) {
        if std::mem::take(&mut *lock(&self.is_away)) {
            tracing::info!("the server is back");
        }
    }
}

fn begun(said: &Said, is_fresh: bool) -> Begun {
    Begun {
        name: said.watches.name.clone(),
        location: said.watches.location.clone(),
        watches: said.watches.watches.len(),
        is_fresh,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock; what is inside stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
