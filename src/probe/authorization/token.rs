//! Tokens for the credentials of a machine (RFC 6749 §4.4, RFC 7523): asked for, kept until they
//! end, asked for again.
//!
//! Kept in memory only. What proves who we are goes to the token endpoint of the issuer that it
//! belongs to, over an encrypted connection, and nowhere else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::assertion::AssertionKey;
use super::documents::{address, is_secure};
use super::errand::Errand;
use crate::clock::Ids;
use crate::domain::at::At;
use crate::domain::client_credentials::{ClientCredentials, ClientKey};
use crate::domain::login::{LoginChain, LoginFault, TokenTrouble};
use crate::domain::monitor::Endpoint;
use crate::domain::observation::{Outcome, StepName};
use crate::domain::sensitive::Sensitive;
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::probe::visit::Visit;

/// For one token.
const BUDGET: Duration = Duration::from_secs(10);
/// How long before its end a token is renewed, in seconds.
const EARLY: i64 = 60;
/// How long a token is used that does not say when it ends, in seconds.
const UNSAID: i64 = 300;
/// Refusals in a row after which a client asks less often.
const REFUSED: u8 = 3;
/// How long it waits then.
const REFUSED_MS: i64 = 300_000;
/// Longest time that a token is believed to last, in seconds.
const MAX_SECONDS: i64 = 86_400;
/// Longest token, in bytes.
const MAX_TOKEN: usize = 16_384;
/// Most tokens that are kept.
const MAX_TOKENS: usize = 50_000;
/// What an authorization server takes that does not say what it takes (RFC 8414 §2).
const DEFAULT_METHOD: &str = "client_secret_basic";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The tokens that are still good, by whose they are.
#[derive(Default)]
pub(in crate::probe) struct Tokens(Mutex<HashMap<[u8; 32], Kept>>);

struct Kept {
    /// The token, or how often in a row it was refused and how.
    got: Result<Sensitive, (u8, TokenTrouble)>,
    until: At,
}

impl Tokens {
    /// The token for these credentials at this endpoint, if there is a good one.
    pub(super) fn get(&self, endpoint: &Endpoint, now: At) -> Option<Sensitive> {
        let key = key(endpoint)?;
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&key).filter(|kept| now < kept.until)?;
        kept.got.as_ref().ok().cloned()
    }

    /// Forgets it.
    pub(super) fn drop(&self, endpoint: &Endpoint) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = key(endpoint)
            && tokens.get(&key).is_some_and(|kept| kept.got.is_ok())
        {
            tokens.remove(&key);
        }
    }

    /// The refusal that still stands: a client that was refused again and again asks less often.
    fn refusal(&self, endpoint: &Endpoint, now: At) -> Option<TokenTrouble> {
        let key = key(endpoint)?;
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&key).filter(|kept| now < kept.until)?;
        let (times, trouble) = kept.got.as_ref().err()?;
        (*times >= REFUSED).then(|| trouble.clone())
    }

    fn refused(&self, endpoint: &Endpoint, trouble: &TokenTrouble, now: At) {
        let Some(key) = key(endpoint) else { return };
        let before = {
            let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = tokens.get(&key).and_then(|kept| kept.got.as_ref().err());
            kept.map_or(0, |(times, _)| *times)
        };
        let got = Err((before.saturating_add(1), trouble.clone()));
        self.put(
            key,
            Kept {
                got,
                until: At(now.0 + REFUSED_MS),
            },
            now,
        );
    }

    fn keep(&self, endpoint: &Endpoint, token: &Sensitive, until: At, now: At) {
        let Some(key) = key(endpoint) else { return };
        self.put(
            key,
            Kept {
                got: Ok(token.clone()),
                until,
            },
            now,
        );
    }

    fn put(&self, key: [u8; 32], kept: Kept, now: At) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.retain(|_, kept| now < kept.until);
        }
        if tokens.len() < MAX_TOKENS {
            tokens.insert(key, kept);
        }
    }
}

