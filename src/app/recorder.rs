//! Gathers results and records them in batches, so that a check costs a fraction of a
//! transaction.
//!
//! Nothing is dropped while the database is away: the batch is tried again until it is written,
//! the queue behind it fills, and the scheduler stops claiming.

use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::App;
use super::check::Checked;
use super::record::record;
use crate::store::StoreError;

/// Most results that wait to be recorded.
pub const QUEUE: usize = 100_000;
/// Most results of one transaction.
const BATCH: usize = 500;
/// Longest that a result waits for company.
const GATHER: Duration = Duration::from_millis(100);
/// Waits between two attempts to record: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Records until every sender of the queue is gone and the queue is empty.
pub async fn run(app: Arc<App>, mut queue: mpsc::Receiver<Checked>) {
    while let Some(first) = queue.recv().await {
        let mut batch = vec![first];
        let until = Instant::now() + GATHER;
        while batch.len() < BATCH {
            match timeout_at(until, queue.recv()).await {
                Ok(Some(result)) => batch.push(result),
                Ok(None) | Err(_) => break,
            }
        }
        // Only what was given up is an error, and nothing is.
        let _ = write(&app, &batch, pauses()).await;
    }
}

/// Waits between attempts that never end: a node has nobody to give a result back to.
fn pauses() -> impl Iterator<Item = Duration> + Clone {
    let (first, longest) = PAUSES;
    successors(Some(first), move |pause| Some((*pause * 2).min(longest)))
}

/// Records a batch, waiting out a database that is away for as many `pauses` as there are; then it
/// gives the error. A batch that is refused for another reason is taken apart, so that one bad result
/// does not stand in the way of the others.
pub(super) async fn write<P>(app: &App, batch: &[Checked], pauses: P) -> Result<(), StoreError>
where
    P: Iterator<Item = Duration> + Clone + Send,
{
    let mut left = pauses.clone();
    loop {
        let Err(error) = record(app, batch).await else {
            return Ok(());
        };
        let text = format!("{error:#}");
        if !error.is_passing() {
            if let [only] = batch {
                tracing::error!(monitor.id = %only.result.watch.monitor, error = text, "failed to record a check");
            } else {
                for result in batch {
                    Box::pin(write(app, std::slice::from_ref(result), pauses.clone())).await?;
                }
            }
            return Ok(());
        }
        let Some(pause) = left.next() else {
            return Err(error);
        };
        tracing::warn!(
            error = text,
            results = batch.len(),
            "failed to record; trying again"
        );
        tokio::time::sleep(pause).await;
    }
}
