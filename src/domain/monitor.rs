//! A monitor: what we watch, how, how often, with which expectations.
//!
//! The constructors refuse what makes no sense and name the field; a `Monitor` that exists is
//! one that can be checked. Whether an address may be connected to is decided where the socket
//! is opened (`net.rs`), not here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::canary::Canary;
use super::client_credentials::ClientCredentials;
use super::id::{MonitorId, TeamId};
use super::sensitive::Sensitive;

/// Longest URL that a monitor takes, in bytes.
pub const MAX_URL: usize = 2_048;
/// Longest name, in characters.
pub const MAX_NAME: usize = 120;
/// Most headers of one monitor.
pub const MAX_HEADERS: usize = 20;
/// Longest header value, in bytes.
pub const MAX_HEADER_VALUE: usize = 8_192;
/// Most tags, expected tools and locations of one monitor, each.
pub const MAX_LIST: usize = 50;
/// Longest tag, location or expected tool name, in characters.
pub const MAX_WORD: usize = 128;
/// Bounds of the interval, in seconds.
pub const INTERVAL_SECONDS: std::ops::RangeInclusive<u32> = 10..=86_400;
/// Bounds of the time that one probe may take in all, in seconds.
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 5..=120;
/// The interval when none is given, in seconds.
pub const DEFAULT_INTERVAL_SECONDS: u32 = 60;
/// The time that one probe may take in all when none is given, in seconds.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 30;

/// A field that was refused, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field, as the API and the forms name it.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl FieldError {
    /// Names the field and says what would be right.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// Which transport to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportChoice {
    /// Find out.
    #[default]
    Auto,
    /// Streamable HTTP, one URL for everything.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

impl TransportChoice {
    /// Reads the words that people and their configurations use for a transport (mcp.md §10.2).
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        match word {
            "auto" | "" => Ok(Self::Auto),
            "streamable_http" | "streamable-http" | "streamableHttp" | "http" => {
                Ok(Self::StreamableHttp)
            }
            "sse" => Ok(Self::Sse),
            other => Err(FieldError::new(
                "transport",
                format!("'{other}' is not a transport; use auto, streamable_http or sse"),
            )),
        }
    }

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::StreamableHttp => "streamable_http",
            Self::Sse => "sse",
        }
    }
}

/// The address of an MCP server: http or https, with a host, without userinfo and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// Reads an address; says what is wrong with it otherwise.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let refuse = |message: String| Err(FieldError::new("url", message));
        let text = text.trim();
        if text.is_empty() {
            return refuse("is empty; paste the address of an MCP server".to_owned());
        }
        if text.len() > MAX_URL {
            return refuse(format!("is longer than {MAX_URL} bytes"));
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                return refuse(format!("has no scheme; did you mean https://{text}?"));
            }
            Err(error) => return refuse(format!("is not a URL: {error}")),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse(format!(
                "has the scheme '{}'; only http and https can be watched",
                url.scheme()
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(
                "contains a user name or password; use a header or a bearer token instead"
                    .to_owned(),
            );
        }
        if url.fragment().is_some() {
            return refuse("contains a fragment (#…), which is never sent; remove it".to_owned());
        }
        if text.contains(['{', '}']) {
            return refuse("contains a placeholder in braces; fill it in".to_owned());
        }
        match url.host() {
            None => return refuse("has no host".to_owned()),
            Some(Host::Domain("")) => {
                return refuse("has no host".to_owned());
            }
            Some(_) => {}
        }
        Ok(Self(url))
    }

    /// The address itself.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Host, and port where it is not the usual one: what people call the server.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The address without the values of its query, which may hold keys.
    pub fn redacted(&self) -> String {
        let Some(query) = self.0.query() else {
            return self.0.to_string();
        };
        let names: Vec<&str> = query
            .split('&')
            .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
            .collect();
        let mut url = self.0.clone();
        url.set_query(None);
        format!("{url}?{}=…", names.join("=…&"))
    }
}

/// A header that is sent with every request; its value is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, as given.
    pub name: String,
    /// The value.
    pub value: Sensitive,
}