/// Whose a token is: an address and everything that the credentials for it say.
fn key(endpoint: &Endpoint) -> Option<[u8; 32]> {
    let client = endpoint.oauth.as_ref()?;
    let (ClientKey::Secret(secret) | ClientKey::PrivateKey(secret)) = &client.key;
    let parts = [
        endpoint.url.as_str(),
        &client.client_id,
        secret.expose(),
        client.scope.as_deref().unwrap_or_default(),
        client.issuer.as_deref().unwrap_or_default(),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    Some(digest.finalize().into())
}

/// Gets a fresh token by the way that `chain` describes.
pub(super) async fn get(
    visit: &mut Visit<'_>,
    endpoint: &Endpoint,
    client: &ClientCredentials,
    chain: &LoginChain,
) -> Result<Sensitive, TokenTrouble> {
    let now = visit.now();
    if let Some(trouble) = visit.parts.tokens.refusal(endpoint, now) {
        return Err(trouble);
    }
    let step = visit.notes.at;
    visit.notes.begin(StepName::Authorization);
    let got = ask(visit, endpoint, client, chain).await;
    let (outcome, detail) = match &got {
        Ok(_) => (Outcome::Ok, "token"),
        Err(_) => (Outcome::Failed, "no token"),
    };
    let from = chain.issuer.as_deref().unwrap_or("nobody");
    visit
        .notes
        .end(outcome, Some(format!("{detail} from {from}")));
    visit.notes.at = step;
    if let Err(trouble @ TokenTrouble::Refused { .. }) = &got {
        visit.parts.tokens.refused(endpoint, trouble, now);
    }
    got
}

async fn ask(
    visit: &mut Visit<'_>,
    endpoint: &Endpoint,
    client: &ClientCredentials,
    chain: &LoginChain,
) -> Result<Sensitive, TokenTrouble> {
    let (url, issuer) = way(endpoint, client, chain, visit)?;
    let now = visit.now();
    let proof = proof(client, chain, issuer, now)?;
    let (ClientKey::Secret(secret) | ClientKey::PrivateKey(secret)) = &client.key;
    visit.veil.hide(secret.expose());
    // From here on they belong to this issuer, whatever it answers.
    visit.notes.seen.memory.access.issuer = Some(issuer.to_owned());
    let mut form = vec![("grant_type", "client_credentials".to_owned())];
    form.push(("resource", resource(endpoint, chain)));
    let wanted = client.scope.clone().or_else(|| chain.wanted_scope.clone());
    let named = (!chain.scopes.is_empty()).then(|| chain.scopes.join(" "));
    form.extend(wanted.or(named).map(|scope| ("scope", scope)));
    let mut shown = form.clone();
    for (name, value, is_secret) in proof.fields {
        let veiled = if is_secret { "[secret]" } else { &value };
        shown.push((name, veiled.to_owned()));
        form.push((name, value));
    }
    let written =
        |fields: &[(&str, String)]| Serializer::new(String::new()).extend_pairs(fields).finish();
    let shown = shown.iter().map(|(name, value)| format!("{name}={value}"));
    let shown = shown.collect::<Vec<_>>().join("&");
    let mut errand = Errand::new(visit, BUDGET);
    let answer = errand
        .form(&url, proof.header, written(&form), &shown)
        .await;
    errand.end().await;
    let (status, body) = answer.map_err(|why| TokenTrouble::Unreachable { why })?;
    let (token, seconds) = read(status, &body)?;
    let until = At(now.0 + (seconds - EARLY).max(0) * 1_000);
    visit.parts.tokens.keep(endpoint, &token, until, now);
    Ok(token)
}

/// The token endpoint and its issuer, if our credentials may go there.
fn way<'c>(
    endpoint: &Endpoint,
    client: &ClientCredentials,
    chain: &'c LoginChain,
    visit: &Visit<'_>,
) -> Result<(Url, &'c str), TokenTrouble> {
    let no_way = |why: &str| TokenTrouble::NoWay {
        why: why.to_owned(),
    };
    let Some(issuer) = chain.issuer.as_deref() else {
        return Err(no_way("the server names no authorization server"));
    };
    let bound = client
        .issuer
        .as_deref()
        .or(visit.notes.seen.memory.access.issuer.as_deref());
    if let Some(bound) = bound
        && bound.trim_end_matches('/') != issuer.trim_end_matches('/')
    {
        return Err(TokenTrouble::OtherIssuer {
            bound: bound.to_owned(),
            named: issuer.to_owned(),
        });
    }
    for fault in &chain.faults {
        match fault {
            LoginFault::IssuerMismatch {
                only_slash: false, ..
            } => {
                return Err(no_way(
                    "the authorization server says that it is another one",
                ));
            }
            LoginFault::ResourceMismatch { .. } => {
                return Err(no_way("the metadata is for another resource"));
            }
            LoginFault::Unreachable { url, why } => {
                return Err(no_way(&format!("{url} {why}")));
            }
            _ => {}
        }
    }
    let url = chain.token_endpoint.as_deref().and_then(address);
    match url.filter(|url| is_secure(url, endpoint.url.url())) {
        Some(url) => Ok((url, issuer)),
        None => Err(no_way("no token endpoint can be found")),
    }
}

