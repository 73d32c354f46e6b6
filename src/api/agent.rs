//! What an agent asks and tells. It comes with a token of its own, which opens nothing else, as no
//! other token opens this.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::header::{ETAG, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::{Gate, bearer, too_many, with};
use super::error::{ApiError, Problem};
use super::status::is_known;
use crate::app::agents::wire::{
    Assignments, Batch, MAX_BATCH_BYTES, MAX_RESULTS, Standings, Taken,
};
use crate::app::agents::{self, take};
use crate::domain::agent::Agent;
use crate::secret::hash_token;

/// The routes, as they are documented.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(watches))
        .routes(routes!(standings))
        .routes(routes!(results))
}

/// The routes behind their own guard.
pub(super) fn router(gate: Gate) -> Router<Api> {
    let (router, _) = routes().split_for_parts();
    router
        .layer(DefaultBodyLimit::max(MAX_BATCH_BYTES))
        .route_layer(middleware::from_fn_with_state(gate, guard))
}

/// Lets an agent through and takes note that it lives.
async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match admit(&gate, request.headers()).await {
        Ok((agent, Ok(left))) => {
            request.extensions_mut().insert(agent);
            let response = next.run(request).await;
            with(response, &gate.limit.headers(left, 60))
        }
        Ok((_, Err(seconds))) => too_many(&gate.limit, seconds),
        Err(error) => error.into_response(),
    }
}

/// The agent, and how many requests it has left or how long it has to wait.
async fn admit(gate: &Gate, headers: &HeaderMap) -> Result<(Agent, Result<u32, u64>), ApiError> {
    let hash = hash_token(bearer(headers)?);
    let agent = gate.app.store.agent_with(&hash).await?.ok_or_else(|| {
        let words = "the token is no agent's, or the agent was removed";
        ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", words)
    })?;
    let left = gate.limit.count(&hash);
    if left.is_ok() {
        let name = headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
        agents::beat(&gate.app, &agent, name).await?;
    }
    Ok((agent, left))
}

/// The agent that asks, as the guard found out.
struct Asking(Agent);

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let agent = parts.extensions.get::<Agent>().cloned();
        agent.map(Self).ok_or_else(|| {
            ApiError::ours(&anyhow::anyhow!(
                "a route of agents stands outside of its guard"
            ))
        })
    }
}

/// All watches of the agent that asks, with the secrets that their probes need. `ETag` and
/// `If-None-Match`; it does not change with a check. For the token of an agent.
#[utoipa::path(get, path = "/agent/watches", tag = "agents",
    responses((status = 200, body = Assignments), (status = 304), (status = 401, body = Problem)))]
async fn watches(
    State(api): State<Api>,
    Asking(agent): Asking,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let tag = agents::tag(&api.app, &agent).await?;
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let all = agents::assignments(&api.app, &agent).await?;
    Ok(([(ETAG, tag)], Json(all)).into_response())
}

/// Where the watches of the agent that asks stand: when each is due, and what its next probe should
/// know. For the token of an agent.
#[utoipa::path(get, path = "/agent/standings", tag = "agents",
    responses((status = 200, body = Standings), (status = 401, body = Problem)))]
async fn standings(
    State(api): State<Api>,
    Asking(agent): Asking,
) -> Result<Json<Standings>, ApiError> {
    Ok(Json(agents::standings(&api.app, &agent).await?))
}

/// Takes checks that the agent has made: at most 200, and 16 MiB. A slot that is recorded already is
/// passed over. For the token of an agent.
#[utoipa::path(post, path = "/agent/results", tag = "agents", request_body = Batch,
    responses((status = 200, body = Taken), (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn results(
    State(api): State<Api>,
    Asking(agent): Asking,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Taken>, ApiError> {
    let bytes = body.map_err(|rejection| {
        let words = "the body is larger than 16 MiB, or broke off";
        ApiError::new(rejection.status(), "too_large", words)
    })?;
    let batch: Batch = serde_json::from_slice(&bytes).map_err(|error| {
        let words = format!("the body is no batch of results: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_json", words)
    })?;
    if batch.results.len() > MAX_RESULTS {
        let message = format!("must be at most {MAX_RESULTS}");
        return Err(ApiError::field("results", message));
    }
    Ok(Json(Box::pin(take(&api.app, &agent, batch.results)).await?))
}
