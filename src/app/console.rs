//! Accounts from the console of the machine, where nobody has to log in: for first set-ups,
//! scripts, and people who have forgotten their password.

use std::time::Duration;

use crate::clock::Ids;
use crate::domain::at::At;
use crate::domain::audit::{By, Deed};
use crate::domain::id::{TeamId, TokenId, UserId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Email, Link, Role, Scope, Team, User, team_name};
use crate::secret::{hash_token, random_token};
use crate::store::{Store, StoreError, Tx};

use super::accounts::make_token;
use super::audit::write;
use super::members::must_not_be_last;
use super::refused::Refused;

/// How long an invitation can be used.
pub(super) const INVITE_LIFE: Duration = Duration::from_hours(7 * 24);
/// How long a link to set a new password can be used.
const RESET_LIFE: Duration = Duration::from_hours(24);
/// What tokens from the console are called.
const TOKEN_NAME: &str = "console";

/// Makes somebody a member of a team, which is made if there is none of that name, or gives a member
/// another role. Gives the token of the link by which they come in: until they have set a password
/// there they cannot log in.
pub async fn add_user(
    store: &Store,
    (email, team, role): (&str, &str, &str),
    (ids, now): (&Ids, At),
) -> Result<Sensitive, Refused> {
    let email = Email::parse(email)?;
    let name = team_name(team)?;
    let role = Role::parse(role)?;
    let mut tx = store.begin().await?;
    let user = if let Some(user) = tx.user(&email).await? {
        user.id
    } else {
        let id = UserId(ids.next());
        tx.add_user(
            &User {
                id,
                email: email.clone(),
                password_hash: None,
            },
            now,
        )
        .await?;
        id
    };
    let team = match tx.teams_named(&name).await?[..] {
        [team] => team,
        [] => {
            let id = TeamId(ids.next());
            tx.add_team(id, &name, now).await?;
            let (what, thing) = ((Deed::TeamCreated, &[][..]), (Some(id.0), &*name));
            write(&mut tx, (id, By::Console), what, thing, (ids, now)).await?;
            id
        }
        _ => return Err(ambiguous().into()),
    };
    tx.hold_team(team).await?;
    if role != Role::Owner
        && let Some(member) = tx.member(team, user).await?
    {
        must_not_be_last(&mut tx, team, &member).await?;
    }
    tx.put_member(team, user, role, now).await?;
    let (what, thing) = (
        (Deed::MemberJoined, &["role"][..]),
        (Some(user.0), email.as_str()),
    );
    write(&mut tx, (team, By::Console), what, thing, (ids, now)).await?;
    // The operator has chosen who comes first.
    tx.drop_links(&Link::Owner).await?;
    let link = Link::Invite { team, email, role };
    let token = add_link(&mut tx, &link, now, INVITE_LIFE).await?;
    tx.commit().await?;
    Ok(token)
}

/// Gives the token of a link by which somebody sets a new password. The present one works until
/// then.
pub async fn reset_password(store: &Store, email: &str, now: At) -> Result<Sensitive, Refused> {
    let email = Email::parse(email)?;
    let mut tx = store.begin().await?;
    if tx.user(&email).await?.is_none() {
        return Err(nobody().into());
    }
    let token = add_link(&mut tx, &Link::Reset { email }, now, RESET_LIFE).await?;
    tx.commit().await?;
    Ok(token)
}

pub(super) async fn add_link(
    tx: &mut Tx,
    link: &Link,
    now: At,
    life: Duration,
) -> Result<Sensitive, StoreError> {
    let token = random_token();
    tx.add_link(&hash_token(token.expose()), link, now, Some(now + life))
        .await?;
    Ok(token)
}

/// Makes a token of the API for a person; `team` chooses among several teams of theirs.
pub async fn add_token(
    store: &Store,
    (email, scope, team): (&str, &str, Option<&str>),
    (ids, now): (&Ids, At),
) -> Result<Sensitive, Refused> {
    let email = Email::parse(email)?;
    let scope = Scope::parse(scope)?;
    let mut tx = store.begin().await?;
    let user = tx.user(&email).await?.ok_or_else(nobody)?;
    let teams = tx.teams_of(user.id).await?;
    let teams = teams.into_iter().map(|(team, _)| team);
    let none = FieldError::new("email", "belongs to no team");
    let team = choose(teams.collect(), team, none)?;
    let what = (TOKEN_NAME.to_owned(), scope);
    let whose = (team, user.id, email);
    let made = make_token(&mut tx, whose, what, By::Console, (ids, now)).await?;
    tx.commit().await?;
    Ok(made.value)
}

/// The team of that name, or the only one when none is named; `none` says that there are no teams.
pub(super) fn choose(
    mut teams: Vec<Team>,
    wanted: Option<&str>,
    none: FieldError,
) -> Result<TeamId, FieldError> {
    let known: Vec<String> = teams
        .iter()
        .map(|team| format!("'{}'", team.name))
        .collect();
    let known = known.join(", ");
    if let Some(wanted) = wanted {
        teams.retain(|team| team.name == wanted.trim());
    }
    match (&teams[..], wanted) {
        ([team], _) => Ok(team.id),
        _ if known.is_empty() => Err(none),
        ([], _) => Err(FieldError::new("team", format!("must be one of {known}"))),
        (_, None) => {
            let message = format!("is needed, as there are several: {known}");
            Err(FieldError::new("team", message))
        }
        (_, Some(_)) => Err(ambiguous()),
    }
}

fn ambiguous() -> FieldError {
    FieldError::new("team", "is the name of several")
}

/// Revokes a token of whichever team: from now on it opens nothing.
pub async fn revoke_token(store: &Store, id: &str, (ids, now): (&Ids, At)) -> Result<(), Refused> {
    let unknown = || FieldError::new("id", "is not the id of a token that is in use");
    let id: TokenId = id.trim().parse().map_err(|_| unknown())?;
    let team = store.team_of_token(id).await?.ok_or_else(unknown)?;
    let mut tx = store.begin().await?;
    let name = tx.revoke_token(team, id, now).await?.ok_or_else(unknown)?;
    let (what, thing) = ((Deed::TokenRevoked, &[][..]), (Some(id.0), &*name));
    write(&mut tx, (team, By::Console), what, thing, (ids, now)).await?;
    tx.commit().await?;
    Ok(())
}

fn nobody() -> FieldError {
    FieldError::new(
        "email",
        "is not known here; `lifesign user add` makes accounts",
    )
}
