//! Host names that show a status page: which page a request is for, by the name it came to.
//!
//! All of them are read at once and kept for a moment, so that requests to names that are nobody's
//! cost the database nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use url::Url;

use super::App;
use crate::domain::at::At;

/// How long what was read holds.
const FRESH: Duration = Duration::from_secs(5);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most host names of an installation.
const MOST: usize = 10_000;

/// What was read last.
#[derive(Debug, Default)]
pub struct Domains {
    known: tokio::sync::Mutex<Known>,
    is_stale: AtomicBool,
}

/// Slugs by host name.
#[derive(Debug, Default)]
struct Known {
    until: Option<At>,
    slugs: HashMap<String, String>,
}

impl Domains {
    /// Reads them again at the next request.
    pub(super) fn forget(&self) {
        self.is_stale.store(true, Ordering::Release);
    }
}

/// The slug of the page that is shown at a host name. A port and the case do not matter. While the
/// database is away what was known last holds on.
pub async fn page_at(app: &App, host: &str) -> Option<String> {
    let name = without_port(host).to_ascii_lowercase();
    if is_ours(&app.settings.public_url, &name) {
        return None;
    }
    let mut known = app.domains.known.lock().await;
    let now = app.clock.now();
    let is_stale = app.domains.is_stale.swap(false, Ordering::AcqRel);
    if is_stale || known.until.is_none_or(|until| until <= now) {
        let read = tokio::time::timeout(PATIENCE, app.store.status_domains(MOST)).await;
        match read {
            Ok(Ok(rows)) => known.slugs = rows.into_iter().collect(),
            Ok(Err(error)) => tracing::warn!(%error, "host names of status pages were not read"),
            Err(_) => tracing::warn!("host names of status pages were not read in time"),
        }
        known.until = Some(app.clock.now() + FRESH);
    }
    known.slugs.get(&name).cloned()
}

/// Whether a host name is that of the installation itself.
pub(super) fn is_ours(public_url: &str, name: &str) -> bool {
    let url = Url::parse(public_url).ok();
    url.as_ref().and_then(Url::host_str) == Some(name)
}

/// `status.example.com:8443` becomes `status.example.com`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (host, name) in [
            ("a.example:8443", "a.example"),
            ("a.example", "a.example"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(without_port(host), name);
        }
        assert!(is_ours("https://ls.example:8443", "ls.example"));
        assert!(!is_ours("https://ls.example", "status.example"));
    }
}
