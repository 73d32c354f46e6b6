//! Reading the body of an answer on our connection, within its bounds of bytes and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::connection::seconds;
use super::failure;
use super::visit::{HEAD, Visit};
use crate::domain::trouble::{BodyTrouble, HttpTrouble, Trouble};

/// Most bytes of a body.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Most bytes of a body that only explains a refusal.
const MAX_REASON: usize = 16 * 1024;
/// Between two pieces of a body.
const IDLE: Duration = Duration::from_secs(10);
/// For a body that only explains a refusal.
const REASON: Duration = Duration::from_secs(2);

impl Visit<'_> {
    /// Reads a body to its end.
    pub(super) async fn whole(&mut self, body: Incoming) -> Result<Bytes, Trouble> {
        let budget = self.budget(HEAD);
        let end = Instant::now() + budget;
        let read = self.read(body, MAX_BODY, end, budget).await;
        if read.is_err() {
            self.wire = None;
        }
        let (bytes, is_whole) = read?;
        if !is_whole {
            self.wire = None;
            return Err(Trouble::Body(BodyTrouble::TooLarge { what: "8 MiB" }));
        }
        let bytes = self.veil.bytes(bytes);
        self.notes.answered_with(bytes.clone());
        Ok(bytes)
    }

    /// Reads the beginning of a body that explains a refusal; what does not come soon is left.
    pub(super) async fn reason(&mut self, body: Incoming) -> Bytes {
        let end = Instant::now() + self.budget(REASON);
        let Ok((bytes, is_whole)) = self.read(body, MAX_REASON, end, REASON).await else {
            self.wire = None;
            return Bytes::new();
        };
        if !is_whole {
            self.wire = None;
        }
        let bytes = self.veil.bytes(bytes);
        self.notes.answered_with(bytes.clone());
        bytes
    }

    /// Everything up to `max` bytes, and whether that was all.
    async fn read(
        &mut self,
        mut body: Incoming,
        max: usize,
        end: Instant,
        budget: Duration,
    ) -> Result<(Bytes, bool), Trouble> {
        let Some(wire) = &mut self.wire else {
            return Err(Trouble::Body(BodyTrouble::Truncated));
        };
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        while !body.is_end_stream() {
            let stop = end.min(Instant::now() + IDLE);
            let unfinished = |_| {
                Trouble::Http(HttpTrouble::Unfinished {
                    seconds: seconds(budget.min(IDLE)),
                })
            };
            let frame = timeout_at(stop, wire.drive(body.frame()))
                .await
                .map_err(unfinished)?;
            let data = match frame {
                None => break,
                Some(Err(error)) => return Err(failure::body(&error)),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            // Most answers come in one piece and need no copy.
            if first.is_empty() && more.is_empty() {
                first = data;
            } else {
                if more.is_empty() {
                    more.extend_from_slice(&first);
                }
                more.extend_from_slice(&data);
            }
            if first.len().max(more.len()) > max {
                let all = if more.is_empty() {
                    first
                } else {
                    more.freeze()
                };
                return Ok((all.slice(..max), false));
            }
        }
        Ok((
            if more.is_empty() {
                first
            } else {
                more.freeze()
            },
            true,
        ))
    }
}
