//! How checks leave their watches: when they are due next, what was last seen, what the next probe
//! should know. One statement for a whole batch.

use std::collections::HashSet;

use uuid::Uuid;

use super::codec::document;
use super::db::Many;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::check::CheckResult;
use crate::domain::failure::Code;
use crate::domain::id::MonitorId;
use crate::domain::memory::ProbeMemory;
use crate::secret::{Place, SealingKey};

/// How a check leaves its watch.
#[derive(Clone, Debug)]
pub struct Finished<'a> {
    /// The check.
    pub result: &'a CheckResult,
    /// The claim that it was made under.
    pub claim: Uuid,
    /// Whether it was recorded ([`Tx::add_checks`]); one that was not only gives back its claim.
    pub is_recorded: bool,
    /// When to check next.
    pub next_due: At,
    /// How many repetitions will have come before that check.
    pub attempt: u32,
    /// Given when the check was good and its facts are others than before: what stands for them.
    /// The report is kept.
    pub facts_hash: Option<String>,
}

impl Tx {
    /// Leaves watches as their checks did: when they are due next, what was last seen, what the
    /// next probe should know. A claim that was overtaken moves nothing but what was last seen, and where
    /// the monitor was changed meanwhile nothing that its check has learnt counts any more.
    pub async fn finish_watches(&mut self, finished: &[Finished<'_>]) -> Result<(), StoreError> {
        let (recorded, doubled): (Vec<_>, Vec<_>) = finished.iter().partition(|f| f.is_recorded);
        let rows = doubled.iter().map(|f| {
            let watch = &f.result.watch;
            (
                watch.monitor,
                &*watch.location,
                f.claim,
                f.next_due,
                i64::from(f.attempt),
            )
        });
        self.db.many(GIVE_BACK, rows).await?;
        for round in rounds(recorded) {
            self.keep_learnt(&round).await?;
            let rows = round.iter().map(|f| finished_row(f));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            self.db.many(FINISH, rows).await?;
            self.keep_facts(&round).await?;
        }
        Ok(())
    }

    /// Keeps what some checks have learnt, before their claims are given back.
    async fn keep_learnt(&mut self, round: &[&Finished<'_>]) -> Result<(), StoreError> {
        let news = round.iter().filter(|f| f.result.has_learnt);
        let rows = news.map(|f| {
            let (result, watch) = (f.result, &f.result.watch);
            let text = written(&result.memory, watch.monitor, &self.key)?;
            Ok((watch.monitor, &*watch.location, f.claim, result.slot, text))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        self.db.many(KEEP_LEARNT, rows).await?;
        Ok(())
    }

    /// Keeps the reports whose facts are others than before.
    async fn keep_facts(&mut self, round: &[&Finished<'_>]) -> Result<(), StoreError> {
        let (mut hashes, mut reports) = (Vec::new(), Vec::new());
        for f in round {
            let Some(hash) = f.facts_hash.as_deref() else {
                continue;
            };
            let (watch, report) = (&f.result.watch, &f.result.report);
            let (place, text) = (&*watch.location, document(report)?);
            hashes.push((watch.monitor, place, hash));
            reports.push((watch.monitor, place, watch.team, report.started_at, text));
        }
        self.db.many(NAME_FACTS, hashes).await?;
        self.db.many(KEEP_FACTS, reports).await?;
        Ok(())
    }
}

type FinishedRow<'a> = (
    MonitorId,
    &'a str,
    Uuid,
    At,
    i64,
    At,
    At,
    &'static str,
    bool,
    Option<&'static str>,
    Option<&'a str>,
    Option<f64>,
    String,
);

fn finished_row<'a>(f: &'a Finished<'_>) -> Result<FinishedRow<'a>, StoreError> {
    let (watch, report) = (&f.result.watch, &f.result.report);
    Ok((
        watch.monitor,
        &watch.location,
        f.claim,
        f.next_due,
        i64::from(f.attempt),
        f.result.slot,
        report.started_at,
        report.status.as_str(),
        report.gated,
        f.result.code().map(Code::as_str),
        report.failure.as_ref().map(|failure| &*failure.message),
        report.timings_ms.total,
        document(&f.result.memory.pace)?,
    ))
}

/// What a probe remembers, sealed where it holds a secret.
fn written(
    memory: &ProbeMemory,
    monitor: MonitorId,
    key: &SealingKey,
) -> Result<String, StoreError> {
    let text = document(memory)?;
    Ok(if memory.is_secret() {
        key.seal(&place(monitor), &text)
    } else {
        text
    })
}

/// Reads what [`written`] has written, and the pace beside it; `None` where it cannot be opened.
pub(super) fn read_memory(
    text: Option<&str>,
    pace: Option<&str>,
    monitor: MonitorId,
    key: &SealingKey,
) -> Option<ProbeMemory> {
    let mut memory: ProbeMemory = match text {
        None => ProbeMemory::default(),
        Some(text) if text.starts_with('{') => serde_json::from_str(text).ok()?,
        Some(text) => {
            let plain = key.open(&place(monitor), text)?;
            serde_json::from_str(plain.expose()).ok()?
        }
    };
    if let Some(pace) = pace {
        memory.pace = serde_json::from_str(pace).ok()?;
    }
    Some(memory)
}

fn place(monitor: MonitorId) -> Place {
    Place {
        table: "watch",
        field: "memory",
        row: monitor.0,
    }
}

/// Cuts a list so that no piece has a watch twice: a statement over rows takes each once.
fn rounds<'a, 'b>(mut rest: Vec<&'a Finished<'b>>) -> Vec<Vec<&'a Finished<'b>>> {
    rest.sort_by_key(|f| f.result.slot);
    let mut rounds = Vec::new();
    while !rest.is_empty() {
        let mut taken = HashSet::new();
        let (round, later) = rest
            .into_iter()
            .partition(|f| taken.insert(&f.result.watch));
        rounds.push(round);
        rest = later;
    }
    rounds
}

const GIVE_BACK: Many = Many {
    head: "WITH v(monitor, place, held, due, tries) AS (VALUES",
    tail: ") UPDATE watch SET next_due = v.due, attempt = v.tries,
                  slot = NULL, claim = NULL, claimed_by = NULL
             FROM v WHERE monitor_id = v.monitor AND location = v.place AND claim = v.held",
};
const FINISH: Many = Many {
    head: "WITH v(monitor, place, held, due, tries, for_slot, began, status, gated, code, message, \
           total_ms, pace) AS (VALUES",
    tail: ") UPDATE watch
              SET next_due = CASE WHEN claim = v.held THEN v.due ELSE next_due END,
                  attempt = CASE WHEN claim = v.held THEN v.tries ELSE attempt END,
                  slot = CASE WHEN claim = v.held THEN NULL ELSE slot END,
                  claimed_by = CASE WHEN claim = v.held THEN NULL ELSE claimed_by END,
                  claim = CASE WHEN claim = v.held THEN NULL ELSE claim END,
                  last_slot = CASE WHEN last_slot > v.for_slot THEN last_slot ELSE v.for_slot END,
                  last_started_at = CASE WHEN last_started_at > v.began THEN last_started_at ELSE v.began END,
                  last_status = CASE WHEN last_started_at > v.began THEN last_status ELSE v.status END,
                  last_gated = CASE WHEN last_started_at > v.began THEN last_gated ELSE v.gated END,
                  last_code = CASE WHEN last_started_at > v.began THEN last_code ELSE v.code END,
                  last_message = CASE WHEN last_started_at > v.began THEN last_message ELSE v.message END,
                  last_total_ms = CASE WHEN last_started_at > v.began THEN last_total_ms ELSE v.total_ms END,
                  pace = CASE WHEN claim = v.held OR slot = v.for_slot THEN v.pace ELSE watch.pace END
             FROM v WHERE monitor_id = v.monitor AND location = v.place",
};
const KEEP_LEARNT: Many = Many {
    head: "WITH v(monitor, place, held, for_slot, learnt) AS (VALUES",
    tail: ") UPDATE watch SET memory = v.learnt FROM v
            WHERE monitor_id = v.monitor AND location = v.place
              AND (claim = v.held OR slot = v.for_slot)",
};
const NAME_FACTS: Many = Many {
    head: "WITH v(monitor, place, facts) AS (VALUES",
    tail: ") UPDATE watch SET facts_hash = v.facts FROM v
            WHERE monitor_id = v.monitor AND location = v.place",
};
const KEEP_FACTS: Many = Many {
    head: "INSERT INTO watch_facts (monitor_id, location, team_id, seen_at, report) VALUES",
    tail: "ON CONFLICT (monitor_id, location) DO UPDATE
              SET seen_at = excluded.seen_at, report = excluded.report",
};
