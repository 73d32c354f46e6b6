//! What a request says: JSON body, query and ids in the path, read strictly and refused by name.
//!
//! The media type of a body does not matter: only JSON is understood, whatever it is called.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use super::error::{ApiError, Fault};
use crate::domain::at::At;

/// Rows of a list when the request does not say.
const DEFAULT_LIMIT: usize = 50;
/// Most rows of a list.
const MAX_LIMIT: usize = 200;

/// A body of JSON; no body at all is read as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(&rejection))?;
        let text = if bytes.is_empty() { b"{}" } else { &bytes[..] };
        read(text).map(Self)
    }
}

fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let words = "the body is larger than 256 KiB";
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", words)
    } else {
        ApiError::new(StatusCode::BAD_REQUEST, "unreadable", "the body broke off")
    }
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    // First whether it is JSON at all: otherwise a missing comma would be blamed on a field.
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|error| {
        let words = format!("the body is not JSON: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_json", words)
    })?;
    if !value.is_object() {
        let words = "the body must be a JSON object";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            words,
        ));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        ApiError::fields([blame(&path, &message)])
    })
}

/// Turns serde's words about a place into the name of a field and what would be right.
fn blame(path: &str, message: &str) -> Fault {
    let quoted = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        Some(rest.split('`').next().unwrap_or_default().to_owned())
    };
    let inside = |name: String| match path.strip_suffix('.').unwrap_or(path) {
        "" => name,
        parent if parent.ends_with(&name) => parent.to_owned(),
        parent => format!("{parent}.{name}"),
    };
    if let Some(name) = quoted("unknown field `") {
        let known = message.split_once(", ").map_or("", |(_, known)| known);
        let known = known.replace('`', "");
        let message = format!("is not a field here; {known}");
        return Fault {
            field: inside(name),
            message,
        };
    }
    if let Some(name) = quoted("missing field `") {
        let message = "is required".to_owned();
        return Fault {
            field: inside(name),
            message,
        };
    }
    let (found, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let found = found.rsplit_once(": ").map_or(found, |(_, found)| found);
    let message = match expected {
        "" => message.to_owned(),
        "u16" | "u32" | "u64" | "usize" => format!("must be a whole number from 0, not {found}"),
        "a string" => format!("must be text, not {found}"),
        "a boolean" => format!("must be true or false, not {found}"),
        "a sequence" => format!("must be a list, not {found}"),
        other => format!("must be {other}, not {found}"),
    };
    Fault {
        field: path.to_owned(),
        message,
    }
}

/// A field of a change: left out, set back, or said. With `#[serde(default)]`.
#[derive(Debug, Default)]
pub(crate) enum Given<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is `null`.
    Null,
    /// It is this.
    Value(T),
}

impl<T> Given<T> {
    /// What was said, what it was, or the default.
    pub(crate) fn or(self, old: T, default: T) -> T {
        match self {
            Self::Absent => old,
            Self::Null => default,
            Self::Value(value) => value,
        }
    }
}

impl Given<String> {
    /// What was said, or what it was; `None` where it was set back.
    pub(crate) fn text_or<'a>(&'a self, old: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Absent => old,
            Self::Null => None,
            Self::Value(text) => Some(text),
        }
    }
}

impl<T> From<Option<T>> for Given<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

/// The ids in the path, in their order. One that is none is like one that is not there.
pub(crate) struct Ids<T>(pub(crate) T);

impl<S: Send + Sync, A: FromStr + Send> FromRequestParts<S> for Ids<(A,)> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let texts = path(parts, state).await?;
        Ok(Self((id(&texts, 0)?,)))
    }
}

impl<S: Send + Sync, A: FromStr + Send, B: FromStr + Send> FromRequestParts<S> for Ids<(A, B)> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let texts = path(parts, state).await?;
        Ok(Self((id(&texts, 0)?, id(&texts, 1)?)))
    }
}

