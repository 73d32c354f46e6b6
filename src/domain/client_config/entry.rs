//! One server of a client configuration.
//!
//! A wrapper that bridges a remote server to a local client (`mcp-remote`, `supergateway`) names
//! the address in its arguments; any other command is a local server and cannot be watched. Of an
//! `env` block only what a header refers to is taken.

use serde_json::{Map, Value};

use super::placeholder::{self, Unfilled};
use super::text;
use crate::domain::monitor::{Endpoint, EndpointUrl, FieldError, Header, TransportChoice};

/// Why a server was left out.
pub(super) struct Left(pub(super) String);

impl From<FieldError> for Left {
    fn from(fault: FieldError) -> Self {
        Self(format!("its {} {}", fault.field, fault.message))
    }
}

/// Reads a server as a client's configuration describes it.
pub(super) fn read(server: &Value) -> Result<Endpoint, Left> {
    let Some(server) = server.as_object() else {
        return Err(Left("is not described by an object".to_owned()));
    };
    let is = |key: &str, value: bool| server.get(key) == Some(&Value::Bool(value));
    if is("disabled", true) || is("enabled", false) {
        return Err(Left("is switched off".to_owned()));
    }
    let empty = Map::new();
    let env = server.get("env").and_then(Value::as_object);
    let env = env.unwrap_or(&empty);
    let (url, transport, given) = match remote(server) {
        Some((url, transport)) => (url, transport, headers(server)),
        None => bridge(server).ok_or_else(|| {
            Left("is started by a command; only a server with an address can be watched".to_owned())
        })?,
    };
    let mut endpoint = Endpoint {
        url: EndpointUrl::parse(&fill("its url", url, env)?)?,
        transport,
        headers: Vec::new(),
        bearer: None,
        oauth: None,
    };
    for (name, value) in given {
        add_header(
            &mut endpoint,
            name,
            &fill(&format!("its header '{name}'"), value, env)?,
        )?;
    }
    // FastMCP writes a token here, or the word `oauth` for a log-in by hand.
    let token = text(server, "auth").filter(|auth| !auth.eq_ignore_ascii_case("oauth"));
    if let Some(token) = token
        && !has_authorization(&endpoint)
    {
        let token = fill("its auth", token, env)?;
        let token = format!("Bearer {}", token.trim_start_matches("Bearer "));
        endpoint.headers.push(Header::new("Authorization", &token)?);
    }
    Ok(endpoint)
}

/// Adds a header, unless it is one that the protocol sets by itself.
pub(super) fn add_header(endpoint: &mut Endpoint, name: &str, value: &str) -> Result<(), Left> {
    if !Header::is_owned(name) {
        endpoint.headers.push(Header::new(name, value)?);
    }
    Ok(())
}

fn has_authorization(endpoint: &Endpoint) -> bool {
    let is_it = |header: &Header| header.name.eq_ignore_ascii_case("authorization");
    endpoint.headers.iter().any(is_it)
}

fn fill(what: &str, text: &str, env: &Map<String, Value>) -> Result<String, Left> {
    placeholder::fill(text, env).map_err(|Unfilled(wanted)| {
        Left(format!(
            "{what} wants {wanted}, which the file does not hold; put the value there and import it again"
        ))
    })
}

/// The address of a server that is reached by one, and its transport where the file says it.
fn remote(server: &Map<String, Value>) -> Option<(&str, TransportChoice)> {
    let word = text(server, "type").or_else(|| text(server, "transport"));
    let said = TransportChoice::parse(word.unwrap_or_default()).unwrap_or_default();
    if let Some(url) = text(server, "httpUrl") {
        return Some((url, TransportChoice::StreamableHttp));
    }
    let url = text(server, "url").or_else(|| text(server, "serverUrl"))?;
    Some((url, said))
}

fn headers(server: &Map<String, Value>) -> Vec<(&str, &str)> {
    let headers = server.get("headers").and_then(Value::as_object);
    let text = |(name, value)| Some((String::as_str(name), Value::as_str(value)?));
    headers.into_iter().flatten().filter_map(text).collect()
}

type Bridged<'a> = (&'a str, TransportChoice, Vec<(&'a str, &'a str)>);

/// What a wrapper around a remote server is told: `npx mcp-remote URL --header "K: V"`.
fn bridge(server: &Map<String, Value>) -> Option<Bridged<'_>> {
    let words = |key: &str| match server.get(key) {
        Some(Value::String(word)) => vec![word.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words = [words("command"), words("args")].concat();
    let is_bridge = |word: &&str| word.contains("mcp-remote") || word.contains("supergateway");
    words.iter().find(|word| is_bridge(word))?;
    let is_address = |word: &&&str| word.starts_with("https://") || word.starts_with("http://");
    let url = words.iter().find(is_address)?;
    let (mut transport, mut headers) = (TransportChoice::Auto, Vec::new());
    for pair in words.windows(2) {
        match *pair {
            ["--header", header] => headers.extend(header.split_once(':')),
            ["--transport", "sse-only"] | ["--sse", _] => transport = TransportChoice::Sse,
            ["--transport", "http-only"] | ["--streamableHttp", _] => {
                transport = TransportChoice::StreamableHttp;
            }
            _ => {}
        }
    }
    Some((url, transport, headers))
}
