//! Every monitor checked once a minute for some minutes, as a node does it: claimed, probed, judged,
//! recorded. What came of it is seen between scheduler and recorder.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::measure::{Begun, Cost};
use super::stage::Stage;
use crate::app::recorder::{self, Made};
use crate::app::scheduler;
use crate::domain::verdict::CheckStatus;

/// Longest wait until everything that was due at the beginning is done.
const SETTLES_WITHIN: Duration = Duration::from_mins(30);
/// Time after that until the measure begins: the second check of each monitor is an ordinary one.
const SETTLED_FOR: Duration = Duration::from_mins(2);
/// How often it is asked whether all that was due is done.
const LOOK: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What came of it.
pub(super) struct Sustained {
    planned: u32,
    /// How late each check began, in milliseconds, in order.
    lags: Vec<i64>,
    /// Checks that were not up.
    not_up: usize,
    cost: Cost,
    statements: u64,
    bytes: u64,
    memory_kib: u64,
}

/// Lets a node work until it has no arrears, and then measures it for so many minutes.
pub(super) async fn measure(
    stage: &Stage,
    minutes: u32,
    monitors: u32,
) -> anyhow::Result<Sustained> {
    let app = &stage.app;
    let (made, mut seen) = recorder::queue();
    let (kept, queue) = mpsc::channel(recorder::QUEUE);
    let stop = CancellationToken::new();
    let watched = async {
        let _stops = stop.clone().drop_guard();
        let settled = settle(stage, &mut seen, &kept).await?;
        anyhow::ensure!(
            settled,
            "this machine does not keep up with so many monitors"
        );
        let (before, size) = (app.store.statements(), app.store.size().await?);
        let begun = Begun::now()?;
        let until = Instant::now() + MINUTE * minutes;
        let (mut lags, mut not_up) = (Vec::new(), 0);
        while let Ok(Some(made)) = tokio::time::timeout_at(until, seen.recv()).await {
            let result = &made.checked.result;
            lags.push(result.report.started_at.ms_since(result.slot));
            not_up += usize::from(result.report.status != CheckStatus::Up);
            kept.send(made).await.context("the recorder is gone")?;
        }
        let done = u32::try_from(lags.len()).context("too many checks")?;
        let cost = begun.cost(done)?;
        lags.sort_unstable();
        let result = Sustained {
            planned: monitors * minutes,
            lags,
            not_up,
            cost,
            statements: app.store.statements() - before,
            bytes: app.store.size().await?.saturating_sub(size),
            memory_kib: peak_memory()?,
        };
        stop.cancel();
        while let Some(made) = seen.recv().await {
            kept.send(made).await.context("the recorder is gone")?;
        }
        drop(kept);
        anyhow::Ok(result)
    };
    let scheduler = scheduler::run(Arc::clone(app), made, stop.clone());
    let recorder = recorder::run(Arc::clone(app), queue);
    let (result, (), ()) = tokio::join!(watched, scheduler, recorder);
    result
}

/// Passes on what is checked until nothing is late; false when that takes too long.
async fn settle(
    stage: &Stage,
    seen: &mut mpsc::Receiver<Made>,
    kept: &mpsc::Sender<Made>,
) -> anyhow::Result<bool> {
    let app = &stage.app;
    let mut look = tokio::time::interval(LOOK);
    let begun = Instant::now();
    let mut settled_at = None;
    loop {
        tokio::select! {
            Some(made) = seen.recv() => kept.send(made).await.context("the recorder is gone")?,
            _ = look.tick() => {
                let due = app.store.next_due_at(&app.settings.location).await?;
                let is_late = due.is_some_and(|due| due < app.clock.now() - LOOK);
                if !is_late && settled_at.is_none() {
                    settled_at = Some(Instant::now());
                }
                if settled_at.is_some_and(|at: Instant| at.elapsed() >= SETTLED_FOR) {
                    return Ok(true);
                }
                if settled_at.is_none() && begun.elapsed() >= SETTLES_WITHIN {
                    return Ok(false);
                }
            }
        }
    }
}

impl Sustained {
    /// Prints a line for each figure, or all of them as one object.
    pub(super) fn print(&self, is_json: bool) -> anyhow::Result<()> {
        let done = f64::from(self.cost.n);
        #[expect(
            clippy::cast_precision_loss,
            reason = "far below the precision of a float"
        )]
        let each = |sum: u64| sum as f64 / done;
        let [p50, p99, last] = [0.5, 0.99, 1.0].map(|share| self.lag(share));
        let mut out = std::io::stdout();
        if is_json {
            let line = serde_json::json!({
                "planned": self.planned, "done": self.cost.n, "not_up": self.not_up,
                "lag_p50_ms": p50, "lag_p99_ms": p99, "lag_max_ms": last,
                "cpu_ms": self.cost.cpu_ms(), "statements": each(self.statements),
                "bytes": each(self.bytes), "memory_kib": self.memory_kib,
            });
            return Ok(writeln!(out, "{line}")?);
        }
        let share = 100.0 * done / f64::from(self.planned);
        writeln!(out, "planned      {} checks", self.planned)?;
        writeln!(
            out,
            "done         {} ({share:.2} %), {} of them not up",
            self.cost.n, self.not_up
        )?;
        writeln!(
            out,
            "late by      p50 {p50} ms, p99 {p99} ms, at most {last} ms"
        )?;
        writeln!(
            out,
            "CPU          {:.3} ms for each check",
            self.cost.cpu_ms()
        )?;
        writeln!(
            out,
            "statements   {:.3} for each check",
            each(self.statements)
        )?;
        writeln!(
            out,
            "database     {:.0} bytes for each check",
            each(self.bytes)
        )?;
        Ok(writeln!(
            out,
            "memory       {} MiB at most",
            self.memory_kib / 1024
        )?)
    }

    /// The lag that `share` of the checks stayed at or below, in milliseconds.
    fn lag(&self, share: f64) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let place = (self.lags.len() as f64 * share).ceil() as usize;
        let place = place.clamp(1, self.lags.len().max(1)) - 1;
        self.lags.get(place).copied().unwrap_or_default()
    }
}

/// The most memory that this process has had, in KiB. Fails where it cannot be read: it needs Linux.
fn peak_memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("measuring needs Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .context("an odd /proc/self/status")
}