async fn path<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, ApiError> {
    let params = RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|_| ApiError::not_found())?;
    Ok(params.iter().map(|(_, text)| text.to_owned()).collect())
}

fn id<T: FromStr>(texts: &[String], place: usize) -> Result<T, ApiError> {
    let text = texts.get(place).ok_or_else(ApiError::not_found)?;
    text.parse().map_err(|_| ApiError::not_found())
}

/// The query; a parameter that the path does not know is refused by [`Query::only`].
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Ok(Self(pairs.into_owned().collect()))
    }
}

impl Query {
    /// Refuses parameters that are not among `known`, and those that come twice.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, ApiError> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let message = format!("is not a parameter here; there are {}", known.join(", "));
                return Err(ApiError::field(name, message));
            }
            if self.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(ApiError::field(name, "is given twice"));
            }
        }
        Ok(self)
    }

    /// The value of a parameter; an empty one counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| known == name)?;
        Some(pair.1.as_str()).filter(|value| !value.is_empty())
    }

    /// The value, read by `parse`; `expected` says what would be right.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let value = parse(text);
        value
            .map(Some)
            .ok_or_else(|| ApiError::field(name, format!("must be {expected}")))
    }

    /// An instant.
    pub(crate) fn at(&self, name: &str) -> Result<Option<At>, ApiError> {
        let expected = "an RFC 3339 time, like 2026-11-22T06:41:00Z (+ is written %2B)";
        self.parsed(name, expected, At::parse)
    }

    /// The length of the page that is asked for.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        let expected = format!("a whole number from 1 to {MAX_LIMIT}");
        let limit = self.parsed("limit", &expected, |text| {
            text.parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        })?;
        Ok(limit.unwrap_or(DEFAULT_LIMIT))
    }

    /// Where the last page ended.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.text("cursor")
    }
}

/// The page of a list that can be asked for by nothing else.
pub(crate) struct Paging {
    /// Where the last page ended.
    pub(crate) cursor: Option<String>,
    /// The length of the page.
    pub(crate) limit: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, state).await?;
        let query = query.only(&["limit", "cursor"])?;
        Ok(Self {
            cursor: query.cursor().map(str::to_owned),
            limit: query.limit()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Sample {
        url: String,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Part {
        name: String,
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, field, part) in [
            ("{", "invalid_json", "", "not JSON"),
            ("[]", "invalid_json", "", "object"),
            ("{}", "invalid_fields", "url", "required"),
            (
                r#"{"url": 5}"#,
                "invalid_fields",
                "url",
                "must be text, not integer `5`",
            ),
            (
                r#"{"url": "x", "count": "6"}"#,
                "invalid_fields",
                "count",
                "whole number",
            ),
            (
                r#"{"url": "x", "count": -6}"#,
                "invalid_fields",
                "count",
                "whole number",
            ),
            (
                r#"{"url": "x", "cuont": 6}"#,
                "invalid_fields",
                "cuont",
                "one of url, count",
            ),
            (
                r#"{"url": "x", "parts": [{}]}"#,
                "invalid_fields",
                "parts[0].name",
                "required",
            ),
            (
                r#"{"url": "x", "parts": [{"name": ""}, 3]}"#,
                "invalid_fields",
                "parts[1]",
                "must be",
            ),
            (
                r#"{"url": "x", "parts": 3}"#,
                "invalid_fields",
                "parts",
                "must be a list",
            ),
            (
                r#"{"url": "x", "parts": [{"nom": ""}]}"#,
                "invalid_fields",
                "parts[0].nom",
                "not a field",
            ),
        ] {
            let error = format!("{:?}", read::<Sample>(text.as_bytes()).unwrap_err());
            assert!(error.contains(&format!("{code:?}")), "{text}: {error}");
            assert!(error.contains(part), "{text}: {error}");
            assert!(
                error.contains(&format!("field: {field:?}")) || field.is_empty(),
                "{error}"
            );
        }
    }
}
