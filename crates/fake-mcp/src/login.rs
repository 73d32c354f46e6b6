//! The way to a login behind a wall: metadata of the resource and of its authorization server, and
//! the token endpoint (RFC 9728, RFC 8414, RFC 6749 §4.4).
//!
//! A good one unless told otherwise. Every member of the documents can be changed or taken away,
//! every address can answer something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};

use crate::exchange::Asked;
use crate::reply::Reply;
use crate::vocabulary::{body, status};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const ISSUER: &str = "/.well-known/oauth-authorization-server";
const TOKEN: &str = "/token";

/// The documents on the way to a login. `{{origin}}` in a text becomes the origin of the server.
#[derive(Debug, Clone)]
#[must_use]
pub struct Login {
    resource: Value,
    issuer: Value,
    replies: Vec<(String, Reply)>,
    client: Option<(String, String)>,
    token: String,
    expires_in: Option<u64>,
}

impl Login {
    /// A server that is its own authorization server and does everything as it should.
    pub fn good() -> Self {
        Self {
            resource: json!({
                "resource": "{{origin}}{{path}}",
                "authorization_servers": ["{{origin}}"],
                "scopes_supported": ["tools:read"],
                "bearer_methods_supported": ["header"],
            }),
            issuer: json!({
                "issuer": "{{origin}}",
                "authorization_endpoint": "{{origin}}/authorize",
                "token_endpoint": "{{origin}}/token",
                "registration_endpoint": "{{origin}}/register",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported":
                    ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
            }),
            replies: Vec::new(),
            client: None,
            token: "fake-token-0".to_owned(),
            expires_in: Some(3_600),
        }
    }

    /// Changes a member of the metadata of the resource; null takes it away.
    pub fn resource(mut self, member: &str, value: Value) -> Self {
        set(&mut self.resource, member, value);
        self
    }

    /// Changes a member of the metadata of the authorization server; null takes it away.
    pub fn issuer(mut self, member: &str, value: Value) -> Self {
        set(&mut self.issuer, member, value);
        self
    }

    /// This path answers `reply`.
    pub fn at(mut self, path: &str, reply: Reply) -> Self {
        self.replies.push((path.to_owned(), reply));
        self
    }

    /// The token endpoint knows this client; an empty secret for one that signs.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        self.client = Some((id.to_owned(), secret.to_owned()));
        self
    }

    /// The token that it gives out.
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// How long its tokens last, in seconds.
    pub fn expires_in(mut self, seconds: u64) -> Self {
        self.expires_in = Some(seconds);
        self
    }

    /// The reply to a request on the way to a login; none for any other.
    pub(crate) fn reply(&self, asked: &Asked, origin: &str) -> Option<Reply> {
        if let Some((_, reply)) = self.replies.iter().find(|(path, _)| *path == asked.path) {
            return Some(reply.clone());
        }
        let document = |value: &Value, path: &str| {
            let text = value.to_string();
            let text = text.replace("{{origin}}", origin).replace("{{path}}", path);
            Some(body(200, "application/json", &text))
        };
        if let Some(path) = asked.path.strip_prefix(RESOURCE)
            && !path.is_empty()
        {
            return document(&self.resource, path);
        }
        if asked.path == ISSUER {
            return document(&self.issuer, "");
        }
        if asked.path == TOKEN && asked.method == Method::POST {
            return Some(self.grant(asked));
        }
        is_on_the_way(&asked.path).then(|| status(404))
    }

    fn grant(&self, asked: &Asked) -> Reply {
        let refuse = |status, error: &str| {
            let text = json!({ "error": error, "error_description": "the fake refuses" });
            body(status, "application/json", &text.to_string())
        };
        let field = |name: &str| asked.field(name);
        if field("grant_type").as_deref() != Some("client_credentials") {
            return refuse(400, "unsupported_grant_type");
        }
        let Some((id, secret)) = &self.client else {
            return refuse(401, "invalid_client");
        };
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let is_known = match (asked.header("authorization"), field("client_assertion")) {
            (Some(header), None) => header == basic,
            (None, Some(_)) => secret.is_empty() && field("client_id").is_none(),
            (None, None) => {
                field("client_id").as_ref() == Some(id)
                    && field("client_secret").as_ref() == Some(secret)
            }
            _ => false,
        };
        if !is_known {
            return refuse(401, "invalid_client");
        }
        let mut answer = json!({ "access_token": self.token, "token_type": "Bearer" });
        if let Some(seconds) = self.expires_in {
            answer["expires_in"] = seconds.into();
        }
        body(200, "application/json", &answer.to_string())
    }
}

/// Whether a path is one of those on the way to a login.
pub(crate) fn is_on_the_way(path: &str) -> bool {
    path.starts_with("/.well-known/") || path == TOKEN
}

fn set(document: &mut Value, member: &str, value: Value) {
    let Some(members) = document.as_object_mut() else {
        return;
    };
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
}
