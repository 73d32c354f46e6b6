//! Machines that get their own tokens: OAuth client credentials with a secret and with a key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_mcp::{FakeMcp, Login, Recorded, Reply, healthy, status};
use lifesign::clock::Clock;
use lifesign::domain::at::At;
use lifesign::domain::client_credentials::{ClientCredentials, ClientWords};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Up};
use rcgen::KeyPair;
use rustls::pki_types::{SignatureVerificationAlgorithm, alg_id};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Probe;

const SECRET: &str = "client-s3cret";
const TOKEN: &str = "issued-token-1";

fn with_secret() -> ClientCredentials {
    client(ClientWords {
        client_id: "probe",
        secret: SECRET,
        ..ClientWords::default()
    })
}

fn client(words: ClientWords<'_>) -> ClientCredentials {
    ClientCredentials::read(words, None).unwrap()
}

fn login() -> Login {
    Login::good().client("probe", SECRET).token(TOKEN)
}

fn server(login: Login) -> Reply {
    healthy().bearer(TOKEN).login(login)
}

fn tokens_asked(server: &FakeMcp) -> Vec<Recorded> {
    let all = server.requests().into_iter();
    all.filter(|request| request.path == "/token").collect()
}

fn field(request: &Recorded, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(&request.body);
    fields
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_client_with_a_secret_logs_in_as_the_server_wants_it() {
    let methods = |list: Value| login().issuer("token_endpoint_auth_methods_supported", list);
    for (login, is_basic) in [
        (login(), true),
        (methods(Value::Null), true),
        (methods(json!(["client_secret_post"])), false),
    ] {
        let fake = FakeMcp::start(server(login)).unwrap();
        let checked = Probe::of(&fake.url()).oauth(with_secret()).run().await;
        checked.is_up();
        assert_eq!(checked.findings(), []);
        let hello = fake.requests()[0].json().unwrap();
        let extensions = &hello["params"]["capabilities"]["extensions"];
        assert!(extensions["io.modelcontextprotocol/oauth-client-credentials"].is_object());
        let asked = tokens_asked(&fake);
        assert_eq!(asked.len(), 1);
        assert_eq!(field(&asked[0], "resource"), Some(fake.url()));
        assert_eq!(field(&asked[0], "scope").as_deref(), Some("tools:read"));
        assert_eq!(asked[0].header("authorization").is_some(), is_basic);
        assert_eq!(field(&asked[0], "client_secret").is_some(), !is_basic);
        assert_eq!(
            checked.report.cost.sessions_opened,
            checked.report.cost.sessions_closed
        );
    }
}

#[tokio::test]
async fn a_client_with_a_key_signs_who_it_is() {
    for (algorithm, name, verified) in [
        (
            &rcgen::PKCS_ECDSA_P256_SHA256,
            "ES256",
            alg_id::ECDSA_SHA256,
        ),
        (&rcgen::PKCS_RSA_SHA256, "RS256", alg_id::RSA_PKCS1_SHA256),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let client = client(ClientWords {
            client_id: "probe",
            private_key: &key.serialize_pem(),
            scope: "mine",
            ..ClientWords::default()
        });
        let fake = FakeMcp::start(server(login().client("probe", ""))).unwrap();
        Probe::of(&fake.url()).oauth(client).run().await.is_up();
        let asked = &tokens_asked(&fake)[0];
        assert_eq!(field(asked, "client_id"), None);
        assert_eq!(field(asked, "scope").as_deref(), Some("mine"));
        let assertion = field(asked, "client_assertion").unwrap();
        let parts: Vec<&str> = assertion.split('.').collect();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(read(parts[0])["alg"], name);
        let claims = read(parts[1]);
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!("probe"), &json!("probe"))
        );
        assert_eq!(claims["aud"], fake.url_of(""));
        assert!(claims["exp"].as_i64() > claims["iat"].as_i64() && claims["jti"].is_string());
        let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        if name == "ES256" {
            signature = der(&signature);
        }
        let signed = format!("{}.{}", parts[0], parts[1]);
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let all: Vec<&dyn SignatureVerificationAlgorithm> =
            provider.signature_verification_algorithms.all.to_vec();
        let is_verified = all
            .iter()
            .filter(|known| known.signature_alg_id() == verified)
            .any(|known| {
                let public = key.public_key_raw();
                known
                    .verify_signature(public, signed.as_bytes(), &signature)
                    .is_ok()
            });
        assert!(is_verified, "{name}");
    }
}

/// The two numbers of a signature as DER, as the verifier wants them.
fn der(both: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap();
        let mut number = bytes[start..].to_vec();
        if number[0] & 0x80 != 0 {
            number.insert(0, 0);
        }
        [&[0x02, u8::try_from(number.len()).unwrap()][..], &number].concat()
    };
    let body = [number(&both[..32]), number(&both[32..])].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

