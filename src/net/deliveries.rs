//! The one client for everything that goes out and is no probe: webhooks, chats, documents.
//!
//! It follows no redirects, retries nothing by itself, uses no proxy, and cannot be made to talk
//! to an address that [`Guard`] refuses: names are judged where they are resolved, addresses in
//! the URL before a request is made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::{Guard, Names, Refused, Trust};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an exchange may take in all.
const TOTAL: Duration = Duration::from_secs(15);
/// Idle connections kept to one host.
const IDLE_PER_HOST: usize = 2;

/// Makes requests that the guard lets pass; cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    client: reqwest::Client,
    guard: Guard,
}

impl Deliveries {
    /// A request to `url`; its body, headers and sending are the caller's. Refuses addresses that
    /// must not be connected to; a name that resolves to one fails when the request is sent.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Refused> {
        self.guard.check_literal(&url)?;
        Ok(self.client.request(method, url))
    }
}

/// The client for deliveries. Made once; needs [`super::install_crypto_provider`].
pub fn delivery_client(
    guard: &Guard,
    names: &Names,
    trust: &Trust,
    user_agent: &str,
) -> Result<Deliveries, reqwest::Error> {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    let client = reqwest::Client::builder()
        .user_agent(user_agent)
        .tls_backend_preconfigured(trust.pooled())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .dns_resolver(Arc::new(Guarded {
            guard: guard.clone(),
            names: names.clone(),
        }))
        .build()?;
    Ok(Deliveries {
        client,
        guard: guard.clone(),
    })
}

struct Guarded {
    guard: Guard,
    names: Names,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let names = self.names.clone();
        Box::pin(async move {
            let mut refused = None;
            let mut open: Vec<SocketAddr> = Vec::new();
            for address in names.addresses(name.as_str()).await? {
                match guard.check(address) {
                    Ok(()) => open.push(SocketAddr::new(address, 0)),
                    Err(refusal) => refused = Some(refusal),
                }
            }
            match (open.is_empty(), refused) {
                (true, Some(refusal)) => Err(refusal.into()),
                _ => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn neither_an_address_nor_a_name_leads_inside() {
        super::super::install_crypto_provider();
        let trust = Trust::new(None).unwrap();
        let client = delivery_client(&Guard::public(), &Names::dns(), &trust, "test").unwrap();
        let literal = Url::parse("http://0x7f.1:9/").unwrap();
        assert!(client.request(Method::POST, literal).is_err());
        let name = Url::parse("http://localhost:9/").unwrap();
        let error = client
            .request(Method::POST, name)
            .unwrap()
            .send()
            .await
            .unwrap_err();
        let mut cause: Option<&dyn Error> = Some(&error);
        let mut texts = Vec::new();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        assert!(
            texts.iter().any(|t| t.contains("LIFESIGN_ALLOW_TARGETS")),
            "{texts:?}"
        );
    }
}
