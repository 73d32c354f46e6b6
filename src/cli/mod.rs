//! The command line: what `lifesign` can be told, one file per command.
//!
//! A command that fails says why on standard error, naming the setting or the argument, and ends
//! with 1; wrong usage ends with 2.

mod accounts;
mod open;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Settings, example};

use self::accounts::{TokenCommand, UserCommand};

/// Uptime monitoring for MCP servers: the whole handshake, every minute, from outside.
#[derive(Debug, Parser)]
#[command(name = "lifesign", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the database up to date, and end
    Migrate,
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens of the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print every setting with its default, as lifesign.toml takes them
    Config,
}

/// Does what the command line says; gives what the process ends with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::new)
        .and_then(|runtime| runtime.block_on(obey(cli.command)));
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "lifesign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate => {
            open::store(&Settings::load(&[])?).await?;
            writeln!(std::io::stderr(), "The database is up to date.")?;
        }
        Command::User(command) => accounts::user(&Settings::load(&[])?, &command).await?,
        Command::Token(command) => accounts::token(&Settings::load(&[])?, &command).await?,
        Command::Config => write!(std::io::stdout(), "{}", example())?,
    }
    Ok(ExitCode::SUCCESS)
}
