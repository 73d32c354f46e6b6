//! What the documents on the way to a login say, and what is wrong with it (mcp.md §5.2, §5.3).
//!
//! Pure: addresses and JSON in, facts out.

use serde_json::Value;
use url::Url;

use crate::domain::client_credentials::is_own_machine;
use crate::domain::login::{LoginChain, LoginFault, Registration};
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, line};

/// Longest address that is taken from a document, in characters.
pub(super) const MAX_ADDRESS: usize = 2_048;
/// Most words of one list that are kept.
const MAX_WORDS: usize = 40;
/// Most authorization servers that are looked at, of those that a resource names.
const MAX_ISSUERS: usize = 4;
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const ISSUER: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Where the metadata of a protected resource may be, beside where its challenge says.
pub(super) fn resource_addresses(endpoint: &Url) -> Vec<Url> {
    let path = endpoint.path().trim_end_matches('/');
    let mut paths = vec![RESOURCE.to_owned()];
    if !path.is_empty() {
        paths.insert(0, format!("{RESOURCE}{path}"));
    }
    paths.iter().map(|path| at(endpoint, path)).collect()
}

/// Where the metadata of an authorization server may be.
pub(super) fn issuer_addresses(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let paths = if path.is_empty() {
        vec![ISSUER.to_owned(), OPENID.to_owned()]
    } else {
        vec![
            format!("{ISSUER}{path}"),
            format!("{OPENID}{path}"),
            format!("{path}{OPENID}"),
        ]
    };
    paths.iter().map(|path| at(issuer, path)).collect()
}

/// Where servers of 2025-03-26 keep the metadata of their authorization server.
pub(super) fn legacy_address(endpoint: &Url) -> Url {
    at(endpoint, ISSUER)
}

fn at(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// Whether an address may stand in the chain of `endpoint`: https, or plain http where both are
/// on one machine.
pub(super) fn is_secure(url: &Url, endpoint: &Url) -> bool {
    url.scheme() == "https"
        || url.scheme() == "http" && is_own_machine(url) && is_own_machine(endpoint)
}

/// An address that somebody named, if it is one at all.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host() && text.len() <= MAX_ADDRESS)
        .then_some(url)
}

/// Reads protected-resource metadata (RFC 9728); gives the authorization servers that it names.
pub(super) fn read_resource(
    document: &Value,
    endpoint: &Url,
    chain: &mut LoginChain,
) -> Vec<String> {
    let faults = &mut chain.faults;
    let broken = |why: &str| LoginFault::ResourceDocument {
        url: chain.resource_metadata.clone().unwrap_or_default(),
        why: why.to_owned(),
    };
    match document.get("resource").and_then(Value::as_str) {
        None => faults.push(broken("has no resource")),
        Some(said) => {
            faults.extend(other_resource(said, endpoint));
            chain.resource = Some(line(said, MAX_ADDRESS));
        }
    }
    if let Some(methods) = document.get("bearer_methods_supported")
        && !words(methods).iter().any(|method| method == "header")
    {
        faults.push(LoginFault::NoHeaderTokens);
    }
    if let Some(scopes) = document.get("scopes_supported") {
        chain.scopes = words(scopes);
        let all = scopes.as_array().map_or(0, Vec::len).min(MAX_WORDS);
        if chain.scopes.len() < all
            || !scopes.is_array()
            || chain.scopes.iter().any(|scope| scope == "offline_access")
        {
            faults.push(LoginFault::OddScopes);
        }
    }
    let all = document
        .get("authorization_servers")
        .and_then(Value::as_array);
    let mut issuers: Vec<String> = Vec::new();
    for named in all.into_iter().flatten().filter_map(Value::as_str) {
        if issuers.len() < MAX_ISSUERS && issuers.iter().all(|known| known != named) {
            issuers.push(named.to_owned());
        }
    }
    if issuers.is_empty() {
        faults.push(LoginFault::NoIssuer);
    }
    issuers
}

/// The address of an authorization server that was named; what is wrong with it otherwise.
pub(super) fn issuer_address(named: &str, endpoint: &Url) -> Result<Url, LoginFault> {
    let issuer = address(named).ok_or_else(|| LoginFault::IssuerDocument {
        url: line(named, MAX_QUOTE),
        why: "has no address: it is not an absolute URL".to_owned(),
    })?;
    if is_secure(&issuer, endpoint) {
        Ok(issuer)
    } else {
        Err(insecure("the authorization server", &issuer))
    }
}

/// Why metadata for `said` is none for `endpoint`, or none for strict clients.
fn other_resource(said: &str, endpoint: &Url) -> Option<LoginFault> {
    let shown = line(said, MAX_QUOTE);
    let Some(url) = address(said).filter(|url| url.origin() == endpoint.origin()) else {
        return Some(LoginFault::ResourceMismatch { said: shown });
    };
    let (ours, theirs) = (endpoint.path(), url.path());
    if ours == theirs && url.fragment().is_none() {
        return None;
    }
    let bare = theirs.trim_end_matches('/');
    let is_within = ours
        .strip_prefix(bare)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // A resource of /mcp/ is the one of /mcp to everybody but the strict.
    Some(if is_within {
        LoginFault::ResourceLoose { said: shown }
    } else {
        LoginFault::ResourceMismatch { said: shown }
    })
}

