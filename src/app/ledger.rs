//! What a batch of checks adds to the rollups: time by status, checks, latencies.

use std::collections::BTreeMap;

use crate::domain::accounting::Span;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::uptime::{self, Bucket};
use crate::domain::verdict::CheckStatus;
use crate::store::{Addition, StoreError, Tx, WHOLE};

use super::check::Checked;

/// Sums by monitor, location and hour.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<(TeamId, MonitorId, String, At), Bucket>);

impl Ledger {
    /// Adds a check, and the time that it closes for its monitor.
    pub fn add(&mut self, checked: &Checked, spans: &[Span]) {
        let watch = &checked.result.watch;
        self.count(checked, WHOLE);
        if checked.locations > 1 {
            self.count(checked, &watch.location);
        }
        self.add_time(watch.team, watch.monitor, spans);
    }

    /// Adds time of a monitor as a whole.
    pub fn add_time(&mut self, team: TeamId, monitor: MonitorId, spans: &[Span]) {
        for (hour, spent) in uptime::by_hour(spans) {
            let key = (team, monitor, WHOLE.to_owned(), hour);
            self.0.entry(key).or_default().spent.merge(&spent);
        }
    }

    fn count(&mut self, checked: &Checked, location: &str) {
        let (watch, report) = (&checked.result.watch, &checked.result.report);
        let hour = report.started_at.hour();
        let key = (watch.team, watch.monitor, location.to_owned(), hour);
        let bucket = self.0.entry(key).or_default();
        bucket.checks += 1;
        if matches!(report.status, CheckStatus::Down | CheckStatus::Degraded) {
            bucket.failures += 1;
        }
        if checked.result.is_usable() {
            for (phase, ms) in report.timings_ms.phases() {
                bucket.latency.add(phase, ms);
            }
        }
    }

    /// The sums, one addition each.
    pub fn rows(self) -> Vec<Addition> {
        let row = |((team, monitor, location, at), bucket)| Addition {
            team,
            monitor,
            location,
            at,
            bucket,
        };
        self.0.into_iter().map(row).collect()
    }
}

/// Writes time of a monitor that no check closes into its sums.
pub async fn add_time_of(
    tx: &mut Tx,
    (team, monitor): (TeamId, MonitorId),
    spans: &[Span],
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
        return Ok(());
    };
    let whose = [(team, monitor)];
    let maintenance = tx.coverage(&whose, first.from, last.until).await?;
    let mut ledger = Ledger::default();
    ledger.add_time(team, monitor, &maintenance.apart(monitor, spans));
    tx.add_to_rollups(&ledger.rows()).await
}
