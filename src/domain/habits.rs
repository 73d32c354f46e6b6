//! What is remembered of a server's habits: what only some checks look at, and what tells a server
//! that sleeps from one that fails. Filled by the probe, kept with the rest of its memory.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use super::at::At;
use super::short;

/// What is remembered of a server's habits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// Checks so far.
    pub checks: u32,
    /// When the last one began.
    #[serde(with = "short::instant", skip_serializing_if = "Option::is_none")]
    pub last_at: Option<At>,
    /// The last one found it asleep: what became of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asleep: Option<String>,
    /// It leaves streams open after the answer.
    #[serde(skip_serializing_if = "Not::not")]
    pub holds_streams: bool,
    /// What a connection to its IPv6 address ends in, where that does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Refusal>,
}

/// How a connection is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Refused at once.
    Refused,
    /// No answer in time.
    Silent,
}
