//! Tells that the error budget of a monitor is used up too fast, or is used up; on one node at a time.
//!
//! Looked at are only budgets that trouble of the last hours may have changed. What is told and that it
//! was told are one transaction. In a maintenance window, and while something that the monitor depends
//! on is down, nothing is told nor remembered: the first look after it tells what still holds.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::consequence::queue;
use super::{App, figures, worker};
use crate::domain::at::At;
use crate::domain::budget::BudgetFacts;
use crate::domain::notification::{Content, Event};
use crate::store::{LookedAt, StoreError};

/// The lease that says who looks.
const LEASE: &str = "budget";
/// How long the lease is held.
const HELD: Duration = Duration::from_mins(2);
/// Wait between two looks.
const TICK: Duration = Duration::from_secs(30);
/// How long after its end trouble may still move a budget: the longest window of a burn rate.
const RECENT: Duration = Duration::from_hours(6);
/// Budgets that are read at once.
const BITE: u32 = 200;

/// Looks once at every budget that may have changed, if no other node is at it; says how many were
/// told of.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok(0);
    }
    let (mut told, mut after) = (0, None);
    loop {
        let budgets = store.budgets_to_look_at(now - RECENT, after, BITE).await?;
        for seen in &budgets {
            match look(app, seen, now).await {
                Ok(is_told) => told += usize::from(is_told),
                // One that cannot be read must not stop the others.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(monitor.id = %seen.monitor, %error, "failed to look at an error budget");
                }
                Err(error) => return Err(error),
            }
        }
        after = budgets.last().map(|seen| seen.monitor);
        if budgets.len() < BITE as usize {
            break;
        }
    }
    if told > 0 {
        app.outbox.notify_one();
    }
    Ok(told)
}

/// Looks at one budget; says whether something was queued to be told of it.
async fn look(app: &App, seen: &LookedAt, now: At) -> Result<bool, StoreError> {
    let overview = app.store.overview(seen.team, seen.monitor, now).await?;
    let Some(overview) = overview.filter(|overview| !overview.monitor.paused) else {
        return Ok(false);
    };
    let Some(standing) = figures::standing(&overview, now) else {
        return Ok(false);
    };
    let step = standing.step(seen.told);
    if step.remembered == seen.told {
        return Ok(false);
    }
    let mut tx = app.store.begin().await?;
    let mut is_told = false;
    if let Some(burning) = step.news {
        let whose = [(seen.team, seen.monitor)];
        let just_after = At(now.0.saturating_add(1));
        let reasons = tx.reasons(&whose, now, just_after).await?;
        if reasons.why(seen.monitor, now, now).is_some() {
            return Ok(false);
        }
        let monitor = &overview.monitor;
        let facts = BudgetFacts::of(burning, &standing);
        let content = Content::of_budget(monitor, facts, now);
        is_told = queue(app, &mut tx, monitor, Event::BudgetBurning, &content).await?;
    }
    // Last: whoever was quicker has told it.
    if !tx.note_burn(seen, step.remembered, now).await? {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(is_told)
}

/// Looks until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    worker::every(&app, TICK, &stop, "look at error budgets", step).await;
    worker::give_back(&app, LEASE).await;
}
