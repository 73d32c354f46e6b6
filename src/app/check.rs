//! One check: from a claimed watch to a complete result. The only place that sees both what is
//! due and the network.
//!
//! It has two halves: [`look`] needs a network and no database, so that an agent can do it
//! elsewhere; [`conclude`] needs the database and no network. A node does one after the other.

use std::mem;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::at::At;
use crate::domain::change::changes;
use crate::domain::check::{CheckResult, Watch};
use crate::domain::expiry::{self, Expiring};
use crate::domain::gate::{self, Gate};
use crate::domain::monitor::Expectations;
use crate::domain::observation::ProbeMemory;
use crate::domain::quorum::Quorum;
use crate::domain::report::CheckReport;
use crate::domain::schedule;
use crate::domain::verdict::{CheckStatus, judge, tools_change};
use crate::probe::{Observer, Prober, Target};
use crate::store::{DueCheck, SeenTools, locations};

use super::App;
use super::network::Network;
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
    /// The longest time that one check of it may take.
    pub timeout: Duration,
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
    /// For how long from its beginning it vouches for what it saw.
    pub fn patience(&self) -> Duration {
        schedule::patience(self.interval, self.timeout, self.result.retry_after())
    }

    /// Whether it noticed what may be told beside incidents.
    pub fn has_noticed(&self) -> bool {
        self.tools.is_some() || !self.expiring.is_empty() || !self.gate.is_empty()
    }
}

/// Where probes are made from: what makes them, and what is known there of the network and the time.
#[derive(Clone, Copy)]
pub struct Outlook<'a> {
    /// What asks the servers.
    pub prober: &'a Prober,
    /// What is known of the own network.
    pub network: &'a Network,
    /// What time it is.
    pub clock: &'a Clock,
}

/// A watch as a probe needs it, on a node or on an agent without a database.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// What is checked, and from where.
    pub watch: Watch,
    /// What to probe.
    pub target: Target,
    /// What its server has promised.
    pub expectations: Expectations,
    /// Whether the check before, as far as is known, reached the server.
    pub was_fine: bool,
}

impl Assignment {
    /// The same for a node and for an agent.
    pub fn of(due: &DueCheck) -> Self {
        let spec = &due.monitor.spec;
        // One location asks for all of them: once a week means once.
        let is_first = locations(&due.monitor).first() == Some(&due.watch.location);
        Self {
            watch: due.watch.clone(),
            target: Target {
                endpoint: spec.endpoint.clone(),
                timeout: spec.timeout(),
                memory: ProbeMemory::clone(&due.memory),
                canary: spec.canary.clone(),
                monitor: due.monitor.id,
                lint: spec.lint && is_first,
            },
            expectations: spec.expectations.clone(),
            was_fine: was_fine(due.last_status),
        }
    }
}

/// Whether a check reached its server, as far as its status tells.
pub fn was_fine(last: Option<CheckStatus>) -> bool {
    last.is_some_and(|status| status != CheckStatus::Down)
}

/// What a probe came to, judged where it was made; what only the database knows is left to
/// [`conclude`].
#[derive(Clone, Debug)]
pub struct Sighting {
    /// What was seen and what it means.
    pub report: Box<CheckReport>,
    /// What the next probe should know.
    pub memory: Box<ProbeMemory>,
    /// The tools, where they are others than the probe knew.
    pub tools: Option<SeenTools>,
    /// Whether something ended the conversation before its time.
    pub is_stopped: bool,
}

/// Probes a watch and concludes from what was seen. It cannot fail: trouble is the result.
pub async fn run_check(app: &App, mut due: DueCheck, observer: &dyn Observer) -> Checked {
    refresh(app, &mut due).await;
    let task = Assignment::of(&due);
    // Each half is apart: the one is gone when the other begins.
    let seen = Box::pin(look(app.outlook(), &task, observer)).await;
    drop(task);
    Box::pin(conclude(app, due, seen)).await
}

/// Probes a watch and judges what was seen.
pub async fn look(from: Outlook<'_>, task: &Assignment, observer: &dyn Observer) -> Sighting {
    let target = &task.target;
    let mut seen = from.prober.probe(target, observer).await;
    let tools = tools::news(&task.watch, &target.memory.tools, &seen);
    let has_credentials = target.endpoint.has_credentials();
    let now = from.clock.now();
    let mut verdict = judge(&seen, &task.expectations, has_credentials, now);
    let host = target.endpoint.url.url().host_str().unwrap_or_default();
    let explained = from
        .network
        .explains(from.clock, host, &seen, task.was_fine);
    if let Some(trouble) = explained.await {
        verdict.blame_own_network(trouble.since);
    }
    let url = target.endpoint.url.redacted();
    let location = task.watch.location.clone();
    Sighting {
        is_stopped: seen.stopped.is_some(),
        tools,
        memory: Box::new(mem::take(&mut seen.memory)),
        report: Box::new(CheckReport::new(url, location, seen, verdict)),
    }
}

/// Makes a complete check of what a probe came to, with what is known of its watch. What was told
/// before is remembered here: wherever the probe was made, it only carries that along.
pub async fn conclude(app: &App, due: DueCheck, seen: Sighting) -> Checked {
    let Sighting {
        mut report,
        mut memory,
        tools,
        is_stopped,
    } = seen;
    let before = due.memory;
    let spec = due.monitor.spec;
    let tools = tools.filter(|seen| tools::are_news(&before.tools, seen));
    memory.tools.is_untold = if tools.is_some() {
        // Lists that quarrel are told by their incident; when they have settled, what came of it.
        memory.tools.is_restless()
    } else {
        before.tools.is_untold
    };
    if let Some(news) = &tools
        && let Some(diff) = tools::difference(app, &before.tools, news).await
    {
        report.findings.extend(tools_change(&diff));
    }
    let changes = changes(&before, &memory);
    memory.usual = before.usual;
    memory.expiry.clone_from(&before.expiry);
    memory.gate = before.gate;
    let expiring = expiry::expiring(&report, &mut memory.expiry);
    let has_credentials = spec.endpoint.has_credentials();
    let met = (report.login.as_ref(), is_stopped);
    let gate = gate::noticed(met, report.gated, has_credentials, &mut memory.gate);
    let has_learnt = memory.has_learnt(&before);
    let result = CheckResult {
        watch: due.watch,
        slot: due.slot,
        attempt: due.attempt,
        report,
        memory,
        has_learnt,
        changes,
    };
    Checked {
        result,
        claim: due.claim,
        interval: spec.interval(),
        timeout: spec.timeout(),
        locations: due.locations,
        quorum: spec.quorum,
        facts_hash: due.facts_hash,
        are_tools_untold: before.tools.is_untold,
        tools,
        expiring,
        gate,
    }
}

/// Looks again at how long a check of this monitor usually takes, when it is time to and nobody has
/// said what is slow. Where that fails, what was known goes on.
pub(super) async fn refresh(app: &App, due: &mut DueCheck) {
    // The sums are those of all locations together; a far one would look slow beside a near one.
    if due.monitor.spec.expectations.slow_ms.is_some() || due.locations != 1 {
        return;
    }
    let (watch, usual) = (&due.watch, &mut due.memory.usual);
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
