//! HTTP+SSE of 2024-11-05: answers come on an event stream, messages go to the address that its
//! first event names. Closing the stream is the whole farewell.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::answer;
use super::connection::{Wire, seconds};
use super::events::{Event, Events};
use super::jsonrpc::{self, Message};
use super::redirect::follow;
use super::room::crowded;
use super::streamable_http::is_lost;
use super::visit::{Call, Visit};
use crate::domain::trouble::{BodyTrouble, MessageTrouble, SessionTrouble, StreamTrouble, Trouble};
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, excerpt, line};

/// How long the server may take to say where to post.
const ENDPOINT: Duration = Duration::from_secs(10);

/// How long to look whether the stream has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// A conversation over HTTP+SSE.
pub(super) struct LegacySse {
    stream: Wire,
    events: Events,
    post_to: Url,
    posts: Option<Wire>,
    has_posted: bool,
}

impl LegacySse {
    /// Opens the stream and waits until it says where to post.
    pub(super) async fn open(visit: &mut Visit<'_>) -> Result<Self, Trouble> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let call = Call {
            method: "GET",
            headers,
            body: Bytes::new(),
        };
        let response = follow(visit, &call).await?;
        if !response.status().is_success() {
            return Err(answer::refusal(visit, response, false).await);
        }
        let encoding = answer::encoding(response.headers());
        let decoder = answer::decoder(encoding.as_deref())?;
        let kind = answer::media_type(response.headers());
        if kind.as_deref() != Some("text/event-stream") {
            let body = visit.reason(response.into_body()).await;
            return Err(Trouble::Body(answer::other_body(&body, kind)));
        }
        let Some(mut stream) = visit.take_wire() else {
            return Err(Trouble::Stream(StreamTrouble::ClosedEarly));
        };
        if let Some(encoding) = encoding {
            visit
                .notes
                .notice(Trouble::Body(BodyTrouble::Encoded(encoding)));
        }
        let mut events = Events::of(response.into_body(), visit.room(), decoder)?;
        let budget = visit.budget(ENDPOINT);
        let first = timeout(budget, stream.drive(events.next())).await;
        let tally = events.tally();
        visit.notes.answered_with(&tally.start);
        let first = match first {
            Ok(next) => next?,
            Err(_) => None,
        };
        let post_to = match first {
            Some(Event { name, data }) if name == "endpoint" => {
                endpoint(&visit.url, data.trim()).map_err(Trouble::Stream)?
            }
            Some(Event { name, .. }) => {
                let first = Some(line(&name, MAX_NAME));
                return Err(Trouble::Stream(StreamTrouble::NoEndpoint { first }));
            }
            None => {
                return Err(Trouble::Stream(match tally.odd_line {
                    Some(odd) if tally.fields == 0 => {
                        let odd = line(&excerpt(&odd, MAX_QUOTE), MAX_QUOTE);
                        StreamTrouble::Malformed(format!("it holds '{odd}'"))
                    }
                    _ => StreamTrouble::NoEndpoint { first: None },
                }));
            }
        };
        visit.notes.seen.cost.sessions_opened += 1;
        Ok(Self {
            stream,
            events,
            post_to,
            posts: None,
            has_posted: false,
        })
    }

    /// Asks and waits for the result on the stream.
    pub(super) async fn ask(
        &mut self,
        visit: &mut Visit<'_>,
        id: u64,
        body: Bytes,
    ) -> Result<Value, Trouble> {
        let in_post = self.post(visit, body).await?;
        if let Ok(message) = jsonrpc::parse(&in_post)
            && message.is_object()
            && let Ok(Message::Answer(answer)) = answer::accept(visit, message, id)
        {
            visit
                .notes
                .notice(Trouble::Stream(StreamTrouble::AnsweredInPost));
            return answer.map_err(Trouble::Rpc);
        }
        let budget = visit.budget(visit.patience);
        let end = Instant::now() + budget;
        let mut other = None;
        loop {
            let Ok(next) = timeout_at(end, self.stream.drive(self.events.next())).await else {
                if self.events.tally().crowded {
                    return Err(crowded());
                }
                let seconds = seconds(budget);
                return Err(other.map_or(
                    Trouble::Stream(StreamTrouble::ResponseMissing { seconds }),
                    |id| Trouble::Message(MessageTrouble::OtherId(id)),
                ));
            };
            let event = match next {
                Ok(Some(event)) => event,
                Ok(None) | Err(Trouble::Body(BodyTrouble::Truncated)) => {
                    return Err(Trouble::Stream(StreamTrouble::ClosedEarly));
                }
                Err(trouble) => return Err(trouble),
            };
            if event.name != "message" {
                continue;
            }
            let data = visit.veil.text(event.data);
            let message = visit.parse(data.as_bytes()).await?;
            match answer::accept(visit, message, id)? {
                Message::Answer(answer) => return answer.map_err(Trouble::Rpc),
                Message::Aside => {}
                Message::OtherId(id) => other = Some(id),
            }
        }
    }

    /// Tells without expecting an answer.
    pub(super) async fn tell(&mut self, visit: &mut Visit<'_>, body: Bytes) -> Result<(), Trouble> {
        self.post(visit, body).await.map(drop)
    }

    /// Closes the stream, and with it the session.
    pub(super) async fn close(self, visit: &mut Visit<'_>) {
        drop(self.events);
        if let Some(posts) = self.posts {
            posts.close().await;
        }
        self.stream.close().await;
        visit.notes.seen.cost.sessions_closed += 1;
    }

    /// Posts a message; gives the body of the answer, which should be empty.
    async fn post(&mut self, visit: &mut Visit<'_>, body: Bytes) -> Result<Bytes, Trouble> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
        let call = Call {
            method: "POST",
            headers,
            body,
        };
        let posts = self.posts.take();
        let (wire, response) = visit.exchange_with(posts, &self.post_to, &call).await?;
        visit.keep(wire);
        let is_first = !std::mem::replace(&mut self.has_posted, true);
        let is_accepted = response.status().is_success();
        let result = if is_accepted {
            Ok(visit.reason(response.into_body()).await)
        } else {
            Err(answer::refusal(visit, response, true).await)
        };
        self.posts = visit.take_wire();
        let trouble = match result {
            Ok(body) => return Ok(body),
            Err(trouble) => self.post_trouble(trouble, is_first),
        };
        // With the stream goes the session: the end of the stream is what happened first.
        if matches!(trouble, Trouble::Session(_)) && self.has_ended().await {
            return Err(Trouble::Stream(StreamTrouble::ClosedEarly));
        }
        Err(trouble)
    }

    async fn has_ended(&mut self) -> bool {
        let next = timeout(GLANCE, self.stream.drive(self.events.next())).await;
        matches!(next, Ok(Ok(None) | Err(_)))
    }

    fn post_trouble(&self, trouble: Trouble, is_first: bool) -> Trouble {
        let Trouble::Status(seen) = &trouble else {
            return trouble;
        };
        let status = seen.status;
        let names_session = seen.body.to_ascii_lowercase().contains("session");
        if is_lost(seen) && (names_session || !is_first) {
            return Trouble::Session(SessionTrouble::Lost { times: 1, status });
        }
        if matches!(status, 404 | 405) && is_first {
            let path = line(self.post_to.path(), MAX_NAME);
            return Trouble::Stream(StreamTrouble::EndpointUnreachable { status, path });
        }
        trouble
    }
}

