//! The exchanges of a check for people: without secrets, cut to a readable length, and a `curl`
//! command that repeats the decisive one.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use url::Url;

use super::notes::RawExchange;
use super::visit::SESSION;
use crate::domain::monitor::{Endpoint, EndpointUrl};
use crate::domain::observation::{Exchange, StepName};
use crate::domain::sensitive::Sensitive;
use crate::domain::untrusted::{MAX_EXCERPT, MAX_QUOTE, block, excerpt, line};

/// Most exchanges that are shown; the first ones and the last ones.
const MAX_SHOWN: usize = 12;
/// Values shorter than this are not hunted for in what a server says: they occur by chance.
const MIN_SECRET: usize = 8;
/// What stands for a secret.
const HIDDEN: &str = "[secret]";

/// A URL without the values of its query.
pub(super) fn redacted(url: &Url) -> String {
    EndpointUrl::parse(url.as_str()).map_or_else(
        |_| {
            let mut bare = url.clone();
            bare.set_query(None);
            line(bare.as_str(), MAX_QUOTE)
        },
        |url| line(&url.redacted(), MAX_QUOTE),
    )
}

/// The secrets of an endpoint, to be kept out of everything that is written down.
#[derive(Default)]
pub(super) struct Veil(Vec<String>);

impl Veil {
    /// Hides the credentials of `endpoint`.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let values = endpoint
            .headers
            .iter()
            .map(|header| header.value.expose())
            .chain(endpoint.bearer.iter().map(Sensitive::expose));
        let url = endpoint.url.url();
        // Both as it is meant and as it is written: what is echoed may be either.
        let written = url.query().unwrap_or_default().split('&');
        let written = written.filter_map(|pair| pair.split_once('='));
        let query: Vec<String> = url
            .query_pairs()
            .map(|(_, value)| value.into_owned())
            .chain(written.map(|(_, value)| value.to_owned()))
            .collect();
        let mut secrets: Vec<String> = values
            .flat_map(|value| [value, value.split_once(' ').map_or("", |(_, token)| token)])
            .chain(query.iter().map(String::as_str))
            .filter(|value| value.len() >= MIN_SECRET)
            .map(str::to_owned)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// Hides one more.
    pub(super) fn hide(&mut self, secret: &str) {
        if secret.len() >= MIN_SECRET {
            self.0.push(secret.to_owned());
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// `text` without secrets.
    pub(super) fn text(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), HIDDEN)
            } else {
                text
            }
        })
    }

    /// `bytes` without secrets; the very same where there are none.
    pub(super) fn bytes(&self, bytes: Bytes) -> Bytes {
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return bytes;
        };
        if self.0.iter().any(|secret| text.contains(secret.as_str())) {
            return self.text(text.to_owned()).into();
        }
        bytes
    }
}

/// The exchanges, fit to be shown.
pub(super) fn shown(raw: &[RawExchange], endpoint: &Endpoint, veil: &Veil) -> Vec<Exchange> {
    let cut = raw.len().saturating_sub(MAX_SHOWN);
    raw.iter()
        .enumerate()
        .filter(|(place, _)| *place == 0 || *place > cut || cut == 0)
        .map(|(_, raw)| Exchange {
            step: raw.step,
            request: request(raw, endpoint),
            response: response(raw, veil),
        })
        .collect()
}

fn request(raw: &RawExchange, endpoint: &Endpoint) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", raw.method, target(&raw.target));
    for (name, value) in &raw.headers {
        let value = placeholder(name, value, endpoint);
        text.push_str(&format_header(name, &value));
    }
    if !raw.body.is_empty() {
        text.push('\n');
        text.push_str(&excerpt(&raw.body, MAX_EXCERPT));
    }
    text
}

fn response(raw: &RawExchange, veil: &Veil) -> Option<String> {
    let answer = raw.answer.as_ref()?;
    let mut text = format!("HTTP/1.1 {}\n", answer.status);
    for (name, value) in &answer.headers {
        let is_secret = name == SESSION || name == SET_COOKIE;
        let value = if is_secret {
            HIDDEN.to_owned()
        } else {
            line(&String::from_utf8_lossy(value.as_bytes()), MAX_QUOTE)
        };
        text.push_str(&format_header(name, &value));
    }
    if !answer.body.is_empty() {
        text.push('\n');
        text.push_str(&excerpt(&answer.body, MAX_EXCERPT));
    }
    // Sessions of HTTP+SSE are named in the very stream.
    Some(veil.text(block(&text, MAX_EXCERPT * 2)))
}

fn format_header(name: &HeaderName, value: &str) -> String {
    format!("{name}: {value}\n")
}

/// A value as it may be shown: secrets as the variable that would hold them.
fn placeholder(name: &HeaderName, value: &HeaderValue, endpoint: &Endpoint) -> String {
    if name == AUTHORIZATION {
        if value.as_bytes().starts_with(b"Basic ") && endpoint.oauth.is_some() {
            return "Basic $CLIENT".to_owned();
        }
        if endpoint.bearer.is_some() || endpoint.oauth.is_some() {
            return "Bearer $TOKEN".to_owned();
        }
    }
    if name == SESSION {
        return "$SESSION".to_owned();
    }
    let is_secret = value.is_sensitive()
        || endpoint
            .headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case(name.as_str()));
    if is_secret {
        return format!("${}", variable(name.as_str()));
    }
    line(&String::from_utf8_lossy(value.as_bytes()), MAX_QUOTE)
}

