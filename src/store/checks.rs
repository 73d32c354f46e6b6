//! Single checks: written in the order of time, read monitor by monitor.
//!
//! The checks of a watch are chained from the newest to the oldest, so that the last ones are
//! found by as many look-ups as there are rows to show, however many checks there are in all.

use std::collections::{HashMap, HashSet};

use super::codec::{Origin, Page, place, row};
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::check::CheckResult;
use crate::domain::failure::Code;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::Timings;
use crate::domain::verdict::CheckStatus;

/// The key of a check.
pub type CheckKey = (MonitorId, String, At);

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

impl Tx {
    /// Adds checks and gives the keys of those that were new: a slot that is recorded already was
    /// checked twice, and a monitor that is gone is not recorded at all. Call [`Tx::states`] for
    /// their monitors first: the chain is kept by the revision that is saved in the end.
    pub async fn add_checks<'a>(
        &mut self,
        checks: impl IntoIterator<Item = &'a CheckResult>,
    ) -> Result<HashSet<CheckKey>, StoreError> {
        let mut ordered: Vec<&CheckResult> = checks.into_iter().collect();
        ordered.sort_by(|a, b| (a.slot, &a.watch).cmp(&(b.slot, &b.watch)));
        let mut new = HashSet::new();
        // A watch comes once per round: each round chains to what the one before has added.
        let mut newest: HashMap<(MonitorId, &str), Option<At>> = self.newest(&ordered).await?;
        while !ordered.is_empty() {
            let mut taken = HashSet::new();
            let (round, later) = ordered.into_iter().partition::<Vec<_>, _>(|check| {
                taken.insert((check.watch.monitor, &*check.watch.location))
            });
            ordered = later;
            let rows = round.iter().copied().filter_map(|check| {
                let previous = newest.get(&(check.watch.monitor, &*check.watch.location))?;
                Some(check_row(check, *previous))
            });
            let rows: Vec<_> = rows.collect();
            let added: Vec<CheckKey> = self.db.many_all(ADD_CHECKS, rows).await?;
            new.extend(added);
            for check in round {
                let watch = &check.watch;
                if new.contains(&(watch.monitor, watch.location.clone(), check.slot)) {
                    newest.insert((watch.monitor, &watch.location), Some(check.slot));
                }
            }
        }
        Ok(new)
    }

    async fn newest<'a>(
        &mut self,
        checks: &[&'a CheckResult],
    ) -> Result<HashMap<(MonitorId, &'a str), Option<At>>, StoreError> {
        let of = |check: &&'a CheckResult| (check.watch.monitor, &*check.watch.location);
        let watches: HashSet<(MonitorId, &str)> = checks.iter().map(of).collect();
        let rows: Vec<(MonitorId, String, Option<At>)> =
            self.db.many_all(NEWEST, watches.iter().copied()).await?;
        let known: HashMap<(MonitorId, String), Option<At>> = rows
            .into_iter()
            .map(|(monitor, location, slot)| ((monitor, location), slot))
            .collect();
        let newest = watches.into_iter().filter_map(|(monitor, location)| {
            let slot = known.get(&(monitor, location.to_owned()))?;
            Some(((monitor, location), *slot))
        });
        Ok(newest.collect())
    }

    /// Marks the checks of a monitor that began from `from` until before `until` as a blip:
    /// they disagreed with what was known and were not confirmed.
    pub async fn mark_blip(
        &mut self,
        monitor: MonitorId,
        from: At,
        until: At,
    ) -> Result<u64, StoreError> {
        self.db.run(MARK_BLIP, (monitor, from, until)).await
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
        let params = (team, monitor, from, until, status, slot, location, most);
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

type CheckColumns<'a> = (
    At,
    MonitorId,
    &'a str,
    TeamId,
    Option<At>,
    At,
    &'static str,
    bool,
    bool,
    i64,
    Option<&'static str>,
    Option<&'a str>,
    Option<f64>,
    String,
);

