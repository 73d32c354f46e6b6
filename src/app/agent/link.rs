//! What an agent asks its server and tells it, over the JSON API.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::app::agents::wire::{Assignments, Standings, Taken};
use crate::domain::at::At;
use crate::domain::client_credentials::is_own_machine;
use crate::domain::sensitive::Sensitive;
use crate::domain::untrusted::{MAX_QUOTE, block};
use crate::net::Deliveries;

/// Longest that a batch may take to be recorded.
const PUSH: Duration = Duration::from_mins(1);
/// Most bytes of an answer: all watches of an agent, with what is known of them.
const MAX_ANSWER: usize = 128 << 20;
/// Most bytes of a refusal that are read.
const MAX_REFUSAL: usize = 64 << 10;
/// What the server calls its own words about what is wrong.
const PROBLEM: &[u8] = b"application/problem+json";
/// Longest that the server may make us wait.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The way to the server; cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    client: Deliveries,
    base: Url,
    token: Sensitive,
}

/// Why the server did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The token opens nothing.
    #[error("the server does not know the token: the agent was removed, or it is another one's")]
    Stranger,
    /// The server has read it and will refuse the same again.
    #[error("the server refused it: {0}")]
    Refused(String),
    /// The same may work later, not before this time has passed.
    #[error("the server is away: {1}")]
    Away(Option<Duration>, String),
}

/// What there is to check.
pub(super) enum Asked {
    /// All of it, and the tag of it.
    Fresh(Assignments, Option<String>),
    /// What is known; and what time it is there by the date of the answer.
    Known(Option<At>),
}

impl Link {
    /// The way to the server at `base`. Says what is wrong with that address otherwise: the secrets of
    /// the watches come this way.
    pub(super) fn new(
        client: Deliveries,
        base: &str,
        token: Sensitive,
    ) -> Result<Self, &'static str> {
        let mut base = Url::parse(base).map_err(|_| "must look like https://status.example.com")?;
        let is_sealed = match base.scheme() {
            "https" => true,
            "http" => is_own_machine(&base),
            _ => return Err("must look like https://status.example.com"),
        };
        if !is_sealed {
            return Err("must be https: the secrets of monitors come this way");
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&format!("{path}/"));
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self {
            client,
            base,
            token,
        })
    }

    /// Where the server is.
    pub(super) fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// All that is to be checked, where that is other than what has the tag `known`.
    pub(super) async fn watches(&self, known: Option<&str>) -> Result<Asked, LinkError> {
        let mut request = self.request(Method::GET, "watches")?;
        if let Some(tag) = known {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = send(request).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Asked::Known(date(&response)));
        }
        let tag = response.headers().get(ETAG);
        let tag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        Ok(Asked::Fresh(read(response).await?, tag))
    }

    /// Where all watches stand.
    pub(super) async fn standings(&self) -> Result<Standings, LinkError> {
        read(send(self.request(Method::GET, "standings")?).await?).await
    }

    /// Tells what was done, as lines of JSON.
    pub(super) async fn push(&self, lines: &[String]) -> Result<Taken, LinkError> {
        let body = format!("{{\"results\":[{}]}}", lines.join(","));
        let request = self.request(Method::POST, "results")?;
        let request = request.header(CONTENT_TYPE, "application/json");
        read(send(request.timeout(PUSH).body(body)).await?).await
    }

    fn request(&self, method: Method, what: &str) -> Result<RequestBuilder, LinkError> {
        let url = self.base.join(&format!("api/v1/agent/{what}"));
        let url = url.map_err(|error| LinkError::Away(None, error.to_string()))?;
        let request = self.client.request(method, url);
        let request = request.map_err(|refused| LinkError::Away(None, refused.to_string()))?;
        Ok(request.header(AUTHORIZATION, format!("Bearer {}", self.token.expose())))
    }
}

async fn send(request: RequestBuilder) -> Result<Response, LinkError> {
    let response = request.send().await.map_err(|error| away(&error))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let wait = response.headers().get(RETRY_AFTER);
    let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
    let wait = wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
    let media = response.headers().get(CONTENT_TYPE);
    let is_problem = media.is_some_and(|media| media.as_bytes().starts_with(PROBLEM));
    let said = body(response, MAX_REFUSAL).await.unwrap_or_default();
    let said = block(&String::from_utf8_lossy(&said), MAX_QUOTE);
    let said = format!("{status} {said}");
    Err(match status {
        StatusCode::UNAUTHORIZED => LinkError::Stranger,
        _ if is_final(status, is_problem) => LinkError::Refused(said),
        _ => LinkError::Away(wait, said),
    })
}

/// Whether the same is refused again: a proxy on the way may say anything else for a while.
fn is_final(status: StatusCode, is_problem: bool) -> bool {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => true,
        StatusCode::BAD_REQUEST => is_problem,
        _ => false,
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, LinkError> {
    let bytes = body(response, MAX_ANSWER).await?;
    let unread = |error: serde_json::Error| {
        let words = format!("its answer makes no sense: {error}");
        LinkError::Away(None, words)
    };
    serde_json::from_slice(&bytes).map_err(unread)
}

async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| away(&error))? {
        if bytes.len() + piece.len() > most {
            let words = format!("its answer is larger than {most} bytes");
            return Err(LinkError::Away(None, words));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// What time it was there at the answer, to the second.
fn date(response: &Response) -> Option<At> {
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let date = chrono::DateTime::parse_from_rfc2822(date).ok()?;
    Some(At(date.timestamp_millis()))
}

fn away(error: &reqwest::Error) -> LinkError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    LinkError::Away(None, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_says_itself_is_final() {
        for (status, is_problem, wanted) in [
            (400, true, true),
            (400, false, false),
            (413, true, true),
            (422, true, true),
            (403, false, false),
            (403, true, false),
            (404, true, false),
            (405, false, false),
            (407, false, false),
            (421, false, false),
            (429, true, false),
            (503, true, false),
        ] {
            let said = is_final(StatusCode::from_u16(status).unwrap(), is_problem);
            assert_eq!(said, wanted, "{status} {is_problem}");
        }
    }
}
