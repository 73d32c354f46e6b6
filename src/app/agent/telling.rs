//! Tells the server what was checked: from the disk, in order, until it has taken it; what the disk did not
//! take after that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::book::Errand;
use super::buffer::Oldest;
use super::link::LinkError;
use super::{ASK, Agent, lock};
use crate::app::agents::wire::{Done, DoneTools, MAX_BATCH_BYTES, Taken};
use crate::app::check::Sighting;
use crate::domain::at::At;
use crate::domain::id::MonitorId;

/// How long results gather before they are told.
const GATHER: Duration = Duration::from_millis(100);
/// Waits while the server is away: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Room that one result must leave in a batch.
const MARGIN: usize = 64 << 10;

impl Agent {
    /// Puts a result where it waits to be told.
    pub(super) fn write_down(&self, errand: &Errand, seen: &Sighting) {
        let monitor = errand.task.watch.monitor;
        let line = match line(errand, seen) {
            Ok(line) => line,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(monitor.id = %monitor, error, "failed to write a result: it is lost");
                return;
            }
        };
        let mut buffer = lock(&self.buffer);
        match buffer.append(&line) {
            Ok(0) => {}
            Ok(dropped) => {
                tracing::error!(
                    results = dropped,
                    "the buffer is full: the oldest results are lost"
                );
            }
            Err(error) => {
                let is_kept = buffer.keep(line);
                tracing::error!(monitor.id = %monitor, %error, is_kept, "failed to write a result to the disk");
            }
        }
    }

    pub(super) async fn telling(self: Arc<Self>, stop: CancellationToken) {
        let (mut pause, longest) = PAUSES;
        while !stop.is_cancelled() {
            let told = match self.oldest() {
                Ok(Some(oldest)) => self.tell(&oldest).await,
                Ok(None) => {
                    tokio::select! {
                        () = self.waiting.notified() => tokio::time::sleep(GATHER).await,
                        () = stop.cancelled() => return,
                    }
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "failed to read the results that wait");
                    Err(LinkError::Away(Some(longest), error.to_string()))
                }
            };
            let wait = match told {
                Ok(()) => {
                    self.note_back();
                    pause = PAUSES.0;
                    continue;
                }
                Err(LinkError::Away(Some(asked), _)) => asked,
                Err(LinkError::Stranger) => ASK,
                Err(_) => {
                    let wait = pause;
                    pause = (pause * 2).min(longest);
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    pub(super) fn oldest(&self) -> std::io::Result<Option<Oldest>> {
        lock(&self.buffer).oldest()
    }

    /// Tells the oldest results. What the server refuses for good is given up, one by one, so that it
    /// does not stand in the way of the others.
    pub(super) async fn tell(&self, oldest: &Oldest) -> Result<(), LinkError> {
        let slots = oldest.slots();
        match self.link.push(&oldest.lines).await {
            Ok(taken) => self.heard(taken, &slots),
            Err(LinkError::Refused(_)) => {
                for line in &oldest.lines {
                    match self.link.push(std::slice::from_ref(line)).await {
                        Ok(taken) => self.heard(taken, &slots),
                        Err(LinkError::Refused(why)) => {
                            tracing::error!(why, "a result is lost: the server does not want it");
                        }
                        Err(error) => return Err(self.away(error)),
                    }
                }
            }
            Err(error) => return Err(self.away(error)),
        }
        if let Err(error) = lock(&self.buffer).taken(oldest) {
            tracing::warn!(%error, "failed to remove results that were told: they are told again");
        }
        Ok(())
    }

    fn away(&self, error: LinkError) -> LinkError {
        self.heed(&error);
        self.note_away(&error);
        error
    }

    fn heard(&self, taken: Taken, slots: &HashMap<MonitorId, At>) {
        self.follow(taken.now);
        for refused in taken.refused {
            let why = refused.message;
            tracing::warn!(why, "the server does not want a result");
        }
        let now = self.clock.now();
        lock(&self.book).stand(taken.standings, Some(slots), now);
    }
}

/// A result as it is told. One that is too large for a batch goes without its tools.
fn line(errand: &Errand, seen: &Sighting) -> anyhow::Result<String> {
    let tools = seen.tools.as_ref().map(|seen| DoneTools {
        era: seen.era.clone(),
        hash: seen.hash.clone(),
        tools: seen.tools.clone(),
    });
    let mut done = Done {
        monitor: errand.task.watch.monitor,
        slot: errand.slot,
        revision: errand.revision,
        report: seen.report.clone(),
        memory: seen.memory.clone(),
        tools,
        is_stopped: seen.is_stopped,
    };
    let line = serde_json::to_string(&done)?;
    if line.len() + MARGIN <= MAX_BATCH_BYTES || done.tools.is_none() {
        return Ok(line);
    }
    tracing::error!(monitor.id = %done.monitor, bytes = line.len(), "the tools are too many to be told");
    done.tools = None;
    Ok(serde_json::to_string(&done)?)
}
