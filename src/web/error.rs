//! What went wrong, as a page that offers a way on.
//!
//! A thing of another team and a thing that does not exist give the very same answer. The cause
//! is logged once, here, and never shown.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::frame::Frame;
use crate::app::refused::Refused;
use crate::domain::at::At;
use crate::domain::monitor::FieldError;
use crate::store::StoreError;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum WebError {
    /// There is no such thing, or not for this person.
    NotFound,
    /// Somebody has to log in first; afterwards they come back to the path.
    LogIn(String),
    /// This person may look but not change.
    Forbidden,
    /// It does not fit how things are at the moment, in words.
    Conflict(String),
    /// The request was not sent by a page of ours.
    ForeignOrigin,
    /// More was sent than any form of ours sends.
    TooLarge,
    /// Too many attempts; seconds until the next one.
    TooMany(u64),
    /// The database is away.
    Unavailable(anyhow::Error),
    /// Something of ours is broken.
    Internal(anyhow::Error),
}

impl WebError {
    /// More was sent than any form of ours sends.
    pub(crate) fn too_large() -> Self {
        Self::TooLarge
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::LogIn(_) => StatusCode::SEE_OTHER,
            Self::Forbidden | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound | Self::LogIn(_) => (
                "There is nothing here",
                "The address may be mistyped, or what was here has been deleted.",
            ),
            Self::Forbidden => (
                "You may look, but not change this",
                "Ask an owner of your team for the role that it takes.",
            ),
            Self::Conflict(_) => ("That does not fit at the moment", ""),
            Self::ForeignOrigin => (
                "That did not come from a page of ours",
                "Open the page here and send the form again.",
            ),
            Self::TooLarge => (
                "That is too much at once",
                "Send less in one form; nothing was saved.",
            ),
            Self::TooMany(_) => ("Too many attempts", "Wait a minute and try again."),
            Self::Unavailable(_) => (
                "The database is away",
                "This is our own trouble, not that of your servers. Checks go on as soon as it is back; try again in a moment.",
            ),
            Self::Internal(_) => (
                "Something broke on our side",
                "It has been logged. Nothing that you sent was half saved; try again, or go back.",
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    heading: &'static str,
    message: &'a str,
    way_out: &'static str,
    way_out_words: &'static str,
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        match &self {
            Self::LogIn(path) => return Redirect::to(&log_in_path(path)).into_response(),
            Self::Unavailable(cause) => {
                tracing::warn!(error = format!("{cause:#}"), "page failed: database away");
            }
            Self::Internal(cause) => {
                tracing::error!(error = format!("{cause:#}"), "page failed");
            }
            _ => {}
        }
        let (heading, mut message) = self.words();
        if let Self::Conflict(words) = &self {
            message = words;
        }
        let page = ErrorPage {
            frame: Frame::stranger(At::default()),
            heading,
            message,
            way_out: "/",
            way_out_words: "Go to the monitors",
        };
        let body = page.render().unwrap_or_else(|_| heading.to_owned());
        let mut response = (self.status(), Html(body)).into_response();
        if let Self::TooMany(seconds) = self {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Refused> for WebError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::NotFound,
            Refused::Forbidden(_) => Self::Forbidden,
            Refused::Conflict(words) => Self::Conflict(words),
            Refused::TooMany(seconds) => Self::TooMany(seconds),
            Refused::Store(error) => error.into(),
            // A page that has a form shows these beside its fields.
            fields @ Refused::Fields(_) => Self::Conflict(fields.to_string()),
        }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cursor => Self::NotFound,
            StoreError::Conflict => Self::Conflict(
                "Somebody else changed it at the same moment; please try again.".to_owned(),
            ),
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            other => Self::Internal(other.into()),
        }
    }
}

/// How a form that was refused is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// Seconds until it may be sent again.
    wait: Option<u64>,
}

impl Refusal {
    /// The page with the form.
    pub(super) fn page(self, page: impl IntoResponse) -> Response {
        let mut response = (self.status, page).into_response();
        if let Some(seconds) = self.wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What a form shows beside its fields or above them, so that nothing typed is lost; anything else has a
/// page of its own.
pub(super) fn faults(refused: Refused) -> Result<(Refusal, Vec<FieldError>), WebError> {
    let error = match refused {
        Refused::Fields(faults) => return Ok((FIELDS, faults)),
        other => WebError::from(other),
    };
    let mut wait = None;
    let words = match &error {
        WebError::Conflict(words) => words.clone(),
        WebError::TooMany(seconds) => {
            wait = Some(*seconds);
            "Too many attempts; wait a minute and try again.".to_owned()
        }
        WebError::Unavailable(cause) => {
            tracing::warn!(error = format!("{cause:#}"), "form failed: database away");
            "Nothing was saved: our database is away. Try again in a moment.".to_owned()
        }
        _ => return Err(error),
    };
    let refusal = Refusal {
        status: error.status(),
        wait,
    };
    Ok((refusal, vec![FieldError::new("form", words)]))
}

/// Fields that make no sense.
const FIELDS: Refusal = Refusal {
    status: StatusCode::UNPROCESSABLE_ENTITY,
    wait: None,
};

/// A page whose form has fields that make no sense.
pub(super) fn refused_page(page: impl IntoResponse) -> Response {
    FIELDS.page(page)
}

fn log_in_path(path: &str) -> String {
    if path == "/" {
        return "/login".to_owned();
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("to", path)
        .finish();
    format!("/login?{query}")
}

/// The answer for everything that is not there.
pub(super) async fn not_found() -> WebError {
    WebError::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_back_for_what_passes_and_for_nothing_else() {
        let field = Refused::from(FieldError::new("url", "has no scheme"));
        let conflict = Refused::Conflict("the first was quicker".to_owned());
        for (refused, status, wait, words) in [
            (field, 422, None, "has no scheme"),
            (conflict, 409, None, "the first was quicker"),
            (StoreError::Conflict.into(), 409, None, "please try again"),
            (Refused::TooMany(9), 429, Some(9), "wait a minute"),
        ] {
            let (refusal, faults) = faults(refused).unwrap();
            assert_eq!(
                (refusal.status.as_u16(), refusal.wait),
                (status, wait),
                "{words}"
            );
            assert!(faults[0].message.contains(words), "{}", faults[0]);
        }
        assert!(faults(Refused::NotFound).is_err());
        assert!(faults(Refused::Forbidden("editor")).is_err());
    }
}
