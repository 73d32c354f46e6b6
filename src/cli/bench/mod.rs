//! `lifesign bench`: what this machine can do. A probe loop against a built-in server over TLS in a
//! process of its own, the claiming and recording of checks, and pages; printed as a small table. Or,
//! with `--sustained`, the whole: every monitor checked once a minute for so many minutes.
//!
//! Nothing leaves the machine, and the database of the settings is not touched.

mod measure;
mod pages;
mod probing;
mod recording;
mod retaining;
mod stage;
mod sustained;
mod target;

use std::io::Write as _;
use std::path::PathBuf;

use self::measure::Cost;
use self::recording::Recorded;
use self::retaining::Retained;
use self::stage::Stage;
use self::target::Target;

#[derive(Debug, clap::Args)]
pub(super) struct BenchArguments {
    /// How many monitors
    #[arg(long, default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    monitors: u32,
    /// How many probes are measured, and how often each page is asked for at most
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    probes: u32,
    /// How many minutes of checks are recorded
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// An empty PostgreSQL database to record into; SQLite in a temporary folder without it
    #[arg(long)]
    database_url: Option<String>,
    /// Instead of all that, check every monitor once a minute for so many minutes
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1_440))]
    sustained: Option<u32>,
    /// The built-in server speaks without TLS
    #[arg(long)]
    plain: bool,
    /// Print one line of JSON for each measure instead of the table
    #[arg(long)]
    json: bool,
    /// Serve the built-in server with the certificate in this folder; what the command starts itself
    #[arg(long, hide = true)]
    target: Option<PathBuf>,
}

/// Measures and prints.
pub(super) async fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    crate::net::install_crypto_provider();
    if let Some(folder) = &arguments.target {
        return target::serve(folder, arguments.plain).await;
    }
    let folder = tempfile::tempdir()?;
    let target = Target::start(folder.path(), arguments.plain)?;
    if let Some(minutes) = arguments.sustained {
        let stage = Stage::at_work(folder.path(), arguments, &target).await?;
        let result = Box::pin(sustained::measure(&stage, minutes, arguments.monitors)).await?;
        return result.print(arguments.json);
    }
    let stage = Stage::set(folder.path(), arguments).await?;
    let recorded = recording::measure(&stage, &target, arguments).await?;
    let probe = if arguments.plain {
        "probe"
    } else {
        "probe over TLS"
    };
    say(arguments, probe, &recorded.probe)?;
    say(arguments, "claim and record", &recorded.cost)?;
    note(arguments, &recorded)?;
    for (name, cost) in pages::measure(&stage, arguments.probes).await? {
        say(arguments, name, &cost)?;
    }
    let retained = retaining::measure(&stage).await?;
    say(arguments, "delete what is old", &retained.cost)?;
    note_waits(arguments, &retained)
}

/// How long others waited while old checks were deleted.
fn note_waits(arguments: &BenchArguments, retained: &Retained) -> anyhow::Result<()> {
    let [write, page] = [&retained.writes, &retained.pages].map(|times| {
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        let last = times.len().saturating_sub(1);
        (at(last * 99 / 100), at(last))
    });
    let mut out = std::io::stdout();
    if arguments.json {
        let line = serde_json::json!({
            "write_p99_ms": write.0, "write_max_ms": write.1,
            "page_p99_ms": page.0, "page_max_ms": page.1,
        });
        return Ok(writeln!(out, "{line}")?);
    }
    Ok(writeln!(
        out,
        "{:26}meanwhile p99 (most): a write {:.0} ({:.0}) ms, a page {:.0} ({:.0}) ms",
        "", write.0, write.1, page.0, page.1
    )?)
}

/// What follows from the figures of recording.
fn note(arguments: &BenchArguments, recorded: &Recorded) -> anyhow::Result<()> {
    let (share, bytes) = (
        recorded.cost.cpu_ms() / recorded.probe.cpu_ms(),
        recorded.bytes,
    );
    let mut out = std::io::stdout();
    if arguments.json {
        let line = serde_json::json!({ "record_per_probe": share, "bytes_per_check": bytes });
        return Ok(writeln!(out, "{line}")?);
    }
    let percent = share * 100.0;
    Ok(writeln!(
        out,
        "{:26}{percent:.0} % of a probe, {bytes:.0} bytes of database each",
        ""
    )?)
}

fn say(arguments: &BenchArguments, name: &str, cost: &Cost) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if arguments.json {
        let line = serde_json::json!({
            "name": name, "n": cost.n, "per_second": cost.per_second(),
            "cpu_ms": cost.cpu_ms(), "wall_ms": cost.wall_ms(),
        });
        return Ok(writeln!(out, "{line}")?);
    }
    Ok(writeln!(
        out,
        "{name:<26}{:>10.0} a second{:>10.3} ms of CPU each",
        cost.per_second(),
        cost.cpu_ms()
    )?)
}
