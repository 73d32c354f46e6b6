//! `lifesign backup` and `lifesign restore`: everything into a file, out of one, or from one engine to
//! the other.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::backup::{self, Copied};
use crate::clock::Clock;
use crate::config::Settings;

use super::open;

#[derive(Args, Debug)]
pub(super) struct BackupArguments {
    /// Where to write; a file that is there is replaced once the new one is whole
    file: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct RestoreArguments {
    /// A backup
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    file: Option<PathBuf>,
    /// Take everything from the database at this URL instead, of whichever engine it is
    #[arg(long, value_name = "URL")]
    from: Option<String>,
}

/// Writes everything into a file.
pub(super) async fn back_up(
    settings: &Settings,
    arguments: &BackupArguments,
) -> anyhow::Result<()> {
    let url = settings.database_url.expose();
    let store = open::existing(settings, url).await?;
    let file = &arguments.file;
    let copied = backup::back_up(&store, file, Clock::system().now()).await?;
    store.close().await;
    let length = std::fs::metadata(file)?.len();
    say(
        copied,
        &format!(
            "are in {} ({length} bytes). The key is not: keep it elsewhere.",
            file.display()
        ),
    )
}

/// Fills the database of the settings.
pub(super) async fn restore(
    settings: &Settings,
    arguments: &RestoreArguments,
) -> anyhow::Result<()> {
    let from = match &arguments.from {
        Some(url) => Some(open::existing(settings, url).await.context("--from")?),
        None => None,
    };
    let store = open::untouched(settings).await?;
    let copied = match (&from, &arguments.file) {
        (Some(from), _) => backup::copy(from, &store).await?,
        (None, Some(file)) => backup::restore(&store, file).await?,
        (None, None) => bail!("name a backup, or a database with --from"),
    };
    store.close().await;
    say(copied, "are in the database, and it is up to date.")
}

fn say(Copied { rows, tables }: Copied, rest: &str) -> anyhow::Result<()> {
    let out = &mut std::io::stderr();
    Ok(writeln!(out, "{rows} rows of {tables} tables {rest}")?)
}
