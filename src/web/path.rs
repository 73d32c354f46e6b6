//! What a request says beside its body: the id of a thing, the words after the question mark, where
//! it came from.
//!
//! An id that cannot be read is a thing that does not exist.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::error::WebError;

/// The id in a path with one parameter.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| WebError::NotFound)?;
        text.parse().map(Self).map_err(|_| WebError::NotFound)
    }
}

/// The ids in a path with two parameters.
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<A: FromStr + Send, B: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let Path((a, b)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| WebError::NotFound)?;
        match (a.parse(), b.parse()) {
            (Ok(a), Ok(b)) => Ok(Self(a, b)),
            _ => Err(WebError::NotFound),
        }
    }
}

/// Words that say where one stands or what was just done: no part of what a list shows.
const MOMENTARY: [&str; 3] = ["cursor", "done", "n"];
/// Most words that are read.
const MOST_WORDS: usize = 50;

/// The words after the question mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The words of an address.
    pub(crate) fn of(path: &str) -> Self {
        let text = path.split_once('?').map_or("", |(_, words)| words);
        let words = form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(words.take(MOST_WORDS).collect())
    }

    /// A word, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A word, if it is one of those.
    pub(crate) fn one_of(&self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let given = self.get(name)?;
        words.iter().copied().find(|word| *word == given)
    }

    /// The same words at another path, without what was just done.
    pub(crate) fn here(&self, path: &str) -> String {
        let cursor = self.get("cursor").unwrap_or_default();
        self.with(path, "cursor", cursor)
    }

    /// This address with one word set, or taken away where it is empty.
    pub(crate) fn with(&self, path: &str, name: &str, value: &str) -> String {
        self.without(&[], path, name, value)
    }

    /// This address with one word set, and without some others.
    pub(crate) fn without(&self, others: &[&str], path: &str, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let is_gone = |known: &str| known == name || others.contains(&known);
        let kept = self.0.iter().filter(|(known, value)| {
            !is_gone(known) && !MOMENTARY.contains(&&**known) && !value.is_empty()
        });
        for (known, value) in kept {
            query.append_pair(known, value);
        }
        if !value.is_empty() {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let text = parts.uri.query().unwrap_or_default();
        Ok(Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .take(MOST_WORDS)
                .collect(),
        ))
    }
}

/// The network address that a request came from, where it is known. Behind a proxy that is the
/// address of the proxy: what a header says could be anybody's invention.
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(
            peer.map(|ConnectInfo(address)| address.ip().to_canonical()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_can_be_set_and_taken_away() {
        let pairs = [("q", "a b"), ("cursor", "x"), ("tag", "")];
        let query = Query(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert_eq!(query.with("/", "status", "down"), "/?q=a+b&status=down");
        assert_eq!(query.with("/", "q", ""), "/");
        assert_eq!(query.without(&["q"], "/", "day", "1"), "/?day=1");
        assert_eq!(query.get("tag"), None);
        assert_eq!(query.one_of("q", &["a b"]), Some("a b"));
    }
}
