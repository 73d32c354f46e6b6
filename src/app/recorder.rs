//! Gathers results and records them in batches, so that a check costs a fraction of a
//! transaction.
//!
//! Nothing is dropped while the database is away: the batch is tried again until it is written,
//! the queue behind it fills, and the scheduler stops claiming. A result that waits keeps its claim:
//! nobody makes its check again meanwhile.

use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use super::App;
use super::check::Checked;
use super::in_flight::Held;
use super::record::record;
use crate::store::{MOST_ROWS, StoreError};

/// Most results that wait to be recorded. Those beyond wait where they were made.
pub const QUEUE: usize = 2_000;
/// Most KiB of tools that wait with them: whole lists come with first checks and with changes.
const ROOM: usize = 64 * 1024;
/// Most results of one transaction, and most checks of one claim: as many as one statement takes.
pub const BATCH: usize = MOST_ROWS;
/// Longest that a result waits for company.
const GATHER: Duration = Duration::from_millis(100);
/// Waits between two attempts to record: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Where results wait to be recorded; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    results: mpsc::Sender<Made>,
    room: Arc<Semaphore>,
}

/// A result that waits to be recorded.
pub struct Made {
    /// It.
    pub checked: Checked,
    waits: Waits,
}

/// What a result holds for as long as it waits.
type Waits = (Held, OwnedSemaphorePermit);

/// The two ends of the queue.
pub fn queue() -> (Intake, mpsc::Receiver<Made>) {
    let (results, queue) = mpsc::channel(QUEUE);
    let room = Arc::new(Semaphore::new(ROOM));
    (Intake { results, room }, queue)
}

impl Intake {
    /// Waits for room and hands over a result with its claim. Nothing happens when nobody records any
    /// more: then we are stopping, and the lease ends by itself.
    pub(super) async fn give(&self, checked: Checked, held: Held) {
        let tools = checked.tools.as_ref().map_or(0, |seen| seen.tools.len());
        let share = u32::try_from((tools / 1024).min(ROOM)).unwrap_or(u32::MAX);
        // The room is never closed.
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(share).await else {
            return;
        };
        let waits = (held, room);
        let _ = self.results.send(Made { checked, waits }).await;
    }
}

/// Records until every intake of the queue is gone and the queue is empty.
pub async fn run(app: Arc<App>, mut queue: mpsc::Receiver<Made>) {
    while let Some(first) = queue.recv().await {
        let mut made = vec![first];
        let until = Instant::now() + GATHER;
        while made.len() < BATCH {
            match timeout_at(until, queue.recv()).await {
                Ok(Some(next)) => made.push(next),
                Ok(None) | Err(_) => break,
            }
        }
        let apart = |made: Made| (made.checked, made.waits);
        let (batch, _waits): (Vec<Checked>, Vec<Waits>) = made.into_iter().map(apart).unzip();
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
