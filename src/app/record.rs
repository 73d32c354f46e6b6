//! THE transaction: checks, states, rollups, due times, incidents and what is to be told of
//! them, all or nothing.
//!
//! The hot path, a check that changes nothing, costs a few statements per batch. A slot that was
//! recorded before is left out, so that a second run of it has no effect. States are read first
//! and saved against their revision: when another node was quicker, nothing of this is written
//! and the batch is tried again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use crate::domain::at::At;
use crate::domain::check::CheckResult;
use crate::domain::id::MonitorId;
use crate::domain::maintenance::Coverage;
use crate::domain::quorum::{self, Vote};
use crate::domain::schedule;
use crate::domain::status::{self, Step};
use crate::domain::uptime::Dated;
use crate::store::{Addition, Chains, Finished, Held, StoreError, Tx, WHOLE};

use super::App;
use super::authorization;
use super::check::Checked;
use super::consequence::{self, Before};
use super::events::Changed;
use super::expiry;
use super::ledger::Ledger;
use super::tools;

/// Records a batch of results and tells open pages and the alerter.
pub async fn record(app: &App, batch: &[Checked]) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let has_news = write(app, &mut tx, batch, now).await?;
    tx.commit().await?;
    for checked in batch {
        let watch = &checked.result.watch;
        app.events.publish(Changed {
            team: watch.team,
            monitor: watch.monitor,
        });
    }
    if has_news {
        app.outbox.notify_one();
    }
    Ok(())
}

