//! What the operator reads: log lines, as text on a terminal and as JSON otherwise.
//!
//! A failure is logged once, at the boundary that handles it; never a header value, a token, a
//! person's address or a body.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

/// Crates whose debug lines would print what servers send.
const QUIET: &str = "eventsource_client=warn,hyper=warn,rustls=warn,hickory_resolver=warn,hickory_proto=warn,sqlx=warn";

/// Starts logging to standard error by `filter`, as the setting `log` writes it.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .with_context(|| format!("setting LIFESIGN_LOG: '{filter}' is not a log filter"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        lines.with_target(false).init();
    } else {
        lines.json().flatten_event(true).init();
    }
    Ok(())
}
