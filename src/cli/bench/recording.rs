//! What a check costs: its probe, and beside it to be claimed and to be recorded. A few of the one, then
//! a minute of the other, in turns: a machine that is slower for a while is slower for both.

use std::mem;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::BenchArguments;
use super::measure::{Begun, Cost};
use super::probing::Probing;
use super::stage::Stage;
use super::target::Target as Server;
use crate::app::check::Checked;
use crate::app::record::record;
use crate::app::recorder::BATCH;
use crate::app::scheduler;
use crate::domain::check::CheckResult;
use crate::domain::monitor::Expectations;
use crate::domain::observation::Observation;
use crate::domain::report::CheckReport;
use crate::domain::verdict::judge;
use crate::store::DueCheck;

/// Minutes before the measured ones: the first check of a monitor writes more than the others.
const WARM_UP: u32 = 2;
/// Time from check to check.
const MINUTE: Duration = Duration::from_secs(60);

/// What probes, and claiming and recording, came to.
pub(super) struct Recorded {
    /// What one probe cost.
    pub(super) probe: Cost,
    /// What one check cost beside it.
    pub(super) cost: Cost,
    /// How much the database grew for one check, in bytes.
    pub(super) bytes: f64,
}

/// Every monitor once a minute, claimed, judged and recorded by the application itself; what the probe
/// saw is the same each time. The probes are shared out among the minutes.
pub(super) async fn measure(
    stage: &Stage,
    server: &Server,
    arguments: &BenchArguments,
) -> anyhow::Result<Recorded> {
    let probing = Probing::warm(server).await?;
    let seen = probing.look().await;
    for _ in 0..WARM_UP {
        let mut seen = vec![seen.clone(); arguments.monitors as usize];
        minute(stage, &mut seen).await?;
    }
    let before = stage.app.store.size().await?;
    let (mut probe, mut cost) = (Cost::default(), Cost::default());
    for _ in 0..arguments.minutes {
        probe += probing
            .measure(arguments.probes.div_ceil(arguments.minutes))
            .await?;
        // To have seen something is the business of the probe.
        let mut seen = vec![seen.clone(); arguments.monitors as usize];
        let begun = Begun::now()?;
        let done = minute(stage, &mut seen).await?;
        if done != arguments.monitors {
            bail!("{done} checks were due");
        }
        cost += begun.cost(done)?;
    }
    let done = cost.n;
    let grown = stage.app.store.size().await?.saturating_sub(before);
    #[expect(
        clippy::cast_precision_loss,
        reason = "far below the precision of a float"
    )]
    let bytes = grown as f64 / f64::from(done);
    Ok(Recorded { probe, cost, bytes })
}

/// One minute of checks, with as many of what was seen; says how many they were.
async fn minute(stage: &Stage, seen: &mut Vec<Observation>) -> anyhow::Result<u32> {
    let app = &stage.app;
    app.clock.advance(MINUTE);
    let mut done = 0;
    loop {
        let due = scheduler::step(app, BATCH).await?;
        if due.is_empty() {
            return Ok(done);
        }
        let seen = seen.drain(..due.len());
        let made: Vec<Checked> = due
            .into_iter()
            .zip(seen)
            .map(|(due, seen)| checked(stage, seen, due))
            .collect();
        record(app, &made).await?;
        done += u32::try_from(made.len()).context("a batch is small")?;
    }
}

fn checked(stage: &Stage, mut seen: Observation, due: DueCheck) -> Checked {
    let now = stage.app.clock.now();
    let verdict = judge(&seen, &Expectations::default(), false, now);
    let url = due.monitor.spec.endpoint.url.redacted();
    let location = due.watch.location.clone();
    let mut memory = Box::new(mem::take(&mut seen.memory));
    let mut report = Box::new(CheckReport::new(url, location, seen, verdict));
    report.started_at = now;
    Checked {
        result: CheckResult {
            watch: due.watch,
            slot: due.slot,
            attempt: due.attempt,
            report,
            has_learnt: memory.has_learnt(&due.memory),
            memory,
            changes: Vec::new(),
        },
        claim: due.claim,
        interval: due.monitor.spec.interval(),
        timeout: due.monitor.spec.timeout(),
        locations: due.locations,
        quorum: due.monitor.spec.quorum,
        facts_hash: due.facts_hash,
        tools: None,
        are_tools_untold: false,
        expiring: Vec::new(),
        gate: Vec::new(),
    }
}
