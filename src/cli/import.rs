//! `lifesign import FILE`: watches the servers of a client configuration or a registry listing.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::app::import::{Imported, import, team};
use crate::clock::{Clock, Ids};
use crate::config::Settings;
use crate::domain::audit::By;
use crate::domain::client_config::{Listing, MAX_BYTES};
use crate::net::Guard;

use super::open;

/// What is imported, and for whom.
#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// An mcp.json or another client's configuration, a server.json or a page of a registry;
    /// - reads standard input
    file: PathBuf,
    /// Name of the team, where there are several
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Imports a file; prints a line for each server that it names.
pub(super) async fn run(settings: &Settings, arguments: &ImportArguments) -> anyhow::Result<()> {
    let listing = Listing::read(&text(&arguments.file)?)?;
    let guard = Guard::parse(&settings.allow_targets).context("setting LIFESIGN_ALLOW_TARGETS")?;
    let store = open::store(settings).await?;
    let team = team(&store, arguments.team.as_deref()).await?;
    let (ids, now) = (Ids::random(), Clock::system().now());
    let specs = &listing.specs;
    let outcomes = import(
        (&store, &guard),
        (team, &By::Console),
        specs,
        arguments.dry_run,
        (&ids, now),
    )
    .await?;

    let added = if arguments.dry_run {
        "would add"
    } else {
        "added"
    };
    let mut out = std::io::stdout().lock();
    for (spec, outcome) in specs.iter().zip(&outcomes) {
        let (name, url) = (&spec.name, spec.endpoint.url.redacted());
        match outcome {
            Imported::Added(_) => writeln!(out, "{added} {name}: {url}")?,
            Imported::There(twin) if twin == name => writeln!(out, "there already {name}: {url}")?,
            Imported::There(twin) => writeln!(out, "there already {name}: {url}, as {twin}")?,
            Imported::Refused(reason) => writeln!(out, "skipped {name}: {reason}")?,
        }
    }
    for skipped in &listing.skipped {
        writeln!(out, "skipped {}: {}", skipped.name, skipped.reason)?;
    }
    Ok(out.flush()?)
}

fn text(file: &Path) -> anyhow::Result<String> {
    let shown = || format!("cannot read {}", file.display());
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(shown)?)
    };
    let mut text = String::new();
    // One byte more, so that a longer file is refused and not cut.
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
    input
        .take(most)
        .read_to_string(&mut text)
        .with_context(shown)?;
    Ok(text)
}
