//! Teams and who belongs to them.

use super::codec::{Origin, Page, place, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{TeamId, UserId};
use crate::domain::team::{Email, Member, Role, Team};

row! {
    struct TeamRow {
        id: TeamId,
        name: String,
        role: String,
    }
}

row! {
    struct MemberRow {
        user_id: UserId,
        email: String,
        role: String,
        created_at: At,
    }
}

/// Most teams that a list of all of them names.
const MAX_TEAMS: i64 = 1_000;

impl Store {
    /// The teams, the oldest first; at most `MAX_TEAMS`. For the console, which belongs to none.
    pub async fn teams(&self) -> Result<Vec<Team>, StoreError> {
        let rows: Vec<(TeamId, String)> = self.db.all(TEAMS, (MAX_TEAMS,)).await?;
        Ok(rows
            .into_iter()
            .map(|(id, name)| Team { id, name })
            .collect())
    }

    /// The oldest team: the one of whoever runs the installation.
    pub async fn operator_team(&self) -> Result<Option<TeamId>, StoreError> {
        let id: Option<(TeamId,)> = self.db.optional(OPERATOR_TEAM, ()).await?;
        Ok(id.map(|(id,)| id))
    }

    /// The teams of a person with their role in each, the one they joined first at the head.
    pub async fn teams_of(&self, user: UserId) -> Result<Vec<(Team, Role)>, StoreError> {
        let rows: Vec<TeamRow> = self.db.all(TEAMS_OF, (user,)).await?;
        rows.into_iter().map(team_and_role).collect()
    }

    /// Who belongs to a team, by address.
    pub async fn members(
        &self,
        team: TeamId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, StoreError> {
        let after: Option<String> = place(cursor)?;
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let params = (team, after.as_deref(), most);
        let rows: Vec<MemberRow> = self.db.all(MEMBERS, params).await?;
        let members = rows.iter().map(member).collect::<Result<_, _>>()?;
        Page::cut(members, limit, |member: &Member| {
            member.email.as_str().to_owned()
        })
    }

    /// One who belongs to a team.
    pub async fn member(&self, team: TeamId, user: UserId) -> Result<Option<Member>, StoreError> {
        let row: Option<MemberRow> = self.db.optional(MEMBER, (team, user)).await?;
        row.as_ref().map(member).transpose()
    }
}

fn team_and_role(row: TeamRow) -> Result<(Team, Role), StoreError> {
    let origin = Origin {
        table: "membership",
        id: row.id,
    };
    let role = origin.parsed("role", Role::parse(&row.role).ok())?;
    Ok((
        Team {
            id: row.id,
            name: row.name,
        },
        role,
    ))
}

fn member(row: &MemberRow) -> Result<Member, StoreError> {
    let origin = Origin {
        table: "membership",
        id: row.user_id,
    };
    Ok(Member {
        user: row.user_id,
        email: origin.parsed("email", Email::parse(&row.email).ok())?,
        role: origin.parsed("role", Role::parse(&row.role).ok())?,
        since: row.created_at,
    })
}

impl Tx {
    /// Makes a team.
    pub async fn add_team(&mut self, id: TeamId, name: &str, now: At) -> Result<(), StoreError> {
        self.db.run(ADD_TEAM, (id, name, now)).await?;
        Ok(())
    }

    /// Gives a team another name. False when there is no such team.
    pub async fn rename_team(&mut self, id: TeamId, name: &str) -> Result<bool, StoreError> {
        Ok(self.db.run(RENAME_TEAM, (id, name)).await? > 0)
    }

    /// The teams of that name, the oldest first; at most two, which tells one from several.
    pub async fn teams_named(&mut self, name: &str) -> Result<Vec<TeamId>, StoreError> {
        let ids: Vec<(TeamId,)> = self.db.all(TEAMS_NAMED, (name,)).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// The teams of a person, as this transaction sees them; see [`Store::teams_of`].
    pub async fn teams_of(&mut self, user: UserId) -> Result<Vec<(Team, Role)>, StoreError> {
        let rows: Vec<TeamRow> = self.db.all(TEAMS_OF, (user,)).await?;
        rows.into_iter().map(team_and_role).collect()
    }

    /// Holds a team until the end of the transaction: nobody else changes who belongs to it.
    pub async fn hold_team(&mut self, id: TeamId) -> Result<(), StoreError> {
        // Writing the row is the lock that both engines know.
        self.db.run(HOLD_TEAM, (id,)).await?;
        Ok(())
    }

    /// One who belongs to a team, as this transaction sees them.
    pub async fn member(
        &mut self,
        team: TeamId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        let row: Option<MemberRow> = self.db.optional(MEMBER, (team, user)).await?;
        row.as_ref().map(member).transpose()
    }

    /// How many belong to a team, in a role or in any.
    pub async fn member_count(
        &mut self,
        team: TeamId,
        role: Option<Role>,
    ) -> Result<i64, StoreError> {
        let role = role.map(Role::as_str);
        let (count,): (i64,) = self.db.one(MEMBER_COUNT, (team, role)).await?;
        Ok(count)
    }

    /// Makes somebody a member. Who is one already keeps their role; then it is false.
    pub async fn join_team(
        &mut self,
        team: TeamId,
        user: UserId,
        role: Role,
        now: At,
    ) -> Result<bool, StoreError> {
        let row = (team, user, role.as_str(), now);
        Ok(self.db.run(JOIN_TEAM, row).await? > 0)
    }

    /// Gives a member another role. False when there is no such member.
    pub async fn set_role(
        &mut self,
        team: TeamId,
        user: UserId,
        role: Role,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(SET_ROLE, (team, user, role.as_str())).await? > 0)
    }

    /// Removes a member. False when there is no such member.
    pub async fn remove_member(&mut self, team: TeamId, user: UserId) -> Result<bool, StoreError> {
        Ok(self.db.run(REMOVE_MEMBER, (team, user)).await? > 0)
    }

    /// Makes somebody a member, or gives a member another role.
    pub async fn put_member(
        &mut self,
        team: TeamId,
        user: UserId,
        role: Role,
        now: At,
    ) -> Result<(), StoreError> {
        self.db
            .run(PUT_MEMBER, (team, user, role.as_str(), now))
            .await?;
        Ok(())
    }
}

const ADD_TEAM: &str = "INSERT INTO team (id, name, created_at) VALUES ($1, $2, $3)";
const RENAME_TEAM: &str = "UPDATE team SET name = $2 WHERE id = $1";
const TEAMS_NAMED: &str = "SELECT id FROM team WHERE name = $1 ORDER BY created_at, id LIMIT 2";
const OPERATOR_TEAM: &str = "SELECT id FROM team ORDER BY created_at, id LIMIT 1";
const TEAMS: &str = "SELECT id, name FROM team ORDER BY created_at, id LIMIT $1";
const TEAMS_OF: &str = "
    SELECT t.id, t.name, m.role FROM membership m JOIN team t ON t.id = m.team_id
     WHERE m.user_id = $1 ORDER BY m.created_at, t.id";
const MEMBERS: &str = "
    SELECT m.user_id, u.email, m.role, m.created_at
      FROM membership m JOIN app_user u ON u.id = m.user_id
     WHERE m.team_id = $1 AND ($2 IS NULL OR u.email > $2) ORDER BY u.email LIMIT $3";
const MEMBER: &str = "
    SELECT m.user_id, u.email, m.role, m.created_at
      FROM membership m JOIN app_user u ON u.id = m.user_id
     WHERE m.team_id = $1 AND m.user_id = $2";
const HOLD_TEAM: &str = "UPDATE team SET name = name WHERE id = $1";
const MEMBER_COUNT: &str =
    "SELECT COUNT(*) FROM membership WHERE team_id = $1 AND ($2 IS NULL OR role = $2)";
const JOIN_TEAM: &str = "
    INSERT INTO membership (team_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (team_id, user_id) DO NOTHING";
const SET_ROLE: &str = "UPDATE membership SET role = $3 WHERE team_id = $1 AND user_id = $2";
const REMOVE_MEMBER: &str = "DELETE FROM membership WHERE team_id = $1 AND user_id = $2";
const PUT_MEMBER: &str = "
    INSERT INTO membership (team_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role";
