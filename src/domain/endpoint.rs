//! Where a server is and what it takes to talk to it.
//!
//! The constructors refuse what cannot be an address or a header and say what would be right.
//! Whether an address may be connected to is decided where the socket is opened (`net.rs`), not
//! here.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::client_credentials::ClientCredentials;
use super::monitor::{FieldError, MAX_WORD};
use super::sensitive::Sensitive;

/// Longest URL that a monitor takes, in bytes.
pub const MAX_URL: usize = 2_048;
/// Longest header value, in bytes.
pub const MAX_HEADER_VALUE: usize = 8_192;

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
        if Self::is_owned(name) {
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

    /// Whether a header of this name is set by the protocol or the connection itself.
    pub fn is_owned(name: &str) -> bool {
        let lower = name.trim().to_ascii_lowercase();
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
        owned.contains(&lower.as_str()) || families.iter().any(|f| lower.starts_with(f))
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
}
