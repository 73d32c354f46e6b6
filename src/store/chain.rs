//! Writing checks: in the order of time, each chained to the one before of its watch.
//!
//! `watch.last_slot` leads to the newest check of a watch and `previous_slot` from each to the one
//! before, so that the last ones are found by as many look-ups as there are rows to show, however
//! many checks there are in all. The revision of the monitor's state (`states`) keeps two nodes
//! from adding to a chain at once.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::codec::{Joined, field, joined, records};
use super::db::Many;
use super::states::Held;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::check::{CheckResult, Watch};
use crate::domain::failure::Code;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::Timings;

/// Length of the phases of most checks, in bytes.
const PHASES: usize = 96;

/// The chains of the watches of a batch, as they were read; for [`Tx::add_checks`].
#[derive(Debug)]
pub struct Chains<'a>(HashMap<&'a Watch, Chain>);

/// What is known of a watch whose checks are added.
#[derive(Debug)]
struct Chain {
    /// The slot of its newest check.
    newest: Option<At>,
    /// The round that a check of it was added in.
    round: usize,
}

impl Tx {
    /// What is known of the watches of a batch, before anything that is merged and written back: the
    /// states of their monitors ([`Tx::save_states`] then vouches for everything else that was read),
    /// and their chains. A watch or a monitor that is gone is left out.
    pub async fn known<'a>(
        &mut self,
        watches: impl IntoIterator<Item = &'a Watch>,
    ) -> Result<(HashMap<MonitorId, Held>, Chains<'a>), StoreError> {
        let mut watches: Vec<&Watch> = watches.into_iter().collect();
        watches.sort_unstable();
        watches.dedup();
        let keys = watches
            .iter()
            .zip(0_i64..)
            .map(|(watch, n)| (n, watch.monitor, &*watch.location));
        let texts: Vec<Joined> = self.db.many_all(KNOWN, keys).await?;
        let (mut states, mut chains) = (HashMap::new(), HashMap::new());
        for mut fields in records(&texts) {
            let n: Option<usize> = field(&mut fields);
            let watch = n.and_then(|n| watches.get(n));
            let watch = *watch.ok_or_else(|| StoreError::corrupt("watch", "n", "?"))?;
            let (is_there, newest) = (fields.next() == Some("1"), field(&mut fields).map(At));
            if is_there {
                chains.insert(watch, Chain { newest, round: 0 });
            }
            states.insert(watch.monitor, Held::read(watch.monitor, &mut fields)?);
        }
        Ok((states, Chains(chains)))
    }

    /// Adds checks and says of each, in the order given, whether it was new: a slot that is recorded
    /// already was checked twice, and a watch that is gone is not recorded at all.
    pub async fn add_checks<'a>(
        &mut self,
        checks: impl IntoIterator<Item = &'a CheckResult>,
        Chains(mut chains): Chains<'a>,
    ) -> Result<Vec<bool>, StoreError> {
        let checks: Vec<&CheckResult> = checks.into_iter().collect();
        let mut are_new = vec![false; checks.len()];
        let mut left: Vec<usize> = (0..checks.len()).collect();
        left.sort_by_key(|n| (checks[*n].slot, &checks[*n].watch));
        let mut round = 0;
        // A watch comes once per round: each round chains to what the one before has added.
        while !left.is_empty() {
            round += 1;
            let mut rows = Vec::with_capacity(left.len());
            let mut later = Vec::new();
            for n in left {
                let check = checks[n];
                let Some(chain) = chains.get_mut(&check.watch) else {
                    continue;
                };
                if chain.round == round {
                    later.push(n);
                    continue;
                }
                chain.round = round;
                are_new[n] = match chain.newest {
                    // Recorded already.
                    Some(newest) if newest == check.slot => false,
                    Some(newest) if newest > check.slot => self.add_late(check).await?,
                    previous => {
                        rows.push(check_row(check, previous));
                        chain.newest = Some(check.slot);
                        true
                    }
                };
            }
            let wanted = rows.len() as u64;
            if self.db.many(ADD_CHECKS, rows).await? != wanted {
                // Another node has recorded one of them since the newest ones were read.
                return Err(StoreError::Conflict);
            }
            left = later;
        }
        Ok(are_new)
    }

    /// Adds a check that comes after newer ones, from a node that was overtaken, in its place; says
    /// whether it was new.
    async fn add_late(&mut self, check: &CheckResult) -> Result<bool, StoreError> {
        let watch = &check.watch;
        let key = (watch.monitor, &*watch.location, check.slot);
        let after: Option<(At, Option<At>)> = self.db.optional(NEXT_NEWER, key).await?;
        let (next, previous) = after.unzip();
        let row = [check_row(check, previous.flatten())];
        if self.db.many(ADD_CHECKS, row).await? == 0 {
            return Ok(false);
        }
        if let Some(next) = next {
            let link = (watch.monitor, &*watch.location, next, check.slot);
            self.db.run(LINK, link).await?;
        }
        Ok(true)
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
    let mut text = String::with_capacity(PHASES);
    for (name, ms) in timings.phases().filter(|(name, _)| *name != "total") {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{name}:{ms:.1}");
    }
    text
}

const KNOWN: Many = Many {
    head: "WITH v(n, monitor, place) AS (VALUES",
    tail: concat!(
        ") SELECT ",
        joined!(
            "v.n",
            "CASE WHEN w.location IS NULL THEN 0 ELSE 1 END",
            "w.last_slot",
            "s.revision",
            "m.paused",
            "s.open_hour",
            "s.state"
        ),
        " FROM v JOIN monitor_state s ON s.monitor_id = v.monitor JOIN monitor m ON m.id = v.monitor
               LEFT JOIN watch w ON w.monitor_id = v.monitor AND w.location = v.place"
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
