//! Tokens of the API: hashes only, with a scope and their last use.

use std::time::Duration;

use super::codec::{Origin, Page, place, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{TeamId, TokenId, UserId};
use crate::domain::team::{Actor, ApiToken, Email, Role, Scope};

/// How exact the time of the last use is: a busy script must not write with every request.
const LAST_USE_EVERY: Duration = Duration::from_mins(1);

row! {
    struct TokenRow {
        id: TokenId,
        team_id: TeamId,
        user_id: UserId,
        email: String,
        name: String,
        scope: String,
        created_at: At,
        last_used_at: Option<At>,
        revoked_at: Option<At>,
    }
}

row! {
    struct BearerRow {
        id: TokenId,
        team_id: TeamId,
        user_id: UserId,
        email: String,
        name: String,
        role: String,
        scope: String,
        last_used_at: Option<At>,
    }
}

impl TryFrom<TokenRow> for ApiToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let origin = Origin {
            table: "api_token",
            id: row.id,
        };
        Ok(Self {
            id: row.id,
            team: row.team_id,
            user: row.user_id,
            email: origin.parsed("email", Email::parse(&row.email).ok())?,
            name: row.name,
            scope: origin.parsed("scope", Scope::parse(&row.scope).ok())?,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl Store {
    /// Who comes with the token of that hash, narrowed to what its scope allows; nobody when it
    /// was revoked or its maker belongs to the team no more. Notes the use, to the minute,
    /// where that can be written.
    pub async fn bearer(&self, hash: &str, now: At) -> Result<Option<(Actor, Scope)>, StoreError> {
        let row: Option<BearerRow> = self.db.optional(BEARER, (hash,)).await?;
        let Some(row) = row else { return Ok(None) };
        let origin = Origin {
            table: "api_token",
            id: row.id,
        };
        let scope = origin.parsed("scope", Scope::parse(&row.scope).ok())?;
        let role = origin.parsed("role", Role::parse(&row.role).ok())?;
        let actor = Actor {
            team: row.team_id,
            user: row.user_id,
            email: origin.parsed("email", Email::parse(&row.email).ok())?,
            role: scope.narrow(role),
            token: Some(row.name),
        };
        let latest = now - LAST_USE_EVERY;
        if row.last_used_at.is_none_or(|used| used <= latest) {
            let noted = self.db.run(NOTE_USE, (row.id, now, latest)).await;
            // Who only asks is answered also where nothing can be written.
            if let Err(error) = noted {
                tracing::warn!(token.id = %row.id, %error, "failed to note the use of a token");
            }
        }
        Ok(Some((actor, scope)))
    }

    /// The tokens of a team, the newest first, revoked ones among them.
    pub async fn tokens(
        &self,
        team: TeamId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<ApiToken>, StoreError> {
        let before: Option<TokenId> = place(cursor)?;
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows: Vec<TokenRow> = self.db.all(TOKENS, (team, before, most)).await?;
        let tokens = rows
            .into_iter()
            .map(ApiToken::try_from)
            .collect::<Result<_, _>>()?;
        Page::cut(tokens, limit, |token: &ApiToken| token.id)
    }

    /// The tokens of a team that are not revoked, the newest first.
    pub async fn valid_tokens(
        &self,
        team: TeamId,
        limit: usize,
    ) -> Result<Vec<ApiToken>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<TokenRow> = self.db.all(VALID_TOKENS, (team, most)).await?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    /// The team of a token; for the console, which acts in no team.
    pub async fn team_of_token(&self, id: TokenId) -> Result<Option<TeamId>, StoreError> {
        let team: Option<(TeamId,)> = self.db.optional(TEAM_OF_TOKEN, (id,)).await?;
        Ok(team.map(|(team,)| team))
    }
}

impl Tx {
    /// Adds a token by the hash of its value.
    pub async fn add_token(&mut self, token: &ApiToken, hash: &str) -> Result<(), StoreError> {
        let row = (
            token.id,
            token.team,
            token.user,
            &*token.name,
            hash,
            token.scope.as_str(),
            token.created_at,
        );
        self.db.run(ADD_TOKEN, row).await?;
        Ok(())
    }

    /// Revokes a token of a team and gives what it was called; nothing when there is none, or it was
    /// revoked before.
    pub async fn revoke_token(
        &mut self,
        team: TeamId,
        id: TokenId,
        now: At,
    ) -> Result<Option<String>, StoreError> {
        let name: Option<(String,)> = self.db.optional(REVOKE_TOKEN, (team, id, now)).await?;
        Ok(name.map(|(name,)| name))
    }

    /// Revokes every token of a person in a team; gives how many.
    pub async fn revoke_tokens_of(
        &mut self,
        team: TeamId,
        user: UserId,
        now: At,
    ) -> Result<u64, StoreError> {
        self.db.run(REVOKE_TOKENS_OF, (team, user, now)).await
    }
}

const BEARER: &str = "
    SELECT t.id, t.team_id, t.user_id, u.email, t.name, m.role, t.scope, t.last_used_at
      FROM api_token t
      JOIN app_user u ON u.id = t.user_id
      JOIN membership m ON m.team_id = t.team_id AND m.user_id = t.user_id
     WHERE t.hash = $1 AND t.revoked_at IS NULL";
const NOTE_USE: &str = "
    UPDATE api_token SET last_used_at = $2
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
const TOKENS: &str = "
    SELECT t.id, t.team_id, t.user_id, u.email, t.name, t.scope, t.created_at, t.last_used_at,
           t.revoked_at
      FROM api_token t JOIN app_user u ON u.id = t.user_id
     WHERE t.team_id = $1 AND ($2 IS NULL OR t.id < $2) ORDER BY t.id DESC LIMIT $3";
const VALID_TOKENS: &str = "
    SELECT t.id, t.team_id, t.user_id, u.email, t.name, t.scope, t.created_at, t.last_used_at,
           t.revoked_at
      FROM api_token t JOIN app_user u ON u.id = t.user_id
     WHERE t.team_id = $1 AND t.revoked_at IS NULL ORDER BY t.id DESC LIMIT $2";
const TEAM_OF_TOKEN: &str = "SELECT team_id FROM api_token WHERE id = $1";
const ADD_TOKEN: &str = "
    INSERT INTO api_token (id, team_id, user_id, name, hash, scope, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const REVOKE_TOKEN: &str = "
    UPDATE api_token SET revoked_at = $3 WHERE team_id = $1 AND id = $2 AND revoked_at IS NULL
    RETURNING name";
const REVOKE_TOKENS_OF: &str = "
    UPDATE api_token SET revoked_at = $3
     WHERE team_id = $1 AND user_id = $2 AND revoked_at IS NULL";
