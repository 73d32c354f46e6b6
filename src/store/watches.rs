//! Watches: a monitor at a location, claimed when due, finished when checked.
//!
//! To claim a watch is to move its due time to the end of the lease and to keep the slot that it
//! was due for. A claim that is never finished is due again, for the same slot; a claim that was
//! overtaken finishes nothing. Every slot is so recorded once, whoever dies in between.

use std::str::Split;

use uuid::Uuid;

use super::codec::{Joined, Origin, field, joined, records};
use super::db::{Dialects, Many};
use super::due::CLAIM_DUE;
use super::finish::read_memory;
use super::monitor_row::MonitorRow;
use super::monitors::{ANYWHERE, locations};
use super::notifications::TELL_FUTURE;
use super::{Store, StoreError};
use crate::domain::agent::Agent;
use crate::domain::at::At;
use crate::domain::check::Watch;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::Monitor;
use crate::domain::observation::ProbeMemory;
use crate::domain::state::CLOCKS_DIFFER;
use crate::domain::verdict::CheckStatus;

/// Who claims, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// A fresh id.
    pub id: Uuid,
    /// The node.
    pub node: &'a str,
    /// Now.
    pub now: At,
    /// The end of the lease: what is not finished by then is due again.
    pub until: At,
}

/// A check that is to be made.
#[derive(Clone, Debug)]
pub struct DueCheck {
    /// What is checked, and from where.
    pub watch: Watch,
    /// The monitor.
    pub monitor: Box<Monitor>,
    /// How often it was changed.
    pub revision: i64,
    /// From how many locations it is checked.
    pub locations: usize,
    /// The slot that it is for.
    pub slot: At,
    /// What finishing it needs.
    pub claim: Uuid,
    /// How many repetitions came before it.
    pub attempt: u32,
    /// What the probe before learnt.
    pub memory: Box<ProbeMemory>,
    /// What stands for the facts of the last good report.
    pub facts_hash: Option<String>,
    /// What the check before said; `None` when there was none.
    pub last_status: Option<CheckStatus>,
}

/// A watch that is due and whose monitor cannot be read. It stays claimed, so it does not spin.
#[derive(Debug)]
pub struct Unreadable {
    /// Which one.
    pub watch: Watch,
    /// Why.
    pub error: StoreError,
}

/// What was claimed.
#[derive(Debug, Default)]
pub struct Claimed {
    /// What is to be checked, the longest due first.
    pub checks: Vec<DueCheck>,
    /// What cannot be.
    pub unreadable: Vec<Unreadable>,
}

impl Store {
    /// Claims up to `limit` watches that are due at `location` or anywhere.
    pub async fn claim_due(
        &self,
        claim: &Claim<'_>,
        location: &str,
        limit: u32,
    ) -> Result<Claimed, StoreError> {
        let mut tx = self.begin().await?;
        let params = (
            claim.id,
            claim.node,
            claim.until,
            location,
            ANYWHERE,
            claim.now,
            i64::from(limit),
        );
        let sql = tx.db.pick(CLAIM_DUE);
        let claimed = if tx.db.run(sql, params).await? == 0 {
            Claimed::default()
        } else {
            let key = (claim.id, claim.until, location, ANYWHERE);
            let texts: Vec<Joined> = tx.db.all(tx.db.pick(CLAIMED), key).await?;
            self.read(&texts, claim)?
        };
        tx.commit().await?;
        Ok(claimed)
    }

