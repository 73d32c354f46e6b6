//! Reading an answer to a JSON-RPC request: status first, then media type, then the message,
//! whether it comes as JSON or as an event stream (mcp.md §1.4).

use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{
    AGE, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER, SERVER, WWW_AUTHENTICATE,
};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::connection::seconds;
use super::encoding::Decoder;
use super::events::Events;
use super::jsonrpc::{self, Message};
use super::recognised::Reply;
use super::room::crowded;
use super::visit::Visit;
use super::wire;
use crate::domain::at::At;
use crate::domain::challenge::Challenge;
use crate::domain::lint::Fact;
use crate::domain::trouble::{
    BodyTrouble, HttpTrouble, MessageTrouble, StatusSeen, StreamTrouble, Trouble,
};
use crate::domain::untrusted::{MAX_EXCERPT, MAX_NAME, MAX_QUOTE, excerpt, line};

/// How long the end of a stream is awaited after the answer, so that its connection can be used
/// again; not counted as the server's time.
const LINGER: Duration = Duration::from_millis(100);
/// Longest `Retry-After` that is believed, in seconds.
const MAX_RETRY_AFTER: u64 = 86_400;

/// What was asked.
pub(super) struct Asked {
    /// The id of the request.
    pub(super) id: u64,
    /// Within a session.
    pub(super) in_session: bool,
    /// For the beginning of the list of tools, which may be one that was read before.
    pub(super) is_list: bool,
}

impl Asked {
    fn recognise(&self, visit: &mut Visit<'_>, message: &[u8]) -> Option<Reply> {
        let known = self.is_list.then(|| visit.recognise(message, self.id))??;
        Some(Reply::Recognised(known))
    }
}

/// The result in `response`, which answers what was `asked`.
pub(super) async fn result(
    visit: &mut Visit<'_>,
    response: Response<Incoming>,
    asked: &Asked,
) -> Result<Reply, Trouble> {
    let status = response.status().as_u16();
    if !(200..300).contains(&status) {
        return Err(refusal(visit, response, asked.in_session).await);
    }
    let encoding = encoding(response.headers());
    let decoder = decoder(encoding.as_deref())?;
    if let Some(by) = cache(response.headers()) {
        visit.notes.notice(Trouble::Cached { by });
    }
    wire::head(&mut visit.notes, response.headers());
    let kind = media_type(response.headers());
    if kind.as_deref() == Some("text/event-stream") {
        wire::stream(&mut visit.notes, response.headers());
        let answer = from_stream(visit, response.into_body(), decoder, asked).await;
        if let (Some(encoding), Ok(_) | Err(Trouble::Rpc(_))) = (encoding, &answer) {
            visit
                .notes
                .notice(Trouble::Body(BodyTrouble::Encoded(encoding)));
        }
        return answer;
    }
    let encoded = decoder.zip(encoding.as_deref());
    let body = visit.whole(response.into_body(), encoded).await?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Trouble::Body(BodyTrouble::Empty { status }));
    }
    if kind.as_deref() == Some("application/json")
        && let Some(known) = asked.recognise(visit, &body)
    {
        return Ok(known);
    }
    let message = match visit.parse(&body).await {
        Ok(message) => message,
        Err(trouble @ (Trouble::Own { .. } | Trouble::Body(BodyTrouble::TooLarge { .. }))) => {
            return Err(trouble);
        }
        Err(trouble) => return Err(no_message(&body, kind, trouble)),
    };
    let answer = accept(visit, message, asked.id)?;
    match kind.as_deref() {
        Some("application/json") => {}
        Some(other) => {
            let kind = line(other, MAX_NAME);
            visit
                .notes
                .notice(Trouble::Body(BodyTrouble::TypeWrong(kind)));
        }
        None => visit.notes.notice(Trouble::Body(BodyTrouble::TypeMissing)),
    }
    match answer {
        Message::Answer(answer) => answer.map(Reply::Read).map_err(Trouble::Rpc),
        Message::OtherId(id) => Err(Trouble::Message(MessageTrouble::OtherId(id))),
        Message::Aside => Err(Trouble::Message(MessageTrouble::NotJsonRpc(
            "it is a request or a notification",
        ))),
    }
}

