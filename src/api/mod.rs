//! The JSON API, `/api/v1`: thin. It reads a request strictly, calls `app` or reads the store,
//! and writes a view. Every route but the public ones stands behind `auth::guard`.
//!
//! The OpenAPI document comes from the same routes and is held by a snapshot.

mod agent;
mod agents;
mod announcements;
mod audit;
mod auth;
mod canary_body;
mod changes;
mod channel_digest;
mod channel_route;
mod channel_secret;
mod channels;
mod checks;
mod deliveries;
mod docs;
mod error;
mod incidents;
mod list;
mod listings;
mod maintenance;
mod maintenance_body;
mod members;
mod monitor_body;
mod monitor_view;
mod monitors;
mod oauth_body;
mod preview;
mod reports;
mod request;
mod schemas;
mod status;
mod status_pages;
mod tokens;
mod tools;
mod uptime;

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Server};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use auth::{Gate, Limit};
use error::ApiError;

/// Requests that one token may make in a minute.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// What the API is about, in the order of its documentation.
const TAGS: [(&str, &str); 9] = [
    ("monitors", "What is watched, how it is and how it was."),
    ("probe", "One check of an address that is not watched."),
    (
        "incidents",
        "What went wrong, and what people did about it.",
    ),
    ("channels", "Who is told, and what was told."),
    (
        "maintenance",
        "When failures are expected and nobody is told.",
    ),
    ("reports", "How a month was."),
    ("status", "What the public sees."),
    ("team", "People, tokens, and who did what."),
    (
        "agents",
        "Probers in other networks, and what they exchange with the server.",
    ),
];
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
    let (private, _) = private().split_for_parts();
    let (public, _) = public().split_for_parts();
    let gate = Gate {
        app: Arc::clone(app),
        limit: Arc::new(Limit::new(per_minute)),
    };
    let api = Api {
        app: Arc::clone(app),
    };
    let v1 = private
        .route_layer(middleware::from_fn_with_state(gate.clone(), auth::guard))
        .merge(agent::router(gate))
        .merge(public)
        .route("/openapi.json", get(openapi))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api.clone());
    Router::new()
        .nest("/api/v1", v1)
        .route("/api", get(page))
        .layer(middleware::map_response(sealed))
        .with_state(api)
}

fn private() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(monitors::routes())
        .merge(changes::routes())
        .merge(checks::routes())
        .merge(tools::routes())
        .merge(uptime::routes())
        .merge(listings::routes())
        .merge(reports::routes())
        .merge(incidents::routes())
        .merge(channels::routes())
        .merge(channel_secret::routes())
        .merge(preview::routes())
        .merge(deliveries::routes())
        .merge(maintenance::routes())
        .merge(status_pages::routes())
        .merge(announcements::routes())
        .merge(members::routes())
        .merge(tokens::routes())
        .merge(agents::routes())
        .merge(audit::routes())
}

fn public() -> OpenApiRouter<Api> {
    OpenApiRouter::new().merge(status::routes())
}

/// The OpenAPI document of every route.
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Lifesign")
        .version("1")
        .description(Some("Uptime monitoring for MCP servers."))
        .build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the team: `ls_…`."))
        .build();
    let schemes = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(token))
        .build();
    let tag = |(name, words): (&str, &str)| {
        TagBuilder::new()
            .name(name)
            .description(Some(words))
            .build()
    };
    let mut document = OpenApiBuilder::new()
        .info(info)
        .tags(Some(TAGS.map(tag)))
        .servers(Some([Server::new("/api/v1")]))
        .components(Some(schemes))
        .security(Some([SecurityRequirement::new(
            "token",
            Vec::<String>::new(),
        )]))
        .build();
    document.merge(private().into_openapi());
    document.merge(agent::routes().into_openapi());
    document.merge(public().into_openapi());
    for item in document.paths.paths.values_mut() {
        let all = [
            &mut item.get,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        all.into_iter().flatten().for_each(name_it);
    }
    document
}

/// Names an operation by its tag and handler, as handlers of two tags may be called alike.
fn name_it(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(name)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{name}"));
    }
}

/// The same, made once for all who ask.
static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);

async fn openapi() -> Json<&'static OpenApi> {
    Json(&DOCUMENT)
}

async fn page(State(api): State<Api>) -> Result<Response, ApiError> {
    let base = format!("{}/api/v1", api.app.settings.public_url);
    let page = docs::page(&DOCUMENT, &base).map_err(|error| ApiError::ours(&error))?;
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'";
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

/// What is told to one must not be kept for others, unless its handler says so, nor be taken for
/// something else.
async fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn nowhere() -> ApiError {
    ApiError::not_found()
}

async fn wrong_method() -> ApiError {
    let words = "this path does not know the method; see /api/v1/openapi.json";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
}
