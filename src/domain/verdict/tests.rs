//! Verdicts, tried.

use std::sync::Arc;

use super::*;
use crate::domain::at::DAY_MS;
use crate::domain::observation::{
    Certificate, Outcome, ProbeMemory, Seen, Step, StepName, TlsFacts,
};
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
fn a_list_that_hangs_is_blamed_where_the_handshake_works() {
    let trouble = Trouble::Http(HttpTrouble::NoAnswer { seconds: 15 });
    let mut seen = stopped(StepName::ToolsList, trouble);
    seen.steps.push(Step {
        name: StepName::Initialize,
        outcome: Outcome::Ok,
        ms: 1.0,
        detail: None,
    });
    let failure = judged(&seen).failure.unwrap();
    assert_eq!(failure.code, Code::ToolsListError);
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
            Code::HttpTimeoutHeaders,
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