/// Where to post, out of the data of the endpoint event. It must be the origin of the stream:
/// elsewhere it would carry our credentials to a stranger.
fn endpoint(stream: &Url, data: &str) -> Result<Url, StreamTrouble> {
    let invalid = || StreamTrouble::EndpointInvalid(line(data, MAX_NAME));
    if data.is_empty() || data.starts_with(['{', '[', '"']) || data.contains(char::is_whitespace) {
        return Err(invalid());
    }
    let url = stream.join(data).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid());
    }
    if url.origin() != stream.origin() {
        let origin = url.origin().ascii_serialization();
        return Err(StreamTrouble::EndpointCrossOrigin(line(&origin, MAX_NAME)));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_same_origin_is_posted_to() {
        let stream = Url::parse("https://a.example/x/sse").unwrap();
        for (data, expected) in [
            (
                "/messages/?session_id=1",
                Some("https://a.example/messages/?session_id=1"),
            ),
            ("messages", Some("https://a.example/x/messages")),
            ("?s=1", Some("https://a.example/x/sse?s=1")),
            ("https://a.example/m", Some("https://a.example/m")),
            ("https://a.example:443/m", Some("https://a.example/m")),
            ("http://a.example/m", None),
            ("https://b.example/m", None),
            ("//b.example/m", None),
            ("{\"uri\":\"/m\"}", None),
            ("", None),
            ("javascript:alert(1)", None),
        ] {
            let found = endpoint(&stream, data).ok();
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{data}");
        }
    }
}
