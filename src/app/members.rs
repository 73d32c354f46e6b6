//! Who belongs to a team: invited, given another role, removed, gone by themselves.
//!
//! A team always has an owner. What changes who belongs to it holds the team for the length of its
//! transaction, so that two owners at once cannot both be the last but one.

use std::time::Duration;

use crate::config::Signups;
use crate::domain::audit::Deed;
use crate::domain::id::{TeamId, UserId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Actor, Email, Invitation, Link, Member, Role};
use crate::secret::hash_token;
use crate::store::{StoreError, Tx};

use super::App;
use super::accounts::{link_url, must_own};
use super::allowance::{Allowance, Spent};
use super::audit::{note, note_change};
use super::console::{INVITE_LIFE, add_link};
use super::refused::Refused;

/// Most members of a team.
pub const MAX_MEMBERS: i64 = 500;
/// Most invitations of a team that are open.
pub const MAX_INVITATIONS: usize = 100;
/// Invitations of one team at once, and the time that gives one of them back: each may be a mail.
const PER_TEAM: Allowance = Allowance {
    burst: 30,
    each: Duration::from_mins(1),
};

/// How often teams have invited.
#[derive(Debug, Default)]
pub struct Inviting(Spent<TeamId>);

/// Somebody who was invited.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who, as what, until when.
    pub invitation: Invitation,
    /// The address of the one-time link: shown this once.
    pub link: Sensitive,
    /// What became of the mail: `None` where mail is not set up.
    pub mail: Option<Result<String, String>>,
}

/// Invites somebody into the team of an owner. A later invitation takes the place of an earlier one.
/// The mail goes out at once, as somebody is looking, and the link is shown whatever becomes of it.
pub async fn invite(
    app: &App,
    actor: &Actor,
    (email, role): (&str, &str),
) -> Result<Invited, Refused> {
    must_own(actor)?;
    let (email, role) = match (Email::parse(email), Role::parse(role)) {
        (Ok(email), Ok(role)) => (email, role),
        (email, role) => {
            let faults = email.err().into_iter().chain(role.err());
            return Err(Refused::Fields(faults.collect()));
        }
    };
    if app.store.user(&email).await?.is_none() && !may_invite_new(app, actor).await? {
        return Err(FieldError::new("email", closed(&email)).into());
    }
    let (team, now) = (actor.team, app.clock.now());
    app.inviting.0.spend(&[(team, PER_TEAM)], now)?;
    let mut tx = app.store.begin().await?;
    tx.hold_team(team).await?;
    if let Some(user) = tx.user(&email).await?
        && tx.member(team, user.id).await?.is_some()
    {
        let message = "belongs to the team already; change the role in the list of members";
        return Err(FieldError::new("email", message).into());
    }
    must_have_room(&mut tx, team).await?;
    let open = app.store.invitations(team, now, MAX_INVITATIONS).await?;
    if open.len() >= MAX_INVITATIONS && open.iter().all(|one| one.email != email) {
        return Err(Refused::Conflict(format!(
            "{MAX_INVITATIONS} invitations are open; take one back first"
        )));
    }
    let link = Link::Invite {
        team,
        email: email.clone(),
        role,
    };
    let token = add_link(&mut tx, &link, now, INVITE_LIFE).await?;
    let thing = (None, email.as_str());
    note(app, &mut tx, actor, Deed::MemberInvited, thing).await?;
    let teams = tx.teams_of(actor.user).await?;
    tx.commit().await?;
    let name = teams.into_iter().find(|(known, _)| known.id == team);
    let name = name.map(|(team, _)| team.name).unwrap_or_default();
    let url = link_url(&app.settings, &token);
    let id = app.ids.next();
    let by = &actor.email;
    let mail = app.notifier.invite(&email, (&name, by), &url, (id, now));
    Ok(Invited {
        mail: mail.await.map(|sent| match sent {
            Ok(delivered) => Ok(delivered.detail),
            Err(error) => Err(error.detail),
        }),
        invitation: Invitation {
            email,
            role,
            made_at: now,
            expires_at: now + INVITE_LIFE,
        },
        link: Sensitive::new(url),
    })
}

/// Whether an owner may invite people who have no account yet.
pub async fn may_invite_new(app: &App, actor: &Actor) -> Result<bool, StoreError> {
    let is_free = app.settings.signups != Signups::Closed;
    Ok(is_free || app.store.operator_team().await? == Some(actor.team))
}

