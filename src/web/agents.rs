//! The agents of a team: which there are, when each was last heard of, and what an owner makes and
//! removes.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::agents::{self, MadeAgent};
use crate::domain::agent::{Agent, MAX_AGENTS};
use crate::domain::at::At;
use crate::domain::id::AgentId;

#[derive(Template, WebTemplate)]
#[template(path = "agents/list.html")]
struct List {
    frame: Frame,
    agents: Vec<Agent>,
    /// The one that was made just now, with its token.
    fresh: Option<MadeAgent>,
    form: Filled,
    server: String,
    may_own: bool,
    now: At,
}

async fn page(shared: &Shared, visitor: &Visitor) -> Result<List, WebError> {
    let app = &shared.app;
    Ok(List {
        frame: visitor.frame(),
        agents: app.store.agents(visitor.actor.team, MAX_AGENTS).await?,
        fresh: None,
        form: Filled::default(),
        server: app.settings.public_url.trim_end_matches('/').to_owned(),
        may_own: visitor.actor.may_own(),
        now: visitor.now,
    })
}

/// `GET /agents`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut page = page(&shared, &visitor).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /agents`: the answer shows the token, this once.
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let said = (form.value("name"), form.value("location"));
    match agents::add(&shared.app, &visitor.actor, said).await {
        Ok(made) => {
            let mut page = page(&shared, &visitor).await?;
            page.fresh = Some(made);
            Ok(page.into_response())
        }
        Err(refused) => {
            let mut page = page(&shared, &visitor).await?;
            let (refusal, faults) = faults(refused)?;
            page.form = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// `GET /agents/{id}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<AgentId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_own()?;
    let agent = shared.app.store.agent(visitor.actor.team, id).await?;
    let agent = agent.ok_or(WebError::NotFound)?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the agent",
        name: agent.name,
        consequence: "Its token opens nothing from now on, it stops within 15 seconds, and nobody checks \
                      from its location until another agent or a node does. Checks that it made stay.",
        back: "/agents".to_owned(),
    })
}

/// `POST /agents/{id}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<AgentId>,
) -> Result<Redirect, WebError> {
    agents::remove(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/agents?done=deleted"))
}