    /// Claims one monitor of a team at once, whether due or not, from one location. `None` when it
    /// is not watched from there, is paused, or is being checked at this moment.
    pub async fn claim_now(
        &self,
        team: TeamId,
        monitor: MonitorId,
        location: &str,
        claim: &Claim<'_>,
    ) -> Result<Option<DueCheck>, StoreError> {
        let mut tx = self.begin().await?;
        let params = (
            claim.id,
            claim.node,
            claim.until,
            location,
            claim.now,
            team,
            monitor,
        );
        if tx.db.run(CLAIM_NOW, params).await? == 0 {
            return Ok(None);
        }
        let key = (claim.id, claim.until, location, location);
        let texts: Vec<Joined> = tx.db.all(tx.db.pick(CLAIMED), key).await?;
        tx.commit().await?;
        let mut claimed = self.read(&texts, claim)?;
        match claimed.unreadable.pop() {
            Some(unreadable) => Err(unreadable.error),
            None => Ok(claimed.checks.pop()),
        }
    }

    /// Claims the slots that an agent has checked already, each watch once, in order to record them.
    /// What was claimed before is overtaken: nobody but the agent checks its watches, and what it
    /// sends again takes the place of what it sent. Slots that are recorded already, watches that it
    /// does not have (any more) and paused ones are left out.
    pub async fn claim_done(
        &self,
        agent: &Agent,
        done: &[(MonitorId, At)],
        claim: &Claim<'_>,
    ) -> Result<Claimed, StoreError> {
        let mut tx = self.begin().await?;
        let place = &*agent.location;
        let rows = done.iter().map(|(monitor, slot)| {
            let of = (*monitor, place, agent.team);
            (of.0, of.1, of.2, *slot, claim.id, claim.node, claim.until)
        });
        let claimed = if tx.db.many(CLAIM_DONE, rows).await? == 0 {
            Claimed::default()
        } else {
            let key = (claim.id, claim.until, place, place);
            let texts: Vec<Joined> = tx.db.all(tx.db.pick(CLAIMED), key).await?;
            self.read(&texts, claim)?
        };
        tx.commit().await?;
        Ok(claimed)
    }

    fn read(&self, texts: &[Joined], claim: &Claim<'_>) -> Result<Claimed, StoreError> {
        let mut claimed = Claimed::default();
        for mut fields in records(texts) {
            let ids = (field(&mut fields), field(&mut fields));
            let (Some(monitor), Some(team)) = ids else {
                return Err(StoreError::corrupt("watch", "monitor_id", "?"));
            };
            let watch = Watch {
                team: TeamId(team),
                monitor: MonitorId(monitor),
                location: fields.next().unwrap_or_default().to_owned(),
            };
            match self.due_check(fields, watch.clone(), claim.id) {
                Ok(check) => claimed.checks.push(check),
                Err(error) => claimed.unreadable.push(Unreadable { watch, error }),
            }
        }
        claimed.checks.sort_by_key(|check| check.slot);
        Ok(claimed)
    }

    fn due_check(
        &self,
        mut fields: Split<'_, char>,
        watch: Watch,
        claim: Uuid,
    ) -> Result<DueCheck, StoreError> {
        let id = watch.monitor;
        let at = Origin { table: "watch", id };
        let number = |column, fields: &mut Split<'_, char>| at.parsed(column, field(fields));
        let slot = number("slot", &mut fields)?;
        let attempt = at.parsed("attempt", field(&mut fields))?;
        let revision = number("revision", &mut fields)?;
        let created_at = At(number("created_at", &mut fields)?);
        let paused = matches!(fields.next(), Some("1" | "true"));
        let mut text = || fields.next().filter(|text| !text.is_empty());
        let memory = at.parsed("memory", read_memory(text(), text(), id, &self.key))?;
        let facts_hash = text().map(str::to_owned);
        let last_status = text().and_then(CheckStatus::parse);
        let mut text = || text().map(str::to_owned);
        let row = MonitorRow {
            id,
            team_id: watch.team,
            name: text().unwrap_or_default(),
            url: text().unwrap_or_default(),
            spec: text().unwrap_or_default(),
            sealed: text(),
            paused,
            created_at,
            revision,
        };
        let monitor = row.monitor(&self.key)?;
        Ok(DueCheck {
            locations: locations(&monitor).len(),
            watch,
            monitor: Box::new(monitor),
            revision: row.revision,
            slot: At(slot),
            claim,
            attempt,
            memory: Box::new(memory),
            facts_hash,
            last_status,
        })
    }

