//! Sessions: whom a cookie lets in, and into which team. Only hashes of cookies are kept.

use super::codec::{Origin, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{TeamId, UserId};
use crate::domain::team::{Actor, Email, Role};

row! {
    struct ActorRow {
        team_id: TeamId,
        user_id: UserId,
        email: String,
        role: String,
    }
}

impl Store {
    /// Who comes with the cookie of that hash; nobody once it has expired, or when they belong to
    /// the team no more.
    pub async fn session(&self, hash: &str, now: At) -> Result<Option<Actor>, StoreError> {
        let row: Option<ActorRow> = self.db.optional(SESSION, (hash, now)).await?;
        let Some(row) = row else { return Ok(None) };
        let origin = Origin {
            table: "session",
            id: row.user_id,
        };
        Ok(Some(Actor {
            team: row.team_id,
            user: row.user_id,
            email: origin.parsed("email", Email::parse(&row.email).ok())?,
            role: origin.parsed("role", Role::parse(&row.role).ok())?,
            token: None,
        }))
    }

    /// Forgets sessions that have expired; gives how many.
    pub async fn purge_sessions(&self, now: At) -> Result<u64, StoreError> {
        self.db.run(PURGE_SESSIONS, (now,)).await
    }
}

impl Tx {
    /// Lets the bearer of a cookie in until `expires_at`.
    pub async fn add_session(
        &mut self,
        hash: &str,
        whose: (TeamId, UserId),
        now: At,
        expires_at: At,
    ) -> Result<(), StoreError> {
        let (team, user) = whose;
        self.db
            .run(ADD_SESSION, (hash, team, user, now, expires_at))
            .await?;
        Ok(())
    }

    /// Ends a session. False when there is none.
    pub async fn end_session(&mut self, hash: &str) -> Result<bool, StoreError> {
        Ok(self.db.run(END_SESSION, (hash,)).await? > 0)
    }

    /// Lets the bearer of a cookie look at another team of theirs. False when they do not belong to it,
    /// or there is no such session.
    pub async fn move_session(
        &mut self,
        hash: &str,
        (team, user): (TeamId, UserId),
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(MOVE_SESSION, (hash, team, user)).await? > 0)
    }

    /// Ends all sessions of a person in a team; gives how many.
    pub async fn end_sessions_in(&mut self, team: TeamId, user: UserId) -> Result<u64, StoreError> {
        self.db.run(END_SESSIONS_IN, (team, user)).await
    }

    /// Ends all sessions of a person but the one to keep; gives how many.
    pub async fn end_sessions(
        &mut self,
        user: UserId,
        keep: Option<&str>,
    ) -> Result<u64, StoreError> {
        self.db.run(END_SESSIONS, (user, keep)).await
    }
}

const SESSION: &str = "
    SELECT s.team_id, s.user_id, u.email, m.role
      FROM session s
      JOIN app_user u ON u.id = s.user_id
      JOIN membership m ON m.team_id = s.team_id AND m.user_id = s.user_id
     WHERE s.hash = $1 AND s.expires_at > $2";
const PURGE_SESSIONS: &str = "DELETE FROM session WHERE expires_at <= $1";
const ADD_SESSION: &str = "
    INSERT INTO session (hash, team_id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
const END_SESSION: &str = "DELETE FROM session WHERE hash = $1";
const MOVE_SESSION: &str = "
    UPDATE session SET team_id = $2
     WHERE hash = $1 AND user_id = $3
       AND EXISTS (SELECT 1 FROM membership m WHERE m.team_id = $2 AND m.user_id = $3)";
const END_SESSIONS_IN: &str = "DELETE FROM session WHERE team_id = $1 AND user_id = $2";
const END_SESSIONS: &str = "DELETE FROM session WHERE user_id = $1 AND ($2 IS NULL OR hash <> $2)";
