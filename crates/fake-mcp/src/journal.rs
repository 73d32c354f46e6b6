//! What a scripted server was sent, for tests to read.
//!
//! The journal keeps the last [`KEPT`] requests and counts everything, so that a long load run
//! costs no memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many requests are kept; older ones are forgotten, their count is not.
pub const KEPT: usize = 10_000;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The connection it came on, counted from 1.
    pub connection: u64,
    /// The HTTP method, in capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Bytes,
    /// When, counted from the start of the server.
    pub at: Duration,
}

impl Recorded {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The JSON-RPC method in the body.
    pub fn rpc(&self) -> Option<String> {
        self.json()?.get("method")?.as_str().map(str::to_owned)
    }
}

pub(crate) struct Journal {
    started: Instant,
    requests: Mutex<VecDeque<Recorded>>,
    pub(crate) arrived: Notify,
    pub(crate) total: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) open_connections: AtomicU64,
    pub(crate) sessions_opened: AtomicU64,
    pub(crate) sessions_closed: AtomicU64,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            requests: Mutex::default(),
            arrived: Notify::new(),
            total: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open_connections: AtomicU64::new(0),
            sessions_opened: AtomicU64::new(0),
            sessions_closed: AtomicU64::new(0),
        }
    }

    pub(crate) fn since_start(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn add(&self, request: Recorded) {
        let mut requests = lock(&self.requests);
        if requests.len() == KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
        drop(requests);
        self.total.fetch_add(1, Ordering::SeqCst);
        self.arrived.notify_waiters();
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        lock(&self.requests).iter().cloned().collect()
    }

    pub(crate) fn forget(&self) {
        lock(&self.requests).clear();
    }
}

/// A lock whose holder cannot leave anything half-done: a poisoned one is as good as new.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
