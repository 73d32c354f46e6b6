//! Tool lists that were read before, recognised by their very bytes.
//!
//! Nearly every check meets the list of the check before. Reading it again costs more than all
//! else that is not encryption; so a list that was read without any oddity is kept with the digest
//! of the message it came in, and with the facts that were noted while it was read. Nothing but that
//! message may go into a [`ToolSurface`], or what is recognised would be out of date.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::visit::Visit;
use crate::domain::lint::Fact;
use crate::domain::tools::ToolSurface;

/// Most bytes of lists that are kept, in two generations of half as much.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// About how many bytes a fact takes.
const FACT: usize = 200;

/// The digest that a message is recognised by.
pub(super) type Fingerprint = [u8; 32];

/// What an answer turned out to be.
pub(super) enum Reply {
    /// A result that was read.
    Read(Value),
    /// A list of tools that was read before.
    Recognised(Arc<List>),
}

/// What a list came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List {
    pub(super) surface: ToolSurface,
    /// What was noted for the lints while it was read.
    pub(super) facts: Vec<Fact>,
}

impl List {
    fn weight(&self) -> usize {
        self.surface.weight() + self.facts.len() * FACT
    }
}

/// What is known of lists.
#[derive(Default)]
pub(super) struct Lists(Mutex<Generations>);

/// What was asked for lately, and what was asked for before that: when the young ones fill their
/// half, the old ones that nobody asked for are forgotten.
#[derive(Default)]
struct Generations {
    young: HashMap<Fingerprint, Arc<List>>,
    old: HashMap<Fingerprint, Arc<List>>,
    bytes: usize,
}

/// The fingerprint of the message that answers the request `id`.
pub(super) fn fingerprint(message: &[u8], id: u64) -> Fingerprint {
    let mut digest = Sha256::new();
    digest.update(id.to_le_bytes());
    digest.update(message);
    digest.finalize().into()
}

impl Visit<'_> {
    /// The tools of a list that came in this very message before.
    pub(super) fn recognise(&mut self, message: &[u8], id: u64) -> Option<Arc<List>> {
        let print = fingerprint(message, id);
        let known = self.parts.lists.recognise(&print);
        self.list = Some((print, self.notes.seen.facts.len()));
        known
    }

    /// Remembers what a whole list came to. Not where anything was odd: it may have been the list,
    /// and has to be met again.
    pub(super) fn remember(&mut self, surface: &ToolSurface) {
        let seen = &self.notes.seen;
        if let Some((print, facts)) = self.list.take()
            && seen.noticed.is_empty()
        {
            let list = List {
                surface: surface.clone(),
                facts: seen.facts.get(facts..).unwrap_or_default().to_vec(),
            };
            self.parts.lists.keep(print, list);
        }
    }
}

impl Lists {
    /// The surface that was read from this message.
    pub(super) fn recognise(&self, print: &Fingerprint) -> Option<Arc<List>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.young.get(print) {
            return Some(Arc::clone(known));
        }
        let known = all.old.remove(print)?;
        all.insert(*print, Arc::clone(&known));
        Some(known)
    }

    /// Keeps what was read from this message.
    pub(super) fn keep(&self, print: Fingerprint, list: List) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(print, Arc::new(list));
    }
}

impl Generations {
    fn insert(&mut self, print: Fingerprint, list: Arc<List>) {
        let bytes = list.weight();
        if bytes > MAX_BYTES / 2 {
            return;
        }
        if self.bytes + bytes > MAX_BYTES / 2 {
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young.insert(print, list);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// About half a mebibyte.
    fn list(n: u64) -> List {
        let tools: Vec<Value> = (0..400)
            .map(|tool| json!({"name": format!("{n:0>100}-{tool:0>100}"), "inputSchema": {"type": "object"}}))
            .collect();
        List {
            surface: ToolSurface::read(tools).unwrap(),
            facts: Vec::new(),
        }
    }

    #[test]
    fn only_the_same_bytes_for_the_same_request_are_recognised() {
        let (lists, known) = (Lists::default(), list(1));
        lists.keep(fingerprint(b"{}", 2), known.clone());
        assert_eq!(*lists.recognise(&fingerprint(b"{}", 2)).unwrap(), known);
        assert!(lists.recognise(&fingerprint(b"{}", 3)).is_none());
        assert!(lists.recognise(&fingerprint(b"{} ", 2)).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_and_the_whole_stays_small() {
        let lists = Lists::default();
        lists.keep(fingerprint(b"", 0), list(0));
        for n in 1..120 {
            lists.keep(fingerprint(b"", n), list(n));
            assert!(lists.recognise(&fingerprint(b"", 0)).is_some(), "after {n}");
        }
        let all = lists.0.lock().unwrap();
        let held = all.young.values().chain(all.old.values());
        let bytes: usize = held.map(|list| list.weight()).sum();
        assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&bytes), "{bytes}");
    }
}
