//! Agents: their tokens as hashes, what was heard of them and what was told of it. What is noticed
//! of one is decided by its row, so that two who notice it tell it once.

use std::time::Duration;

use super::codec::row;
use super::{Store, StoreError, Tx};
use crate::domain::agent::Agent;
use crate::domain::at::At;
use crate::domain::id::{AgentId, TeamId};
use crate::domain::node::NodeNews;

/// How exact the time of the last sign of life is: each push of results is one.
const SEEN_EVERY: Duration = Duration::from_secs(5);

row! {
    struct AgentRow {
        id: AgentId,
        team_id: TeamId,
        name: String,
        location: String,
        created_at: At,
        version: Option<String>,
        seen_at: Option<At>,
        silent_since: Option<At>,
    }
}

impl From<AgentRow> for Agent {
    fn from(row: AgentRow) -> Self {
        Self {
            id: row.id,
            team: row.team_id,
            name: row.name,
            location: row.location,
            created_at: row.created_at,
            version: row.version,
            seen_at: row.seen_at,
            silent_since: row.silent_since,
        }
    }
}

impl Store {
    /// The agent that comes with the token of that hash; nobody when it was removed.
    pub async fn agent_with(&self, hash: &str) -> Result<Option<Agent>, StoreError> {
        let row: Option<AgentRow> = self.db.optional(WITH, (hash,)).await?;
        Ok(row.map(Agent::from))
    }

    /// A sign of life of an agent that runs `version`, to a few seconds. What was told of it stays.
    pub async fn beat_agent(
        &self,
        agent: &Agent,
        version: Option<&str>,
        now: At,
    ) -> Result<(), StoreError> {
        let row = (agent.team, agent.id, now, version, now - SEEN_EVERY);
        self.db.run(BEAT, row).await?;
        Ok(())
    }

    /// The agents of a team by name, at most `limit`.
    pub async fn agents(&self, team: TeamId, limit: usize) -> Result<Vec<Agent>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<AgentRow> = self.db.all(OF_TEAM, (team, most)).await?;
        Ok(rows.into_iter().map(Agent::from).collect())
    }

    /// An agent of a team.
    pub async fn agent(&self, team: TeamId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        let row: Option<AgentRow> = self.db.optional(ONE, (team, id)).await?;
        Ok(row.map(Agent::from))
    }

    /// The agents of every team that were heard of, at most `limit`: for whoever looks whether they
    /// are silent, which belongs to none.
    pub async fn agents_heard_of(&self, limit: u32) -> Result<Vec<Agent>, StoreError> {
        let rows: Vec<AgentRow> = self.db.all(HEARD_OF, (i64::from(limit),)).await?;
        Ok(rows.into_iter().map(Agent::from).collect())
    }
}

impl Tx {
    /// Adds an agent by the hash of its token. [`StoreError::Conflict`] when the team has one at that
    /// location already.
    pub async fn add_agent(&mut self, agent: &Agent, hash: &str) -> Result<(), StoreError> {
        let row = (
            agent.id,
            agent.team,
            &*agent.name,
            &*agent.location,
            hash,
            agent.created_at,
        );
        if self.db.run(ADD, row).await? == 0 {
            return Err(StoreError::Conflict);
        }
        Ok(())
    }

    /// Removes an agent of a team; from now on its token opens nothing. False when it is gone already.
    pub async fn remove_agent(&mut self, team: TeamId, id: AgentId) -> Result<bool, StoreError> {
        Ok(self.db.run(REMOVE, (team, id)).await? > 0)
    }

    /// Takes note of what is about to be told of an agent as it was read. False when another has told
    /// it, or it is no longer so.
    pub async fn note_of_agent(
        &mut self,
        agent: &Agent,
        news: NodeNews,
    ) -> Result<bool, StoreError> {
        let sql = match news {
            NodeNews::Silent => NOTE_SILENT,
            NodeNews::Back => NOTE_BACK,
            // It keeps trouble of its own network to itself.
            NodeNews::Troubled | NodeNews::Calm => return Ok(false),
        };
        let row = (agent.team, agent.id, agent.seen_at);
        Ok(self.db.run(sql, row).await? > 0)
    }
}

/// The columns of an agent.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, name, location, created_at, version, seen_at, silent_since
               FROM agent ",
            $rest
        )
    };
}

const WITH: &str = select!("WHERE hash = $1");
const OF_TEAM: &str = select!("WHERE team_id = $1 ORDER BY name, id LIMIT $2");
const ONE: &str = select!("WHERE team_id = $1 AND id = $2");
const HEARD_OF: &str = select!("WHERE seen_at IS NOT NULL ORDER BY id LIMIT $1");
const BEAT: &str = "
    UPDATE agent SET seen_at = $3, version = COALESCE($4, version)
     WHERE team_id = $1 AND id = $2 AND (seen_at IS NULL OR seen_at <= $5 OR seen_at > $3)";
const ADD: &str = "
    INSERT INTO agent (id, team_id, name, location, hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (team_id, location) DO NOTHING";
const REMOVE: &str = "DELETE FROM agent WHERE team_id = $1 AND id = $2";
const NOTE_SILENT: &str = "
    UPDATE agent SET silent_since = seen_at
     WHERE team_id = $1 AND id = $2 AND seen_at = $3 AND silent_since IS NULL";
const NOTE_BACK: &str = "
    UPDATE agent SET silent_since = NULL
     WHERE team_id = $1 AND id = $2 AND seen_at >= $3 AND silent_since IS NOT NULL";
