//! THE transaction: checks, states, rollups, due times, incidents and what is to be told of
//! them, all or nothing.
//!
//! The hot path, a check that changes nothing, costs a few statements per batch. A slot that was
//! recorded before is left out, so that a second run of it has no effect.

use std::collections::HashMap;

use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::status::{self, Transition};
use crate::domain::{quorum, schedule};
use crate::store::{Finished, Known, StoreError, Tx};

use super::App;
use super::check::Checked;
use super::consequence;
use super::events::Changed;
use super::ledger::Ledger;

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
    let results: Vec<_> = batch.iter().map(|checked| &checked.result).collect();
    let fresh = tx.add_checks(&results).await?;
    let ids: Vec<MonitorId> = results.iter().map(|result| result.watch.monitor).collect();
    let known = tx.states(&ids).await?;
    let mut known: HashMap<MonitorId, Known> = known
        .into_iter()
        .map(|known| (known.monitor, known))
        .collect();
    let mut in_order: Vec<(&Checked, bool)> = batch.iter().zip(fresh).collect();
    in_order.sort_by_key(|(checked, _)| checked.result.report.started_at);

    let mut finished = Vec::with_capacity(batch.len());
    let mut ledger = Ledger::default();
    let mut turned: Vec<(&Checked, Transition)> = Vec::new();
    for (checked, is_recorded) in in_order {
        // A monitor that was deleted meanwhile has nothing left to update.
        let Some(known) = known.get_mut(&checked.result.watch.monitor) else {
            continue;
        };
        let outcome = if is_recorded {
            let outcome = judge(known, checked, now);
            ledger.add(checked, &outcome.spans);
            if let Some(since) = outcome.blip_since {
                tx.mark_blip(known.monitor, since, checked.result.report.started_at)
                    .await?;
            }
            turned.extend(outcome.transition.map(|transition| (checked, transition)));
            Some(outcome)
        } else {
            None
        };
        finished.push(finish(checked, outcome.as_ref(), now));
    }
    tx.finish_watches(&finished).await?;
    tx.save_states(&known.into_values().collect::<Vec<_>>())
        .await?;
    tx.add_to_rollups(&ledger.rows()).await?;
    let failed = batch
        .iter()
        .filter(|checked| checked.result.report.failure.is_some());
    tx.keep_reports(&failed.map(|checked| &checked.result).collect::<Vec<_>>())
        .await?;
    let mut has_news = false;
    for (checked, transition) in turned {
        has_news |= consequence::of(app, tx, checked, &transition, now).await?;
    }
    Ok(has_news)
}

/// Moves the state of a monitor by one check.
fn judge(known: &mut Known, checked: &Checked, now: At) -> status::Step {
    let result = &checked.result;
    let beside = |(location, _): &&(String, quorum::Vote)| *location != result.watch.location;
    let others: Vec<_> = known
        .votes
        .iter()
        .filter(beside)
        .map(|(_, vote)| *vote)
        .collect();
    let seen = quorum::verdict(result.seen(), &others, now, checked.interval);
    let step = status::step(&known.state, &seen, checked.interval);
    known.state = step.state;
    step
}

/// How a check leaves its watch: due in its next slot, or sooner to confirm what it saw.
fn finish<'a>(checked: &'a Checked, step: Option<&status::Step>, now: At) -> Finished<'a> {
    let result = &checked.result;
    let watch = &result.watch;
    let place = schedule::place(watch.monitor, &watch.location, checked.interval);
    let slot = schedule::next_due(now, place, checked.interval, result.retry_after());
    let recheck = step.and_then(|step| step.recheck).map(|wait| now + wait);
    let facts = result.is_usable().then(|| result.report.facts_hash());
    Finished {
        result,
        claim: checked.claim,
        is_recorded: step.is_some(),
        next_due: recheck.map_or(slot, |soon| soon.min(slot)),
        attempt: if recheck.is_some() {
            result.attempt + 1
        } else {
            0
        },
        facts_hash: facts.filter(|facts| checked.facts_hash.as_ref() != Some(facts)),
    }
}
