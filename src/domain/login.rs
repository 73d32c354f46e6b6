//! How people log in to a server that wants it: the chain of documents from its challenge to its
//! authorization server, as it was found.
//!
//! Facts only: what a fault means is said in `verdict`. Every text has been cleaned for display.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;

/// What is known of how clients log in to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginChain {
    /// When the documents were fetched.
    pub checked_at: At,
    /// The address of the protected-resource metadata that the challenge names.
    pub advertised: Option<String>,
    /// The scope that the challenge names.
    pub wanted_scope: Option<String>,
    /// Where the protected-resource metadata (RFC 9728) was found.
    pub resource_metadata: Option<String>,
    /// The resource that it is for.
    pub resource: Option<String>,
    /// The scopes that it names.
    pub scopes: Vec<String>,
    /// The authorization server.
    pub issuer: Option<String>,
    /// Where the metadata of the authorization server (RFC 8414 or `OpenID`) was found.
    pub issuer_metadata: Option<String>,
    /// Where tokens are given out.
    pub token_endpoint: Option<String>,
    /// How clients may identify themselves there; the default of RFC 8414 when not said.
    pub token_methods: Option<Vec<String>>,
    /// How assertions may be signed; anything when not said.
    pub token_algorithms: Option<Vec<String>>,
    /// How clients that nobody knows may register.
    pub registration: Vec<Registration>,
    /// What is wrong.
    pub faults: Vec<LoginFault>,
    /// How often in a row these very faults were found.
    pub confirmed: u8,
}

impl LoginChain {
    /// A chain of which nothing is known yet.
    pub fn begun(checked_at: At, advertised: Option<String>) -> Self {
        Self {
            checked_at,
            advertised,
            wanted_scope: None,
            resource_metadata: None,
            resource: None,
            scopes: Vec::new(),
            issuer: None,
            issuer_metadata: None,
            token_endpoint: None,
            token_methods: None,
            token_algorithms: None,
            registration: Vec::new(),
            faults: Vec::new(),
            confirmed: 1,
        }
    }

    /// Whether somebody who has not logged in yet cannot.
    pub fn is_broken(&self) -> bool {
        self.faults.iter().any(LoginFault::is_serious)
    }

    /// Whether every client is kept out, rather than only strict ones.
    pub fn keeps_out(&self) -> bool {
        let is_slash = |fault: &LoginFault| {
            matches!(
                fault,
                LoginFault::IssuerMismatch {
                    only_slash: true,
                    ..
                }
            )
        };
        let mut serious = self.faults.iter().filter(|fault| fault.is_serious());
        serious.any(|fault| !is_slash(fault))
    }

    /// Whether there is any trace of OAuth beside the challenge.
    pub fn is_found(&self) -> bool {
        self.resource_metadata.is_some() || self.issuer.is_some() || !self.faults.is_empty()
    }
}

/// A way for a client that nobody knows to become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// By the address of a document of its own.
    ClientIdMetadataDocument,
    /// By asking the registration endpoint.
    Dynamic,
}

/// Something wrong on the way to a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LoginFault {
    /// The protected-resource metadata that the challenge names cannot be read.
    ResourceDocument {
        /// Where it should be.
        url: String,
        /// Why not.
        why: String,
    },
    /// It is for another resource.
    ResourceMismatch {
        /// The resource that it names.
        said: String,
    },
    /// It names the resource in a way that strict clients refuse.
    ResourceLoose {
        /// The resource that it names.
        said: String,
    },
    /// It names no authorization server.
    NoIssuer,
    /// Tokens in the header are not among the ways that it lists.
    NoHeaderTokens,
    /// It lists `offline_access` or scopes that are no text.
    OddScopes,
    /// An address in the chain is not one of https.
    Insecure {
        /// What it is the address of.
        what: String,
        /// The address.
        url: String,
    },
    /// There is no protected-resource metadata, only the metadata of 2025-03-26 at the root.
    LegacyRoot,
    /// An address in the chain is not public: others may get there, we may not.
    NotPublic {
        /// The document that was to be asked for.
        url: String,
        /// Its address.
        address: String,
    },
    /// The authorization server does not answer, or fails.
    Unreachable {
        /// The document that was asked for.
        url: String,
        /// How it failed.
        why: String,
    },
    /// The metadata of the authorization server cannot be found or read.
    IssuerDocument {
        /// The issuer, or the document that is broken.
        url: String,
        /// Why not.
        why: String,
    },
    /// It is the metadata of another issuer.
    IssuerMismatch {
        /// The issuer that was meant.
        meant: String,
        /// The issuer that it names.
        said: String,
        /// The two differ in a slash at the end.
        only_slash: bool,
    },
    /// A member that no login can do without is missing.
    Missing {
        /// Its name.
        member: String,
    },
    /// The response type `code` is not offered.
    NoCode,
    /// PKCE with S256 is not offered.
    NoPkce {
        /// What is offered instead; nothing is said where it is absent.
        listed: Option<Vec<String>>,
    },
    /// Clients cannot register by themselves.
    NoRegistration,
    /// One of several authorization servers cannot be used; another one can.
    SpareIssuer {
        /// Which one.
        issuer: String,
        /// Why not.
        why: String,
    },
}

impl LoginFault {
    /// Whether it keeps clients from logging in, rather than being worth a remark.
    pub fn is_serious(&self) -> bool {
        !matches!(
            self,
            Self::ResourceLoose { .. }
                | Self::NoHeaderTokens
                | Self::OddScopes
                | Self::LegacyRoot
                | Self::NotPublic { .. }
                | Self::NoRegistration
                | Self::SpareIssuer { .. }
        )
    }

    /// Why an authorization server cannot be used, to follow "it cannot be used: ".
    pub fn of_issuer(&self) -> String {
        match self {
            Self::Unreachable { url, why } => format!("{url} {why}"),
            Self::IssuerDocument { url, why } => format!("its metadata {url} {why}"),
            Self::IssuerMismatch { said, .. } => format!("it says that its issuer is {said}"),
            Self::Missing { member } => format!("its metadata has no {member}"),
            Self::NoCode => "it does not offer the response type code".to_owned(),
            Self::NoPkce { .. } => "it does not announce PKCE with S256".to_owned(),
            Self::Insecure { what, url } => format!("{what} is not served over https ({url})"),
            _ => "its metadata is of no use".to_owned(),
        }
    }
}

/// Why there is no token for the credentials of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenTrouble {
    /// The way to the token endpoint is broken.
    NoWay {
        /// What is missing.
        why: String,
    },
    /// The server names an authorization server that the credentials do not belong to.
    OtherIssuer {
        /// The one that they belong to.
        bound: String,
        /// The one that is named now.
        named: String,
    },
    /// The authorization server takes no credentials of this kind.
    MethodNotOffered {
        /// What we have.
        wanted: String,
        /// What it offers.
        offered: Vec<String>,
    },
    /// The token endpoint does not answer.
    Unreachable {
        /// How it failed.
        why: String,
    },
    /// The token endpoint refuses.
    Refused {
        /// The status.
        status: u16,
        /// Its error and what it says of it.
        said: String,
    },
    /// The answer holds no token that could be used.
    Malformed {
        /// Why not.
        why: String,
    },
    /// Our own key cannot be used.
    Key {
        /// Why not.
        why: String,
    },
}