/// Reads the envelope of a message and notes how it deviates.
pub(super) fn accept(visit: &mut Visit<'_>, message: Value, id: u64) -> Result<Message, Trouble> {
    let mut odd = Vec::new();
    wire::message(&mut visit.notes, &message);
    let read = jsonrpc::read(message, id, &mut odd);
    if let Ok(Message::Answer(Ok(result))) = &read {
        wire::result(&mut visit.notes, result);
    }
    for trouble in odd {
        visit.notes.notice(Trouble::Message(trouble));
    }
    read
}

async fn from_stream(
    visit: &mut Visit<'_>,
    body: Incoming,
    decoder: Option<Decoder>,
    asked: &Asked,
) -> Result<Reply, Trouble> {
    let Some(mut wire) = visit.take_wire() else {
        return Err(Trouble::Body(BodyTrouble::Truncated));
    };
    let mut events = Events::of(body, visit.room(), decoder)?;
    let budget = visit.budget(visit.patience);
    let end = Instant::now() + budget;
    let mut other = None;
    let mut any = false;
    let answer = loop {
        let Ok(next) = timeout_at(end, wire.drive(events.next())).await else {
            let tally = events.tally();
            visit.notes.answered_with(&tally.start);
            let seconds = seconds(budget);
            return Err(if tally.crowded {
                crowded()
            } else if any {
                Trouble::Http(HttpTrouble::Unfinished { seconds })
            } else {
                Trouble::Stream(StreamTrouble::Stalled { seconds })
            });
        };
        let tally = events.tally();
        let Some(event) = next.inspect_err(|_| visit.notes.answered_with(&tally.start))? else {
            visit.notes.answered_with(&tally.start);
            return Err(match (other, tally.odd_line) {
                (Some(id), _) => Trouble::Message(MessageTrouble::OtherId(id)),
                (None, Some(odd)) if tally.fields == 0 => {
                    let odd = line(&excerpt(&odd, MAX_QUOTE), MAX_QUOTE);
                    Trouble::Stream(StreamTrouble::Malformed(format!("it holds '{odd}'")))
                }
                _ if tally.fields + tally.comments == 0 => {
                    Trouble::Body(BodyTrouble::Empty { status: 200 })
                }
                _ => Trouble::Body(BodyTrouble::Truncated),
            });
        };
        let data = visit.veil.text(event.data);
        if !std::mem::replace(&mut any, true) && event.name == "endpoint" {
            return Err(Trouble::Stream(StreamTrouble::EndpointOnPost));
        }
        if event.name != "message" {
            continue;
        }
        if let Some(known) = asked.recognise(visit, data.as_bytes()) {
            break Ok(known);
        }
        let message = visit.parse(data.as_bytes()).await.map_err(|trouble| {
            visit.notes.answered_with(&tally.start);
            // An event that we had to complete ourselves was cut in the middle.
            if tally.unterminated && matches!(trouble, Trouble::Message(_)) {
                Trouble::Body(BodyTrouble::Truncated)
            } else {
                trouble
            }
        })?;
        match accept(visit, message, asked.id)? {
            Message::Answer(answer) => break answer.map(Reply::Read),
            Message::Aside => {}
            Message::OtherId(id) => other = Some(id),
        }
    };
    let since = Instant::now();
    let rest = async { while let Ok(Some(_)) = events.next().await {} };
    let has_ended = timeout_at(since + LINGER, wire.drive(rest)).await.is_ok();
    visit.notes.linger(since);
    let tally = events.tally();
    visit.notes.fact(Fact::Stream {
        primed: events.is_primed(),
        ended: has_ended,
    });
    if let Some(held_back) = tally
        .held_back(visit.notes.asked_at(), since)
        .filter(|_| has_ended && visit.notes.came_through_a_buffer())
    {
        let seconds = held_back.as_secs();
        visit
            .notes
            .notice(Trouble::Stream(StreamTrouble::Buffered { seconds }));
    }
    if has_ended {
        drop(events);
        visit.keep(wire);
    } else {
        visit.leave_open(wire, events, since).await;
    }
    if tally.unterminated {
        visit
            .notes
            .notice(Trouble::Stream(StreamTrouble::Unterminated));
    }
    visit.notes.answered_with(&tally.start);
    answer.map_err(Trouble::Rpc)
}

