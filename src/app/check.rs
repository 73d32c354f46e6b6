//! One check: from a claimed watch to a complete result. The only place that sees both what is
//! due and the network.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::at::At;
use crate::domain::change::changes;
use crate::domain::check::{CheckResult, Watch};
use crate::domain::expiry::{self, Expiring};
use crate::domain::gate::{self, Gate};
use crate::domain::quorum::Quorum;
use crate::domain::report::CheckReport;
use crate::domain::usual::Usual;
use crate::domain::verdict::{CheckStatus, judge};
use crate::probe::{Observer, Target};
use crate::store::{DueCheck, SeenTools, locations};

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
    /// How many of them have to say that it is down.
    pub quorum: Quorum,
    /// What stood for the facts of the last good report.
    pub facts_hash: Option<String>,
    /// The tools, where they are others than at the check before.
    pub tools: Option<SeenTools>,
    /// Whether it was held back before that they had changed.
    pub are_tools_untold: bool,
    /// What the watch has not known to end soon.
    pub expiring: Vec<Expiring>,
    /// What the watch has not known of walls and logins.
    pub gate: Vec<Gate>,
}

impl Checked {
    /// Whether it noticed what may be told beside incidents.
    pub fn has_noticed(&self) -> bool {
        self.tools.is_some() || !self.expiring.is_empty() || !self.gate.is_empty()
    }
}

/// Probes a watch and judges what was seen. It cannot fail: trouble is the result.
pub async fn run_check(app: &App, due: DueCheck, observer: &dyn Observer) -> Checked {
    // One location asks for all of them: once a week means once.
    let is_first = locations(&due.monitor).first() == Some(&due.watch.location);
    let spec = due.monitor.spec;
    let interval = spec.interval();
    let mut memory = due.memory;
    // The sums are those of all locations together; a far one would look slow beside a near one.
    if spec.expectations.slow_ms.is_none() && due.locations == 1 {
        refresh(app, &due.watch, &mut memory.usual).await;
    }
    let target = Target {
        timeout: spec.timeout(),
        endpoint: spec.endpoint,
        memory,
        canary: spec.canary,
        monitor: due.monitor.id,
        lint: spec.lint && is_first,
    };
    let mut seen = app.prober.probe(&target, observer).await;
    let tools = tools::news(&due.watch, &target.memory.tools, &seen);
    if tools.is_some() {
        // Lists that quarrel are told by their incident; when they have settled, what came of it.
        seen.memory.tools.is_untold = seen.memory.tools.is_restless();
    }
    let changes = changes(&target.memory, &seen.memory);
    let has_credentials = target.endpoint.has_credentials();
    let mut verdict = judge(&seen, &spec.expectations, has_credentials, app.clock.now());
    if let Some(news) = &tools
        && let Some(diff) = tools::difference(app, &target.memory.tools, news).await
    {
        verdict.note_tools_change(&diff);
    }
    let host = target.endpoint.url.url().host_str().unwrap_or_default();
    let was_fine = due
        .last_status
        .is_some_and(|status| status != CheckStatus::Down);
    if let Some(trouble) = app.network.explains(app, host, &seen, was_fine).await {
        verdict.blame_own_network(trouble.since);
    }
    let url = target.endpoint.url.redacted();
    let report = CheckReport::new(url, due.watch.location.clone(), &seen, &verdict);
    let expiring = expiry::expiring(&report, &mut seen.memory.expiry);
    let mut remembered = seen.memory.gate;
    let gate = gate::noticed(&seen, verdict.gated, has_credentials, &mut remembered);
    seen.memory.gate = remembered;
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
        quorum: spec.quorum,
        facts_hash: due.facts_hash,
        are_tools_untold: target.memory.tools.is_untold,
        tools,
        expiring,
        gate,
    }
}

/// Looks again at how long a check of this monitor usually takes, when it is time to. Where that
/// fails, what was known goes on.
async fn refresh(app: &App, watch: &Watch, usual: &mut Usual) {
    let now = app.clock.now();
    if !usual.is_stale(now) {
        return;
    }
    let Some((from, until)) = usual.days(now) else {
        usual.look(&[], now);
        return;
    };
    let until = At(until.0 - 1);
    match app
        .store
        .rollup_days(watch.team, watch.monitor, from, until)
        .await
    {
        Ok(days) => usual.look(&days, now),
        Err(error) => {
            tracing::warn!(monitor.id = %watch.monitor, %error, "failed to read what is usual");
        }
    }
}
