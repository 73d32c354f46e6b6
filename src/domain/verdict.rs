//! What an observation means: the one place with opinions.
//!
//! A verdict has a status, at most one failure (the lowest layer that failed) and any number of
//! findings that leave the status alone. The codes are in [`super::failure`].

use serde::{Deserialize, Serialize};

use super::failure::{Code, Layer};

/// The status of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// Clients can use the server (or it is alive behind an authorization wall: `gated`).
    Up,
    /// Clients can use the server and will notice that something is wrong.
    Degraded,
    /// Clients cannot use the server.
    Down,
    /// Could not be measured; never counted against the server.
    Unknown,
}

impl CheckStatus {
    /// The word of the contract: `up`, `degraded`, `down`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Up, Self::Degraded, Self::Down, Self::Unknown]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// Why a check is not plainly up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The layer that failed.
    pub layer: Layer,
    /// What happened, in words.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Some client will trip over it.
    Warning,
}

/// Something worth knowing that leaves the status alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The stable code.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, in words.
    pub message: String,
    /// Revision and section of the specification, where there is one.
    pub spec: Option<String>,
}

/// What an observation means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The status of the check.
    pub status: CheckStatus,
    /// Alive behind an authorization wall that we have no credentials for.
    pub gated: bool,
    /// The primary failure: present whenever the status is not `up`, and for a gated server,
    /// where it names the wall.
    pub failure: Option<Failure>,
    /// What else is worth knowing.
    pub findings: Vec<Finding>,
}
