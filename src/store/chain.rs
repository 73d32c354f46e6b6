//! Writing checks: in the order of time, each chained to the one before of its watch.
//!
//! `watch.last_slot` leads to the newest check of a watch and `previous_slot` from each to the one
//! before, so that the last ones are found by as many look-ups as there are rows to show, however
//! many checks there are in all. The revision of the monitor's state (`states`) keeps two nodes
//! from adding to a chain at once.

use std::collections::{HashMap, HashSet};

use super::codec::{Joined, field, joined, records};
use super::db::Many;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::check::{CheckResult, Watch};
use crate::domain::failure::Code;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::Timings;

/// The key of a check.
pub type CheckKey = (MonitorId, String, At);

impl Tx {
    /// Adds checks and gives the keys of those that were new: a slot that is recorded already was
    /// checked twice, and a monitor that is gone is not recorded at all. Call [`Tx::states`] for
    /// their monitors first.
    pub async fn add_checks<'a>(
        &mut self,
        checks: impl IntoIterator<Item = &'a CheckResult>,
    ) -> Result<HashSet<CheckKey>, StoreError> {
        let mut left: Vec<&CheckResult> = checks.into_iter().collect();
        left.sort_by(|a, b| (a.slot, &a.watch).cmp(&(b.slot, &b.watch)));
        let mut newest = self.newest(&left).await?;
        let mut new = HashSet::new();
        // A watch comes once per round: each round chains to what the one before has added.
        while !left.is_empty() {
            let mut taken = HashSet::new();
            let (round, later): (Vec<_>, _) = left
                .into_iter()
                .partition(|check| taken.insert(&check.watch));
            left = later;
            let mut rows = Vec::with_capacity(round.len());
            for check in &round {
                match newest.get(&check.watch) {
                    None => {}
                    // Recorded already.
                    Some(Some(newest)) if *newest == check.slot => {}
                    Some(Some(newest)) if *newest > check.slot => {
                        new.extend(self.add_late(check).await?);
                    }
                    Some(newest) => {
                        rows.push(check_row(check, *newest));
                        new.insert(check.key());
                    }
                }
            }
            let wanted = rows.len() as u64;
            if self.db.many(ADD_CHECKS, rows).await? != wanted {
                // Another node has recorded one of them since the newest ones were read.
                return Err(StoreError::Conflict);
            }
            for check in round.iter().filter(|check| new.contains(&check.key())) {
                if let Some(newest) = newest.get_mut(&check.watch) {
                    *newest = (*newest).max(Some(check.slot));
                }
            }
        }
        Ok(new)
    }

    /// The newest slot of each watch that is still there.
    async fn newest<'a>(
        &mut self,
        checks: &[&'a CheckResult],
    ) -> Result<HashMap<&'a Watch, Option<At>>, StoreError> {
        let watches: HashSet<&Watch> = checks.iter().map(|check| &check.watch).collect();
        let watches: Vec<&Watch> = watches.into_iter().collect();
        let keys = watches
            .iter()
            .zip(0_i64..)
            .map(|(watch, n)| (n, watch.monitor, &*watch.location));
        let texts: Vec<Joined> = self.db.many_all(NEWEST, keys).await?;
        let newest = records(&texts).filter_map(|mut fields| {
            let n: usize = field(&mut fields)?;
            Some((*watches.get(n)?, field(&mut fields).map(At)))
        });
        Ok(newest.collect())
    }

    /// Adds a check that comes after newer ones, from a node that was overtaken, in its place.
    async fn add_late(&mut self, check: &CheckResult) -> Result<Option<CheckKey>, StoreError> {
        let watch = &check.watch;
        let key = (watch.monitor, &*watch.location, check.slot);
        let after: Option<(At, Option<At>)> = self.db.optional(NEXT_NEWER, key).await?;
        let (next, previous) = after.unzip();
        let row = [check_row(check, previous.flatten())];
        if self.db.many(ADD_CHECKS, row).await? == 0 {
            return Ok(None);
        }
        if let Some(next) = next {
            let link = (watch.monitor, &*watch.location, next, check.slot);
            self.db.run(LINK, link).await?;
        }
        Ok(Some(check.key()))
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
        discover,
        tools_list,
        prompts_list,
        resources_list,
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
        ("discover", discover),
        ("tools_list", tools_list),
        ("prompts_list", prompts_list),
        ("resources_list", resources_list),
        ("ping", ping),
    ];
    let text = |(name, ms): (&str, Option<f64>)| ms.map(|ms| format!("{name}:{ms:.1}"));
    all.into_iter()
        .filter_map(text)
        .collect::<Vec<_>>()
        .join(",")
}

const NEWEST: Many = Many {
    head: "WITH v(n, monitor, place) AS (VALUES",
    tail: concat!(
        ") SELECT ",
        joined!("v.n", "w.last_slot"),
        " FROM v JOIN watch w ON w.monitor_id = v.monitor AND w.location = v.place"
    ),
};
const ADD_CHECKS: Many = Many {
    head: "INSERT INTO check_result (slot, monitor_id, location, team_id, previous_slot, started_at, \
           status, gated, blip, attempt, code, message, total_ms, phases) VALUES",
    tail: "ON CONFLICT (slot, monitor_id, location) DO NOTHING",
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
const NEXT_NEWER: &str = "
    WITH RECURSIVE chain(slot, previous_slot) AS (
        SELECT c.slot, c.previous_slot
          FROM watch w JOIN check_result c ON c.slot = w.last_slot
           AND c.monitor_id = w.monitor_id AND c.location = w.location
         WHERE w.monitor_id = $1 AND w.location = $2
         UNION ALL
        SELECT c.slot, c.previous_slot
          FROM chain JOIN check_result c ON c.slot = chain.previous_slot
           AND c.monitor_id = $1 AND c.location = $2
         WHERE chain.previous_slot > $3)
    SELECT slot, previous_slot FROM chain WHERE slot > $3 ORDER BY slot LIMIT 1";
const LINK: &str = "
    UPDATE check_result SET previous_slot = $4
     WHERE monitor_id = $1 AND location = $2 AND slot = $3";

#[cfg(test)]
mod tests {
    use super::super::checks::timings;
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