/// Writes a batch; says whether something was queued to be told.
async fn write(app: &App, tx: &mut Tx, batch: &[Checked], now: At) -> Result<bool, StoreError> {
    let (mut known, chains) = Known::read(tx, batch, now).await?;
    let results = batch.iter().map(|checked| &checked.result);
    let are_new = tx.add_checks(results, chains).await?;
    let mut in_order: Vec<(&Checked, Cow<'_, CheckResult>, bool)> = batch
        .iter()
        .zip(are_new)
        .map(|(checked, is_new)| (checked, known.kept(checked), is_new))
        .collect();
    in_order.sort_by_key(|(checked, ..)| checked.result.report.started_at);

    let mut finished = Vec::with_capacity(batch.len());
    let mut ledger = Ledger::default();
    let mut news: Vec<(&Checked, Step)> = Vec::new();
    let mut blips = Vec::new();
    let mut noticed = Vec::new();
    for (checked, result, is_new) in &in_order {
        let step = if *is_new {
            known.step(checked, now)
        } else {
            None
        };
        let recheck = match &step {
            Some(step) => step.recheck,
            None => known.recheck(result.watch.monitor),
        };
        finished.push(finish((checked, result), *is_new, recheck, now));
        if let Some(step) = step {
            let spans = known.maintenance.apart(result.watch.monitor, &step.spans);
            ledger.add(checked, &spans);
            if checked.has_noticed() {
                noticed.push((*checked, known.holds(checked)));
            }
            blips.extend(step.blip_since.map(|since| (result, since)));
            if step.transition.is_some() || step.flapping.is_some() {
                news.push((*checked, step));
            }
        }
    }
    // What changed is told against the facts from before this batch.
    let ids: Vec<MonitorId> = news
        .iter()
        .map(|(checked, _)| checked.result.watch.monitor)
        .collect();
    let good = tx.good_reports(&ids).await?;
    let mut with_incident = tx.with_open_incident(&ids).await?;
    tx.finish_watches(&finished).await?;
    // Only now are the checks of this batch found from their watches.
    for (result, since) in blips {
        tx.mark_blip(result.watch.monitor, since, result.report.started_at)
            .await?;
    }
    let sums = known.add_to_hours(ledger);
    known.save(tx).await?;
    let mut has_news = Box::pin(tools::keep(app, tx, &noticed, now)).await?;
    for (checked, _) in noticed.iter().filter(|(_, is_held)| !is_held) {
        has_news |= Box::pin(expiry::tell(app, tx, checked, now)).await?;
    }
    tx.add_to_rollups(&sums).await?;
    let changed: Vec<&CheckResult> = in_order
        .iter()
        .filter(|(checked, _, is_new)| *is_new && !checked.result.changes.is_empty())
        .map(|(checked, ..)| &checked.result)
        .collect();
    tx.add_changes(&changed).await?;
    let failed: Vec<&CheckResult> = batch
        .iter()
        .map(|checked| &checked.result)
        .filter(|result| result.report.failure.is_some())
        .collect();
    tx.save_failure_reports(&failed).await?;
    for (checked, step) in news {
        let watch = &checked.result.watch;
        let here = |(location, _): &&(String, _)| *location == watch.location;
        let good = good
            .get(&watch.monitor)
            .and_then(|all| all.iter().find(here));
        let before = Before {
            good: good.map(|(_, report)| report),
            // Where this batch has more of a monitor, the first may open one.
            has_incident: !with_incident.insert(watch.monitor),
        };
        has_news |= consequence::of(app, tx, checked, &step, &before, now).await?;
    }
    for (checked, _) in noticed.iter().filter(|(_, is_held)| !is_held) {
        has_news |= Box::pin(authorization::tell(app, tx, checked, now)).await?;
    }
    Ok(has_news)
}

/// What is known of the monitors of a batch.
struct Known {
    held: HashMap<MonitorId, Held>,
    votes: HashMap<MonitorId, Vec<(String, Vote)>>,
    /// Since their time was last accounted for.
    maintenance: Coverage,
}

impl Known {
    async fn read<'a>(
        tx: &mut Tx,
        batch: &'a [Checked],
        now: At,
    ) -> Result<(Self, Chains<'a>), StoreError> {
        let watches = batch.iter().map(|checked| &checked.result.watch);
        let (held, chains) = tx.known(watches.clone()).await?;
        let several = batch.iter().filter(|checked| checked.locations > 1);
        let several: Vec<MonitorId> = several.map(|one| one.result.watch.monitor).collect();
        let votes = tx.votes(&several).await?;
        let whose: Vec<_> = watches.map(|watch| (watch.team, watch.monitor)).collect();
        let accounted = held.values().filter_map(|held| held.state.accounted_until);
        let since = accounted.min().unwrap_or(now);
        let known = Self {
            // This very moment included.
            maintenance: tx.coverage(&whose, since, At(now.0 + 1)).await?,
            held,
            votes,
        };
        Ok((known, chains))
    }

    /// Moves the state of a monitor by one check. `None` when the monitor was deleted or paused
    /// meanwhile: then its checks count for nothing.
    fn step(&mut self, checked: &Checked, now: At) -> Option<Step> {
        let result = &checked.result;
        let monitor = result.watch.monitor;
        let held = self.held.get_mut(&monitor).filter(|held| !held.paused)?;
        let (said, patience) = (result.seen(), checked.patience());
        let step = if checked.locations > 1 {
            let votes = self.votes.entry(monitor).or_default();
            let location = &result.watch.location;
            let mine = votes.iter().position(|(at, _)| at == location);
            let previous = mine.map(|n| votes.remove(n).1.seen.at);
            let others: Vec<Vote> = votes.iter().map(|(_, vote)| *vote).collect();
            // The next check of this batch is told of this one.
            votes.push((location.clone(), Vote { seen: said }));
            let in_time = schedule::patience(checked.interval, checked.timeout, None);
            let seen = quorum::verdict(checked.quorum, said, &others, now, in_time);
            status::step_from_one(&held.state, &seen, previous, patience, now)
        } else {
            status::step(&held.state, &said, patience, now)
        };
        held.state = step.state;
        Some(step)
    }

    /// How soon a monitor is checked again whose slot another check was recorded for.
    fn recheck(&self, monitor: MonitorId) -> Option<Duration> {
        let held = self.held.get(&monitor).filter(|held| !held.paused)?;
        status::recheck(&held.state)
    }

    /// Whether maintenance holds back what a check noticed.
    fn holds(&self, checked: &Checked) -> bool {
        let result = &checked.result;
        let (monitor, at) = (result.watch.monitor, result.report.started_at);
        self.maintenance.at(monitor, at).is_some()
    }

    /// A result as it is kept. What maintenance holds back is not remembered as told: the first
    /// check after its end notices it again.
    fn kept<'a>(&self, checked: &'a Checked) -> Cow<'a, CheckResult> {
        if !checked.has_noticed() || !self.holds(checked) {
            return Cow::Borrowed(&checked.result);
        }
        let mut kept = checked.result.clone();
        kept.memory.expiry.clear();
        kept.memory.gate.forget(&checked.gate);
        kept.memory.tools.is_untold |= checked.tools.is_some();
        kept.has_learnt = true;
        Cow::Owned(kept)
    }

    /// Adds to the hours that the monitors are in; gives the sums of hours that are over and those of
    /// single locations.
    fn add_to_hours(&mut self, ledger: Ledger) -> Vec<Addition> {
        let is_over = |mut addition: Addition| {
            let held = self.held.get_mut(&addition.monitor);
            let Some(held) = held.filter(|_| addition.location == WHOLE) else {
                return Some(addition);
            };
            let over = held.open_hour.add(Dated {
                start: addition.at.hour(),
                bucket: addition.bucket,
            })?;
            (addition.at, addition.bucket) = (over.start, over.bucket);
            Some(addition)
        };
        ledger.rows().into_iter().filter_map(is_over).collect()
    }

    async fn save(self, tx: &mut Tx) -> Result<(), StoreError> {
        let moved = self.held.into_iter().filter(|(_, held)| !held.paused);
        let states: Vec<_> = moved.collect();
        if tx.save_states(&states).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}

/// How a check leaves its watch: due in its next slot, or sooner to confirm what it saw.
fn finish<'a>(
    (checked, result): (&Checked, &'a CheckResult),
    is_recorded: bool,
    recheck: Option<Duration>,
    now: At,
) -> Finished<'a> {
    let watch = &result.watch;
    let place = schedule::place(watch.monitor, &watch.location, checked.interval);
    let slot = schedule::next_due(now, place, checked.interval, result.retry_after());
    let recheck = recheck.map(|wait| now + schedule::repetition(wait, result.retry_after()));
    let facts = result.is_usable().then(|| result.report.facts_hash());
    Finished {
        result,
        claim: checked.claim,
        is_recorded,
        next_due: recheck.map_or(slot, |soon| soon.min(slot)),
        attempt: if recheck.is_some() {
            result.attempt + 1
        } else {
            0
        },
        facts_hash: facts.filter(|facts| checked.facts_hash.as_ref() != Some(facts)),
    }
}
