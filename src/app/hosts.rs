//! One check at a time for each host, and so many a second: whoever watches a hundred endpoints of
//! one server must not hammer it.
//!
//! Checks of a busy host wait for their turn in order, a bounded number of them for a bounded time,
//! and hold nothing that others need. The own machine does not wait, unless it is paced, too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::{Host, Url};

/// Between the beginnings of two checks of one host: five a second.
const GAP: Duration = Duration::from_millis(200);
/// Most checks that wait for one host.
const QUEUE: usize = 50;
/// How long a check waits for its turn; another one is tried later.
const PATIENCE: Duration = Duration::from_secs(20);
/// Hosts are forgotten when there are this many more than after the last sweep.
const SWEEP: usize = 1_024;

/// Who is being checked; cheap to clone.
#[derive(Clone, Debug)]
pub struct Hosts {
    known: Arc<Mutex<Known>>,
    waiting: Arc<AtomicUsize>,
    paces_own: bool,
    gap: Duration,
    patience: Duration,
}

#[derive(Debug)]
struct Known {
    hosts: HashMap<String, Arc<Place>>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Place {
    turn: Arc<Semaphore>,
    queued: AtomicUsize,
    last: Mutex<Option<Instant>>,
}

/// The right to check a host; the next one has it when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// What became of the wish to check a host at once.
#[derive(Debug)]
pub enum Wish {
    /// Granted.
    Granted(Turn),
    /// The host is busy; there is a place in its queue.
    Wait(Queued),
    /// So many wait already that there is no place.
    Refused,
}

/// A place in the queue of a host.
#[derive(Debug)]
pub struct Queued {
    gap: Duration,
    patience: Duration,
    place: Arc<Place>,
    waiting: Arc<AtomicUsize>,
}

impl Hosts {
    /// Nobody yet. The own machine is checked without waiting.
    pub fn new() -> Self {
        Self {
            known: Arc::new(Mutex::new(Known {
                hosts: HashMap::new(),
                sweep_at: SWEEP,
            })),
            waiting: Arc::default(),
            paces_own: false,
            gap: GAP,
            patience: PATIENCE,
        }
    }

    /// The own machine is paced, too: its checks wait like those of any other host.
    pub fn pacing_own(self) -> Self {
        Self {
            paces_own: true,
            ..self
        }
    }

    /// Checks that wait for their host.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Asks for a turn at the host of `url`.
    pub fn ask(&self, url: &Url) -> Wish {
        let Some(host) = url.host().filter(|host| self.paces_own || !is_own(host)) else {
            return Wish::Granted(Turn { _permit: None });
        };
        let place = self.place(host.to_string());
        let is_late = lock(&place.last).is_none_or(|last| last.elapsed() >= self.gap);
        if is_late && let Ok(permit) = Arc::clone(&place.turn).try_acquire_owned() {
            *lock(&place.last) = Some(Instant::now());
            return Wish::Granted(Turn {
                _permit: Some(permit),
            });
        }
        if place.queued.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            place.queued.fetch_sub(1, Ordering::Relaxed);
            return Wish::Refused;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Wish::Wait(Queued {
            gap: self.gap,
            patience: self.patience,
            place,
            waiting: Arc::clone(&self.waiting),
        })
    }

    /// Waits for a turn at the host of `url`; none where too many wait, or it takes too long.
    pub async fn turn(&self, url: &Url) -> Option<Turn> {
        match self.ask(url) {
            Wish::Granted(turn) => Some(turn),
            Wish::Wait(queued) => queued.turn().await,
            Wish::Refused => None,
        }
    }

    fn place(&self, host: String) -> Arc<Place> {
        let gap = self.gap;
        let mut known = lock(&self.known);
        if known.hosts.len() >= known.sweep_at {
            let is_idle = |place: &Place| lock(&place.last).is_none_or(|last| last.elapsed() > gap);
            known
                .hosts
                .retain(|_, place| Arc::strong_count(place) > 1 || !is_idle(place));
            known.sweep_at = known.hosts.len() + SWEEP;
        }
        let new = || {
            Arc::new(Place {
                turn: Arc::new(Semaphore::new(1)),
                queued: AtomicUsize::new(0),
                last: Mutex::new(None),
            })
        };
        Arc::clone(known.hosts.entry(host).or_insert_with(new))
    }
}

impl Default for Hosts {
    fn default() -> Self {
        Self::new()
    }
}

impl Queued {
    /// Waits for the turn; none when it takes too long.
    pub async fn turn(self) -> Option<Turn> {
        let end = Instant::now() + self.patience;
        let next = Arc::clone(&self.place.turn).acquire_owned();
        let permit = tokio::time::timeout_at(end, next).await.ok()?.ok()?;
        let last = *lock(&self.place.last);
        if let Some(last) = last {
            tokio::time::sleep_until(last + self.gap).await;
        }
        *lock(&self.place.last) = Some(Instant::now());
        Some(Turn {
            _permit: Some(permit),
        })
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.place.queued.fetch_sub(1, Ordering::Relaxed);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn is_own(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock; what is inside stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With less patience than in earnest.
    fn hurried() -> Hosts {
        Hosts {
            gap: Duration::from_millis(20),
            patience: Duration::from_millis(50),
            ..Hosts::new()
        }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test]
    async fn checks_of_one_host_come_one_by_one_and_not_too_fast() {
        let hosts = hurried();
        let start = Instant::now();
        let first = hosts.turn(&url("https://a.example/one")).await.unwrap();
        let Wish::Wait(second) = hosts.ask(&url("https://a.example/two")) else {
            panic!("a second check of a busy host")
        };
        assert_eq!(hosts.waiting(), 1);
        assert!(matches!(
            hosts.ask(&url("https://b.example/")),
            Wish::Granted(_)
        ));
        drop(first);
        let second = second.turn().await.unwrap();
        assert_eq!((hosts.waiting(), start.elapsed() >= hosts.gap), (0, true));
        drop(second);
    }

    #[tokio::test]
    async fn who_waits_is_bounded_in_number_and_in_time() {
        let hosts = hurried();
        let a = url("https://a.example/");
        let held = hosts.turn(&a).await.unwrap();
        let mut queue = Vec::new();
        while let Wish::Wait(queued) = hosts.ask(&a) {
            queue.push(queued);
        }
        assert_eq!(queue.len(), QUEUE);
        let start = Instant::now();
        assert!(queue.pop().unwrap().turn().await.is_none());
        assert!(start.elapsed() >= hosts.patience);
        drop((held, queue));
        assert_eq!(hosts.waiting(), 0);
        assert!(hosts.turn(&a).await.is_some());
    }

    #[tokio::test]
    async fn the_own_machine_waits_only_where_it_is_asked_to() {
        let own = url("http://127.0.0.1:1/");
        let hosts = Hosts::new();
        let _first = hosts.turn(&own).await.unwrap();
        assert!(matches!(hosts.ask(&own), Wish::Granted(_)));
        let hosts = hosts.pacing_own();
        let _first = hosts.turn(&own).await.unwrap();
        assert!(matches!(hosts.ask(&own), Wish::Wait(_)));
    }
}
