//! The JSON API, `/api/v1`: thin. It reads a request strictly, calls `app` or reads the store,
//! and writes a view. Every route but the public ones stands behind [`auth::guard`].
//!
//! The OpenAPI document comes from the same routes and is held by a snapshot.

mod auth;
mod channels;
mod deliveries;
mod error;
mod incidents;
mod list;
mod monitor_body;
mod request;
mod schemas;
mod tokens;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Json, Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::domain::at::At;
use auth::{Gate, Limit};
use error::ApiError;

/// Requests that one token may make in a minute.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// Largest body of a request, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// What the handlers need.
#[derive(Clone)]
struct Api {
    app: Arc<App>,
}

/// The routes under `/api/v1`, and the page `/api` for people.
pub fn router(app: &Arc<App>) -> Router {
    limited_router(app, PER_MINUTE)
}

/// As [`router`], with another limit of requests per token and minute.
pub fn limited_router(app: &Arc<App>, per_minute: NonZeroU32) -> Router {
    let (private, mut document) = private().split_for_parts();
    let (public, more) = public().split_for_parts();
    document.merge(more);
    let gate = Gate {
        app: Arc::clone(app),
        limit: Arc::new(Limit::new(per_minute)),
    };
    let private = private.route_layer(middleware::from_fn_with_state(gate, auth::guard));
    let api = Api {
        app: Arc::clone(app),
    };
    let document = Arc::new(described(document));
    let openapi = axum::routing::get(move || {
        let document = Arc::clone(&document);
        async move { Json(&*document).into_response() }
    });
    let v1 = private
        .merge(public)
        .route("/openapi.json", openapi)
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api);
    Router::new().nest("/api/v1", v1)
}

fn private() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(incidents::routes())
        .merge(channels::routes())
        .merge(deliveries::routes())
        .merge(tokens::routes())
}

fn public() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
}

/// The document as the routes give it, with who we are.
fn described(document: OpenApi) -> OpenApi {
    document
}

async fn nowhere() -> ApiError {
    ApiError::not_found()
}

async fn wrong_method() -> ApiError {
    let words = "this path does not know the method; see /api/v1/openapi.json";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
}

/// An instant as the API tells it.
fn stamp(at: At) -> String {
    at.rfc3339()
}
