//! People let in and out: passwords, sessions, one-time links, tokens. Not here: what the
//! operator does from the console (`console`).
//!
//! Whatever lets somebody in is random, shown once and stored as a hash. A password that was
//! verified is held until what it was verified for has been written.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Ids;
use crate::config::Settings;
use crate::domain::at::At;
use crate::domain::audit::{By, Deed};
use crate::domain::id::{TeamId, TokenId, UserId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{
    Actor, ApiToken, Email, Link, Role, Scope, User, check_password, token_name,
};
use crate::secret::{hash_token, random_token};
use crate::store::{StoreError, Tx};

use super::App;
use super::audit::{note, write};
use super::members::must_have_room;
use super::refused::Refused;

/// How long a session lasts.
pub const SESSION_LIFE: Duration = Duration::from_hours(30 * 24);
/// What the team of the first owner is called, until they rename it.
const FIRST_TEAM: &str = "Team";

/// A token that was made.
#[derive(Clone, Debug)]
pub struct MadeToken {
    /// What is known of it.
    pub token: ApiToken,
    /// The token itself: shown this once.
    pub value: Sensitive,
}

/// The link that makes the first owner, while there is nobody: a fresh one at every start, and the
/// one of the last start works no more.
pub async fn first_owner_link(app: &App) -> Result<Option<String>, StoreError> {
    let mut tx = app.store.begin().await?;
    if tx.has_users().await? {
        return Ok(None);
    }
    let token = random_token();
    let hash = hash_token(token.expose());
    tx.add_link(&hash, &Link::Owner, app.clock.now(), None)
        .await?;
    tx.commit().await?;
    Ok(Some(link_url(&app.settings, &token)))
}

/// Where the page of a one-time link is.
pub fn link_url(settings: &Settings, token: &Sensitive) -> String {
    format!("{}/setup/{}", settings.public_url, token.expose())
}

/// What somebody is told who was made on the console, was invited elsewhere, and has no password yet.
const FIRST_LINK: &str = "this address has an account without a password; choose one by the link that the operator gave, then open this one again";

/// What a one-time link is for, while it can be used.
pub async fn link(app: &App, token: &Sensitive) -> Result<Option<Link>, StoreError> {
    app.store
        .link(&hash_token(token.expose()), app.clock.now())
        .await
}

/// Uses a one-time link: makes the first owner, lets the invited person into the team, or sets the
/// new password. Gives the cookie of a fresh session. `email` counts for the first owner only; an
/// invited person who has a password already proves it, and who was made on the console chooses it by
/// the link from there.
pub async fn use_link(
    app: &App,
    token: &Sensitive,
    email: &str,
    password: &Sensitive,
    address: Option<IpAddr>,
) -> Result<Sensitive, Refused> {
    let hash = hash_token(token.expose());
    let now = app.clock.now();
    let link = app.store.link(&hash, now).await?.ok_or(Refused::NotFound)?;
    let email = match &link {
        Link::Owner => Email::parse(email)?,
        Link::Invite { email, .. } | Link::Reset { email } => email.clone(),
    };
    let known = app.store.user(&email).await?;
    let proven = known.as_ref().and_then(|user| user.password_hash.as_ref());
    let is_new = matches!(link, Link::Reset { .. }) || proven.is_none();
    let password_hash = if is_new {
        check_password(password.expose())?;
        app.logins.hash(password).await
    } else {
        prove(app, (&email, address), password, proven)
            .await?
            .ok_or_else(|| {
                FieldError::new(
                    "password",
                    "is not the one that this address has here already",
                )
            })?
    };

    let mut tx = app.store.begin().await?;
    let link = tx.use_link(&hash, now).await?.ok_or(Refused::NotFound)?;
    let (team, user) = match link {
        Link::Owner => {
            let user = User {
                id: UserId(app.ids.next()),
                email,
                password_hash: Some(password_hash),
            };
            make_owner(app, &mut tx, &user, now).await?
        }
        Link::Invite { team, role, .. } => {
            let user = match known {
                Some(user) if is_new => {
                    // Whoever invites sees the link: it must not open the way into another team.
                    if tx.member(team, user.id).await?.is_none() {
                        return Err(Refused::Conflict(FIRST_LINK.to_owned()));
                    }
                    tx.set_password(user.id, &password_hash).await?;
                    user.id
                }
                Some(user) if tx.hold_password(user.id, &password_hash).await? => user.id,
                Some(_) => return Err(Refused::NotFound),
                None => {
                    let id = UserId(app.ids.next());
                    let user = User {
                        id,
                        email: email.clone(),
                        password_hash: Some(password_hash),
                    };
                    tx.add_user(&user, now).await?;
                    id
                }
            };
            join(app, &mut tx, (team, user, role), &email).await?;
            (team, user)
        }
        Link::Reset { email } => {
            let user = known.ok_or(Refused::NotFound)?.id;
            tx.set_password(user, &password_hash).await?;
            tx.end_sessions(user, None).await?;
            note_password(app, &mut tx, (user, By::Link(email.clone()))).await?;
            tx.drop_links(&Link::Reset { email }).await?;
            (first_team(&mut tx, user).await?, user)
        }
    };
    let cookie = let_in(&mut tx, team, user, now).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Lets an invited person into a team. Who belongs to it already keeps their role.
async fn join(
    app: &App,
    tx: &mut Tx,
    (team, user, role): (TeamId, UserId, Role),
    email: &Email,
) -> Result<(), Refused> {
    let now = app.clock.now();
    tx.hold_team(team).await?;
    if tx.member(team, user).await?.is_some() {
        return Ok(());
    }
    must_have_room(tx, team).await?;
    tx.join_team(team, user, role, now).await?;
    let whose = (team, By::Link(email.clone()));
    let thing = (Some(user.0), email.as_str());
    let fresh = (&app.ids, now);
    write(tx, whose, (Deed::MemberJoined, &[]), thing, fresh).await?;
    Ok(())
}

async fn make_owner(
    app: &App,
    tx: &mut Tx,
    user: &User,
    now: At,
) -> Result<(TeamId, UserId), Refused> {
    // Somebody may have been added from the console since the link was made.
    if tx.has_users().await? {
        return Err(Refused::NotFound);
    }
    tx.drop_links(&Link::Owner).await?;
    let team = TeamId(app.ids.next());
    tx.add_team(team, FIRST_TEAM, now).await?;
    tx.add_user(user, now).await?;
    tx.put_member(team, user.id, Role::Owner, now).await?;
    let whose = (team, By::Link(user.email.clone()));
    let thing = (Some(team.0), FIRST_TEAM);
    let fresh = (&app.ids, now);
    write(tx, whose, (Deed::TeamCreated, &[]), thing, fresh).await?;
    Ok((team, user.id))
}

/// Logs somebody in, from `address` where it is known; gives the cookie of the session. Takes as
/// long for an account that there is not, and says the same.
pub async fn log_in(
    app: &App,
    email: &str,
    password: &Sensitive,
    address: Option<IpAddr>,
) -> Result<Sensitive, Refused> {
    let mismatch = || FieldError::new("password", "does not belong to this mail address");
    let email = Email::parse(email)?;
    let user = app.store.user(&email).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let proven = prove(app, (&email, address), password, hash).await?;
    let (Some(user), Some(hash)) = (&user, proven) else {
        return Err(mismatch().into());
    };
    let mut tx = app.store.begin().await?;
    if !tx.hold_password(user.id, &hash).await? {
        return Err(mismatch().into());
    }
    let team = first_team(&mut tx, user.id).await?;
    let cookie = let_in(&mut tx, team, user.id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// The hash that a password was found right by.
async fn prove(
    app: &App,
    who: (&Email, Option<IpAddr>),
    password: &Sensitive,
    hash: Option<&Sensitive>,
) -> Result<Option<Sensitive>, Refused> {
    // No such password was ever taken: it would only cost time.
    let is_possible = password.expose().len() <= crate::domain::team::MAX_PASSWORD;
    let is_right = is_possible
        && app
            .logins
            .is_right(who, password, hash, app.clock.now())
            .await?;
    Ok(hash.filter(|_| is_right).cloned())
}

async fn first_team(tx: &mut Tx, user: UserId) -> Result<TeamId, Refused> {
    let teams = tx.teams_of(user).await?;
    let first = teams.first().map(|(team, _)| team.id);
    first.ok_or_else(|| FieldError::new("email", "belongs to no team").into())
}

pub(super) async fn let_in(
    tx: &mut Tx,
    team: TeamId,
    user: UserId,
    now: At,
) -> Result<Sensitive, StoreError> {
    let cookie = random_token();
    let hash = hash_token(cookie.expose());
    tx.add_session(&hash, (team, user), now, now + SESSION_LIFE)
        .await?;
    Ok(cookie)
}

/// Who comes with a cookie, if anybody.
pub async fn visitor(app: &App, session: &Sensitive) -> Result<Option<Actor>, StoreError> {
    app.store
        .session(&hash_token(session.expose()), app.clock.now())
        .await
}

/// Ends the session of a cookie.
pub async fn log_out(app: &App, session: &Sensitive) -> Result<(), StoreError> {
    let mut tx = app.store.begin().await?;
    tx.end_session(&hash_token(session.expose())).await?;
    tx.commit().await
}

/// Changes the password of somebody who proves the present one; ends all of their sessions but
/// this one.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    session: &Sensitive,
    current: &Sensitive,
    new: &Sensitive,
) -> Result<(), Refused> {
    check_password(new.expose())?;
    let mismatch = || FieldError::new("current", "is not your present password");
    let user = app
        .store
        .user(&actor.email)
        .await?
        .ok_or(Refused::NotFound)?;
    let hash = user.password_hash.as_ref();
    let proven = prove(app, (&actor.email, None), current, hash).await?;
    let proven = proven.ok_or_else(mismatch)?;
    let new = app.logins.hash(new).await;
    let mut tx = app.store.begin().await?;
    if !tx.hold_password(user.id, &proven).await? {
        return Err(mismatch().into());
    }
    tx.set_password(user.id, &new).await?;
    tx.end_sessions(user.id, Some(&hash_token(session.expose())))
        .await?;
    note_password(app, &mut tx, (user.id, By::of(actor))).await?;
    tx.drop_links(&Link::Reset { email: user.email }).await?;
    tx.commit().await?;
    Ok(())
}

/// Notes in each team of a person that their password is another one.
async fn note_password(app: &App, tx: &mut Tx, (user, by): (UserId, By)) -> Result<(), StoreError> {
    let email = by.email().cloned();
    let name = email.as_ref().map_or("", Email::as_str);
    for (team, _) in tx.teams_of(user).await? {
        let what = (Deed::PasswordChanged, &[][..]);
        let fresh = (&app.ids, app.clock.now());
        let whose = (team.id, by.clone());
        write(tx, whose, what, (Some(user.0), name), fresh).await?;
    }
    Ok(())
}

/// Makes a token of the API.
pub async fn add_token(
    app: &App,
    actor: &Actor,
    name: &str,
    scope: &str,
) -> Result<MadeToken, Refused> {
    must_own(actor)?;
    let (name, scope) = match (token_name(name), Scope::parse(scope)) {
        (Ok(name), Ok(scope)) => (name, scope),
        (name, scope) => {
            return Err(Refused::Fields(
                name.err().into_iter().chain(scope.err()).collect(),
            ));
        }
    };
    let mut tx = app.store.begin().await?;
    let whose = (actor.team, actor.user, actor.email.clone());
    let fresh = (&app.ids, app.clock.now());
    let by = By::of(actor);
    let made = make_token(&mut tx, whose, (name, scope), by, fresh).await?;
    tx.commit().await?;
    Ok(made)
}

/// Writes a token, and that it was made.
pub(super) async fn make_token(
    tx: &mut Tx,
    whose: (TeamId, UserId, Email),
    what: (String, Scope),
    by: By,
    fresh: (&Ids, At),
) -> Result<MadeToken, StoreError> {
    let (team, user, email) = whose;
    let (name, scope) = what;
    let (ids, created_at) = fresh;
    let value = random_token();
    let token = ApiToken {
        id: TokenId(ids.next()),
        team,
        user,
        email,
        name,
        scope,
        created_at,
        last_used_at: None,
        revoked_at: None,
    };
    tx.add_token(&token, &hash_token(value.expose())).await?;
    let (what, thing) = (
        (Deed::TokenAdded, &[][..]),
        (Some(token.id.0), &*token.name),
    );
    write(tx, (team, by), what, thing, fresh).await?;
    Ok(MadeToken { token, value })
}

/// Revokes a token of the team: from now on it opens nothing.
pub async fn revoke_token(app: &App, actor: &Actor, id: TokenId) -> Result<(), Refused> {
    must_own(actor)?;
    let mut tx = app.store.begin().await?;
    let name = tx.revoke_token(actor.team, id, app.clock.now()).await?;
    let name = name.ok_or(Refused::NotFound)?;
    note(app, &mut tx, actor, Deed::TokenRevoked, (Some(id.0), &name)).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) fn must_own(actor: &Actor) -> Result<(), Refused> {
    if actor.may_own() {
        Ok(())
    } else {
        Err(Refused::Forbidden("owner"))
    }
}
