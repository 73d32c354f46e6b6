//! What an observation means: the one place with opinions.
//!
//! A verdict has a status, at most one failure (the lowest layer that failed) and any number of
//! findings that leave the status alone: the opinions of the files below, weighed against each other. The codes are in [`super::failure`].

mod auth;
mod canary;
mod eras;
mod noticed;
mod opinion;
mod status;
mod stopped;
mod surface;
mod tls;
mod way;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::opinion::{Effect, Opinion, weigh};
use super::at::At;
use super::failure::{Code, Layer};
use super::lint::{self, Level, Lint};
use super::monitor::Expectations;
use super::observation::Observation;
use super::tools::{SurfaceDiff, named};

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

/// What a finding is called: by a failure code of mcp.md §6, or by a lint of §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FindingCode {
    /// A code that may as well be a failure.
    Failure(Code),
    /// A lint, which never is.
    Lint(Lint),
}

impl FindingCode {
    /// The code as the API says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure(code) => code.as_str(),
            Self::Lint(lint) => lint.as_str(),
        }
    }
}

impl From<Code> for FindingCode {
    fn from(code: Code) -> Self {
        Self::Failure(code)
    }
}

impl From<Lint> for FindingCode {
    fn from(lint: Lint) -> Self {
        Self::Lint(lint)
    }
}

impl PartialEq<Code> for FindingCode {
    fn eq(&self, code: &Code) -> bool {
        *self == Self::Failure(*code)
    }
}

/// Something worth knowing that leaves the status alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The stable code, or the id of a lint.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, in words.
    pub message: String,
    /// Revision and section of the specification, where there is one.
    pub spec: Option<String>,
    /// How strongly the specification asks for it, where it does.
    #[serde(default)]
    pub level: Option<Level>,
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
    if let Some((era, failed)) = &seen.failed_era {
        opinions.push(eras::failed(seen, (*era, failed), has_credentials, now));
    }
    opinions.extend(seen.noticed.iter().map(noticed::opinion));
    auth::opinions(seen, now, &mut opinions);
    opinions.extend(surface::certificate(seen, now));
    surface::tools(seen, expected, &mut opinions);
    opinions.extend(surface::slowness(seen, expected));
    opinions.extend(seen.canary.as_ref().and_then(canary::opinion));
    let mut verdict = weigh(opinions, seen.server.version.as_deref());
    verdict.findings.extend(lint::findings(seen));
    verdict
}

impl Verdict {
    /// Takes back that a server failed: our own network has had trouble since `since`, which
    /// explains it. What was met is told all the same.
    pub fn blame_own_network(&mut self, since: At) {
        let met = self.failure.take().map(|failure| failure.message);
        let since = since.utc().format("%H:%M:%S UTC");
        let mut message =
            format!("Lifesign could not measure: its own network has had trouble since {since}.");
        if let Some(met) = met {
            message.push(' ');
            message.push_str(&met);
        }
        let code = Code::MonitorError;
        self.status = CheckStatus::Unknown;
        self.gated = false;
        self.failure = Some(Failure {
            code,
            layer: code.layer(),
            message,
            hint: code.hint().to_owned(),
        });
    }
}

/// What is to be said of tools that are others than at the last check.
pub fn tools_change(diff: &SurfaceDiff) -> Vec<Finding> {
    let finding = |code: Code, message: String| Finding {
        code: code.into(),
        severity: Severity::Warning,
        message,
        spec: None,
        level: None,
    };
    let mut findings = Vec::new();
    let sentence = diff.sentence();
    if !diff.only_descriptions {
        let message = format!(
            "The tools have changed ({}): {sentence}.",
            diff.class.as_str()
        );
        findings.push(finding(Code::ToolsChanged, message));
    }
    if diff.description_rewritten {
        let rewritten = diff.tools.iter().filter(|tool| tool.description_rewritten);
        let names: Vec<&str> = rewritten.map(|tool| tool.name.as_str()).collect();
        let message = format!(
            "The descriptions of {} were rewritten; a model follows them like instructions.",
            named(names.into_iter())
        );
        findings.push(finding(Code::ToolsDescriptionChanged, message));
    }
    findings
}

#[cfg(test)]
mod tests;
