//! `lifesign agent`: a prober for another network, until a signal ends it.

use std::io::Write as _;
use std::sync::Arc;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::serve::Signals;
use crate::app::agent::Agent;
use crate::config::Settings;

/// What an agent is told. The settings of probes are those of `serve`.
#[derive(Debug, Args)]
pub(super) struct AgentArguments {
    /// Where the server is; also `LIFESIGN_AGENT_SERVER`
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The token of the agent; others can read it here, so rather set `LIFESIGN_AGENT_TOKEN`
    #[arg(long, value_name = "T")]
    token: Option<String>,
    /// The folder where results wait while the server is away; also `LIFESIGN_AGENT_DATA`
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

impl AgentArguments {
    /// What they say, by the names of the settings.
    pub(super) fn overrides(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("agent_server", &self.server),
            ("agent_token", &self.token),
            ("agent_data", &self.data),
        ];
        let given = named.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }
}

/// Checks until the first signal, finishes what is in flight, and ends; a second signal ends it at
/// once. What could not be told by then waits on the disk.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let agent = Arc::new(Agent::new(settings)?);
    let mut signals = Signals::new()?;
    let begun = tokio::select! {
        begun = agent.begin() => begun?,
        () = signals.next() => return Ok(()),
    };
    let mut out = std::io::stdout().lock();
    let server = agent.server();
    match begun {
        Some(begun) if begun.is_fresh => {
            let (name, location, watches) = (begun.name, begun.location, begun.watches);
            writeln!(
                out,
                "Agent {name} checks {watches} monitors from {location} for {server}"
            )?;
        }
        Some(begun) => {
            let (name, location) = (begun.name, begun.location);
            writeln!(
                out,
                "Agent {name} goes on from {location}; {server} is away"
            )?;
        }
        None => writeln!(out, "Waits for {server}, which is away")?,
    }
    out.flush()?;
    drop(out);
    let stop = CancellationToken::new();
    let mut running = std::pin::pin!(agent.run(stop.clone()));
    tokio::select! {
        () = &mut running => anyhow::bail!("the agent ended by itself"),
        () = signals.next() => stop.cancel(),
    }
    tokio::select! {
        () = running => {}
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    Ok(())
}
