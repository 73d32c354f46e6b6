//! When a channel tells what happened, in JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{ApiError, Fault};
use super::request::Given;
use crate::domain::channel::Kind;
use crate::domain::digest::Digest;

/// When a channel tells what happened in a day or a week.
#[derive(Serialize, ToSchema)]
#[schema(as = Digest)]
pub(super) struct DigestView {
    /// `daily` or `weekly`: on Mondays.
    every: &'static str,
    /// The IANA time zone of the hour.
    zone: &'static str,
    /// At which hour, 0 to 23.
    hour: u32,
}

impl DigestView {
    pub(super) fn of(digest: &Digest) -> Self {
        Self {
            every: digest.every.as_str(),
            zone: digest.zone.name(),
            hour: digest.hour,
        }
    }
}

/// When a channel is to tell what happened; only a mail channel can.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DigestBody {
    /// `none`, `daily` or `weekly`: on Mondays.
    every: String,
    /// The IANA time zone of the hour: `Europe/Berlin`; `UTC` when not given.
    zone: Option<String>,
    /// At which hour, 0 to 23; 8 when not given.
    hour: Option<u32>,
}

/// What was said of it; what is not named stays.
pub(super) fn read(
    given: &Given<DigestBody>,
    kind: Kind,
    known: Option<&Digest>,
) -> Result<Option<Digest>, ApiError> {
    let body = match given {
        Given::Absent => return Ok(known.cloned()),
        Given::Null => return Ok(None),
        Given::Value(body) => body,
    };
    let hour = body.hour.map(|hour| hour.to_string()).unwrap_or_default();
    let zone = body.zone.as_deref().unwrap_or_default();
    Digest::read(kind, &body.every, zone, &hour)
        .map_err(|faults| ApiError::fields(faults.into_iter().map(Fault::from)))
}
