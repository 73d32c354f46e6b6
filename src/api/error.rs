//! What a refused request gets: a problem document (RFC 9457) with a stable code.
//!
//! `code` is what scripts act on, `detail` is for people, `errors` names fields. The cause of our
//! own trouble is logged here, once, and never told.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::refused::Refused;
use crate::domain::monitor::FieldError;
use crate::store::StoreError;

/// Seconds after which an answer that failed because of us is worth another try.
const TRY_AGAIN_SECONDS: u64 = 5;

/// A field that was refused, and what would be right.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// The field, as the request names it.
    pub(crate) field: String,
    /// What is wrong with it and what would be right.
    pub(crate) message: String,
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field.to_owned(),
            message: error.message,
        }
    }
}

/// A refused request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The words of the HTTP status.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What scripts act on; never changes its meaning.
    pub(crate) code: &'static str,
    /// What happened, for people.
    pub(crate) detail: String,
    /// The fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Fault>,
}

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Fault>,
    retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// There is no such thing, or it is somebody else's.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing here, or it belongs to another team",
        )
    }

    /// Fields that make no sense.
    pub(crate) fn fields(errors: impl IntoIterator<Item = Fault>) -> Self {
        let errors: Vec<Fault> = errors.into_iter().collect();
        let told = |fault: &Fault| format!("{}: {}", fault.field, fault.message);
        let detail = errors.iter().map(told).collect::<Vec<_>>().join("; ");
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", detail)
        }
    }

    /// One field that makes no sense.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields([Fault {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// The same may work after that many seconds.
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Our own trouble; the cause is logged.
    pub(crate) fn ours(cause: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{cause:#}"), "failed to answer a request");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on our side; it is in Lifesign's log",
        )
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Fields(faults) => Self::fields(faults.into_iter().map(Fault::from)),
            Refused::NotFound => Self::not_found(),
            Refused::Forbidden(_) => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", refused.to_string())
            }
            Refused::Conflict(words) => Self::new(StatusCode::CONFLICT, "conflict", words),
            Refused::TooMany(seconds) => {
                let words = refused.to_string();
                Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", words).after(seconds)
            }
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<FieldError> for ApiError {
    fn from(fault: FieldError) -> Self {
        Self::fields([Fault::from(fault)])
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cursor => Self::field("cursor", error.to_string()),
            StoreError::Conflict => {
                let words = "somebody else changed it at the same moment; read it again";
                Self::new(StatusCode::CONFLICT, "conflict", words)
            }
            StoreError::Unavailable(_) => {
                tracing::warn!(error = %error, "the database is away");
                let words = "the database does not answer at the moment";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", words)
                    .after(TRY_AGAIN_SECONDS)
            }
            other => Self::ours(&other.into()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, media);
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
