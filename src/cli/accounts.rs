//! `lifesign user …` and `lifesign token …`: accounts from the console.
//!
//! Standard output holds only what a script would want: the link, or the token.

use std::io::Write as _;

use clap::{Args, Subcommand};

use crate::app::{accounts, console};
use crate::clock::{Clock, Ids};
use crate::config::Settings;
use crate::domain::sensitive::Sensitive;

use super::open;

/// People.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Let somebody into a team, made if there is none of that name; prints a one-time link
    Add(AddUser),
    /// Print a one-time link that sets a new password
    ResetPassword {
        /// Mail address of the person
        email: String,
    },
}

#[derive(Args, Debug)]
pub(super) struct AddUser {
    /// Mail address of the person
    email: String,
    /// Name of the team
    #[arg(long, value_name = "NAME")]
    team: String,
    /// What they may do: owner, editor or viewer
    #[arg(long)]
    role: String,
}

/// Tokens of the API.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for a person; prints the token alone
    Add(AddToken),
    /// Revoke a token; it opens nothing any more
    Revoke {
        /// Id of the token, as the settings page and the API show it
        id: String,
    },
}

#[derive(Args, Debug)]
pub(super) struct AddToken {
    /// Mail address of the person that it acts for
    email: String,
    /// What it may do: read or write
    #[arg(long)]
    scope: String,
    /// Name of the team, for a person in several
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
}

/// Runs a command about people.
pub(super) async fn user(settings: &Settings, command: &UserCommand) -> anyhow::Result<()> {
    let store = open::store(settings).await?;
    let now = Clock::system().now();
    let (token, what) = match command {
        UserCommand::Add(AddUser { email, team, role }) => {
            let who = (&**email, &**team, &**role);
            let token = console::add_user(&store, who, (&Ids::random(), now)).await?;
            (
                token,
                format!("{email} comes in by this link, once, within seven days:"),
            )
        }
        UserCommand::ResetPassword { email } => {
            let token = console::reset_password(&store, email, now).await?;
            (
                token,
                format!("{email} sets a new password by this link, once, within a day:"),
            )
        }
    };
    print(
        Some(&what),
        &Sensitive::new(accounts::link_url(settings, &token)),
    )
}

/// Runs a command about tokens.
pub(super) async fn token(settings: &Settings, command: &TokenCommand) -> anyhow::Result<()> {
    let store = open::store(settings).await?;
    let now = Clock::system().now();
    match command {
        TokenCommand::Add(AddToken { email, scope, team }) => {
            let what = (&**email, &**scope, team.as_deref());
            let token = console::add_token(&store, what, (&Ids::random(), now)).await?;
            print(None, &token)
        }
        TokenCommand::Revoke { id } => {
            console::revoke_token(&store, id, (&Ids::random(), now)).await?;
            Ok(writeln!(
                std::io::stderr(),
                "The token opens nothing any more."
            )?)
        }
    }
}

fn print(explanation: Option<&str>, answer: &Sensitive) -> anyhow::Result<()> {
    if let Some(explanation) = explanation {
        writeln!(std::io::stderr(), "{explanation}")?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", answer.expose())?;
    Ok(out.flush()?)
}
