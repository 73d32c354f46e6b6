//! People who make an account by themselves, with a team of their own, where the operator lets them.

use std::net::IpAddr;

use crate::config::Signups;
use crate::domain::audit::{By, Deed};
use crate::domain::id::{TeamId, UserId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Email, Role, User, check_password, team_name};

use super::App;
use super::accounts::let_in;
use super::audit::write;
use super::refused::Refused;

/// What somebody says of themselves.
pub struct SignUp<'a> {
    /// Their mail address.
    pub email: &'a str,
    /// What their team is to be called.
    pub team: &'a str,
    /// The password they choose.
    pub password: &'a Sensitive,
}

/// Whether anybody may make an account.
pub fn is_open(app: &App) -> bool {
    app.settings.signups == Signups::Open
}

/// Makes an account and its team; gives the cookie of a session. The first account of an installation is
/// not made this way: its team is the one of the operator.
pub async fn sign_up(
    app: &App,
    wish: &SignUp<'_>,
    address: Option<IpAddr>,
) -> Result<Sensitive, Refused> {
    if !is_open(app) {
        return Err(Refused::NotFound);
    }
    let password = check_password(wish.password.expose());
    let (email, name) = match (Email::parse(wish.email), team_name(wish.team), password) {
        (Ok(email), Ok(name), Ok(())) => (email, name),
        (email, name, password) => {
            let faults = [email.err(), name.err(), password.err()];
            return Err(Refused::Fields(faults.into_iter().flatten().collect()));
        }
    };
    let now = app.clock.now();
    app.logins.sign_up(address, now)?;
    let taken = || FieldError::new("email", "has an account here already; log in with it");
    if app.store.user(&email).await?.is_some() {
        return Err(taken().into());
    }
    let (team, id) = (TeamId(app.ids.next()), UserId(app.ids.next()));
    let user = User {
        id,
        email: email.clone(),
        password_hash: Some(app.logins.hash(wish.password).await),
    };
    let mut tx = app.store.begin().await?;
    if !tx.has_users().await? {
        let words = "The first account is made by the link that Lifesign prints when it starts.";
        return Err(Refused::Conflict(words.to_owned()));
    }
    if tx.user(&email).await?.is_some() {
        return Err(taken().into());
    }
    tx.add_team(team, &name, now).await?;
    tx.add_user(&user, now).await?;
    tx.put_member(team, id, Role::Owner, now).await?;
    let whose = (team, By::Page(email.clone()));
    let thing = (Some(team.0), &*name);
    let fresh = (&app.ids, now);
    write(&mut tx, whose, (Deed::TeamCreated, &[]), thing, fresh).await?;
    let cookie = let_in(&mut tx, team, id, now).await?;
    tx.commit().await?;
    Ok(cookie)
}
