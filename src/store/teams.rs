//! Teams and who belongs to them.

use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::TeamId;

impl Tx {
    /// Makes a team.
    pub async fn add_team(&mut self, id: TeamId, name: &str, now: At) -> Result<(), StoreError> {
        self.db.run(ADD_TEAM, (id, name, now)).await?;
        Ok(())
    }
}

const ADD_TEAM: &str = "INSERT INTO team (id, name, created_at) VALUES ($1, $2, $3)";
