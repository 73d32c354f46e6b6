//! The command line: what `lifesign` can be told, one file per command.
//!
//! A command that fails says why on standard error, naming the setting or the argument, and ends
//! with 1; wrong usage ends with 2, with 3 for `probe`, whose 2 means down.

mod accounts;
mod agent;
mod backup;
mod bench;
pub mod connections;
mod import;
mod oauth;
pub mod open;
mod probe;
pub mod serve;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Settings, example};

use self::accounts::{TokenCommand, UserCommand};
use self::bench::BenchArguments;
use self::import::ImportArguments;
use self::probe::ProbeArguments;

/// Uptime monitoring for MCP servers: the whole handshake, every minute, from outside.
#[derive(Debug, Parser)]
#[command(name = "lifesign", version)]
struct Cli {
    /// Serve, when nothing is said
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Web, API, scheduler, prober and alerter in one process
    Serve(ServeArguments),
    /// One check of a server, each step printed as it happens
    Probe(Box<ProbeArguments>),
    /// Bring the database up to date, and end
    Migrate,
    /// Write everything into a file, while the service runs; the key is not in it
    Backup(backup::BackupArguments),
    /// Fill an empty database from a backup of either engine, or from another database
    Restore(backup::RestoreArguments),
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens of the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Watch the servers that a client configuration or a registry listing names
    Import(ImportArguments),
    /// Check what a server cannot reach from another network, without the database
    Agent(agent::AgentArguments),
    /// Measure this machine: probes, records and pages
    Bench(Box<BenchArguments>),
    /// Print every setting with its default, as lifesign.toml takes them
    Config,
}

#[derive(Debug, Default, clap::Args)]
struct ServeArguments {
    /// What this node does: web, probe, alert, separated by commas
    #[arg(long)]
    roles: Option<String>,
    /// The name of the place that this node probes from
    #[arg(long)]
    location: Option<String>,
}

impl ServeArguments {
    fn overrides(self) -> Vec<(&'static str, String)> {
        let named = [("roles", self.roles), ("location", self.location)];
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Does what the command line says; gives what the process ends with.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::new)
        .and_then(|runtime| runtime.block_on(obey(cli.command.unwrap_or_else(serve_all))));
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "lifesign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what is wrong with the usage, or the help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    let is_probe = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "probe");
    match (error.use_stderr(), is_probe) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => ExitCode::from(probe::USAGE),
        (true, false) => ExitCode::from(2),
    }
}

fn serve_all() -> Command {
    Command::Serve(ServeArguments::default())
}

async fn obey(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => {
            let settings = Settings::load(&arguments.overrides())?;
            crate::telemetry::start(&settings.log)?;
            serve::run(settings).await?;
        }
        Command::Probe(arguments) => return Ok(probe::run(*arguments).await),
        Command::Migrate => {
            open::store(&Settings::load(&[])?).await?;
            writeln!(std::io::stderr(), "The database is up to date.")?;
        }
        Command::Backup(arguments) => {
            backup::back_up(&Settings::load(&[])?, &arguments).await?;
        }
        Command::Restore(arguments) => {
            backup::restore(&Settings::load(&[])?, &arguments).await?;
        }
        Command::User(command) => accounts::user(&Settings::load(&[])?, &command).await?,
        Command::Token(command) => accounts::token(&Settings::load(&[])?, &command).await?,
        Command::Import(arguments) => import::run(&Settings::load(&[])?, &arguments).await?,
        Command::Agent(arguments) => {
            let settings = Settings::load(&arguments.overrides())?;
            crate::telemetry::start(&settings.log)?;
            agent::run(&settings).await?;
        }
        Command::Bench(arguments) => Box::pin(bench::run(&arguments)).await?,
        Command::Config => write!(std::io::stdout(), "{}", example())?,
    }
    Ok(ExitCode::SUCCESS)
}
