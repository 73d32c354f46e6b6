//! The credentials of a machine: a client that an authorization server knows (RFC 6749 §4.4),
//! with a secret or with a key that signs (RFC 7523).
//!
//! They belong to one issuer and are never sent to another one. Whether a key can be used is said
//! by whoever signs, not here.

use url::{Host, Url};

use super::monitor::FieldError;
use super::sensitive::Sensitive;

/// Longest client id, in characters.
const MAX_CLIENT_ID: usize = 512;
/// Longest secret, in bytes.
const MAX_SECRET: usize = 4_096;
/// Longest key, in bytes.
const MAX_KEY: usize = 16_384;
/// Longest scope, in characters.
const MAX_SCOPE: usize = 1_000;

/// What the client proves itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKey {
    /// A secret that it shares with the authorization server.
    Secret(Sensitive),
    /// A private key (PEM): RSA for RS256, P-256 for ES256.
    PrivateKey(Sensitive),
}

/// A client that an authorization server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Its id.
    pub client_id: String,
    /// What it proves itself with.
    pub key: ClientKey,
    /// The scope to ask for; what the server names when not given.
    pub scope: Option<String>,
    /// The issuer that it belongs to; the one that the server names first when not given.
    pub issuer: Option<String>,
}

/// What people say of a client; empty means not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientWords<'a> {
    /// Its id.
    pub client_id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// Its private key.
    pub private_key: &'a str,
    /// The scope to ask for.
    pub scope: &'a str,
    /// The issuer.
    pub issuer: &'a str,
}

impl ClientCredentials {
    /// Reads what people say; every fault by its field. `known` is what was before: its key stays when
    /// neither secret nor key is given, unless it belongs to another issuer.
    pub fn read(words: ClientWords<'_>, known: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        let is_same = |known: &&Self| known.issuer.as_deref().unwrap_or("") == words.issuer.trim();
        let kept = known.filter(is_same).map(|known| &known.key);
        let mut faults = Vec::new();
        let mut refuse = |field, message: &str| faults.push(FieldError::new(field, message));
        let client_id = words.client_id.trim();
        let is_bad = |text: &str| text.chars().any(char::is_control);
        if client_id.is_empty() || client_id.chars().count() > MAX_CLIENT_ID || is_bad(client_id) {
            refuse(
                "oauth.client_id",
                "is required: the id that the authorization server gave to this client",
            );
        }
        let (secret, pem) = (words.secret.trim(), words.private_key.trim());
        let key = match (secret.is_empty(), pem.is_empty(), kept) {
            (false, false, _) => {
                refuse("oauth.private_key", "there is a secret already; keep one");
                None
            }
            (false, true, _) if secret.len() > MAX_SECRET || is_bad(secret) => {
                refuse(
                    "oauth.client_secret",
                    "contains a line break, or is too long",
                );
                None
            }
            (false, true, _) => Some(ClientKey::Secret(Sensitive::new(secret))),
            (true, false, _) if pem.len() > MAX_KEY || !pem.contains("PRIVATE KEY-----") => {
                refuse(
                    "oauth.private_key",
                    "must be a private key as PEM: -----BEGIN PRIVATE KEY-----",
                );
                None
            }
            (true, false, _) => Some(ClientKey::PrivateKey(Sensitive::new(pem))),
            (true, true, Some(kept)) => Some(kept.clone()),
            (true, true, None) => {
                refuse("oauth.client_secret", "is required, or a private key");
                None
            }
        };
        let scope = words.scope.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_scope = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        if scope.chars().count() > MAX_SCOPE || !scope.chars().all(is_scope) {
            refuse("oauth.scope", "must be words of ASCII, separated by spaces");
        }
        let issuer = words.issuer.trim();
        if !issuer.is_empty() && !is_issuer(issuer) {
            refuse(
                "oauth.issuer",
                "must be the https:// address of the authorization server, without query",
            );
        }
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match key {
            Some(key) if faults.is_empty() => Ok(Self {
                client_id: client_id.to_owned(),
                key,
                scope: given(&scope),
                issuer: given(issuer),
            }),
            _ => Err(faults),
        }
    }

    /// How it proves itself, in the words of the API.
    pub fn method(&self) -> &'static str {
        match self.key {
            ClientKey::Secret(_) => "client_secret",
            ClientKey::PrivateKey(_) => "private_key_jwt",
        }
    }
}

fn is_issuer(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let is_plain = url.query().is_none() && url.fragment().is_none();
        is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_own_machine(&url))
    })
}

/// Whether an address names the machine that it is used on: the one place where OAuth needs no
/// encryption, because nothing leaves it (RFC 8252 §8.3).
pub fn is_own_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_client_is_named_by_its_field() {
        for (words, field) in [
            (ClientWords::default(), "oauth.client_id"),
            (
                ClientWords {
                    client_id: "a",
                    ..ClientWords::default()
                },
                "oauth.client_secret",
            ),
            (
                ClientWords {
                    client_id: "a",
                    private_key: "not a key",
                    ..ClientWords::default()
                },
                "oauth.private_key",
            ),
            (
                ClientWords {
                    client_id: "a",
                    secret: "s",
                    scope: "späti",
                    ..ClientWords::default()
                },
                "oauth.scope",
            ),
            (
                ClientWords {
                    client_id: "a",
                    secret: "s",
                    issuer: "http://as.example",
                    ..ClientWords::default()
                },
                "oauth.issuer",
            ),
        ] {
            let faults = ClientCredentials::read(words, None).unwrap_err();
            assert!(
                faults.iter().any(|fault| fault.field == field),
                "{faults:?}"
            );
        }
        let words = ClientWords {
            client_id: "a",
            scope: " x  y ",
            issuer: "http://127.0.0.1:9/",
            ..ClientWords::default()
        };
        let known = ClientWords {
            secret: "s",
            ..words
        };
        let known = ClientCredentials::read(known, None).unwrap();
        let read = ClientCredentials::read(words, Some(&known)).unwrap();
        assert_eq!(
            (&read.key, read.scope.as_deref()),
            (&known.key, Some("x y"))
        );
        for issuer in ["", "https://other.example"] {
            let moved = ClientWords { issuer, ..words };
            let faults = ClientCredentials::read(moved, Some(&known)).unwrap_err();
            assert_eq!(faults[0].field, "oauth.client_secret", "{issuer:?}");
        }
    }
}
