//! Scripts: replies asked one by one, the last one repeats.
//!
//! What is counted is the conversation, not the request: a script moves on when a client opens one,
//! so that `status(503).then(healthy())` means "the first check fails, the second one does not",
//! however many requests a check makes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::habits::Act;
use crate::journal::lock;
use crate::reply::Reply;

/// A list of replies, asked one by one; the last one repeats.
///
/// A conversation is opened by a POST of `initialize` to the endpoint, or by a GET that does not
/// follow such a POST (a client that knows HTTP+SSE). A GET after a refused `initialize` is the
/// fallback of the same conversation. Conversations that run side by side share the script.
#[derive(Debug, Clone)]
#[must_use]
pub struct Script(Vec<Reply>);

impl Script {
    pub(crate) fn of(replies: Vec<Reply>) -> Self {
        Self(replies)
    }

    /// Goes on with `next`.
    pub fn then(mut self, next: impl Into<Self>) -> Self {
        self.0.extend(next.into().0);
        self
    }

    pub(crate) fn into_replies(self) -> Vec<Reply> {
        self.0
    }

    /// Whether its first reply speaks HTTP+SSE.
    pub(crate) fn is_http_sse(&self) -> bool {
        self.0
            .first()
            .is_some_and(|reply| reply.server.http_sse.is_some())
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self(vec![reply])
    }
}

/// How a request counts for the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    Initialize,
    Stream,
    No,
}

/// A script and how far it has come.
pub(crate) struct Stage(Mutex<Progress>);

struct Progress {
    replies: Vec<Arc<Reply>>,
    at: Option<usize>,
    fallback_left: bool,
    seen: HashMap<String, usize>,
}

impl Stage {
    pub(crate) fn new(script: Script) -> Self {
        Self(Mutex::new(Progress::new(script)))
    }

    /// Begins anew with another script.
    pub(crate) fn set(&self, script: Script) {
        *lock(&self.0) = Progress::new(script);
    }

    /// The reply that the script has come to, without moving on.
    pub(crate) fn current(&self) -> Arc<Reply> {
        let progress = lock(&self.0);
        Arc::clone(&progress.replies[progress.at.unwrap_or(0)])
    }

    /// The reply for a request with these names (JSON-RPC method, HTTP method, revision).
    pub(crate) fn reply(&self, opening: Opening, names: [&str; 3]) -> Arc<Reply> {
        lock(&self.0).reply(opening, names)
    }
}

impl Progress {
    fn new(script: Script) -> Self {
        let mut replies: Vec<_> = script.0.into_iter().map(Arc::new).collect();
        if replies.is_empty() {
            replies.push(Arc::new(Reply::new(Act::Serve)));
        }
        Self {
            replies,
            at: None,
            fallback_left: false,
            seen: HashMap::new(),
        }
    }

    fn reply(&mut self, opening: Opening, names: [&str; 3]) -> Arc<Reply> {
        let opens = match opening {
            Opening::Initialize => true,
            Opening::Stream => !self.fallback_left,
            Opening::No => false,
        };
        if opens {
            let last = self.replies.len() - 1;
            self.at = Some(self.at.map_or(0, |at| (at + 1).min(last)));
            self.seen.clear();
        }
        if opening != Opening::No {
            self.fallback_left = opening == Opening::Initialize;
        }
        let reply = &self.replies[self.at.unwrap_or(0)];
        let Some((what, list)) = reply
            .on
            .iter()
            .find(|(what, _)| names.contains(&what.as_str()))
        else {
            return Arc::clone(reply);
        };
        let count = self.seen.entry(what.clone()).or_default();
        let special = list
            .get(*count)
            .or(list.last())
            .map_or_else(|| (**reply).clone(), Clone::clone);
        *count += 1;
        Arc::new(Reply {
            server: reply.server.clone(),
            sse: special.sse.or_else(|| reply.sse.clone()),
            gate: special.gate.or_else(|| reply.gate.clone()),
            login: special.login.or_else(|| reply.login.clone()),
            on: Vec::new(),
            ..special
        })
    }
}
