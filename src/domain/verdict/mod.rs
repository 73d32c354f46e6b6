//! What an observation means: the one place with opinions.
//!
//! A verdict has a status, at most one failure (the lowest layer that failed) and any number of
//! findings that leave the status alone. The codes are in [`super::failure`].

mod noticed;
mod status;
mod stopped;
mod surface;
mod tls;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::failure::{Code, Layer};
use super::monitor::Expectations;
use super::observation::Observation;

/// The status of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = FindingSeverity)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Some client will trip over it.
    Warning,
}

/// Something worth knowing that leaves the status alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// What `seen` means to somebody who was promised `expected`. `has_credentials` tells a server
/// that refuses strangers from one that refuses us.
pub fn judge(
    seen: &Observation,
    expected: &Expectations,
    has_credentials: bool,
    now: At,
) -> Verdict {
    let mut opinions = Vec::new();
    if let Some(stop) = &seen.stopped {
        opinions.push(stopped::opinion(seen, stop, has_credentials, now));
    }
    opinions.extend(seen.noticed.iter().map(noticed::opinion));
    opinions.extend(surface::certificate(seen, now));
    surface::tools(seen, expected, &mut opinions);
    opinions.extend(surface::slowness(seen, expected));
    weigh(opinions)
}

/// How much one opinion weighs, lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Remark(Severity),
    Gated,
    Degraded,
    Unknown,
    Down,
}

/// One thing that an observation means.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opinion {
    effect: Effect,
    code: Code,
    message: String,
    spec: Option<&'static str>,
}

impl Opinion {
    fn new(effect: Effect, code: Code, message: impl Into<String>) -> Self {
        Self {
            effect,
            code,
            message: message.into(),
            spec: None,
        }
    }

    fn down(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Down, code, message)
    }

    fn degraded(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Degraded, code, message)
    }

    fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Remark(Severity::Warning), code, message)
    }

    fn spec(self, spec: &'static str) -> Self {
        Self {
            spec: Some(spec),
            ..self
        }
    }

    fn into_finding(self) -> Finding {
        Finding {
            code: self.code,
            severity: match self.effect {
                Effect::Remark(severity) => severity,
                _ => Severity::Warning,
            },
            message: self.message,
            spec: self.spec.map(str::to_owned),
        }
    }
}

/// The heaviest opinion becomes the failure, of equals the one of the lowest layer; all others
/// become findings.
fn weigh(mut opinions: Vec<Opinion>) -> Verdict {
    let gated = opinions.iter().any(|o| o.effect == Effect::Gated);
    let heaviest = opinions
        .iter()
        .enumerate()
        .filter(|(_, o)| !matches!(o.effect, Effect::Remark(_)))
        .max_by_key(|(place, o)| {
            (
                o.effect,
                std::cmp::Reverse(o.code.layer()),
                std::cmp::Reverse(*place),
            )
        })
        .map(|(place, _)| place);
    let failure = heaviest.map(|place| opinions.remove(place));
    let status = match failure.as_ref().map(|o| o.effect) {
        None | Some(Effect::Gated | Effect::Remark(_)) => CheckStatus::Up,
        Some(Effect::Degraded) => CheckStatus::Degraded,
        Some(Effect::Unknown) => CheckStatus::Unknown,
        Some(Effect::Down) => CheckStatus::Down,
    };
    Verdict {
        status,
        gated,
        failure: failure.map(|o| Failure {
            code: o.code,
            layer: o.code.layer(),
            message: o.message,
            hint: o.code.hint().to_owned(),
        }),
        findings: opinions.into_iter().map(Opinion::into_finding).collect(),
    }
}