    /// Gives back what was claimed and will not be checked: it is due at its slot again.
    pub async fn release(&self, checks: &[DueCheck]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let rows = checks
            .iter()
            .map(|check| (check.watch.monitor, &*check.watch.location, check.claim));
        tx.db.many(RELEASE, rows).await?;
        tx.commit().await
    }

    /// Holds what was claimed until `until`: for checks that take longer than their lease. A claim
    /// that was overtaken stays so.
    pub async fn renew(&self, held: &[(Watch, Uuid)], until: At) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let rows = held
            .iter()
            .map(|(watch, claim)| (watch.monitor, &*watch.location, *claim, until));
        tx.db.many(RENEW, rows).await?;
        tx.commit().await
    }

    /// Makes due what a clock has put off that was ahead of `now` and is not any more: watches whose last
    /// check lies in the future, and notifications that were queued there. What is told of their last check is
    /// of the next one again. Says how many watches there were.
    pub async fn forget_future(&self, now: At) -> Result<u64, StoreError> {
        let bounds = (now, now + CLOCKS_DIFFER);
        self.db.run(TELL_FUTURE, bounds).await?;
        self.db.run(FORGET_FUTURE, bounds).await
    }
}

const CLAIM_NOW: &str = "
    UPDATE watch SET slot = $5, claim = $1, claimed_by = $2, next_due = $3
     WHERE team_id = $6 AND monitor_id = $7 AND location = $4
       AND next_due IS NOT NULL AND (claim IS NULL OR next_due <= $5)";
macro_rules! claimed {
    ($monitor:literal, $team:literal) => {
        concat!(
            "SELECT ",
            joined!(
                $monitor,
                $team,
                "w.location",
                "w.slot",
                "w.attempt",
                "m.revision",
                "m.created_at",
                "m.paused",
                "w.memory",
                "w.pace",
                "w.facts_hash",
                "w.last_status",
                "m.name",
                "m.url",
                "m.spec",
                "m.sealed"
            ),
            " FROM watch w JOIN monitor m ON m.id = w.monitor_id
             WHERE w.location IN ($3, $4) AND w.next_due = $2 AND w.claim = $1"
        )
    };
}

/// SQLite keeps ids as bytes, which are no text.
const CLAIMED: Dialects = Dialects {
    sqlite: claimed!("hex(m.id)", "hex(m.team_id)"),
    postgres: claimed!("m.id", "m.team_id"),
};
const CLAIM_DONE: Many = Many {
    head: "WITH v(monitor, place, team, done, held, by, until) AS (VALUES",
    tail: ") UPDATE watch SET slot = v.done, claim = v.held, claimed_by = v.by, next_due = v.until
             FROM v WHERE monitor_id = v.monitor AND location = v.place AND team_id = v.team
                      AND next_due IS NOT NULL
                      AND NOT EXISTS (SELECT 1 FROM check_result c
                                       WHERE c.slot = v.done AND c.monitor_id = v.monitor
                                         AND c.location = v.place)",
};
const RELEASE: Many = Many {
    head: "WITH v(monitor, place, held) AS (VALUES",
    tail: ") UPDATE watch SET next_due = slot, slot = NULL, claim = NULL, claimed_by = NULL
             FROM v WHERE monitor_id = v.monitor AND location = v.place AND claim = v.held",
};
const RENEW: Many = Many {
    head: "WITH v(monitor, place, held, until) AS (VALUES",
    tail: ") UPDATE watch SET next_due = v.until
             FROM v WHERE monitor_id = v.monitor AND location = v.place AND claim = v.held",
};
const FORGET_FUTURE: &str = "
    UPDATE watch SET next_due = $1, slot = NULL, claim = NULL, claimed_by = NULL, attempt = 0,
           last_started_at = $1
     WHERE next_due > $1 AND last_started_at > $2";
