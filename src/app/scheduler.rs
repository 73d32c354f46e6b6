//! Claims what is due and hands it out, never more at once than there are permits.
//!
//! A hanging target holds one permit until its own deadline and delays nobody but other monitors of
//! its host, which wait for their turn without a permit. When results
//! cannot be recorded their queue fills, permits stay taken, and claiming stops by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::domain::check::Watch;
use crate::store::{Claim, DueCheck};

use super::App;
use super::check::run_check;
use super::hosts::{Queued, Turn, Wish};
use super::recorder::{BATCH, Intake};

/// Wait between two looks at what is due; half of it is the usual delay of a check.
const TICK: Duration = Duration::from_millis(200);
/// How much later a check is tried again whose host has too many waiting.
const POSTPONED: Duration = Duration::from_secs(5);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Time between two looks for what a clock that was wrong has put off.
const CLOCK_LOOK: Duration = Duration::from_mins(5);
/// How long a claim holds without a sign of life: what a process that dies had claimed is made
/// by another one, or by itself after a restart, this much later.
pub const LEASE: Duration = Duration::from_secs(30);
/// Time between two signs of life for the checks that take long.
pub(super) const BEAT: Duration = Duration::from_secs(10);

/// Claims up to `limit` watches that are due at this node's location.
pub async fn step(app: &App, limit: usize) -> anyhow::Result<Vec<DueCheck>> {
    let now = app.clock.now();
    let node = &app.settings.node_name;
    let claim = Claim {
        id: app.ids.next(),
        node,
        now,
        until: now + LEASE,
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let claimed = app
        .store
        .claim_due(&claim, &app.settings.location, limit)
        .await?;
    for unreadable in claimed.unreadable {
        let monitor = unreadable.watch.monitor;
        tracing::error!(monitor.id = %monitor, error = %unreadable.error, "failed to read a monitor");
    }
    Ok(claimed.checks)
}

/// Claims and hands out until `stop`; then waits for the checks in flight.
pub async fn run(app: Arc<App>, results: Intake, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(app.settings.max_in_flight));
    let tasks = TaskTracker::new();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clock_look = tokio::time::interval(CLOCK_LOOK);
    clock_look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_away = false;
    while !stop.is_cancelled() {
        let free = permits.available_permits().min(BATCH);
        let claimed = claim(&app, free, was_away).await;
        was_away = claimed.is_err();
        let wait = match claimed {
            Ok(due) => {
                let is_full = due.len() == free;
                let mut refused = Vec::new();
                for check in due {
                    // Only this loop takes permits, and it asked for no more than there are.
                    let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                        continue;
                    };
                    let place = match app.hosts.ask(check.monitor.spec.endpoint.url.url()) {
                        Wish::Granted(turn) => Start::Now(turn, permit),
                        Wish::Wait(queued) => Start::Later(queued, Arc::clone(&permits)),
                        Wish::Refused => {
                            refused.push((check.watch, check.claim));
                            continue;
                        }
                    };
                    let held = app.in_flight.hold(&check, app.clock.now());
                    let (app, results) = (Arc::clone(&app), results.clone());
                    tasks.spawn(async move {
                        let (watch, claim) = (check.watch.clone(), check.claim);
                        let Some(going) = place.wait().await else {
                            drop(held);
                            postpone(&app, &[(watch, claim)]).await;
                            return;
                        };
                        let checked = run_check(&app, check, &()).await;
                        results.give(checked, held).await;
                        drop(going);
                    });
                }
                postpone(&app, &refused).await;
                if is_full && free > 0 {
                    Duration::ZERO
                } else {
                    TICK
                }
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "failed to claim what is due");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.due.notified() => {}
            _ = beat.tick() => was_away |= !gives_sign(&app).await,
            _ = clock_look.tick() => forget_future(&app).await,
            () = stop.cancelled() => {}
        }
    }
    tasks.close();
    let mut done = std::pin::pin!(tasks.wait());
    loop {
        tokio::select! {
            () = &mut done => return,
            _ = beat.tick() => {
                gives_sign(&app).await;
            }
        }
    }
}

/// When a check may begin.
enum Start {
    Now(Turn, OwnedSemaphorePermit),
    /// It takes a permit only when its host has a turn for it: others need it meanwhile.
    Later(Queued, Arc<Semaphore>),
}

impl Start {
    async fn wait(self) -> Option<(Turn, OwnedSemaphorePermit)> {
        match self {
            Self::Now(turn, permit) => Some((turn, permit)),
            Self::Later(queued, permits) => {
                let turn = queued.turn().await?;
                Some((turn, permits.acquire_owned().await.ok()?))
            }
        }
    }
}

/// Lets claims end a little later: their hosts are too busy. Their slots stay as they are, so that
/// the delay shows.
async fn postpone(app: &App, claims: &[(Watch, Uuid)]) {
    if claims.is_empty() {
        return;
    }
    let until = app.clock.now() + POSTPONED;
    if let Err(error) = app.store.renew(claims, until).await {
        tracing::warn!(error = format!("{error:#}"), "failed to postpone checks");
    }
}

/// Claims up to `free` watches. After a failure nothing is claimed before what is held is renewed: leases may
/// have ended, and what waits to be recorded would be checked once more.
async fn claim(app: &App, free: usize, was_away: bool) -> anyhow::Result<Vec<DueCheck>> {
    if was_away {
        app.in_flight.renew(app).await?;
    }
    if free == 0 {
        Ok(vec![])
    } else {
        step(app, free).await
    }
}

/// Makes due what was put off by a clock that was ahead: nobody would be told of it for as long as it was.
async fn forget_future(app: &App) {
    match app.store.forget_future(app.clock.now()).await {
        Ok(0) => {}
        Ok(watches) => tracing::warn!(
            watches,
            "checks lay in the future: a clock was wrong; they are made now"
        ),
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(error, "failed to look for checks in the future");
        }
    }
}

/// A beat for the checks that take long; whether it could be written.
async fn gives_sign(app: &App) -> bool {
    let renewed = app.in_flight.renew(app).await;
    if let Err(error) = &renewed {
        let error = format!("{error:#}");
        tracing::warn!(error, "failed to renew the claims of slow checks");
    }
    renewed.is_ok()
}