fn closed(email: &Email) -> String {
    let email = email.as_str();
    format!(
        "has no account here yet, and LIFESIGN_SIGNUPS is closed: whoever runs this installation \
         sets it to invite, or runs `lifesign user add {email} --team NAME --role ROLE`"
    )
}

/// Refuses another member where there is no room. Call [`Tx::hold_team`] first.
pub(super) async fn must_have_room(tx: &mut Tx, team: TeamId) -> Result<(), Refused> {
    if tx.member_count(team, None).await? >= MAX_MEMBERS {
        let words = format!("a team has at most {MAX_MEMBERS} members");
        return Err(Refused::Conflict(words));
    }
    Ok(())
}

/// Takes back an invitation that nobody has used.
pub async fn withdraw(app: &App, actor: &Actor, email: &str) -> Result<(), Refused> {
    must_own(actor)?;
    let email = Email::parse(email)?;
    let link = Link::Invite {
        team: actor.team,
        email: email.clone(),
        role: Role::Viewer,
    };
    let mut tx = app.store.begin().await?;
    if tx.drop_links(&link).await? == 0 {
        return Err(Refused::NotFound);
    }
    let thing = (None, email.as_str());
    note(app, &mut tx, actor, Deed::MemberUninvited, thing).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a member another role.
pub async fn change_role(
    app: &App,
    actor: &Actor,
    user: UserId,
    role: &str,
) -> Result<Member, Refused> {
    must_own(actor)?;
    let role = Role::parse(role)?;
    let (mut tx, member) = begin(app, actor, user).await?;
    if member.role == role {
        return Ok(member);
    }
    must_not_be_last(&mut tx, actor.team, &member).await?;
    tx.set_role(actor.team, user, role).await?;
    let what = (Deed::MemberChanged, &["role"][..]);
    let thing = (Some(user.0), member.email.as_str());
    note_change(app, &mut tx, actor, what, thing).await?;
    tx.commit().await?;
    Ok(Member { role, ..member })
}

/// Removes a member: their sessions in this team and their tokens end at once. Whoever removes
/// themselves leaves, whatever their role.
pub async fn remove(app: &App, actor: &Actor, user: UserId) -> Result<(), Refused> {
    if user != actor.user {
        must_own(actor)?;
    }
    let (mut tx, member) = begin(app, actor, user).await?;
    part(app, &mut tx, actor, &member).await?;
    tx.commit().await?;
    Ok(())
}

/// Leaves the team; the session goes on in another team of theirs. False when there is none.
pub async fn leave(app: &App, actor: &Actor, session: &Sensitive) -> Result<bool, Refused> {
    let (mut tx, member) = begin(app, actor, actor.user).await?;
    let teams = tx.teams_of(actor.user).await?;
    let other = teams.iter().find(|(team, _)| team.id != actor.team);
    if let Some((team, _)) = other {
        let hash = hash_token(session.expose());
        tx.move_session(&hash, (team.id, actor.user)).await?;
    }
    part(app, &mut tx, actor, &member).await?;
    tx.commit().await?;
    Ok(other.is_some())
}

async fn part(app: &App, tx: &mut Tx, actor: &Actor, member: &Member) -> Result<(), Refused> {
    let (team, user) = (actor.team, member.user);
    must_not_be_last(tx, team, member).await?;
    tx.remove_member(team, user).await?;
    tx.end_sessions_in(team, user).await?;
    tx.revoke_tokens_of(team, user, app.clock.now()).await?;
    let link = Link::Invite {
        team,
        email: member.email.clone(),
        role: member.role,
    };
    tx.drop_links(&link).await?;
    let deed = if user == actor.user {
        Deed::MemberLeft
    } else {
        Deed::MemberRemoved
    };
    let thing = (Some(user.0), member.email.as_str());
    Ok(note(app, tx, actor, deed, thing).await?)
}

async fn begin(app: &App, actor: &Actor, user: UserId) -> Result<(Tx, Member), Refused> {
    let mut tx = app.store.begin().await?;
    tx.hold_team(actor.team).await?;
    let member = tx.member(actor.team, user).await?;
    Ok((tx, member.ok_or(Refused::NotFound)?))
}

/// Refuses what would leave a team without an owner. Call [`Tx::hold_team`] first.
pub(super) async fn must_not_be_last(
    tx: &mut Tx,
    team: TeamId,
    member: &Member,
) -> Result<(), Refused> {
    if member.role == Role::Owner && tx.member_count(team, Some(Role::Owner)).await? <= 1 {
        let message = "must stay owner for the last owner of a team; make somebody else one first";
        return Err(FieldError::new("role", message).into());
    }
    Ok(())
}
