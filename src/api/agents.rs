//! The agents of a team: probers in other networks.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Body, Ids};
use crate::app::agents;
use crate::domain::agent::{Agent, MAX_AGENTS};
use crate::domain::at::At;
use crate::domain::id::AgentId;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(remove))
}

/// An agent, without its token.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent)]
struct AgentView {
    /// Its id.
    id: AgentId,
    /// What people call it.
    name: String,
    /// The location that it checks from.
    location: String,
    /// When it was made.
    created_at: At,
    /// When it was last heard of, to a few seconds; null when it never was.
    seen_at: Option<At>,
    /// Since when it is silent.
    silent_since: Option<At>,
    /// What it runs.
    version: Option<String>,
}

impl AgentView {
    fn of(agent: Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            location: agent.location,
            created_at: agent.created_at,
            seen_at: agent.seen_at,
            silent_since: agent.silent_since,
            version: agent.version,
        }
    }
}

/// An agent that was made.
#[derive(Serialize, ToSchema)]
struct MadeAgent {
    #[serde(flatten)]
    agent: AgentView,
    /// Its token, for `lifesign agent`: told this once.
    token: String,
}

/// What people say of an agent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgentBody {
    /// What people call it.
    name: String,
    /// The location that it checks from, as monitors name it.
    location: String,
}

/// The agents of the team, by name; at most 50.
#[utoipa::path(get, path = "/agents", tag = "agents",
    responses((status = 200, body = List<AgentView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<Json<List<AgentView>>, ApiError> {
    let agents = api.app.store.agents(actor.team, MAX_AGENTS).await?;
    Ok(Json(List::whole(agents.into_iter().map(AgentView::of))))
}

/// Makes an agent for a location. Its token opens what is secret in the monitors of that location,
/// so that only an owner may.
#[utoipa::path(post, path = "/agents", tag = "agents", request_body = AgentBody,
    responses((status = 201, body = MadeAgent), (status = 422, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<AgentBody>,
) -> Result<(StatusCode, Json<MadeAgent>), ApiError> {
    let made = agents::add(&api.app, &actor, (&body.name, &body.location)).await?;
    let view = MadeAgent {
        agent: AgentView::of(made.agent),
        token: made.token.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Removes an agent; its token opens nothing any more.
#[utoipa::path(delete, path = "/agents/{id}", tag = "agents",
    params(("id" = String, Path, description = "The agent.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn remove(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(AgentId,)>,
) -> Result<StatusCode, ApiError> {
    agents::remove(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
