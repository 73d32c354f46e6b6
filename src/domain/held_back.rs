//! What maintenance holds back of an incident, and when it may be told.
//!
//! The incident itself is as it is, on every page; only people are not called.

use super::at::At;
use super::incident::{EntryKind, Incident, Phase};

/// News that a maintenance window holds back: nobody has been told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// That there is trouble.
    Opening,
    /// That it got worse.
    Worsening,
}

impl HeldBack {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Worsening => "worsening",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Opening, Self::Worsening]
            .into_iter()
            .find(|held| held.as_str() == word)
    }
}

impl Incident {
    /// Nobody is told for now, for the reason that `why` says. News that are held already stay.
    pub fn hold(&mut self, at: At, why: &str) {
        if self.held.is_none() {
            self.held = Some(if self.told == 0 {
                HeldBack::Opening
            } else {
                HeldBack::Worsening
            });
            self.add(at, EntryKind::Held, why.to_owned(), None);
        }
    }

    /// What was held back may be told; gives what that is. An incident that is over keeps it.
    pub fn release(&mut self, at: At) -> Option<HeldBack> {
        if matches!(self.phase, Phase::Resolved { .. }) {
            return None;
        }
        let held = self.held.take()?;
        let text = "The maintenance is over and the trouble is not: told now.";
        self.add(at, EntryKind::Released, text.to_owned(), None);
        Some(held)
    }
}
