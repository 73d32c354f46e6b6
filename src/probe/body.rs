//! Reading the body of an answer on our connection, within its bounds of bytes and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::connection::seconds;
use super::encoding::{Decoder, Fault};
use super::failure;
use super::room::FREE_BODY;
use super::visit::Visit;
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
    /// Reads a body to its end; takes apart what is `encoded`, named by its encoding.
    pub(super) async fn whole(
        &mut self,
        body: Incoming,
        encoded: Option<(Decoder, &str)>,
    ) -> Result<Bytes, Trouble> {
        let budget = self.budget(self.patience);
        let end = Instant::now() + budget;
        let read = self.read(body, MAX_BODY, end, budget).await;
        if read.is_err() {
            self.wire = None;
        }
        let (mut bytes, is_whole) = read?;
        if !is_whole {
            self.wire = None;
            return Err(Trouble::Body(BodyTrouble::TooLarge { what: "8 MiB" }));
        }
        if let Some((decoder, name)) = encoded {
            if self.held.body.is_none() {
                let within = end.saturating_duration_since(Instant::now());
                self.held.body = Some(self.room().body(within).await?);
            }
            let decoded = decoder
                .whole(&bytes)
                .map_err(|fault| encoding(fault, name))?;
            bytes = decoded.into();
            let encoded = BodyTrouble::Encoded(name.to_owned());
            self.notes.notice(Trouble::Body(encoded));
        }
        let bytes = self.veil.bytes(bytes);
        self.notes.answered_with(&bytes);
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
        self.notes.answered_with(&bytes);
        bytes
    }

    /// Everything up to `max` bytes, and whether that was all. A large body needs room.
    async fn read(
        &mut self,
        mut body: Incoming,
        max: usize,
        end: Instant,
        budget: Duration,
    ) -> Result<(Bytes, bool), Trouble> {
        self.held.body = None;
        let Some(wire) = &mut self.wire else {
            return Err(Trouble::Body(BodyTrouble::Truncated));
        };
        let parts = self.parts;
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
            if self.held.body.is_none() && first.len().max(more.len()) + data.len() > FREE_BODY {
                let within = end.saturating_duration_since(Instant::now());
                self.held.body = Some(parts.room.body(within).await?);
            }
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

/// Why what is encoded cannot be read.
pub(super) fn encoding(fault: Fault, name: &str) -> Trouble {
    Trouble::Body(match fault {
        Fault::Bomb => BodyTrouble::Bomb(name.to_owned()),
        Fault::Corrupt => BodyTrouble::Encoded(name.to_owned()),
    })
}
