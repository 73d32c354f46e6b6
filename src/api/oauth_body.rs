//! The client of an authorization server in JSON: as it is given, and as it is told back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::client_credentials::{ClientCredentials, ClientWords};
use crate::domain::monitor::FieldError;

/// A client that gets tokens from an authorization server (OAuth client credentials), with a
/// secret or with a private key. In a change, one without both keeps what it has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OauthBody {
    /// The id of the client.
    #[serde(default)]
    client_id: Option<String>,
    /// Its secret; never told back.
    #[serde(default)]
    client_secret: Option<String>,
    /// Its private key (PEM; RSA or P-256) for `private_key_jwt`; never told back.
    #[serde(default)]
    private_key: Option<String>,
    /// The scope to ask for; what the server names when not given.
    #[serde(default)]
    scope: Option<String>,
    /// The issuer that the client belongs to; the one that the server names first when not given.
    /// The credentials are never sent to another one.
    #[serde(default)]
    issuer: Option<String>,
}

impl OauthBody {
    /// Reads it; every fault by its field.
    pub(super) fn read(
        &self,
        known: Option<&ClientCredentials>,
    ) -> Result<ClientCredentials, Vec<FieldError>> {
        let text = |given: &Option<String>, old: Option<&str>| {
            given.clone().or(old.map(str::to_owned)).unwrap_or_default()
        };
        let client_id = text(&self.client_id, known.map(|known| known.client_id.as_str()));
        let scope = text(&self.scope, known.and_then(|known| known.scope.as_deref()));
        let issuer = text(
            &self.issuer,
            known.and_then(|known| known.issuer.as_deref()),
        );
        let words = ClientWords {
            client_id: &client_id,
            secret: self.client_secret.as_deref().unwrap_or_default(),
            private_key: self.private_key.as_deref().unwrap_or_default(),
            scope: &scope,
            issuer: &issuer,
        };
        ClientCredentials::read(words, known)
    }
}

/// A client, without what is secret.
#[derive(Serialize, ToSchema)]
pub(super) struct OauthView {
    /// The id of the client.
    client_id: String,
    /// `client_secret` or `private_key_jwt`.
    method: &'static str,
    /// The scope to ask for.
    scope: Option<String>,
    /// The issuer that the client belongs to.
    issuer: Option<String>,
}

impl OauthView {
    pub(super) fn of(client: &ClientCredentials) -> Self {
        Self {
            client_id: client.client_id.clone(),
            method: client.method(),
            scope: client.scope.clone(),
            issuer: client.issuer.clone(),
        }
    }
}
