//! One check: from a claimed watch to a complete result. The only place that sees both what is
//! due and the network.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::change::changes;
use crate::domain::check::CheckResult;
use crate::domain::report::CheckReport;
use crate::domain::verdict::judge;
use crate::probe::{Observer, Target};
use crate::store::{DueCheck, SeenTools};

use super::App;
use super::tools;

/// A check that was made, with what recording it needs.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The result.
    pub result: CheckResult,
    /// The claim that it was made under.
    pub claim: Uuid,
    /// The time between two checks of the watch.
    pub interval: Duration,
    /// From how many locations its monitor is checked.
    pub locations: usize,
    /// What stood for the facts of the last good report.
    pub facts_hash: Option<String>,
    /// The tools, where they are others than at the check before.
    pub tools: Option<SeenTools>,
}

/// Probes a watch and judges what was seen. It cannot fail: trouble is the result.
pub async fn run_check(app: &App, due: DueCheck, observer: &dyn Observer) -> Checked {
    let spec = due.monitor.spec;
    let interval = spec.interval();
    let target = Target {
        timeout: spec.timeout(),
        endpoint: spec.endpoint,
        memory: due.memory,
        canary: spec.canary,
        monitor: due.monitor.id,
        lint: spec.lint,
    };
    let seen = app.prober.probe(&target, observer).await;
    let tools = tools::news(&due.watch, &target.memory.tools, &seen);
    let changes = changes(&target.memory, &seen.memory);
    let has_credentials = target.endpoint.has_credentials();
    let mut verdict = judge(&seen, &spec.expectations, has_credentials, app.clock.now());
    if let Some(news) = &tools
        && let Some(diff) = tools::difference(app, &target.memory.tools, news).await
    {
        verdict.note_tools_change(&diff);
    }
    let url = target.endpoint.url.redacted();
    let report = CheckReport::new(url, due.watch.location.clone(), &seen, &verdict);
    let result = CheckResult {
        watch: due.watch,
        slot: due.slot,
        attempt: due.attempt,
        report,
        memory: seen.memory,
        changes,
    };
    Checked {
        result,
        claim: due.claim,
        interval,
        locations: due.locations,
        facts_hash: due.facts_hash,
        tools,
    }
}
