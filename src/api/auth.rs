//! Who asks: a bearer token becomes an actor, within the limit of requests.
//!
//! A token with the scope `read` looks; whatever is not `GET` needs `write`. The limit counts per
//! token, after it is known, and every answer tells what is left (`RateLimit`, draft-ietf-
//! httpapi-ratelimit-headers).

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::error::ApiError;
use crate::app::App;
use crate::domain::team::{Actor, Scope};
use crate::secret::hash_token;

type Buckets =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// How many requests a token may make.
pub(crate) struct Limit {
    per_minute: NonZeroU32,
    buckets: Buckets,
}

impl Limit {
    /// That many in a minute, all at once if need be.
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let buckets = RateLimiter::keyed(Quota::per_minute(per_minute))
            .with_middleware::<StateInformationMiddleware>();
        Self {
            per_minute,
            buckets,
        }
    }

    /// Counts a request: what is left, or the seconds to wait.
    pub(super) fn count(&self, key: &String) -> Result<u32, u64> {
        match self.buckets.check_key(key) {
            Ok(snapshot) => Ok(snapshot.remaining_burst_capacity()),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err(wait.as_secs() + 1)
            }
        }
    }

    pub(super) fn headers(&self, left: u32, wait: u64) -> [(&'static str, String); 2] {
        let quota = self.per_minute;
        [
            ("ratelimit-policy", format!("\"default\";q={quota};w=60")),
            ("ratelimit", format!("\"default\";r={left};t={wait}")),
        ]
    }
}

/// What the guard needs.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: Arc<App>,
    pub(crate) limit: Arc<Limit>,
}

/// Lets through who brings a token, and tells the handler who it is.
pub(crate) async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let token = bearer(request.headers()).map(hash_token);
    match admit(&gate, token, &method).await {
        Ok((actor, left)) => {
            request.extensions_mut().insert(actor);
            let response = next.run(request).await;
            with(response, &gate.limit.headers(left, 60))
        }
        Err(Denied::Always(error)) => error.into_response(),
        Err(Denied::For(seconds)) => too_many(&gate.limit, seconds),
    }
}

/// What whoever asks too often is told.
pub(super) fn too_many(limit: &Limit, seconds: u64) -> Response {
    let words = format!("too many requests; try again in {seconds} s");
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", words);
    let response = error.after(seconds).into_response();
    with(response, &limit.headers(0, seconds))
}

enum Denied {
    Always(ApiError),
    For(u64),
}

async fn admit(
    gate: &Gate,
    token: Result<String, ApiError>,
    method: &Method,
) -> Result<(Actor, u32), Denied> {
    let hash = token.map_err(Denied::Always)?;
    let known = gate.app.store.bearer(&hash, gate.app.clock.now()).await;
    let known = known.map_err(|error| Denied::Always(error.into()))?;
    let (actor, scope) = known.ok_or_else(|| {
        let words = "the token is unknown or was revoked";
        Denied::Always(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            words,
        ))
    })?;
    let left = gate.limit.count(&hash).map_err(Denied::For)?;
    let only_looks = matches!(*method, Method::GET | Method::HEAD);
    if !only_looks && scope < Scope::Write {
        let words = "this needs a token with the scope write";
        let error = ApiError::new(StatusCode::FORBIDDEN, "insufficient_scope", words);
        return Err(Denied::Always(error));
    }
    Ok((actor, left))
}

/// The token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let refuse = |words| ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", words);
    let value = headers
        .get(AUTHORIZATION)
        .ok_or_else(|| refuse("send a token: Authorization: Bearer ls_…"))?;
    let text = value.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        Ok(token.trim())
    } else {
        Err(refuse("the header must be Authorization: Bearer ls_…"))
    }
}

/// A response with these headers, too.
pub(super) fn with(mut response: Response, headers: &[(&'static str, String)]) -> Response {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Who asks, as the guard found out.
pub(crate) struct Caller(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let actor = parts.extensions.get::<Actor>().cloned();
        actor.map(Self).ok_or_else(|| {
            ApiError::ours(&anyhow::anyhow!(
                "a route of the API stands outside of the guard"
            ))
        })
    }
}
