//! The client of an authorization server on the command line: what is secret comes from the
//! environment or a file, never from an argument that others can read.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::config;
use crate::domain::client_credentials::{ClientCredentials, ClientWords};
use crate::domain::sensitive::Sensitive;
use crate::probe::client_key_fault;

/// A client that gets its tokens by itself (OAuth client credentials).
#[derive(Debug, Args)]
pub(super) struct OauthArguments {
    /// Id of an OAuth client that gets its own token
    #[arg(id = "oauth-client-id", long = "oauth-client-id", value_name = "ID")]
    client_id: Option<String>,
    /// Environment variable that holds the secret of the OAuth client
    #[arg(
        long = "oauth-secret-env",
        value_name = "VAR",
        requires = "oauth-client-id"
    )]
    secret_env: Option<String>,
    /// Private key (PEM) of the OAuth client, to sign with instead of a secret
    #[arg(
        long = "oauth-key-file",
        value_name = "PEM",
        requires = "oauth-client-id"
    )]
    key_file: Option<PathBuf>,
    /// Scope to ask for instead of the one that the server names
    #[arg(
        long = "oauth-scope",
        value_name = "SCOPE",
        requires = "oauth-client-id"
    )]
    scope: Option<String>,
    /// Issuer that the OAuth client belongs to
    #[arg(
        long = "oauth-issuer",
        value_name = "URL",
        requires = "oauth-client-id"
    )]
    issuer: Option<String>,
}

impl OauthArguments {
    /// The client, if there is one; says which argument makes no sense.
    pub(super) fn client(&self) -> anyhow::Result<Option<ClientCredentials>> {
        let Some(client_id) = &self.client_id else {
            return Ok(None);
        };
        let secret =
            match &self.secret_env {
                None => None,
                Some(name) => Some(config::secret_variable(name).with_context(|| {
                    format!("--oauth-secret-env: the variable {name} is not set")
                })?),
            };
        let private_key = match &self.key_file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("--oauth-key-file: read {}", path.display()))?,
        };
        let words = ClientWords {
            client_id,
            secret: secret.as_ref().map_or("", Sensitive::expose),
            private_key: &private_key,
            scope: self.scope.as_deref().unwrap_or_default(),
            issuer: self.issuer.as_deref().unwrap_or_default(),
        };
        let client = ClientCredentials::read(words, None).map_err(|faults| {
            let fault = faults.first().map(ToString::to_string).unwrap_or_default();
            anyhow::anyhow!("{}", fault.replacen("oauth.", "the OAuth ", 1))
        })?;
        if let Some(fault) = client_key_fault(&client) {
            anyhow::bail!("--oauth-key-file: {fault}");
        }
        Ok(Some(client))
    }
}