fn check_row(check: &CheckResult, previous: Option<At>) -> CheckColumns<'_> {
    let (watch, report) = (&check.watch, &check.report);
    (
        check.slot,
        watch.monitor,
        &watch.location,
        watch.team,
        previous,
        report.started_at,
        report.status.as_str(),
        report.gated,
        false,
        i64::from(check.attempt),
        check.code().map(Code::as_str),
        report.failure.as_ref().map(|failure| &*failure.message),
        report.timings_ms.total,
        phases(&report.timings_ms),
    )
}

/// The phases in a compact form: `dns:3.1,tcp:18.4`. The total has a column of its own.
fn phases(timings: &Timings) -> String {
    let Timings {
        dns,
        tcp,
        tls,
        open_stream,
        initialize,
        initialized,
        tools_list,
        ping,
        total: _,
    } = *timings;
    let all = [
        ("dns", dns),
        ("tcp", tcp),
        ("tls", tls),
        ("open_stream", open_stream),
        ("initialize", initialize),
        ("initialized", initialized),
        ("tools_list", tools_list),
        ("ping", ping),
    ];
    let text = |(name, ms): (&str, Option<f64>)| ms.map(|ms| format!("{name}:{ms:.1}"));
    all.into_iter()
        .filter_map(text)
        .collect::<Vec<_>>()
        .join(",")
}

fn timings(phases: &str) -> Option<Timings> {
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
            "tools_list" => &mut timings.tools_list,
            "ping" => &mut timings.ping,
            // A phase of a later release, read by an older node.
            _ => continue,
        };
        *place = Some(ms.parse().ok()?);
    }
    Some(timings)
}

const NEWEST: Many = Many {
    head: "WITH v(monitor, place) AS (VALUES",
    tail: ") SELECT w.monitor_id, w.location, w.last_slot
             FROM v JOIN watch w ON w.monitor_id = v.monitor AND w.location = v.place",
};
const ADD_CHECKS: Many = Many {
    head: "INSERT INTO check_result (slot, monitor_id, location, team_id, previous_slot, started_at, \
           status, gated, blip, attempt, code, message, total_ms, phases) VALUES",
    tail: "ON CONFLICT (slot, monitor_id, location) DO NOTHING
           RETURNING monitor_id, location, slot",
};
const MARK_BLIP: &str = "
    UPDATE check_result SET blip = TRUE
     WHERE started_at >= $2 AND started_at < $3 AND (slot, monitor_id, location) IN (
        WITH RECURSIVE chain(slot, monitor_id, location, previous_slot, started_at) AS (
            SELECT c.slot, c.monitor_id, c.location, c.previous_slot, c.started_at
              FROM watch w JOIN check_result c ON c.slot = w.last_slot
               AND c.monitor_id = w.monitor_id AND c.location = w.location
             WHERE w.monitor_id = $1
             UNION ALL
            SELECT c.slot, c.monitor_id, c.location, c.previous_slot, c.started_at
              FROM chain JOIN check_result c ON c.slot = chain.previous_slot
               AND c.monitor_id = chain.monitor_id AND c.location = chain.location
             WHERE chain.started_at >= $2)
        SELECT slot, monitor_id, location FROM chain)";
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
                                   AND ($6 IS NULL OR chain.slot < $6) THEN 1 ELSE 0 END
          FROM chain JOIN check_result c ON c.slot = chain.previous_slot
           AND c.monitor_id = $2 AND c.location = chain.location
         WHERE chain.taken < $8 AND c.slot >= $3)
    SELECT slot, location, started_at, status, gated, blip, attempt, code, message, total_ms, phases
      FROM chain
     WHERE slot >= $3 AND slot < $4 AND ($5 IS NULL OR status = $5)
       AND ($6 IS NULL OR slot < $6 OR (slot = $6 AND location > $7))
     ORDER BY slot DESC, location LIMIT $8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_survive_their_compact_form() {
        let timed = Timings {
            dns: Some(3.1),
            initialize: Some(44.2),
            ..Timings::default()
        };
        assert_eq!(phases(&timed), "dns:3.1,initialize:44.2");
        assert_eq!(timings(&phases(&timed)), Some(timed));
        assert_eq!(timings("dns"), None);
    }
}
