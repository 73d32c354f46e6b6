//! Agents as the server knows them: made and removed by owners, given their watches, and heard of.
//! What they send is taken in `results`; the agent itself is in `app/agent`.

mod results;
pub mod wire;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::domain::agent::{Agent, MAX_AGENTS, MAX_WATCHES, location};
use crate::domain::audit::Deed;
use crate::domain::id::{AgentId, TeamId};
use crate::domain::monitor::{FieldError, MonitorSpec};
use crate::domain::node::{MOST_NODES, Node};
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Actor, token_name};
use crate::domain::untrusted::{MAX_NAME, line};
use crate::secret::{hash_token, random_token};
use crate::store::{ANYWHERE, Kept, Standing, StoreError};

use self::wire::{AssignedWatch, Assignments, Standings};
use super::App;
use super::accounts::must_own;
use super::audit::note;
use super::refused::Refused;

pub use self::results::take;

/// Longest version of an agent that is kept, in characters.
const MAX_VERSION: usize = 32;

/// An agent that was made, with its token: shown this once.
#[derive(Clone, Debug)]
pub struct MadeAgent {
    /// The agent.
    pub agent: Agent,
    /// Its token.
    pub token: Sensitive,
}

/// Makes an agent for a location of the team's monitors. Its token opens what is secret in them, so
/// that only an owner may.
pub async fn add(
    app: &App,
    actor: &Actor,
    (name, place): (&str, &str),
) -> Result<MadeAgent, Refused> {
    must_own(actor)?;
    let (name, place) = match (token_name(name), location(place, ANYWHERE)) {
        (Ok(name), Ok(place)) => (name, place),
        (name, place) => {
            let faults = name.err().into_iter().chain(place.err());
            return Err(Refused::Fields(faults.collect()));
        }
    };
    let known = app.store.agents(actor.team, MAX_AGENTS).await?;
    if known.len() >= MAX_AGENTS {
        return Err(Refused::Conflict(format!(
            "the team has {MAX_AGENTS} agents; remove one first"
        )));
    }
    if let Some(known) = known.iter().find(|agent| agent.location == place) {
        return Err(taken(&known.name).into());
    }
    let nodes = app.store.nodes(MOST_NODES).await?;
    let node = nodes.iter().find(|node| node.key.location == place);
    if node.is_some_and(Node::probes) {
        let message = "is where a node of this installation checks from; choose another word";
        return Err(FieldError::new("location", message).into());
    }
    let token = random_token();
    let agent = Agent {
        id: AgentId(app.ids.next()),
        team: actor.team,
        name,
        location: place,
        created_at: app.clock.now(),
        version: None,
        seen_at: None,
        silent_since: None,
    };
    let mut tx = app.store.begin().await?;
    match tx.add_agent(&agent, &hash_token(token.expose())).await {
        Err(StoreError::Conflict) => return Err(taken("another one").into()),
        added => added?,
    }
    let thing = (Some(agent.id.0), &*agent.name);
    note(app, &mut tx, actor, Deed::AgentAdded, thing).await?;
    tx.commit().await?;
    Ok(MadeAgent { agent, token })
}

fn taken(by: &str) -> FieldError {
    let by = line(by, MAX_NAME);
    let message = format!("is served by {by} already; remove that agent first");
    FieldError::new("location", message)
}

/// Removes an agent: its token opens nothing from now on, and nobody checks its location until
/// another agent or a node does.
pub async fn remove(app: &App, actor: &Actor, id: AgentId) -> Result<(), Refused> {
    must_own(actor)?;
    let agent = app.store.agent(actor.team, id).await?;
    let agent = agent.ok_or(Refused::NotFound)?;
    let mut tx = app.store.begin().await?;
    if !tx.remove_agent(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(id.0), &*agent.name);
    note(app, &mut tx, actor, Deed::AgentRemoved, thing).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether a monitor is checked by agents of its team and by nobody else.
pub(super) async fn serve_all_of(
    app: &App,
    team: TeamId,
    spec: &MonitorSpec,
) -> Result<bool, StoreError> {
    let Some(named) = spec.locations.as_ref().filter(|named| !named.is_empty()) else {
        return Ok(false);
    };
    let agents = app.store.agents(team, MAX_AGENTS).await?;
    let is_served = |place: &String| agents.iter().any(|agent| agent.location == *place);
    Ok(named.iter().all(is_served))
}

/// What stands for all that an agent is given: it changes when any of that does, and not with a
/// check.
pub async fn tag(app: &App, agent: &Agent) -> Result<String, StoreError> {
    let marks = app.store.agent_marks(agent, MAX_WATCHES + 1).await?;
    let mut digest = Sha256::new();
    // Another version may write the same in other words.
    let own = (env!("CARGO_PKG_VERSION"), &agent.name, &agent.location);
    digest.update(format!("{own:?} {}", agent.id));
    for (monitor, revision) in marks {
        digest.update(monitor.0.as_bytes());
        digest.update(revision.to_le_bytes());
    }
    let mut tag = String::from("\"");
    for byte in digest.finalize().iter().take(16) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    Ok(tag)
}

/// All that an agent checks, with the secrets that its probes need.
pub async fn assignments(app: &App, agent: &Agent) -> Result<Assignments, StoreError> {
    let monitors = app.store.agent_monitors(agent, MAX_WATCHES + 1).await?;
    let most = usize::try_from(MAX_WATCHES).unwrap_or(usize::MAX);
    let watch = |kept: &Kept| AssignedWatch::of(&kept.monitor, kept.revision, &agent.location);
    Ok(Assignments {
        team: agent.team,
        name: agent.name.clone(),
        location: agent.location.clone(),
        is_cut: monitors.len() > most,
        watches: monitors.iter().take(most).map(watch).collect(),
    })
}

/// Where all watches of an agent stand.
pub async fn standings(app: &App, agent: &Agent) -> Result<Standings, StoreError> {
    let marks = app.store.agent_marks(agent, MAX_WATCHES).await?;
    let ids: Vec<_> = marks.into_iter().map(|(id, _)| id).collect();
    let standings = app.store.agent_standings(agent, &ids).await?;
    Ok(Standings {
        now: app.clock.now(),
        standings: standings.into_iter().map(Standing::into).collect(),
    })
}

/// Takes note of a sign of life of an agent that introduces itself so.
pub async fn beat(app: &App, agent: &Agent, user_agent: Option<&str>) -> Result<(), StoreError> {
    let version = user_agent.and_then(|text| text.strip_prefix("Lifesign/"));
    let version = version.and_then(|text| text.split_whitespace().next());
    let version = version.map(|text| line(text, MAX_VERSION));
    let now = app.clock.now();
    app.store.beat_agent(agent, version.as_deref(), now).await
}
