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

    /// Adds what is different about the tools since the last check.
    pub fn note_tools_change(&mut self, diff: &SurfaceDiff) {
        let finding = |code: Code, message: String| Finding {
            code: code.into(),
            severity: Severity::Warning,
            message,
            spec: None,
            level: None,
        };
        let sentence = diff.sentence();
        if !diff.only_descriptions {
            let message = format!(
                "The tools have changed ({}): {sentence}.",
                diff.class.as_str()
            );
            self.findings.push(finding(Code::ToolsChanged, message));
        }
        if diff.description_rewritten {
            let rewritten = diff.tools.iter().filter(|tool| tool.description_rewritten);
            let names: Vec<&str> = rewritten.map(|tool| tool.name.as_str()).collect();
            let message = format!(
                "The descriptions of {} were rewritten; a model follows them like instructions.",
                named(names.into_iter())
            );
            let code = Code::ToolsDescriptionChanged;
            self.findings.push(finding(code, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::at::DAY_MS;
    use crate::domain::observation::{Certificate, ProbeMemory, Seen, StepName, TlsFacts};
    use crate::domain::trouble::{
        ConnectTrouble, DnsTrouble, HttpTrouble, RpcError, StatusSeen, TlsTrouble, ToolsTrouble,
        Trouble,
    };

    const NOW: At = At(1_795_675_260_000);

    fn seen() -> Observation {
        Observation::begun(NOW, ProbeMemory::default())
    }

    fn stopped(at: StepName, trouble: Trouble) -> Observation {
        Observation {
            stopped: Some(Seen { at, trouble }),
            ..seen()
        }
    }

    fn judged(seen: &Observation) -> Verdict {
        judge(seen, &Expectations::default(), false, NOW)
    }

    fn certificate(from_days: i64, to_days: i64) -> TlsFacts {
        TlsFacts {
            version: Some("TLSv1.3"),
            certificate: Arc::new(Certificate {
                subject: "CN=a".to_owned(),
                issuer: "CN=b".to_owned(),
                names: Vec::new(),
                not_before: At(NOW.0 + from_days * DAY_MS),
                not_after: At(NOW.0 + to_days * DAY_MS),
                fingerprint: "sha256:0".to_owned(),
            }),
        }
    }

    #[test]
    fn what_stops_a_conversation_has_a_status_and_a_code() {
        use CheckStatus::{Down, Unknown};
        for (at, trouble, status, code) in [
            (
                StepName::Dns,
                Trouble::Dns(DnsTrouble::NoSuchName),
                Down,
                Code::DnsNxdomain,
            ),
            (
                StepName::Dns,
                Trouble::Dns(DnsTrouble::NoAddress),
                Down,
                Code::DnsNoAddress,
            ),
            (
                StepName::Dns,
                Trouble::Dns(DnsTrouble::TimedOut { asked: 2 }),
                Down,
                Code::DnsTimeout,
            ),
            (
                StepName::Dns,
                Trouble::Dns(DnsTrouble::TimedOut { asked: 1 }),
                Unknown,
                Code::DnsTimeout,
            ),
            (
                StepName::Dns,
                Trouble::Dns(DnsTrouble::ServerFailure("x".to_owned())),
                Down,
                Code::DnsServfail,
            ),
            (
                StepName::Tcp,
                Trouble::Connect(ConnectTrouble::TimedOut { seconds: 5 }),
                Down,
                Code::TcpTimeout,
            ),
            (
                StepName::Tcp,
                Trouble::Connect(ConnectTrouble::Unreachable("x".to_owned())),
                Down,
                Code::NetUnreachable,
            ),
            (
                StepName::Tcp,
                Trouble::Own {
                    what: "no sockets left".to_owned(),
                },
                Unknown,
                Code::MonitorError,
            ),
            (
                StepName::Tls,
                Trouble::Tls(TlsTrouble::Revoked),
                Down,
                Code::TlsRevoked,
            ),
            (
                StepName::Tls,
                Trouble::Tls(TlsTrouble::BadCertificate("x".to_owned())),
                Down,
                Code::TlsBadCertificate,
            ),
            (
                StepName::Initialize,
                Trouble::Http(HttpTrouble::NoAnswer { seconds: 15 }),
                Down,
                Code::HttpTimeoutHeaders,
            ),
            (
                StepName::ToolsList,
                Trouble::Http(HttpTrouble::NoAnswer { seconds: 15 }),
                Down,
                Code::ToolsListError,
            ),
            (
                StepName::ToolsList,
                Trouble::Tools(ToolsTrouble::ResultInvalid("x")),
                Down,
                Code::ToolsResultInvalid,
            ),
        ] {
            let verdict = judged(&stopped(at, trouble));
            let failure = verdict.failure.unwrap();
            assert_eq!(
                (verdict.status, failure.code, failure.layer),
                (status, code, code.layer())
            );
            assert!(failure.message.ends_with('.') && !failure.hint.is_empty());
        }
    }

    #[test]
    fn what_our_own_network_explains_is_unknown_and_still_tells_what_was_met() {
        let timed_out = Trouble::Connect(ConnectTrouble::TimedOut { seconds: 5 });
        let mut verdict = judged(&stopped(StepName::Tcp, timed_out));
        verdict.blame_own_network(NOW);
        let failure = verdict.failure.unwrap();
        assert_eq!(
            (verdict.status, failure.code),
            (CheckStatus::Unknown, Code::MonitorError)
        );
        let expected = "Lifesign could not measure: its own network has had trouble since \
                        06:41:00 UTC. No connection to the host within 5 s.";
        assert_eq!(failure.message, expected);
    }

    #[test]
    fn a_refusal_with_an_error_inside_is_judged_by_the_error() {
        let refusal = |message: &str| {
            let rpc = Some(RpcError {
                code: Some(-32_600),
                message: message.to_owned(),
                ..RpcError::default()
            });
            Trouble::Status(Box::new(StatusSeen {
                status: 400,
                rpc,
                ..StatusSeen::default()
            }))
        };
        let verdict = judged(&stopped(
            StepName::Initialize,
            refusal("Server not initialized"),
        ));
        assert_eq!(verdict.failure.unwrap().code, Code::InitializeRejected);
        let verdict = judged(&stopped(StepName::Initialize, refusal("Unauthorized")));
        assert_eq!((verdict.status, verdict.gated), (CheckStatus::Up, true));
    }

    #[test]
    fn the_end_of_a_certificate_comes_nearer() {
        let code = Some(Code::TlsExpiringSoon);
        for (from, to, status, failure, findings) in [
            (-80, 15, CheckStatus::Up, None, 0),
            (-80, 13, CheckStatus::Up, None, 1),
            (-80, 2, CheckStatus::Degraded, code, 0),
            (-5, 2, CheckStatus::Up, None, 0),
            (-5, 1, CheckStatus::Up, None, 1),
        ] {
            let seen = Observation {
                tls: Some(certificate(from, to)),
                ..seen()
            };
            let verdict = judged(&seen);
            let found = verdict.failure.map(|failure| failure.code);
            assert_eq!(
                (verdict.status, found, verdict.findings.len()),
                (status, failure, findings),
                "{from} {to}"
            );
        }
    }

    #[test]
    fn the_heaviest_opinion_of_the_lowest_layer_is_the_failure_and_the_rest_are_findings() {
        let mut seen = stopped(
            StepName::ToolsList,
            Trouble::Tools(ToolsTrouble::ResultInvalid("x")),
        );
        seen.tls = Some(certificate(-80, 2));
        seen.noticed.push(Seen {
            at: StepName::Initialize,
            trouble: Trouble::Cached {
                by: "Age: 1".to_owned(),
            },
        });
        let verdict = judged(&seen);
        assert_eq!(verdict.failure.unwrap().code, Code::ToolsResultInvalid);
        assert_eq!(verdict.findings.len(), 2);
        seen.stopped = None;
        let verdict = judged(&seen);
        assert_eq!(verdict.status, CheckStatus::Degraded);
        assert_eq!(verdict.failure.unwrap().code, Code::TlsExpiringSoon);
        assert_eq!(verdict.findings[0].code, Code::ResponseCached);
    }
}
