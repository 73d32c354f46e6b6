//! A small text at an address of somebody else's, read once: bounded in bytes and time, without
//! redirects, through the same guard as everything that goes out.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Method, Response};
use url::{Host, Url};

use super::{Deliveries, Guard, LookupError, Names, Refused};
use crate::domain::untrusted::{MAX_QUOTE, line};

/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is nothing to read; a sentence that goes on after the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It leads to an address that must not be connected to.
    #[error("cannot be asked: {0}")]
    Refused(#[from] Refused),
    /// The name leads nowhere.
    #[error("cannot be asked: {0}")]
    NoName(#[from] LookupError),
    /// No connection, or no answer over it.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("did not answer within {} seconds", PATIENCE.as_secs())]
    Late,
    /// It is elsewhere.
    #[error("answers with a redirect{}, which is not followed", .0.as_ref().map(|to| format!(" to {to}")).unwrap_or_default())]
    Redirected(Option<String>),
    /// Another status than 200.
    #[error("answers {0}, and not 200")]
    Status(u16),
    /// It is larger than asked for.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
}

/// Reads small texts; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    deliveries: Deliveries,
    guard: Guard,
    names: Names,
}

impl Reader {
    /// A reader that passes `guard` and asks `names`, over `deliveries`.
    pub fn new(deliveries: Deliveries, guard: &Guard, names: &Names) -> Self {
        Self {
            deliveries,
            guard: guard.clone(),
            names: names.clone(),
        }
    }

    /// Whether a URL leads inside: to an address that is not public, and that the operator has opened.
    /// Fails where it leads nowhere, or to an address that must not be connected to.
    pub async fn leads_inside(&self, url: &Url) -> Result<bool, Unread> {
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => vec![IpAddr::from(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::from(address)],
            Some(Host::Domain(name)) => self.names.addresses(name).await?,
            None => return Err(LookupError::NoAddress.into()),
        };
        for address in &addresses {
            self.guard.check(*address)?;
        }
        let public = Guard::public();
        Ok(addresses.iter().any(|it| public.check(*it).is_err()))
    }

    /// The text at `url`, of at most `most` bytes; what is not UTF-8 in it is replaced.
    pub async fn read(&self, url: Url, most: usize) -> Result<String, Unread> {
        let reading = async {
            let request = self.deliveries.request(Method::GET, url)?;
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            body(whole(response)?, most).await
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap_or(Err(Unread::Late))
    }
}

/// The answer, if it is one with the text.
fn whole(response: Response) -> Result<Response, Unread> {
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(reqwest::header::LOCATION);
        let to = to.map(|to| line(&String::from_utf8_lossy(to.as_bytes()), MAX_QUOTE / 3));
        return Err(Unread::Redirected(to));
    }
    if status.as_u16() == 200 {
        Ok(response)
    } else {
        Err(Unread::Status(status.as_u16()))
    }
}

async fn body(mut response: Response, most: usize) -> Result<String, Unread> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(Unread::TooLarge(most));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The innermost cause: the others only repeat the address.
fn unreachable(error: &reqwest::Error) -> Unread {
    if error.is_timeout() {
        return Unread::Late;
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let cause = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    Unread::Unreachable(line(&cause, MAX_QUOTE))
}