/// How the client shows who it is: a header, or fields of the form and whether they are secret.
struct Proof {
    header: Option<HeaderValue>,
    fields: Vec<(&'static str, String, bool)>,
}

fn proof(
    client: &ClientCredentials,
    chain: &LoginChain,
    issuer: &str,
    now: At,
) -> Result<Proof, TokenTrouble> {
    let default = [DEFAULT_METHOD.to_owned()];
    let offered = chain.token_methods.as_deref().unwrap_or(&default);
    let offers = |method: &str| offered.iter().any(|offered| offered == method);
    let not_offered = |wanted: &str, offered: &[String]| TokenTrouble::MethodNotOffered {
        wanted: wanted.to_owned(),
        offered: offered.to_vec(),
    };
    match &client.key {
        ClientKey::Secret(secret) if offers("client_secret_basic") => {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&client.client_id), encode(secret.expose()));
            let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok();
            if let Some(header) = &mut header {
                header.set_sensitive(true);
            }
            Ok(Proof {
                header,
                fields: Vec::new(),
            })
        }
        ClientKey::Secret(secret) if offers("client_secret_post") => Ok(Proof {
            header: None,
            fields: vec![
                ("client_id", client.client_id.clone(), false),
                ("client_secret", secret.expose().to_owned(), true),
            ],
        }),
        ClientKey::Secret(_) => Err(not_offered("a client secret", offered)),
        ClientKey::PrivateKey(_) if !offers("private_key_jwt") => {
            Err(not_offered("private_key_jwt", offered))
        }
        ClientKey::PrivateKey(pem) => {
            let key = AssertionKey::read(pem.expose()).map_err(|why| TokenTrouble::Key { why })?;
            if let Some(algorithms) = &chain.token_algorithms
                && !algorithms
                    .iter()
                    .any(|algorithm| algorithm == key.algorithm)
            {
                return Err(not_offered(key.algorithm, algorithms));
            }
            let id = Ids::random().next();
            let Some(assertion) = key.assertion(&client.client_id, issuer, now, id) else {
                return Err(TokenTrouble::Key {
                    why: "the private key does not sign".to_owned(),
                });
            };
            Ok(Proof {
                header: None,
                fields: vec![
                    ("client_assertion_type", ASSERTION.to_owned(), false),
                    ("client_assertion", assertion, true),
                ],
            })
        }
    }
}

/// What the token is to be for: what the metadata calls the resource, or the address without its
/// query.
fn resource(endpoint: &Endpoint, chain: &LoginChain) -> String {
    chain.resource.clone().unwrap_or_else(|| {
        let mut url = endpoint.url.url().clone();
        url.set_query(None);
        url.into()
    })
}

/// The token in an answer and the seconds that it lasts.
fn read(status: u16, body: &[u8]) -> Result<(Sensitive, i64), TokenTrouble> {
    let malformed = |why: &str| TokenTrouble::Malformed {
        why: why.to_owned(),
    };
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let text = |member: &str| document.as_ref()?.get(member)?.as_str();
    if !(200..300).contains(&status) {
        let said = [text("error"), text("error_description")];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
        return Err(TokenTrouble::Refused {
            status,
            said: line(&said, MAX_QUOTE),
        });
    }
    let Some(token) = text("access_token") else {
        return Err(malformed("holds no access_token"));
    };
    if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed("holds a token that fits into no header"));
    }
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(malformed("holds a token that is no bearer token"));
    }
    let seconds = document.as_ref().and_then(|all| all.get("expires_in"));
    let seconds =
        seconds.and_then(|seconds| seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok()));
    let seconds = seconds.unwrap_or(UNSAID).clamp(0, MAX_SECONDS);
    Ok((Sensitive::new(token), seconds))
}
