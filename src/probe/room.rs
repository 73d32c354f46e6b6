//! Room for large answers, shared by all probes of a process.
//!
//! Small answers need none. Beyond that, only so many bodies are held and only so many values are
//! built at once, however many servers send bombs; the others wait for their turn within their own
//! time. Who waits in vain was not judged by its server: that is our own trouble.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;

use super::jsonrpc;
use super::visit::{HEAD, Visit};
use crate::domain::trouble::{BodyTrouble, Trouble};

/// Bytes of a body that need no room.
pub(super) const FREE_BODY: usize = 64 * 1024;
/// Large bodies that are held at once, each of 8 MiB (16 MiB decompressed).
const BODIES: usize = 5;
/// Bytes that the values of a message may take without room.
const FREE_VALUES: usize = 256 * 1024;
/// Bytes that all values together may take.
const VALUES: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;

/// A share of the room; given back when dropped.
pub(super) type Share = OwnedSemaphorePermit;

/// What one visit holds of the room.
#[derive(Default)]
pub(super) struct Held {
    /// For the values that it has built, until its end.
    values: Vec<Share>,
    weight: usize,
    /// For the body that was read last.
    pub(super) body: Option<Share>,
}

/// The room.
pub(super) struct Room {
    bodies: Arc<Semaphore>,
    values: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            bodies: Arc::new(Semaphore::new(BODIES)),
            values: Arc::new(Semaphore::new(VALUES / MIB)),
        }
    }

    /// Room for one large body.
    pub(super) async fn body(&self, within: Duration) -> Result<Share, Trouble> {
        share(&self.bodies, 1, within).await
    }

    /// The same, for who polls.
    pub(super) fn bodies(&self) -> PollSemaphore {
        PollSemaphore::new(Arc::clone(&self.bodies))
    }

    /// Room for values of `weight` bytes; none is needed for few.
    pub(super) async fn values(
        &self,
        weight: usize,
        within: Duration,
    ) -> Result<Option<Share>, Trouble> {
        if weight <= FREE_VALUES {
            return Ok(None);
        }
        let shares = weight.div_ceil(MIB).min(VALUES / MIB);
        let shares = u32::try_from(shares).unwrap_or(u32::MAX);
        share(&self.values, shares, within).await.map(Some)
    }
}

async fn share(from: &Arc<Semaphore>, shares: u32, within: Duration) -> Result<Share, Trouble> {
    let taken = Arc::clone(from).acquire_many_owned(shares);
    match tokio::time::timeout(within, taken).await {
        Ok(Ok(share)) => Ok(share),
        _ => Err(crowded()),
    }
}

impl Visit<'_> {
    /// Where large answers find room.
    pub(super) fn room(&self) -> &Room {
        &self.parts.room
    }

    /// Parses a message, when there is room for its values.
    pub(super) async fn parse(&mut self, text: &[u8]) -> Result<Value, Trouble> {
        let weight = jsonrpc::weight(text);
        self.held.weight += weight;
        if self.held.weight > jsonrpc::MAX_WEIGHT {
            let what = "64 MiB, if it were read";
            return Err(Trouble::Body(BodyTrouble::TooLarge { what }));
        }
        let within = self.budget(HEAD);
        let share = self.room().values(weight, within).await?;
        self.held.values.extend(share);
        let parsed = jsonrpc::parse(text);
        self.held.body = None;
        parsed
    }
}

/// There was no room in time.
pub(super) fn crowded() -> Trouble {
    Trouble::Own {
        what: "too many large answers came at once".to_owned(),
    }
}
