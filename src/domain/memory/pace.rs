//! What moves with every check of a server that stays as it is.

use serde::{Deserialize, Serialize};

use super::ProbeMemory;
use crate::domain::at::At;
use crate::domain::habits::Habits;
use crate::domain::short::{self, is_default};

/// What is other after every check, whatever it saw. It is kept apart from what was learnt, so that
/// a check which learns nothing writes little.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Good checks since the server became known.
    pub checks: u32,
    /// When the conversation that begins with `initialize` was last held.
    #[serde(with = "short::instant", skip_serializing_if = "Option::is_none")]
    pub greeted_at: Option<At>,
    /// What only some checks look at, and when the last check was.
    pub habits: Habits,
    /// What stands for the session id of the last handshake.
    #[serde(skip_serializing_if = "is_default")]
    pub session: Option<u64>,
}

impl ProbeMemory {
    /// Whether a check has learnt something since `before`: more than its pace is other.
    pub fn has_learnt(&mut self, before: &Self) -> bool {
        let pace = std::mem::replace(&mut self.pace, before.pace.clone());
        let has_learnt = self != before;
        self.pace = pace;
        has_learnt
    }
}