/// `x-api-key` as `X_API_KEY`.
fn variable(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// Path and query without the values of the query.
fn target(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
        .collect();
    format!("{path}?{}=…", names.join("=…&"))
}

/// A command that repeats the request of the step `at`, or `fallback` where none was sent. One
/// argument to a line; what is secret stands in the variables that it names.
pub(super) fn curl(
    raw: &[RawExchange],
    at: StepName,
    endpoint: &Endpoint,
    fallback: &Bytes,
) -> String {
    let decisive = raw.iter().rev().find(|raw| raw.step == at);
    let url = endpoint.url.url();
    let mut lines = vec!["curl -sS -i --max-time 30".to_owned()];
    let empty = HeaderMap::new();
    let (method, address, headers, body) = match decisive {
        Some(raw) => {
            let address = format!("{}://{}{}", url.scheme(), raw.host, raw.target);
            (raw.method, address, &raw.headers, raw.body.clone())
        }
        None => ("POST", url.as_str().to_owned(), &empty, fallback.clone()),
    };
    lines.push(match method {
        "GET" => "-N".to_owned(),
        method => format!("-X {method}"),
    });
    lines.push(pasted(&address));
    let is_ours = |name: &str| ["host", "user-agent", "accept-encoding"].contains(&name);
    let mut shown: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !is_ours(name.as_str()))
        .map(|(name, value)| (name.to_string(), placeholder(name, value, endpoint)))
        .collect();
    if decisive.is_none() {
        let both = "application/json, text/event-stream";
        shown.push(("content-type".to_owned(), "application/json".to_owned()));
        shown.push(("accept".to_owned(), both.to_owned()));
    }
    for (name, value) in shown {
        // Double quotes let the shell put in what the placeholder names; nothing else of the
        // value is special to it.
        let header = format!("{name}: {value}");
        let header = if value.contains('$') {
            format!("\"{header}\"")
        } else {
            quoted(&header)
        };
        lines.push(format!("-H {header}"));
    }
    if !body.is_empty() {
        let body = String::from_utf8_lossy(&body);
        lines.push(format!("--data {}", quoted(&body)));
    }
    lines.join(" \\\n  ")
}

/// An address as one word of a shell, with a variable for every value of its query.
fn pasted(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else {
        return quoted(address);
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{}=\"${}\"", quoted(name), variable(name)),
        None => quoted(pair),
    });
    let pairs: Vec<String> = pairs.collect();
    format!("{}{}", quoted(&format!("{path}?")), pairs.join("'&'"))
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::monitor::{Header, TransportChoice};

    fn endpoint() -> Endpoint {
        Endpoint {
            url: EndpointUrl::parse("https://e.example/it's?key=query-secret").unwrap(),
            transport: TransportChoice::Auto,
            headers: vec![Header::new("X-Api-Key", "header-secret").unwrap()],
            bearer: Some(Sensitive::new("bearer-secret")),
            oauth: None,
        }
    }

    #[test]
    fn a_secret_is_hidden_as_it_is_written_and_as_it_is_meant() {
        let mut endpoint = endpoint();
        let url = "https://e.example/mcp?key=c2VjcmV0dA%3D%3D";
        endpoint.url = EndpointUrl::parse(url).unwrap();
        let veil = Veil::of(&endpoint);
        let text = veil.text("/mcp/?key=c2VjcmV0dA%3D%3D and c2VjcmV0dA==".to_owned());
        assert_eq!(text, "/mcp/?key=[secret] and [secret]");
    }

    #[test]
    fn no_secret_shows_in_transcript_or_command() {
        let endpoint = endpoint();
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", HeaderValue::from_static("header-secret"));
        headers.insert(
            AUTHORIZATION,
            HeaderValue::from_static("Bearer bearer-secret"),
        );
        headers.insert(SESSION, HeaderValue::from_static("session-secret"));
        let mut answered = HeaderMap::new();
        answered.insert(SESSION, HeaderValue::from_static("session-secret"));
        answered.insert("x-echo", HeaderValue::from_static("bearer-secret"));
        let raw = [RawExchange {
            step: StepName::ToolsList,
            method: "POST",
            target: "/it's?key=query-secret".to_owned(),
            host: "e.example".to_owned(),
            headers,
            body: Bytes::from_static(b"{\"a\":\"it's\"}"),
            answer: Some(super::super::notes::RawAnswer {
                status: 500,
                headers: answered,
                body: Bytes::from_static(b"no: header-secret query-secret"),
            }),
        }];
        let shown = shown(&raw, &endpoint, &Veil::of(&endpoint));
        let curl = curl(&raw, StepName::ToolsList, &endpoint, &Bytes::new());
        for text in [
            &shown[0].request,
            shown[0].response.as_ref().unwrap(),
            &curl,
        ] {
            assert!(!text.contains("-secret"), "{text}");
        }
        assert_eq!(
            curl,
            r#"curl -sS -i --max-time 30 \
  -X POST \
  'https://e.example/it'\''s?''key'="$KEY" \
  -H "x-api-key: $X_API_KEY" \
  -H "authorization: Bearer $TOKEN" \
  -H "mcp-session-id: $SESSION" \
  --data '{"a":"it'\''s"}'"#
        );
    }
}
