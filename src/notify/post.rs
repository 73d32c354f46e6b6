//! One request to a receiver, and what its answer means.
//!
//! Redirects are not followed: whoever moved must say so to the owner of the channel. What the
//! receiver answers is read up to a bound and kept as an excerpt; neither it nor an error shows
//! the address, which may hold a key.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Delivered, DeliveryError};
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::net::Deliveries;

/// How long the receiver may take until it answers.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long is waited for the body of an answer: the status has decided already.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time that a receiver may make us wait by `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(2);
/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 4_096;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Post {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: String,
    is_final: fn(StatusCode, &str) -> bool,
}

impl Post {
    /// JSON, posted. `404` and `410` are refusals for good; everything else may pass.
    pub(super) fn json(url: Url, body: &Value) -> Self {
        Self::text(url, body.to_string())
    }

    /// The same of JSON that is written already.
    pub(super) fn text(url: Url, body: String) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            method: Method::POST,
            url,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            body,
            is_final: |status, _| matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE),
        }
    }

    /// Put instead of posted.
    pub(super) fn put(self) -> Self {
        Self {
            method: Method::PUT,
            ..self
        }
    }

    /// With one more header; a value that cannot be one is left out and refused by the receiver.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// With a token, as `scheme` writes it.
    pub(super) fn authorized(self, scheme: &str, token: &str) -> Self {
        self.header(AUTHORIZATION_NAME, &format!("{scheme} {token}"))
    }

    /// Which answers refuse for good, by status and the beginning of the body.
    pub(super) fn refused_for_good(self, is_final: fn(StatusCode, &str) -> bool) -> Self {
        Self { is_final, ..self }
    }

    /// Sends it, once, now.
    pub(super) async fn send(self, deliveries: &Deliveries) -> Result<Delivered, DeliveryError> {
        let request = deliveries
            .request(self.method, self.url)
            .map_err(|refused| DeliveryError::passing(refused.to_string()))?
            .headers(self.headers)
            .body(self.body);
        let answer = tokio::time::timeout(DELIVERY_TIMEOUT, request.send()).await;
        let mut response = answer
            .map_err(|_| late())?
            .map_err(|error| unanswered(&error))?;
        let excerpt = excerpt(&mut response).await;
        judge(&response, &excerpt, self.is_final)
    }
}

const AUTHORIZATION_NAME: &str = "authorization";

async fn excerpt(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= MAX_ANSWER {
                break;
            }
        }
    };
    // An answer that breaks off or never ends is still an answer.
    let _ = tokio::time::timeout(BODY_TIMEOUT, reading).await;
    bytes.truncate(MAX_ANSWER);
    line(String::from_utf8_lossy(&bytes).trim(), MAX_QUOTE)
}

fn judge(
    response: &Response,
    excerpt: &str,
    is_final: fn(StatusCode, &str) -> bool,
) -> Result<Delivered, DeliveryError> {
    let status = response.status();
    let mut detail = format!("answered {}", status.as_u16());
    if let Some(words) = status.canonical_reason() {
        let _ = write!(detail, " {words}");
    }
    if status.is_redirection() {
        detail.push_str(", and redirects are not followed");
        if let Some(to) = response.headers().get(reqwest::header::LOCATION) {
            let to = Url::parse(&String::from_utf8_lossy(to.as_bytes()));
            let to = to.map(|url| url.origin().ascii_serialization());
            let _ = write!(
                detail,
                "; is the new address at {}?",
                to.as_deref().unwrap_or("the same host")
            );
        }
    }
    if !excerpt.is_empty() {
        let _ = write!(detail, ": {excerpt}");
    }
    if status.is_success() {
        Ok(Delivered { detail })
    } else {
        let is_busy = status == StatusCode::TOO_MANY_REQUESTS;
        Err(DeliveryError {
            permanent: is_final(status, excerpt),
            detail,
            retry_after: is_busy.then(|| retry_after(response.headers())).flatten(),
        })
    }
}

/// `Retry-After` in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = Duration::from_secs(seconds.parse().ok()?);
    Some(wait.min(MAX_RETRY_AFTER))
}

fn late() -> DeliveryError {
    let seconds = DELIVERY_TIMEOUT.as_secs();
    DeliveryError::passing(format!("no answer within {seconds} seconds"))
}

fn unanswered(error: &reqwest::Error) -> DeliveryError {
    if error.is_timeout() {
        return late();
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    // Without the cause only the address would be left to tell, and that may hold a key.
    let cause = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "no answer"
    };
    DeliveryError::passing(line(&format!("{what}: {cause}"), MAX_QUOTE))
}
