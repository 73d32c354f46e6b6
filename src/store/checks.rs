//! Single checks, read monitor by monitor along the chains that `chain` has made.

use super::codec::{Origin, Page, place, row};
use super::{Store, StoreError};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::Timings;
use crate::domain::verdict::CheckStatus;

/// A check as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct PastCheck {
    /// From where it was made.
    pub location: String,
    /// The slot that it was for.
    pub slot: At,
    /// When it began.
    pub started_at: At,
    /// Its status.
    pub status: CheckStatus,
    /// Alive behind a wall.
    pub gated: bool,
    /// Whether it disagreed with what was known and was not confirmed.
    pub blip: bool,
    /// How many repetitions came before it.
    pub attempt: u32,
    /// Why, when it is not plainly up.
    pub code: Option<Code>,
    /// Why, in words.
    pub message: Option<String>,
    /// How long each phase took.
    pub timings: Timings,
}

/// Which checks to list; all of them by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckFilter {
    /// From this slot on.
    pub from: Option<At>,
    /// Before this slot.
    pub until: Option<At>,
    /// Of this status only.
    pub status: Option<CheckStatus>,
    /// Only those that were, or were not, confirmed by their repetitions.
    pub blip: Option<bool>,
}

row! {
    struct CheckRow {
        slot: At,
        location: String,
        started_at: At,
        status: String,
        gated: bool,
        blip: bool,
        attempt: i64,
        code: Option<String>,
        message: Option<String>,
        total_ms: Option<f64>,
        phases: String,
    }
}

impl CheckRow {
    fn check(self) -> Result<PastCheck, StoreError> {
        let at = Origin {
            table: "check_result",
            id: self.slot,
        };
        let mut timings = at.parsed("phases", timings(&self.phases))?;
        timings.total = self.total_ms;
        Ok(PastCheck {
            status: at.parsed("status", CheckStatus::parse(&self.status))?,
            attempt: at.parsed("attempt", u32::try_from(self.attempt).ok())?,
            code: self.code.as_deref().and_then(Code::parse),
            location: self.location,
            slot: self.slot,
            started_at: self.started_at,
            gated: self.gated,
            blip: self.blip,
            message: self.message,
            timings,
        })
    }
}

impl Store {
    /// The checks of a monitor of a team, newest first.
    pub async fn checks(
        &self,
        team: TeamId,
        monitor: MonitorId,
        filter: &CheckFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<PastCheck>, StoreError> {
        let after: Option<(i64, String)> = place(cursor)?;
        let (slot, location) = after.unzip();
        let status = filter.status.map(CheckStatus::as_str);
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let from = filter.from.unwrap_or(At(0));
        let until = filter.until.unwrap_or(At(i64::MAX));
        let blip = filter.blip;
        let params = (
            team, monitor, from, until, status, slot, location, most, blip,
        );
        let rows: Vec<CheckRow> = self.db.all(CHECKS, params).await?;
        let checks = rows
            .into_iter()
            .map(CheckRow::check)
            .collect::<Result<Vec<_>, _>>()?;
        Page::cut(checks, limit, |check| {
            (check.slot.0, check.location.clone())
        })
    }
}

/// Reads the phases that `chain` has written.
pub(super) fn timings(phases: &str) -> Option<Timings> {
    let mut timings = Timings::default();
    for part in phases.split(',').filter(|part| !part.is_empty()) {
        let (name, ms) = part.split_once(':')?;
        let place = match name {
            "dns" => &mut timings.dns,
            "tcp" => &mut timings.tcp,
            "tls" => &mut timings.tls,
            "open_stream" => &mut timings.open_stream,
            "initialize" => &mut timings.initialize,
            "initialized" => &mut timings.initialized,
            "discover" => &mut timings.discover,
            "tools_list" => &mut timings.tools_list,
            "prompts_list" => &mut timings.prompts_list,
            "resources_list" => &mut timings.resources_list,
            "ping" => &mut timings.ping,
            // A phase of a later release, read by an older node.
            _ => continue,
        };
        *place = Some(ms.parse().ok()?);
    }
    Some(timings)
}

const CHECKS: &str = "
    WITH RECURSIVE chain(slot, location, previous_slot, started_at, status, gated, blip, attempt,
                         code, message, total_ms, phases, taken) AS (
        SELECT c.slot, c.location, c.previous_slot, c.started_at, c.status, c.gated, c.blip, c.attempt,
               c.code, c.message, c.total_ms, c.phases, 0
          FROM watch w JOIN check_result c ON c.slot = w.last_slot
           AND c.monitor_id = w.monitor_id AND c.location = w.location
         WHERE w.team_id = $1 AND w.monitor_id = $2
         UNION ALL
        SELECT c.slot, c.location, c.previous_slot, c.started_at, c.status, c.gated, c.blip, c.attempt,
               c.code, c.message, c.total_ms, c.phases,
               chain.taken + CASE WHEN chain.slot < $4 AND ($5 IS NULL OR chain.status = $5)
                                   AND ($9 IS NULL OR chain.blip = $9)
                                   AND ($6 IS NULL OR chain.slot < $6) THEN 1 ELSE 0 END
          FROM chain JOIN check_result c ON c.slot = chain.previous_slot
           AND c.monitor_id = $2 AND c.location = chain.location
         WHERE chain.taken < $8 AND c.slot >= $3)
    SELECT slot, location, started_at, status, gated, blip, attempt, code, message, total_ms, phases
      FROM chain
     WHERE slot >= $3 AND slot < $4 AND ($5 IS NULL OR status = $5) AND ($9 IS NULL OR blip = $9)
       AND ($6 IS NULL OR slot < $6 OR (slot = $6 AND location > $7))
     ORDER BY slot DESC, location LIMIT $8";