impl Header {
    /// Refuses names that the protocol or the connection owns (mcp.md §5.5) and anything that
    /// would break out of its line.
    pub fn new(name: &str, value: &str) -> Result<Self, FieldError> {
        let refuse = |message: String| Err(FieldError::new("headers", message));
        let name = name.trim();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) || name.len() > MAX_WORD {
            return refuse(format!("'{}' is not a header name", name.escape_debug()));
        }
        let lower = name.to_ascii_lowercase();
        let owned = [
            "host",
            "accept",
            "connection",
            "transfer-encoding",
            "upgrade",
            "te",
            "trailer",
        ];
        let families = ["content-", "mcp-", "accept-", "proxy-"];
        if owned.contains(&lower.as_str()) || families.iter().any(|f| lower.starts_with(f)) {
            return refuse(format!(
                "'{name}' belongs to the protocol and cannot be set"
            ));
        }
        let value = value.trim();
        if value.contains(['\r', '\n', '\0']) {
            return refuse(format!("the value of '{name}' contains a line break"));
        }
        if !value
            .chars()
            .all(|c| c == '\t' || ('\u{20}'..='\u{7e}').contains(&c))
        {
            return refuse(format!(
                "the value of '{name}' contains a character outside ASCII"
            ));
        }
        if value.len() > MAX_HEADER_VALUE {
            return refuse(format!(
                "the value of '{name}' is longer than {MAX_HEADER_VALUE} bytes"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            value: Sensitive::new(value),
        })
    }
}

/// Where a server is and what it takes to talk to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub url: EndpointUrl,
    /// The transport to speak.
    pub transport: TransportChoice,
    /// Headers for every request.
    pub headers: Vec<Header>,
    /// A token for `Authorization: Bearer …`.
    pub bearer: Option<Sensitive>,
    /// A client that gets tokens from an authorization server.
    pub oauth: Option<ClientCredentials>,
}

/// What a server promised its users; a check that sees less is degraded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectations {
    /// Tools that must be listed.
    pub tools: Vec<String>,
    /// A check that takes longer than this in all is degraded, in milliseconds.
    pub slow_ms: Option<u32>,
}

/// What people say of a monitor when they make or change it: everything but id, team and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorSpec {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Seconds between two checks from one location.
    pub interval_seconds: u32,
    /// Seconds that one probe may take in all.
    pub timeout_seconds: u32,
    /// What it promised.
    pub expectations: Expectations,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Locations to check from; `None` means wherever a node probes by default (`local`).
    pub locations: Option<Vec<String>>,
    /// A tool to be called at times.
    pub canary: Option<Canary>,
    /// Try the lints that take requests of their own, once a week.
    pub lint: bool,
}

impl MonitorSpec {
    /// A monitor of `endpoint` with every default; named after its host.
    pub fn of(endpoint: Endpoint) -> Self {
        Self {
            name: endpoint.url.authority(),
            endpoint,
            interval_seconds: DEFAULT_INTERVAL_SECONDS,
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            expectations: Expectations::default(),
            tags: Vec::new(),
            locations: None,
            canary: None,
            lint: false,
        }
    }