/// Reads the metadata of an authorization server (RFC 8414 or `OpenID`). `meant` is the issuer that
/// was named, if one was.
pub(super) fn read_issuer(
    document: &Value,
    meant: Option<&str>,
    endpoint: &Url,
    chain: &mut LoginChain,
) {
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    let faults = &mut chain.faults;
    match (text("issuer"), meant) {
        (None, _) => faults.push(missing("issuer")),
        (Some(said), Some(meant)) if said != meant => faults.push(LoginFault::IssuerMismatch {
            meant: line(meant, MAX_QUOTE),
            said: line(said, MAX_QUOTE),
            only_slash: said.trim_end_matches('/') == meant.trim_end_matches('/'),
        }),
        (Some(said), None) => chain.issuer = Some(line(said, MAX_ADDRESS)),
        (Some(_), Some(_)) => {}
    }
    for (member, what) in [
        ("authorization_endpoint", "the authorization endpoint"),
        ("token_endpoint", "the token endpoint"),
    ] {
        match text(member).map(address) {
            // A server that knows machines only needs no page to log in at.
            None if member == "authorization_endpoint" && is_for_machines(document) => {}
            None | Some(None) => faults.push(missing(member)),
            Some(Some(url)) if !is_secure(&url, endpoint) => faults.push(insecure(what, &url)),
            Some(Some(url)) if member == "token_endpoint" => {
                chain.token_endpoint = Some(line(url.as_str(), MAX_ADDRESS));
            }
            Some(Some(_)) => {}
        }
    }
    let list = |member: &str| document.get(member).map(words);
    chain.token_methods = list("token_endpoint_auth_methods_supported");
    chain.token_algorithms = list("token_endpoint_auth_signing_alg_values_supported");
    if is_for_machines(document) {
        return;
    }
    if !list("response_types_supported").is_some_and(|types| types.iter().any(|t| t == "code")) {
        faults.push(LoginFault::NoCode);
    }
    let methods = list("code_challenge_methods_supported");
    if !methods
        .as_ref()
        .is_some_and(|all| all.iter().any(|m| m == "S256"))
    {
        faults.push(LoginFault::NoPkce { listed: methods });
    }
    let registration = &mut chain.registration;
    let by_document = document.get("client_id_metadata_document_supported");
    if by_document == Some(&Value::Bool(true)) {
        registration.push(Registration::ClientIdMetadataDocument);
    }
    if text("registration_endpoint").is_some() {
        registration.push(Registration::Dynamic);
    }
    if registration.is_empty() {
        faults.push(LoginFault::NoRegistration);
    }
}

/// It gives tokens to machines and to nobody else: there is no login for people to be checked.
fn is_for_machines(document: &Value) -> bool {
    let grants = document.get("grant_types_supported").map(words);
    grants.is_some_and(|all| !all.is_empty() && all.iter().all(|g| g == "client_credentials"))
}

fn missing(member: &str) -> LoginFault {
    LoginFault::Missing {
        member: member.to_owned(),
    }
}

pub(super) fn insecure(what: &str, url: &Url) -> LoginFault {
    LoginFault::Insecure {
        what: what.to_owned(),
        url: line(url.as_str(), MAX_QUOTE),
    }
}

/// The texts in a list.
fn words(list: &Value) -> Vec<String> {
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = all.iter().take(MAX_WORDS).filter_map(Value::as_str);
    texts.map(|text| line(text, MAX_NAME)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn listed(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn documents_are_looked_for_where_the_standards_put_them() {
        assert_eq!(
            listed(&resource_addresses(&url("https://e.example/a/mcp?key=1"))),
            [
                "https://e.example/.well-known/oauth-protected-resource/a/mcp",
                "https://e.example/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(resource_addresses(&url("https://e.example/")).len(), 1);
        assert_eq!(
            listed(&issuer_addresses(&url("https://as.example/tenant"))),
            [
                "https://as.example/.well-known/oauth-authorization-server/tenant",
                "https://as.example/.well-known/openid-configuration/tenant",
                "https://as.example/tenant/.well-known/openid-configuration",
            ]
        );
        assert_eq!(issuer_addresses(&url("https://as.example/")).len(), 2);
    }

    #[test]
    fn a_resource_is_matched_at_the_boundary_of_a_path() {
        let endpoint = url("https://e.example/a/mcp?key=1");
        for (said, expected) in [
            ("https://e.example/a/mcp", "same"),
            ("HTTPS://E.example:443/a/mcp", "same"),
            ("https://e.example/a/mcp/", "loose"),
            ("https://e.example/a", "loose"),
            ("https://e.example", "loose"),
            ("https://e.example/a/mc", "other"),
            ("https://e.example/a/mcp/x", "other"),
            ("https://evil.example/a/mcp", "other"),
            ("http://e.example/a/mcp", "other"),
            ("urn:mcp", "other"),
        ] {
            let found = match other_resource(said, &endpoint) {
                None => "same",
                Some(LoginFault::ResourceLoose { .. }) => "loose",
                Some(_) => "other",
            };
            assert_eq!(found, expected, "{said}");
        }
    }

    #[test]
    fn plain_http_is_for_one_machine_talking_to_itself() {
        let (here, there) = (url("http://localhost:1/mcp"), url("https://e.example/mcp"));
        assert!(is_secure(&url("http://127.0.0.1:2/"), &here));
        assert!(!is_secure(&url("http://127.0.0.1:2/"), &there));
        assert!(!is_secure(&url("http://as.example/"), &here));
        assert!(is_secure(&url("https://as.example/"), &there));
    }
}
