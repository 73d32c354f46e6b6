//! Where credentials may go: not over the public network without encryption, and no key of a client
//! to another origin that would name the issuer.
//!
//! A name cannot be looked up here; what looks like an address of the own network is taken for
//! one. Whether the network that a check really used was a public one is said by the probe.

use url::{Host, Url};

use super::client_credentials::{ClientCredentials, is_own_machine};
use super::monitor::{Endpoint, EndpointUrl, FieldError};

impl Endpoint {
    /// True when we were given something to identify ourselves with.
    pub fn has_credentials(&self) -> bool {
        self.credential_field().is_some()
    }

    /// The client of an authorization server, if its key may stay when the address becomes `url`:
    /// another origin may name an issuer of its own, and must not get at it.
    pub fn client_for(&self, url: &EndpointUrl) -> Option<&ClientCredentials> {
        let is_same = self.url.url().origin() == url.url().origin();
        let client = self.oauth.as_ref()?;
        (is_same || client.issuer.is_some()).then_some(client)
    }

    /// The field that holds what we identify ourselves with.
    fn credential_field(&self) -> Option<&'static str> {
        if self.bearer.is_some() {
            Some("bearer")
        } else if self.oauth.is_some() {
            Some("oauth")
        } else {
            (!self.headers.is_empty()).then_some("headers")
        }
    }

    /// Refuses credentials that would travel readable for everybody on the way, by their field.
    pub fn plain_credentials(&self) -> Option<FieldError> {
        let field = self.credential_field()?;
        let url = self.url.url();
        if url.scheme() != "http" || is_inside(url) {
            return None;
        }
        let message = "would be sent over plain http, readable for everybody on the way; use the https:// address";
        Some(FieldError::new(field, message))
    }
}

/// Whether an address looks like one of the own network: an address that is not public, a name
/// without a dot, or one of the endings that are kept for such networks (RFC 6761, RFC 6762,
/// RFC 8375 and the usual ones).
fn is_inside(url: &Url) -> bool {
    const ENDINGS: [&str; 8] = [
        "local",
        "internal",
        "lan",
        "home",
        "corp",
        "intranet",
        "private",
        "home.arpa",
    ];
    match url.host() {
        Some(Host::Ipv4(a)) => a.is_loopback() || a.is_private() || a.is_link_local(),
        Some(Host::Ipv6(a)) => a.is_loopback() || a.is_unique_local() || a.is_unicast_link_local(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let ends = |ending: &str| {
                let rest = name.strip_suffix(ending);
                rest.is_some_and(|rest| rest.ends_with('.'))
            };
            !name.contains('.') || is_own_machine(url) || ENDINGS.into_iter().any(ends)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::monitor::TransportChoice;
    use crate::domain::sensitive::Sensitive;

    #[test]
    fn credentials_are_not_sent_over_plain_http_to_the_public() {
        let fault = |url: &str| {
            let endpoint = Endpoint {
                url: EndpointUrl::parse(url).unwrap(),
                transport: TransportChoice::Auto,
                headers: Vec::new(),
                bearer: Some(Sensitive::new("t0ken")),
                oauth: None,
            };
            endpoint.plain_credentials().map(|fault| fault.field)
        };
        for public in [
            "http://mcp.example.com/mcp",
            "http://8.8.8.8/",
            "http://[2606::1]/",
        ] {
            assert_eq!(fault(public), Some("bearer"), "{public}");
        }
        for fine in [
            "https://mcp.example.com/mcp",
            "http://localhost:1/mcp",
            "http://127.0.0.1:1/mcp",
            "http://10.0.0.5/mcp",
            "http://mcp/mcp",
            "http://mcp.corp.internal/mcp",
        ] {
            assert_eq!(fault(fine), None, "{fine}");
        }
    }
}