    /// Every field that is out of bounds, with what would be right. Empty means fine.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut refuse = |field, message: String| faults.push(FieldError::new(field, message));
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control)
        {
            refuse(
                "name",
                format!("must have 1 to {MAX_NAME} printable characters"),
            );
        }
        if !INTERVAL_SECONDS.contains(&self.interval_seconds) {
            refuse("interval_seconds", bounds("seconds", &INTERVAL_SECONDS));
        }
        if !TIMEOUT_SECONDS.contains(&self.timeout_seconds) {
            refuse("timeout_seconds", bounds("seconds", &TIMEOUT_SECONDS));
        }
        if self.expectations.slow_ms == Some(0) {
            refuse(
                "slow_ms",
                "must be at least 1, or null for no threshold".to_owned(),
            );
        }
        if self.endpoint.headers.len() > MAX_HEADERS {
            refuse("headers", format!("at most {MAX_HEADERS} headers"));
        }
        let authorization = |h: &Header| h.name.eq_ignore_ascii_case("authorization");
        if self.endpoint.bearer.is_some() && self.endpoint.headers.iter().any(authorization) {
            refuse(
                "bearer",
                "there is an Authorization header already; keep one".to_owned(),
            );
        }
        if self.endpoint.oauth.is_some()
            && (self.endpoint.bearer.is_some() || self.endpoint.headers.iter().any(authorization))
        {
            refuse("oauth", "there is a token already; keep one".to_owned());
        }
        if let Some(fault) = self.endpoint.plain_credentials() {
            refuse(fault.field, fault.message);
        }
        let lists: [(&'static str, &[String]); 3] = [
            ("tags", &self.tags),
            ("expect_tools", &self.expectations.tools),
            ("locations", self.locations.as_deref().unwrap_or_default()),
        ];
        for (field, words) in lists {
            let is_bad = |w: &String| {
                w.trim().is_empty()
                    || w.chars().count() > MAX_WORD
                    || w.chars().any(char::is_control)
            };
            if words.len() > MAX_LIST || words.iter().any(is_bad) {
                refuse(
                    field,
                    format!("at most {MAX_LIST}, each of 1 to {MAX_WORD} characters"),
                );
            }
        }
        if self.locations.as_ref().is_some_and(Vec::is_empty) {
            refuse(
                "locations",
                "name at least one, or null for the default".to_owned(),
            );
        }
        faults.extend(self.canary.iter().flat_map(Canary::faults));
        faults
    }

    /// The time between two checks.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_seconds))
    }

    /// The time that one probe may take in all.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }
}

fn bounds(unit: &str, range: &std::ops::RangeInclusive<u32>) -> String {
    let (least, most) = (range.start(), range.end());
    format!("must be between {least} and {most} {unit}")
}

/// A monitor as it exists: its spec with id and team. What is known of it is in `status.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its id.
    pub id: MonitorId,
    /// Whose it is.
    pub team: TeamId,
    /// What its owner says of it.
    pub spec: MonitorSpec,
    /// Not checked until resumed.
    pub paused: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_watched_are_refused_with_a_reason() {
        for (text, part) in [
            ("", "empty"),
            ("mcp.example.com/mcp", "no scheme"),
            ("ftp://example.com/", "'ftp'"),
            ("https://user:pw@example.com/mcp", "user name"),
            ("https://example.com/mcp#x", "fragment"),
            ("https://example.com/{tenant}/mcp", "placeholder"),
            ("https:///", "URL"),
        ] {
            let error = EndpointUrl::parse(text).unwrap_err();
            assert_eq!(error.field, "url");
            assert!(error.message.contains(part), "{text}: {}", error.message);
        }
        assert!(EndpointUrl::parse(" https://example.com/mcp ").is_ok());
    }

    #[test]
    fn query_values_do_not_show() {
        let url = EndpointUrl::parse("https://e.example/mcp?key=abc&x").unwrap();
        assert_eq!(url.redacted(), "https://e.example/mcp?key=…&x=…");
    }

    #[test]
    fn headers_that_belong_to_the_protocol_or_break_the_line_are_refused() {
        for (name, value) in [
            ("Host", "x"),
            ("Mcp-Session-Id", "x"),
            ("content-type", "x"),
            ("X-Key", "a\r\nEvil: 1"),
            ("X Key", "a"),
            ("", "a"),
        ] {
            assert_eq!(
                Header::new(name, value).unwrap_err().field,
                "headers",
                "{name}"
            );
        }
        assert!(Header::new("X-Api-Key", "abc").is_ok());
    }

    #[test]
    fn every_fault_of_a_spec_is_named_at_once() {
        let url = EndpointUrl::parse("https://e.example/mcp").unwrap();
        let endpoint = Endpoint {
            url,
            transport: TransportChoice::Auto,
            headers: vec![],
            bearer: None,
            oauth: None,
        };
        let mut spec = MonitorSpec::of(endpoint);
        assert_eq!(spec.faults(), []);
        spec.interval_seconds = 5;
        spec.timeout_seconds = 500;
        spec.tags = vec![String::new()];
        let fields: Vec<_> = spec.faults().into_iter().map(|f| f.field).collect();
        assert_eq!(fields, ["interval_seconds", "timeout_seconds", "tags"]);
    }
}
