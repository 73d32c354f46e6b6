//! Walls, and the way past them: what a gated server shows to somebody who has no credentials.

use std::time::Duration;

use fake_mcp::{
    FakeMcp, Login, Reply, Tls, body, healthy, html, needs_auth, needs_auth_opaque, redirect,
    rpc_error, stall, status,
};
use lifesign::clock::Clock;
use lifesign::domain::at::{At, DAY_MS};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::{ProbeMemory, ServerFacts};
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Up};
use serde_json::{Value, json};

use super::{Checked, Probe, check};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const ISSUER: &str = "/.well-known/oauth-authorization-server";

fn walled(login: Login) -> Reply {
    needs_auth().login(login)
}

async fn check_login(login: Login) -> Checked {
    check(walled(login)).await.0
}

#[tokio::test]
async fn a_sound_way_to_a_login_is_walked_and_told() {
    let server = FakeMcp::start_tls(Tls::Valid, needs_auth()).unwrap();
    let checked = Probe::of(&server.url()).trusting_the_test_ca().run().await;
    checked.is(Up, Code::AuthRequired);
    assert!(checked.verdict.gated);
    assert_eq!(checked.findings(), []);
    assert_eq!(server.asked(), ["initialize", "GET", "GET"]);
    let chain = checked.report.login.as_ref().unwrap();
    assert_eq!(chain.issuer.as_deref(), Some(&*server.url_of("")));
    assert_eq!(chain.resource.as_deref(), Some(&*server.url()));
    assert_eq!(chain.scopes, ["tools:read"]);
    assert_eq!(checked.report.cost.requests, 3);
    let step = checked.seen.steps.last().unwrap();
    assert_eq!(step.name.as_str(), "authorization");
    assert!(
        step.detail
            .as_ref()
            .unwrap()
            .contains("oauth-authorization-server")
    );
    let said: Vec<_> = checked
        .report
        .transcript
        .iter()
        .map(|e| &e.request)
        .collect();
    assert!(
        said.iter()
            .any(|said| said.starts_with(&format!("GET {RESOURCE}"))),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_keeps_everybody_from_logging_in_degrades() {
    let oversized = json!({ "resource": "x".repeat(70_000) }).to_string();
    let nowhere = json!(["http://127.0.0.1:1"]);
    for (login, code) in [
        (
            Login::good().at(RESOURCE, status(404)),
            Code::AuthMetadataBroken,
        ),
        (Login::good().at(RESOURCE, html()), Code::AuthMetadataBroken),
        (
            Login::good().at(RESOURCE, body(200, "application/json", &oversized)),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().at(RESOURCE, redirect(302, "https://elsewhere.example/x")),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().resource("resource", Value::Null),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().resource("authorization_servers", json!([])),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().resource("authorization_servers", json!(["http://as.example"])),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().resource("authorization_servers", json!(["not an address"])),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().resource("resource", json!("https://other.example/mcp")),
            Code::AuthResourceMismatch,
        ),
        (
            Login::good().at(ISSUER, status(404)),
            Code::AuthMetadataBroken,
        ),
        (Login::good().at(ISSUER, html()), Code::AuthMetadataBroken),
        (
            Login::good().at(ISSUER, status(503)),
            Code::AuthAsUnreachable,
        ),
        (
            Login::good().resource("authorization_servers", nowhere),
            Code::AuthAsUnreachable,
        ),
        (
            Login::good().issuer("issuer", json!("https://other.example")),
            Code::AuthIssuerMismatch,
        ),
        (
            Login::good().issuer("issuer", Value::Null),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().issuer("token_endpoint", Value::Null),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().issuer("authorization_endpoint", json!("http://as.example/a")),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().issuer("response_types_supported", json!(["token"])),
            Code::AuthMetadataBroken,
        ),
        (
            Login::good().issuer("code_challenge_methods_supported", Value::Null),
            Code::AuthPkceMissing,
        ),
        (
            Login::good().issuer("code_challenge_methods_supported", json!(["plain"])),
            Code::AuthPkceMissing,
        ),
    ] {
        let told = format!("{login:?}");
        let checked = check_login(login).await;
        assert_eq!(
            (
                checked.verdict.status,
                checked.code(),
                checked.verdict.gated
            ),
            (Degraded, Some(code), true),
            "{told}: {:?}",
            checked.verdict
        );
        assert!(checked.findings().contains(&Code::AuthRequired));
    }
}

#[tokio::test]
async fn what_only_some_clients_trip_over_is_a_remark() {
    for (login, code) in [
        (
            Login::good().resource("resource", json!("{{origin}}")),
            Code::PrmResource,
        ),
        (
            Login::good().resource("resource", json!("{{origin}}/mcp/")),
            Code::PrmResource,
        ),
        (
            Login::good().resource("bearer_methods_supported", json!(["body"])),
            Code::PrmBearerMethods,
        ),
        (
            Login::good().resource("scopes_supported", json!(["a", "offline_access"])),
            Code::PrmScopes,
        ),
        (
            Login::good().issuer("issuer", json!("{{origin}}/")),
            Code::AuthIssuerMismatch,
        ),
        (
            Login::good().issuer("registration_endpoint", Value::Null),
            Code::AsRegistration,
        ),
        // Others may get there; we may not, and do not try.
        (
            Login::good().resource("authorization_servers", json!(["https://10.0.0.1"])),
            Code::AuthAsUnreachable,
        ),
    ] {
        let checked = check_login(login).await;
        checked.is(Up, Code::AuthRequired);
        assert_eq!(checked.findings(), [code]);
    }
}

#[tokio::test]
async fn documents_are_found_where_clients_look_for_them() {
    // No challenge, but metadata where the standard puts it.
    let (checked, _server) = check(needs_auth().challenge("")).await;
    checked.is(Up, Code::AuthRequired);
    assert_eq!(checked.findings(), []);
    // The revision of that server demands the challenge.
    let server = FakeMcp::start(needs_auth().challenge("")).unwrap();
    let memory = ProbeMemory {
        facts: ServerFacts {
            version: Some("2025-06-18".to_owned()),
            ..ServerFacts::default()
        },
        ..ProbeMemory::default()
    };
    let checked = Probe::of(&server.url()).memory(memory).run().await;
    assert_eq!(checked.findings(), [Code::WwwAuthenticate]);
    // Only at the root, behind a redirect.
    let login = Login::good()
        .at(
            RESOURCE,
            redirect(307, "/.well-known/oauth-protected-resource/moved/mcp"),
        )
        .resource("resource", json!("{{origin}}/mcp"));
    check_login(login).await.is(Up, Code::AuthRequired);
    // OpenID metadata of an issuer with a path.
    let openid = json!({
        "issuer": "unused", "authorization_endpoint": "https://as.example/a",
        "token_endpoint": "https://as.example/t", "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"], "registration_endpoint": "https://as.example/r",
    });
    let login = Login::good()
        .resource("authorization_servers", json!(["{{origin}}/tenant"]))
        .at(
            "/tenant/.well-known/openid-configuration",
            body(200, "application/json", &openid.to_string()),
        );
    // The fake has no route beside the way: nothing is there.
    check_login(login)
        .await
        .is(Degraded, Code::AuthMetadataBroken);
    // As in 2025-03-26.
    let old = Login::good().at(RESOURCE, status(404));
    let (checked, _server) = check(walled(old).challenge("Bearer")).await;
    checked.is(Up, Code::AuthRequired);
    assert_eq!(checked.findings(), [Code::AuthLegacyAsRoot]);
    // Nowhere.
    let (checked, server) = check(needs_auth_opaque()).await;
    checked.is(Up, Code::AuthRequiredOpaque);
    assert_eq!(server.request_count(), 4);
    let (checked, _server) = check(needs_auth_opaque().challenge("Bearer realm=\"x\"")).await;
    checked.is(Up, Code::AuthRequiredOpaque);
    // Not OAuth: nothing to look for.
    let (checked, server) = check(needs_auth().challenge("Basic realm=\"x\"")).await;
    checked.is(Up, Code::AuthNonBearer);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_way_that_hangs_costs_its_own_budget_and_no_more() {
    let server = FakeMcp::start(walled(Login::good().at(ISSUER, stall()))).unwrap();
    let begun = tokio::time::Instant::now();
    let checked = Probe::of(&server.url()).run().await;
    checked.is(Degraded, Code::AuthAsUnreachable);
    assert!(begun.elapsed() < Duration::from_secs(9));
    assert!(
        checked.seen.total_ms < 2_000.0,
        "the check itself was quick"
    );
}

#[tokio::test]
async fn nothing_of_ours_goes_along_and_nothing_is_begun() {
    let server = FakeMcp::start(healthy().bearer("right")).unwrap();
    let checked = Probe::of(&server.url()).bearer("wrong-token").run().await;
    checked.is(Down, Code::AuthInvalid);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests[1..] {
        assert_eq!(request.method, "GET");
        assert_eq!(request.header("authorization"), None);
        assert!(
            request.path.starts_with("/.well-known/"),
            "{}",
            request.path
        );
    }
}

#[tokio::test]
async fn what_was_found_is_kept_for_an_hour_and_bad_news_until_confirmed() {
    let clock = Clock::manual(At(1_795_675_260_000));
    let server = FakeMcp::start(needs_auth()).unwrap();
    let mut probe = Probe::of(&server.url()).clock(&clock);
    let prober = probe.prober();
    let minute = Duration::from_secs(60);
    for (wait, requests, expected) in [
        (0, 3, (Up, Code::AuthRequired)),
        (1, 1, (Up, Code::AuthRequired)),
        (58, 1, (Up, Code::AuthRequired)),
        (2, 3, (Up, Code::AuthRequired)),
    ] {
        clock.advance(minute * wait);
        let before = server.request_count();
        let checked = probe.run_by(&prober).await;
        checked.is(expected.0, expected.1);
        assert!(checked.report.login.is_some());
        assert_eq!(
            server.request_count() - before,
            requests,
            "after {wait} min"
        );
        probe.target.memory = checked.seen.memory;
    }
    server.set(walled(Login::good().issuer("token_endpoint", Value::Null)));
    clock.advance(minute * 61);
    for (wait, requests) in [(0, 3), (1, 3), (1, 3), (1, 1), (8, 1), (2, 3)] {
        clock.advance(minute * wait);
        let before = server.request_count();
        let checked = probe.run_by(&prober).await;
        checked.is(Degraded, Code::AuthMetadataBroken);
        assert_eq!(
            server.request_count() - before,
            requests,
            "after {wait} min"
        );
        probe.target.memory = checked.seen.memory;
    }
    // Another signpost is another way.
    let elsewhere = "Bearer resource_metadata=\"https://other.example/x\"";
    server.set(needs_auth().challenge(elsewhere));
    let checked = probe.run_by(&prober).await;
    assert_eq!(checked.code(), Some(Code::AuthMetadataBroken));
    let chain = checked.report.login.unwrap();
    assert_eq!(chain.advertised.as_deref(), Some("https://other.example/x"));
}

#[tokio::test]
async fn a_wall_that_is_gone_is_told_for_a_while() {
    let clock = Clock::manual(At(1_795_675_260_000));
    let server = FakeMcp::start(needs_auth()).unwrap();
    let mut probe = Probe::of(&server.url()).clock(&clock);
    let prober = probe.prober();
    // One refusal is no wall.
    probe.target.memory = probe.run_by(&prober).await.seen.memory;
    server.set(healthy());
    let checked = probe.run_by(&prober).await;
    assert_eq!(checked.findings(), []);
    server.set(needs_auth());
    for _ in 0..3 {
        probe.target.memory = probe.run_by(&prober).await.seen.memory;
    }
    server.set(healthy());
    for (days, findings) in [
        (0, vec![Code::AuthOpened]),
        (6, vec![Code::AuthOpened]),
        (2, vec![]),
    ] {
        clock.advance(Duration::from_millis(days * DAY_MS.unsigned_abs()));
        let checked = probe.run_by(&prober).await;
        checked.is_up();
        assert_eq!(checked.findings(), findings);
        probe.target.memory = checked.seen.memory;
    }
}

#[tokio::test]
async fn credentials_that_worked_and_work_no_more_have_expired() {
    let server = FakeMcp::start(healthy().bearer("t0ken")).unwrap();
    let mut probe = Probe::of(&server.url()).bearer("t0ken");
    let prober = probe.prober();
    let refusing = healthy()
        .bearer("other")
        .challenge(r#"Bearer error="invalid_token", error_description="The token expired.""#);
    server.set(refusing.clone());
    probe.run_by(&prober).await.is(Down, Code::AuthInvalid);
    server.set(healthy().bearer("t0ken"));
    let good = probe.run_by(&prober).await;
    good.is_up();
    probe.target.memory = good.seen.memory;
    server.set(refusing);
    let checked = probe.run_by(&prober).await;
    checked.is(Down, Code::AuthExpired);
    let message = checked.verdict.failure.unwrap().message;
    assert!(message.ends_with("(401): The token expired."), "{message}");
}

/// A JWT that nobody signed, which says that it ends then.
fn jwt(end: At) -> String {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let claims = json!({ "sub": "probe", "exp": end.0 / 1_000 });
    format!(
        "{}.{}.c2ln",
        encode(r#"{"alg":"none"}"#.to_owned()),
        encode(claims.to_string())
    )
}

#[tokio::test]
async fn the_end_of_a_token_that_tells_it_is_told_three_days_before() {
    let now = At(1_795_675_260_000);
    let clock = Clock::manual(now);
    for (days, findings) in [(4, vec![]), (2, vec![Code::CredentialExpiring])] {
        let token = jwt(At(now.0 + days * DAY_MS));
        let server = FakeMcp::start(healthy().bearer(&token)).unwrap();
        let checked = Probe::of(&server.url())
            .clock(&clock)
            .bearer(&token)
            .run()
            .await;
        checked.is_up();
        assert_eq!(checked.findings(), findings);
        assert!(checked.report.credential_expires_at.is_some());
        assert!(
            !serde_json::to_string(&checked.report)
                .unwrap()
                .contains(&token)
        );
    }
}

#[tokio::test]
async fn walls_of_other_kinds_have_their_own_words() {
    let (checked, _server) = check(rpc_error(-32001, "Unauthorized: log in first")).await;
    checked.is(Up, Code::AuthInJsonrpc);
    assert!(checked.verdict.gated);
    let (checked, _server) = check(redirect(302, "/login")).await;
    checked.is(Degraded, Code::AuthRedirect);
    let server = FakeMcp::start(redirect(302, "/login")).unwrap();
    let checked = Probe::of(&server.url()).bearer("t0ken").run().await;
    checked.is(Down, Code::AuthRedirect);
    let broken = status(400).header("WWW-Authenticate", "Bearer error=\"invalid_request\"");
    let server = FakeMcp::start(broken).unwrap();
    let checked = Probe::of(&server.url()).bearer("t0ken").run().await;
    checked.is(Down, Code::AuthInvalid);
    let message = checked.verdict.failure.unwrap().message;
    assert!(message.contains("line breaks"), "{message}");
    let flaky = healthy().on("tools/list", needs_auth());
    let server = FakeMcp::start(flaky).unwrap();
    let checked = Probe::of(&server.url()).bearer("t0ken").run().await;
    assert_eq!(
        (checked.verdict.status, checked.code()),
        (Down, Some(Code::AuthFlaky))
    );
}

#[tokio::test]
async fn one_authorization_server_that_can_be_used_is_enough() {
    let named = |issuers: Value| Login::good().resource("authorization_servers", issuers);
    let checked = check_login(named(json!([
        "http://127.0.0.1:1",
        "{{origin}}",
        "no address"
    ])))
    .await;
    checked.is(Up, Code::AuthRequired);
    let broken = Code::AuthMetadataBroken;
    assert_eq!(checked.findings(), [broken, broken]);
    let message = &checked.verdict.findings[0].message;
    assert!(message.contains("127.0.0.1:1 cannot be used"), "{message}");
    let chain = checked.report.login.unwrap();
    assert!(!chain.is_broken() && chain.token_endpoint.is_some());
    let checked = check_login(named(json!(["no address", "http://127.0.0.1:1"]))).await;
    checked.is(Degraded, Code::AuthMetadataBroken);
    assert_eq!(checked.findings(), [Code::AuthRequired]);
}

#[tokio::test]
async fn no_more_than_four_authorization_servers_are_looked_at() {
    let tenants = ["/a", "/b", "/b", "/c", "/d", ""].map(|path| format!("{{{{origin}}}}{path}"));
    let login = Login::good().resource("authorization_servers", json!(tenants));
    let (checked, server) = check(walled(login)).await;
    checked.is(Degraded, Code::AuthMetadataBroken);
    let looked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|one| one.path)
        .filter(|target| target.starts_with(ISSUER))
        .collect();
    assert_eq!(
        looked,
        ["/a", "/b", "/c", "/d"].map(|path| format!("{ISSUER}{path}"))
    );
}
