//! Takes what an agent has done: each result becomes a check as if a node had made it.
//!
//! Results of one watch are concluded and recorded one after the other, each with what the one
//! before has left behind, so that a batch that was kept for hours tells the same story as checks
//! that came one by one. A slot that is recorded already is passed over: a batch may come twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::iter::repeat_n;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::agent::Agent;
use crate::domain::at::At;
use crate::domain::gate::GateMemory;
use crate::domain::id::MonitorId;
use crate::domain::observation::ProbeMemory;
use crate::domain::untrusted::{MAX_EXCERPT, block};
use crate::store::{Claim, DueCheck, SeenTools, Standing, StoreError};

use super::wire::{Done, MAX_RESULTS, RefusedResult, Taken, WatchStanding};
use crate::app::App;
use crate::app::check::{Sighting, conclude, refresh};
use crate::app::recorder::write;
use crate::app::scheduler::LEASE;
use crate::domain::state::CLOCKS_DIFFER;

/// How often what the database does not take is tried again; after that the agent sends it again.
const AGAIN: usize = 4;
/// Wait before each of them.
const PAUSE: Duration = Duration::from_millis(100);

/// Records what an agent has done and says where its watches stand now. Fails when the database
/// does not take it now: then the same may be sent again.
pub async fn take(app: &App, agent: &Agent, results: Vec<Value>) -> Result<Taken, StoreError> {
    let now = app.clock.now();
    let mut refused = Vec::new();
    let mut left: Vec<Done> = Vec::with_capacity(results.len().min(MAX_RESULTS));
    for (place, result) in results.into_iter().enumerate() {
        match read(app, result, now) {
            Ok(done) => left.push(done),
            Err(message) => refused.push(RefusedResult { place, message }),
        }
    }
    left.sort_by_key(|done| done.slot);
    let mut told: HashMap<MonitorId, ProbeMemory> = HashMap::new();
    let mut recorded = 0;
    while !left.is_empty() {
        let mut round: HashMap<MonitorId, Done> = HashMap::new();
        let mut later = Vec::new();
        for done in left {
            match round.entry(done.monitor) {
                Entry::Occupied(_) => later.push(done),
                Entry::Vacant(place) => {
                    told.insert(done.monitor, ProbeMemory::clone(&done.memory));
                    place.insert(done);
                }
            }
        }
        left = later;
        recorded += take_round(app, agent, round).await?;
    }
    let ids: Vec<MonitorId> = told.keys().copied().collect();
    let standings = app.store.agent_standings(agent, &ids).await?;
    let standing = |standing: Standing| {
        let is_known = told.get(&standing.monitor);
        let is_known = is_known.is_some_and(|told| is_same(told, &standing.memory));
        let mut standing = WatchStanding::from(standing);
        standing.memory = standing.memory.filter(|_| !is_known);
        standing
    };
    Ok(Taken {
        now: app.clock.now(),
        recorded,
        refused,
        standings: standings.into_iter().map(standing).collect(),
    })
}

/// Reads a result; says what is wrong with it otherwise.
fn read(app: &App, result: Value, now: At) -> Result<Done, String> {
    let done: Done = serde_json::from_value(result).map_err(|error| error.to_string())?;
    let latest = now + CLOCKS_DIFFER;
    if done.slot > latest || done.report.started_at > latest {
        return Err("lies in the future: the clock of the agent is ahead".to_owned());
    }
    if done.slot < now - app.settings.retention_checks || done.slot < At(0) {
        return Err("is older than checks are kept".to_owned());
    }
    Ok(done)
}

/// Records one result of each watch; says how many.
async fn take_round(
    app: &App,
    agent: &Agent,
    mut round: HashMap<MonitorId, Done>,
) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let claim = Claim {
        id: app.ids.next(),
        node: &agent.name,
        now,
        until: now + LEASE,
    };
    let slots: Vec<_> = round
        .values()
        .map(|done| (done.monitor, done.slot))
        .collect();
    let claimed = app.store.claim_done(agent, &slots, &claim).await?;
    for unreadable in claimed.unreadable {
        let monitor = unreadable.watch.monitor;
        tracing::error!(monitor.id = %monitor, error = %unreadable.error, "failed to read a monitor");
    }
    let mut batch = Vec::with_capacity(claimed.checks.len());
    for mut due in claimed.checks {
        let Some(done) = round.remove(&due.monitor.id) else {
            continue;
        };
        refresh(app, &mut due).await;
        let seen = sighting(done, &due);
        batch.push(conclude(app, due, seen).await);
    }
    if !batch.is_empty() {
        write(app, &batch, repeat_n(PAUSE, AGAIN)).await?;
    }
    Ok(batch.len())
}

/// A result as a probe of our own would have come to it.
fn sighting(done: Done, due: &DueCheck) -> Sighting {
    let mut report = done.report;
    let endpoint = &due.monitor.spec.endpoint;
    report.url = endpoint.url.redacted();
    report.location.clone_from(&due.watch.location);
    if let Some(failure) = &mut report.failure {
        failure.layer = failure.code.layer();
        failure.message = block(&failure.message, MAX_EXCERPT);
        failure.hint = block(&failure.hint, MAX_EXCERPT);
    }
    for finding in &mut report.findings {
        finding.message = block(&finding.message, MAX_EXCERPT);
    }
    let tools = done.tools.and_then(|seen| {
        let _: Vec<IgnoredAny> = serde_json::from_str(&seen.tools).ok()?;
        Some(SeenTools {
            team: due.watch.team,
            monitor: due.watch.monitor,
            era: seen.era,
            location: due.watch.location.clone(),
            at: report.started_at,
            hash: seen.hash,
            tools: seen.tools,
        })
    });
    Sighting {
        report,
        // What was learnt of one address says nothing of another.
        memory: if done.revision == due.revision {
            done.memory
        } else {
            due.memory.clone()
        },
        tools,
        is_stopped: done.is_stopped,
    }
}

/// Whether a memory is the one that the agent has, but for what only the server remembers.
fn is_same(told: &ProbeMemory, kept: &ProbeMemory) -> bool {
    let bare = |memory: &ProbeMemory| {
        let mut memory = memory.clone();
        memory.expiry.clear();
        memory.gate = GateMemory::default();
        memory
    };
    bare(told) == bare(kept)
}
