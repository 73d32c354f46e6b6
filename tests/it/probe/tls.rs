//! Encryption, with real certificates.

use fake_mcp::{FakeMcp, Tls, healthy, status};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Up};

use super::{Checked, Probe};

async fn over(tls: Tls) -> Checked {
    let server = FakeMcp::start_tls(tls, healthy()).unwrap();
    Probe::of(&server.url())
        .trusting_the_test_ca()
        .timeout(1_500)
        .run()
        .await
}

#[tokio::test]
async fn a_good_certificate_is_told_in_full() {
    let checked = over(Tls::Valid).await;
    checked.is_up();
    let tls = checked.report.tls.as_ref().unwrap();
    assert_eq!(tls.version.as_deref(), Some("TLSv1.3"));
    assert!(tls.fingerprint.starts_with("sha256:") && tls.fingerprint.len() == 71);
    assert!(
        tls.names.contains(&"127.0.0.1".to_owned()),
        "{:?}",
        tls.names
    );
    assert!(tls.not_before < tls.not_after);
    assert_eq!(checked.step_names()[..2], ["tcp", "tls"]);
    assert!(checked.report.timings_ms.tls.unwrap() > 0.0);
}

#[tokio::test]
async fn a_chain_that_was_verified_is_recognised_and_still_told() {
    let server = FakeMcp::start_tls(Tls::Valid, healthy()).unwrap();
    let probe = Probe::of(&server.url()).trusting_the_test_ca();
    let prober = probe.prober();
    let first = prober.probe(&probe.target, &()).await;
    let second = prober.probe(&probe.target, &()).await;
    assert_eq!(first.tls, second.tls);
    assert!(second.stopped.is_none() && second.tls.is_some());
}

#[tokio::test]
async fn every_fault_of_a_certificate_has_its_code() {
    for (tls, code) in [
        (Tls::Expired, Code::TlsExpired),
        (Tls::NotYetValid, Code::TlsNotYetValid),
        (Tls::WrongName, Code::TlsHostnameMismatch),
        (Tls::SelfSigned, Code::TlsSelfSigned),
        (Tls::UnknownCa, Code::TlsUntrustedCa),
    ] {
        let checked = over(tls).await;
        checked.is(Down, code);
        assert!(
            checked.report.tls.is_some(),
            "what was refused is shown as well"
        );
        assert_eq!(checked.step_names(), ["tcp", "tls"]);
        let detail = checked.seen.steps[1].detail.as_ref().unwrap();
        assert!(detail.contains("issued by"), "{detail}");
    }
}

#[tokio::test]
async fn every_way_to_fail_a_handshake_has_its_code() {
    for (tls, code) in [
        (Tls::Alert(40), Code::TlsHandshakeFailure),
        (Tls::Alert(70), Code::TlsVersionTooOld),
        (Tls::Alert(112), Code::TlsUnrecognisedName),
        (Tls::Eof, Code::TlsEof),
        (Tls::Reset, Code::TcpReset),
        (Tls::PlainHttp, Code::TlsNotTls),
        (Tls::Silent, Code::TlsHandshakeFailure),
    ] {
        over(tls).await.is(Down, code);
    }
}

#[tokio::test]
async fn a_server_that_wants_our_certificate_is_alive() {
    let checked = over(Tls::ClientCertificate).await;
    checked.is(Up, Code::TlsClientCertRequired);
    assert!(checked.verdict.gated);
}

#[tokio::test]
async fn an_end_that_is_near_is_told_and_one_that_is_very_near_degrades() {
    let soon = over(Tls::ExpiresIn(12)).await;
    soon.is_up();
    assert_eq!(soon.findings(), [Code::TlsExpiringSoon]);
    over(Tls::ExpiresIn(2))
        .await
        .is(Degraded, Code::TlsExpiringSoon);
}

#[tokio::test]
async fn the_chain_is_kept_with_the_transcript_and_not_without() {
    let healthy = over(Tls::Valid).await;
    assert_eq!(healthy.report.tls.unwrap().chain, []);
    for (tls, certificates) in [
        (Tls::Expired, 1),
        (Tls::Intermediate, 2),
        (Tls::MissingIntermediate, 1),
    ] {
        let server = FakeMcp::start_tls(tls, status(500)).unwrap();
        let probe = Probe::of(&server.url()).trusting_the_test_ca();
        let prober = probe.prober();
        // The second time a chain that was verified is recognised.
        for _ in 0..2 {
            let checked = probe.run_by(&prober).await;
            let tls = checked.report.tls.unwrap();
            assert_eq!(tls.chain.len(), certificates, "{tls:?}");
            assert_eq!(tls.chain[0].fingerprint, tls.fingerprint);
            assert_eq!(tls.chain[0].issuer, tls.issuer);
            let issued = tls
                .chain
                .windows(2)
                .all(|two| two[0].issuer == two[1].subject);
            assert!(issued, "{tls:?}");
            assert!(tls.chain.iter().all(|one| one.not_before < one.not_after));
        }
    }
}
