//! One-time links: the first owner, invitations, new passwords. Each is used exactly once, whoever
//! else tries at the same moment; only hashes are kept.

use super::codec::{Origin, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::TeamId;
use crate::domain::team::{Email, Invitation, Link, Role};

row! {
    struct LinkRow {
        hash: String,
        team_id: Option<TeamId>,
        purpose: String,
        email: Option<String>,
        role: Option<String>,
    }
}

row! {
    struct InvitationRow {
        hash: String,
        email: String,
        role: String,
        created_at: At,
        expires_at: At,
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        let origin = Origin {
            table: "one_time_link",
            id: &*row.hash,
        };
        Ok(Self {
            email: origin.parsed("email", Email::parse(&row.email).ok())?,
            role: origin.parsed("role", Role::parse(&row.role).ok())?,
            made_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        let origin = Origin {
            table: "one_time_link",
            id: &*row.hash,
        };
        let email = row.email.and_then(|email| Email::parse(&email).ok());
        let role = row.role.and_then(|role| Role::parse(&role).ok());
        match (row.purpose.as_str(), row.team_id, email, role) {
            ("owner", ..) => Ok(Self::Owner),
            ("invite", Some(team), Some(email), Some(role)) => {
                Ok(Self::Invite { team, email, role })
            }
            ("reset", _, Some(email), _) => Ok(Self::Reset { email }),
            _ => Err(origin.corrupt("purpose")),
        }
    }
}

/// The columns of a link: team, purpose, address, role.
fn columns(
    link: &Link,
) -> (
    Option<TeamId>,
    &'static str,
    Option<&str>,
    Option<&'static str>,
) {
    match link {
        Link::Owner => (None, "owner", None, None),
        Link::Invite { team, email, role } => (
            Some(*team),
            "invite",
            Some(email.as_str()),
            Some(role.as_str()),
        ),
        Link::Reset { email } => (None, "reset", Some(email.as_str()), None),
    }
}

impl Store {
    /// What the link of that hash is for, while it can be used.
    pub async fn link(&self, hash: &str, now: At) -> Result<Option<Link>, StoreError> {
        let row: Option<LinkRow> = self.db.optional(LINK, (hash, now)).await?;
        row.map(Link::try_from).transpose()
    }

    /// Who is invited into a team and can come still, by address; at most `limit`.
    pub async fn invitations(
        &self,
        team: TeamId,
        now: At,
        limit: usize,
    ) -> Result<Vec<Invitation>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<InvitationRow> = self.db.all(INVITATIONS, (team, now, most)).await?;
        rows.into_iter().map(Invitation::try_from).collect()
    }

    /// Forgets links that were used or have expired before an instant; gives how many.
    pub async fn purge_links(&self, before: At) -> Result<u64, StoreError> {
        self.db.run(PURGE_LINKS, (before,)).await
    }
}

impl Tx {
    /// Adds a link that takes the place of unused ones for the same purpose: of the same person in
    /// the same team, or of anybody for the first owner. At `None` it never expires.
    pub async fn add_link(
        &mut self,
        hash: &str,
        link: &Link,
        now: At,
        expires_at: Option<At>,
    ) -> Result<(), StoreError> {
        self.drop_links(link).await?;
        let (team, purpose, email, role) = columns(link);
        let expires_at = expires_at.unwrap_or(At(i64::MAX));
        let row = (hash, team, purpose, email, role, now, expires_at);
        self.db.run(ADD_LINK, row).await?;
        Ok(())
    }

    /// Takes back every unused link like this one; gives how many.
    pub async fn drop_links(&mut self, like: &Link) -> Result<u64, StoreError> {
        let (team, purpose, email, _) = columns(like);
        self.db.run(DROP_LINKS, (purpose, email, team)).await
    }

    /// Uses a link up and says what it was for; nothing when it was used, has expired, or never
    /// was. Of several that try at once exactly one succeeds.
    pub async fn use_link(&mut self, hash: &str, now: At) -> Result<Option<Link>, StoreError> {
        let row: Option<LinkRow> = self.db.optional(USE_LINK, (hash, now)).await?;
        row.map(Link::try_from).transpose()
    }
}

const LINK: &str = "
    SELECT hash, team_id, purpose, email, role FROM one_time_link
     WHERE hash = $1 AND used_at IS NULL AND expires_at > $2";
const INVITATIONS: &str = "
    SELECT hash, email, role, created_at, expires_at FROM one_time_link
     WHERE team_id = $1 AND purpose = 'invite' AND used_at IS NULL AND expires_at > $2
       AND email IS NOT NULL AND role IS NOT NULL
     ORDER BY email LIMIT $3";
const PURGE_LINKS: &str = "DELETE FROM one_time_link WHERE expires_at < $1 OR used_at < $1";
const ADD_LINK: &str = "
    INSERT INTO one_time_link (hash, team_id, purpose, email, role, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const DROP_LINKS: &str = "
    DELETE FROM one_time_link
     WHERE purpose = $1 AND used_at IS NULL
       AND ($2 IS NULL OR email = $2) AND ($3 IS NULL OR team_id = $3)";
const USE_LINK: &str = "
    UPDATE one_time_link SET used_at = $2
     WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING hash, team_id, purpose, email, role";