#[tokio::test]
async fn a_token_is_used_until_a_minute_before_its_end_and_shown_nowhere() {
    let clock = Clock::manual(At(1_795_675_260_000));
    let fake = FakeMcp::start(server(login().expires_in(180))).unwrap();
    let mut probe = Probe::of(&fake.url()).clock(&clock).oauth(with_secret());
    let prober = probe.prober();
    for (wait, asked) in [(0, 1), (60, 1), (59, 1), (2, 2), (30, 2)] {
        clock.advance(Duration::from_secs(wait));
        let checked = probe.run_by(&prober).await;
        checked.is_up();
        assert_eq!(tokens_asked(&fake).len(), asked, "after {wait} s more");
        for told in [
            serde_json::to_string(&checked.report).unwrap(),
            serde_json::to_string(&checked.seen.memory).unwrap(),
        ] {
            assert!(!told.contains(TOKEN) && !told.contains(SECRET), "{told}");
        }
        probe.target.memory = checked.seen.memory;
    }
    // The steady state costs what a check without a login costs.
    fake.forget_requests();
    probe.run_by(&prober).await.is_up();
    assert_eq!(
        fake.asked(),
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "DELETE"
        ]
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let fake = FakeMcp::start(server(login())).unwrap();
    let mut probe = Probe::of(&fake.url()).oauth(with_secret());
    let prober = probe.prober();
    probe.target.memory = probe.run_by(&prober).await.seen.memory;
    let renewed = "issued-token-2";
    fake.set(healthy().bearer(renewed).login(login().token(renewed)));
    let checked = probe.run_by(&prober).await;
    checked.is_up();
    assert_eq!(tokens_asked(&fake).len(), 2);
    probe.target.memory = checked.seen.memory;
    // A new one is refused, too: no third.
    fake.set(healthy().bearer("nobody has this").login(login()));
    probe.run_by(&prober).await.is(Down, Code::AuthInvalid);
    assert_eq!(tokens_asked(&fake).len(), 3);
}

#[tokio::test]
async fn trouble_with_the_token_is_not_trouble_of_the_server() {
    let basic_only = json!(["client_secret_basic"]);
    let key = KeyPair::generate().unwrap().serialize_pem();
    let with_key = client(ClientWords {
        client_id: "probe",
        private_key: &key,
        ..ClientWords::default()
    });
    for (login, client, part) in [
        (
            login().client("other", SECRET),
            with_secret(),
            "invalid_client",
        ),
        (login().at("/token", status(500)), with_secret(), "(500)"),
        (
            login().issuer("token_endpoint_auth_methods_supported", basic_only),
            with_key,
            "private_key_jwt",
        ),
        (
            login().issuer("token_endpoint", Value::Null),
            with_secret(),
            "no token endpoint",
        ),
    ] {
        let fake = FakeMcp::start(server(login)).unwrap();
        let checked = Probe::of(&fake.url()).oauth(client).run().await;
        let failure = checked.verdict.failure.as_ref();
        let primary = failure.filter(|f| f.code == Code::AuthTokenEndpointFailed);
        let mut findings = checked.verdict.findings.iter();
        let finding = findings.find(|f| f.code == Code::AuthTokenEndpointFailed);
        let told = primary.map(|f| &f.message).or(finding.map(|f| &f.message));
        assert_eq!(checked.verdict.status, Degraded);
        assert!(told.unwrap().contains(part), "{told:?}");
        let told = serde_json::to_string(&checked.report).unwrap();
        assert!(!told.contains(SECRET), "{told}");
    }
}

#[tokio::test]
async fn a_secret_is_for_its_issuer_and_for_no_other() {
    // Named in the credentials.
    let fake = FakeMcp::start(server(login())).unwrap();
    let bound = client(ClientWords {
        client_id: "probe",
        secret: SECRET,
        issuer: "https://as.example",
        ..ClientWords::default()
    });
    let checked = Probe::of(&fake.url()).oauth(bound).run().await;
    checked.is(Degraded, Code::AuthIssuerMismatch);
    assert_eq!(tokens_asked(&fake).len(), 0);
    // Named by the server first, and another one later.
    let clock = Clock::manual(At(1_795_675_260_000));
    let mut probe = Probe::of(&fake.url()).clock(&clock).oauth(with_secret());
    let first = probe.run_by(&probe.prober()).await;
    first.is_up();
    probe.target.memory = first.seen.memory;
    let thief = FakeMcp::start(server(login())).unwrap();
    let elsewhere = json!([thief.url_of("")]);
    clock.advance(Duration::from_secs(3_601));
    fake.set(server(login().resource("authorization_servers", elsewhere)));
    let checked = probe.run_by(&probe.prober()).await;
    checked.is(Degraded, Code::AuthIssuerMismatch);
    assert_eq!(tokens_asked(&thief).len(), 0);
}

#[tokio::test]
async fn an_open_server_is_not_logged_in_to() {
    let fake = FakeMcp::start(healthy()).unwrap();
    let checked = Probe::of(&fake.url()).oauth(with_secret()).run().await;
    checked.is_up();
    assert_eq!(checked.verdict.status, Up);
    assert_eq!(tokens_asked(&fake).len(), 0);
}

#[tokio::test]
async fn a_client_that_is_refused_again_and_again_asks_less_often() {
    let clock = Clock::manual(At(1_795_675_260_000));
    let fake = FakeMcp::start(server(login().client("other", SECRET))).unwrap();
    let mut probe = Probe::of(&fake.url()).clock(&clock).oauth(with_secret());
    let prober = probe.prober();
    for (wait, asked) in [(0, 1), (5, 2), (10, 3), (60, 3), (60, 3), (180, 4)] {
        clock.advance(Duration::from_secs(wait));
        let checked = probe.run_by(&prober).await;
        checked.is(Degraded, Code::AuthTokenEndpointFailed);
        assert_eq!(tokens_asked(&fake).len(), asked, "after {wait} s more");
        probe.target.memory = checked.seen.memory;
    }
}
