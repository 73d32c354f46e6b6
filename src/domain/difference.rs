//! What is different from the last good check: often the reason, and told first.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::observation::StepName;
use super::report::CheckReport;

/// Something that is different from the last good check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What: address, certificate, server version, protocol version, tools, slowest phase.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub now: String,
}

/// A phase that takes more than so many times what it took is told.
const MUCH_SLOWER: f64 = 2.0;
/// … if it is more by so many milliseconds at least.
const WORTH_TELLING_MS: f64 = 100.0;

/// What is different from the last good check, as far as both know it.
pub fn changes(good: &CheckReport, now: &CheckReport) -> Vec<Change> {
    let server = |r: &CheckReport| {
        let server = r.protocol.as_ref()?.server.as_ref()?;
        let parts = [server.name.as_deref(), server.version.as_deref()];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    };
    let version = |r: &CheckReport| r.protocol.as_ref()?.version.clone();
    let tools = |r: &CheckReport| {
        let tools = r.tools.as_ref()?;
        Some(format!("{} tools, {}", tools.count, tools.hash))
    };
    let certificate = |r: &CheckReport| Some(r.tls.as_ref()?.fingerprint.clone());
    let (slowest_then, slowest_now) = slowest_phases(good, now).unzip();
    let pairs: [(&str, Option<String>, Option<String>); 6] = [
        ("address", good.address.clone(), now.address.clone()),
        ("certificate", certificate(good), certificate(now)),
        ("server version", server(good), server(now)),
        ("protocol version", version(good), version(now)),
        ("tools", tools(good), tools(now)),
        ("slowest phase", slowest_then, slowest_now),
    ];
    let different = |(what, before, now): (&str, Option<String>, Option<String>)| {
        let (before, now) = (before?, now?);
        (before != now).then(|| Change {
            what: what.to_owned(),
            before,
            now,
        })
    };
    pairs.into_iter().filter_map(different).collect()
}

/// Where most of the time went, then and now, if it is much more than it was: a server that
/// refuses at once has slow phases, too, and they tell nothing.
fn slowest_phases(good: &CheckReport, now: &CheckReport) -> Option<(String, String)> {
    let slowest = |r: &CheckReport| {
        let apart = [StepName::EndSession, StepName::Lints];
        let timed = r.steps.iter().filter(|s| !apart.contains(&s.name));
        let slowest = timed.max_by(|a, b| a.ms.total_cmp(&b.ms))?;
        Some((slowest.name.as_str(), slowest.ms))
    };
    let (then, now) = (slowest(good)?, slowest(now)?);
    let is_slower = now.1 > then.1 * MUCH_SLOWER && now.1 - then.1 > WORTH_TELLING_MS;
    let words = |(name, ms): (&str, f64)| format!("{name}, {ms:.0} ms");
    is_slower.then(|| (words(then), words(now)))
}
