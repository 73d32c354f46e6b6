//! Whole check reports: the last failures of each monitor, and the last good one of each watch.

use std::collections::HashMap;

use super::codec::{Origin, document, row};
use super::db::Many;
use super::states::each;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::check::CheckResult;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::report::CheckReport;

/// What is known of a watch in full.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestReport {
    /// From where.
    pub location: String,
    /// When its last check began, if there was one.
    pub checked_at: Option<At>,
    /// The report of the last check, when that one failed.
    pub failed: Option<CheckReport>,
    /// A good report with the facts that held last. Its time is when they were first seen so.
    pub good: Option<CheckReport>,
}

row! {
    struct LatestRow {
        location: String,
        last_started_at: Option<At>,
        failed: Option<String>,
        good: Option<String>,
    }
}

row! {
    struct FactsRow {
        monitor_id: MonitorId,
        location: String,
        report: String,
    }
}

impl Tx {
    /// Keeps the whole report of checks that failed. Retention leaves the last ones per monitor.
    pub async fn save_failure_reports(
        &mut self,
        failed: &[&CheckResult],
    ) -> Result<(), StoreError> {
        let rows = failed.iter().map(|check| {
            let watch = &check.watch;
            let report = document(&check.report)?;
            Ok((
                watch.monitor,
                check.slot,
                &*watch.location,
                watch.team,
                report,
            ))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        self.db.many(SAVE_REPORTS, rows).await?;
        Ok(())
    }

    /// The last good report of each watch of these monitors, by location.
    pub async fn good_reports(
        &mut self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, Vec<(String, CheckReport)>>, StoreError> {
        let rows: Vec<FactsRow> = self.db.many_all(GOOD_REPORTS, each(monitors)).await?;
        let mut reports: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let at = Origin {
                table: "watch_facts",
                id: row.monitor_id,
            };
            let report = at.document("report", &row.report)?;
            reports
                .entry(row.monitor_id)
                .or_default()
                .push((row.location, report));
        }
        Ok(reports)
    }
}

impl Store {
    /// What is known in full of each watch of a monitor, the one that was checked last first.
    pub async fn latest_reports(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Vec<LatestReport>, StoreError> {
        let rows: Vec<LatestRow> = self.db.all(LATEST, (team, monitor)).await?;
        let at = Origin {
            table: "watch",
            id: monitor,
        };
        let read = |row: LatestRow| {
            let report =
                |text: Option<String>| text.map(|text| at.document("report", &text)).transpose();
            Ok(LatestReport {
                location: row.location,
                checked_at: row.last_started_at,
                failed: report(row.failed)?,
                good: report(row.good)?,
            })
        };
        let mut reports = rows
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, StoreError>>()?;
        reports.sort_by_key(|report| std::cmp::Reverse(report.checked_at));
        Ok(reports)
    }

    /// The whole report of one failed check, while it is kept.
    pub async fn check_report(
        &self,
        team: TeamId,
        monitor: MonitorId,
        location: &str,
        slot: At,
    ) -> Result<Option<CheckReport>, StoreError> {
        let key = (team, monitor, location, slot);
        let row: Option<(String,)> = self.db.optional(REPORT, key).await?;
        let at = Origin {
            table: "check_report",
            id: monitor,
        };
        row.map(|(text,)| at.document("report", &text)).transpose()
    }

    /// The whole reports of the last failed checks of a monitor with their slots, newest first.
    pub async fn failure_reports(
        &self,
        team: TeamId,
        monitor: MonitorId,
        limit: usize,
    ) -> Result<Vec<(At, CheckReport)>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(At, String)> = self.db.all(REPORTS, (team, monitor, most)).await?;
        let at = Origin {
            table: "check_report",
            id: monitor,
        };
        let read = |(slot, text): (At, String)| Ok((slot, at.document("report", &text)?));
        rows.into_iter().map(read).collect()
    }
}

const SAVE_REPORTS: Many = Many {
    head: "INSERT INTO check_report (monitor_id, slot, location, team_id, report) VALUES",
    tail: "ON CONFLICT (monitor_id, slot, location) DO NOTHING",
};
const GOOD_REPORTS: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT f.monitor_id, f.location, f.report
             FROM v JOIN watch_facts f ON f.monitor_id = v.id ORDER BY f.monitor_id, f.location",
};
const LATEST: &str = "
    SELECT w.location, w.last_started_at, r.report AS failed, f.report AS good
      FROM watch w
      LEFT JOIN check_report r ON r.monitor_id = w.monitor_id AND r.location = w.location
                              AND r.slot = w.last_slot
      LEFT JOIN watch_facts f ON f.monitor_id = w.monitor_id AND f.location = w.location
     WHERE w.team_id = $1 AND w.monitor_id = $2";
const REPORT: &str = "
    SELECT report FROM check_report
     WHERE team_id = $1 AND monitor_id = $2 AND location = $3 AND slot = $4";
const REPORTS: &str = "
    SELECT slot, report FROM check_report
     WHERE team_id = $1 AND monitor_id = $2 ORDER BY slot DESC LIMIT $3";