/// What takes an encoding apart that we did not ask for.
pub(super) fn decoder(encoding: Option<&str>) -> Result<Option<Decoder>, Trouble> {
    encoding
        .map(|name| {
            let unknown = || Trouble::Body(BodyTrouble::Encoded(name.to_owned()));
            Decoder::of(name).ok_or_else(unknown)
        })
        .transpose()
}

/// Why a body that holds no JSON is no answer.
fn no_message(body: &[u8], kind: Option<String>, trouble: Trouble) -> Trouble {
    let is_json = kind.as_deref() == Some("application/json");
    if is_json && !looks_like_html(body) {
        return trouble;
    }
    Trouble::Body(other_body(body, kind))
}

/// What a body is that should have been something else.
pub(super) fn other_body(body: &[u8], kind: Option<String>) -> BodyTrouble {
    if kind.as_deref() == Some("text/html") || looks_like_html(body) {
        return BodyTrouble::Html { title: title(body) };
    }
    kind.map_or(BodyTrouble::TypeMissing, |kind| {
        BodyTrouble::TypeWrong(line(&kind, MAX_NAME))
    })
}

/// What an answer with an unwelcome status says, its body included.
pub(super) async fn refusal(
    visit: &mut Visit<'_>,
    response: Response<Incoming>,
    in_session: bool,
) -> Trouble {
    let status = response.status().as_u16();
    let headers = response.headers();
    let named = headers.get_all(WWW_AUTHENTICATE).iter();
    let named: Vec<String> = named
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .map(|value| visit.veil.text(value.into_owned()))
        .collect();
    let server = text(headers, SERVER.as_str()).unwrap_or_default();
    let mut seen = StatusSeen {
        status,
        challenges: Challenge::all(named.iter().map(String::as_str)),
        retry_after: retry_after(headers, visit.now()),
        media_type: media_type(headers),
        bot_protection: headers.contains_key("cf-mitigated")
            || headers.contains_key("x-amzn-waf-action")
            || server.eq_ignore_ascii_case("akamaighost"),
        body: String::new(),
        rpc: None,
        in_session,
    };
    let decoder = encoding(headers).and_then(|name| Decoder::of(&name));
    let mut body = visit.reason(response.into_body()).await;
    if let Some(decoder) = decoder {
        body = decoder.start(&body).into();
    }
    seen.rpc = jsonrpc::error_in(&body);
    seen.body = excerpt(&body, MAX_EXCERPT);
    Trouble::Status(Box::new(seen))
}

/// The media type without parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// An encoding that we did not offer.
pub(super) fn encoding(headers: &HeaderMap) -> Option<String> {
    let value = text(headers, CONTENT_ENCODING.as_str())?;
    (!value.is_empty() && !value.eq_ignore_ascii_case("identity")).then(|| line(value, MAX_NAME))
}

/// The header by which a cache betrays itself.
fn cache(headers: &HeaderMap) -> Option<String> {
    let age = text(headers, AGE.as_str()).and_then(|age| age.parse::<u64>().ok());
    if let Some(age @ 1..) = age {
        return Some(format!("Age: {age}"));
    }
    ["cf-cache-status", "x-cache"].into_iter().find_map(|name| {
        let value = text(headers, name)?;
        let is_hit = value.to_ascii_lowercase().starts_with("hit");
        is_hit.then(|| format!("{name}: {}", line(value, MAX_NAME)))
    })
}

/// `Retry-After` in seconds from `now`, given as such or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: At) -> Option<u64> {
    let value = text(headers, RETRY_AFTER.as_str())?.trim();
    let seconds = value.parse::<u64>().ok().or_else(|| {
        let at = chrono::DateTime::parse_from_rfc2822(value).ok()?;
        let ms = At(at.timestamp_millis()).ms_since(now);
        Some(u64::try_from(ms).unwrap_or_default().div_ceil(1_000))
    })?;
    Some(seconds.min(MAX_RETRY_AFTER))
}

/// Everything that is read out of the headers of any answer.
#[cfg(fuzzing)]
pub(super) fn read_headers(headers: &HeaderMap, now: At) {
    let _ = (media_type(headers), encoding(headers), cache(headers));
    assert!(retry_after(headers, now).is_none_or(|s| s <= MAX_RETRY_AFTER));
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = excerpt(body, 200).trim_start().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

fn title(body: &[u8]) -> Option<String> {
    let text = excerpt(body, MAX_EXCERPT);
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    let title = line(text.get(from..to)?, MAX_NAME);
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests;
