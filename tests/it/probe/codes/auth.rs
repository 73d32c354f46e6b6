//! Walls and credentials.

use fake_mcp::{
    Login, Reply, forbidden, healthy, needs_auth, needs_auth_opaque, rpc_error, status,
};
use lifesign::domain::client_credentials::{ClientCredentials, ClientWords};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::{AccessMemory, ProbeMemory, ServerFacts};
use serde_json::{Value, json};

use super::LeadsTo::{Degraded, Down, Finding, Gated};
use super::{Row, row, script, with};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const ISSUER: &str = "/.well-known/oauth-authorization-server";
/// A token that says that it has expired long ago.
const OLD: &str = "e30.eyJleHAiOjF9.c2ln";

fn resource(member: &str, value: Value) -> Reply {
    needs_auth().login(Login::good().resource(member, value))
}

fn issuer(member: &str, value: Value) -> Reply {
    needs_auth().login(Login::good().issuer(member, value))
}

fn remembering(access: AccessMemory, version: Option<&str>) -> ProbeMemory {
    ProbeMemory {
        access,
        facts: ServerFacts {
            version: version.map(str::to_owned),
            ..ServerFacts::default()
        },
        ..ProbeMemory::default()
    }
}

fn logins() -> Vec<Row> {
    let at = |path: &str, reply: Reply| script(needs_auth().login(Login::good().at(path, reply)));
    let pkce = "code_challenge_methods_supported";
    vec![
        row(Code::AuthMetadataBroken, Degraded, at(ISSUER, status(404))),
        row(Code::AuthAsUnreachable, Degraded, at(ISSUER, status(502))),
        row(
            Code::AuthAsUnreachable,
            Finding,
            script(resource(
                "authorization_servers",
                json!(["https://10.0.0.1"]),
            )),
        ),
        row(
            Code::AuthResourceMismatch,
            Degraded,
            script(resource("resource", json!("https://other.example/mcp"))),
        ),
        row(
            Code::AuthIssuerMismatch,
            Degraded,
            script(issuer("issuer", json!("https://other.example"))),
        ),
        row(
            Code::AuthIssuerMismatch,
            Finding,
            script(issuer("issuer", json!("{{origin}}/"))),
        ),
        row(
            Code::AuthPkceMissing,
            Degraded,
            script(issuer(pkce, Value::Null)),
        ),
        row(
            Code::AuthLegacyAsRoot,
            Finding,
            script(
                needs_auth()
                    .login(Login::good().at(RESOURCE, status(404)))
                    .challenge("Bearer"),
            ),
        ),
        row(
            Code::WwwAuthenticate,
            Finding,
            with(needs_auth().challenge(""), |p| {
                p.memory(remembering(AccessMemory::default(), Some("2025-06-18")))
            }),
        ),
        row(
            Code::PrmResource,
            Finding,
            script(resource("resource", json!("{{origin}}"))),
        ),
        row(
            Code::PrmBearerMethods,
            Finding,
            script(resource("bearer_methods_supported", json!(["body"]))),
        ),
        row(
            Code::PrmScopes,
            Finding,
            script(resource("scopes_supported", json!(["offline_access"]))),
        ),
        row(
            Code::AsRegistration,
            Finding,
            script(issuer("registration_endpoint", Value::Null)),
        ),
    ]
}

pub(super) fn rows() -> Vec<Row> {
    let basic = "Basic realm=\"x\"";
    let mut rows = logins();
    rows.extend([
        row(Code::AuthRequired, Gated, script(needs_auth())),
        row(Code::AuthRequiredOpaque, Gated, script(needs_auth_opaque())),
        row(
            Code::AuthNonBearer,
            Gated,
            script(needs_auth().challenge(basic)),
        ),
        row(
            Code::AuthInvalid,
            Down,
            with(healthy().bearer("right"), |p| p.bearer("wrong")),
        ),
        row(
            Code::AuthInsufficientScope,
            Degraded,
            with(forbidden(), |p| p.bearer("token")),
        ),
        row(
            Code::AuthFlaky,
            Down,
            with(healthy().on("tools/list", needs_auth()), |p| {
                p.bearer("token")
            }),
        ),
        row(
            Code::AuthInJsonrpc,
            Gated,
            script(rpc_error(-32001, "Unauthorized")),
        ),
        row(
            Code::AuthExpired,
            Down,
            with(
                healthy()
                    .bearer("right")
                    .challenge("Bearer error=\"invalid_token\""),
                |p| {
                    let access = AccessMemory {
                        accepted: true,
                        ..AccessMemory::default()
                    };
                    p.bearer("wrong").memory(remembering(access, None))
                },
            ),
        ),
        row(
            Code::AuthOpened,
            Finding,
            with(healthy(), |p| {
                let access = AccessMemory {
                    walled: 3,
                    ..AccessMemory::default()
                };
                p.memory(remembering(access, None))
            }),
        ),
        row(
            Code::CredentialExpiring,
            Finding,
            with(healthy().bearer(OLD), |p| p.bearer(OLD)),
        ),
        row(
            Code::AuthTokenEndpointFailed,
            Degraded,
            with(healthy().bearer("right"), |p| {
                let words = ClientWords {
                    client_id: "nobody",
                    secret: "nothing",
                    ..ClientWords::default()
                };
                p.oauth(ClientCredentials::read(words, None).unwrap())
            }),
        ),
    ]);
    rows
}
