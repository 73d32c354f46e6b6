//! What hangs on monitors, for many of them at once: their watches, open incidents, channels,
//! good reports. Read for lists and for public pages.

use std::collections::HashMap;

use super::codec::{Origin, row};
use super::db::Many;
use super::overviews::{LastCheck, OpenIncident};
use super::states::each;
use super::{Store, StoreError};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::{ChannelId, IncidentId, MonitorId, TeamId};
use crate::domain::incident::Severity;
use crate::domain::report::CheckReport;
use crate::domain::verdict::CheckStatus;

row! {
    struct WatchRow {
        monitor_id: MonitorId,
        location: String,
        next_check_at: Option<At>,
        last_slot: Option<At>,
        last_started_at: Option<At>,
        last_status: Option<String>,
        last_gated: Option<bool>,
        last_code: Option<String>,
        last_message: Option<String>,
        last_total_ms: Option<f64>,
    }
}

row! {
    struct OpenRow {
        id: IncidentId,
        monitor_id: MonitorId,
        status: String,
        severity: String,
        code: String,
        message: String,
        started_at: At,
    }
}

impl WatchRow {
    fn last_check(self) -> Result<Option<LastCheck>, StoreError> {
        let at = Origin {
            table: "watch",
            id: self.monitor_id,
        };
        let (Some(slot), Some(started_at), Some(status)) =
            (self.last_slot, self.last_started_at, self.last_status)
        else {
            return Ok(None);
        };
        Ok(Some(LastCheck {
            location: self.location,
            slot,
            started_at,
            status: at.parsed("last_status", CheckStatus::parse(&status))?,
            gated: self.last_gated.unwrap_or_default(),
            code: self.last_code.as_deref().and_then(Code::parse),
            message: self.last_message,
            total_ms: self.last_total_ms,
        }))
    }
}

impl Store {
    /// The last checks of monitors, the newest first, and when each is checked next.
    pub(super) async fn watched(
        &self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, (Vec<LastCheck>, Option<At>)>, StoreError> {
        let rows: Vec<WatchRow> = self.db.many_all(WATCHED, each(monitors)).await?;
        let mut watched: HashMap<_, (Vec<LastCheck>, Option<At>)> = HashMap::new();
        for row in rows {
            let (checks, next) = watched.entry(row.monitor_id).or_default();
            *next = [*next, row.next_check_at].into_iter().flatten().min();
            checks.extend(row.last_check()?);
        }
        Ok(watched)
    }

    /// The incidents of monitors that are not over.
    pub(super) async fn open_incidents_of(
        &self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, OpenIncident>, StoreError> {
        let rows: Vec<OpenRow> = self.db.many_all(OPEN, each(monitors)).await?;
        let read = |row: OpenRow| {
            let at = Origin {
                table: "incident",
                id: row.id,
            };
            let severity = [Severity::Down, Severity::Degraded]
                .into_iter()
                .find(|severity| severity.as_str() == row.severity);
            let open = OpenIncident {
                id: row.id,
                severity: at.parsed("severity", severity)?,
                is_acknowledged: row.status == "acknowledged",
                code: Code::parse(&row.code),
                message: row.message,
                started_at: row.started_at,
            };
            Ok((row.monitor_id, open))
        };
        rows.into_iter().map(read).collect()
    }

    /// The channels that monitors name for themselves.
    pub(super) async fn channels_named_by_all(
        &self,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, Vec<ChannelId>>, StoreError> {
        let rows: Vec<(MonitorId, ChannelId)> = self.db.many_all(NAMED, each(monitors)).await?;
        let mut named: HashMap<_, Vec<_>> = HashMap::new();
        for (monitor, channel) in rows {
            named.entry(monitor).or_default().push(channel);
        }
        Ok(named)
    }

    /// A good report with the facts that held last of each of these monitors of a team, where
    /// there was one: protocol, tools, encryption. With several locations, one of them.
    pub async fn good_reports_of(
        &self,
        team: TeamId,
        monitors: &[MonitorId],
    ) -> Result<HashMap<MonitorId, CheckReport>, StoreError> {
        let whose: Vec<_> = monitors.iter().map(|id| (team, *id)).collect();
        self.good_reports_across(&whose).await
    }

    /// The same of monitors of several teams.
    pub(super) async fn good_reports_across(
        &self,
        whose: &[(TeamId, MonitorId)],
    ) -> Result<HashMap<MonitorId, CheckReport>, StoreError> {
        let mut keys = whose.to_vec();
        keys.sort();
        keys.dedup();
        let rows: Vec<(MonitorId, String)> = self.db.many_all(GOOD, keys).await?;
        let read = |(monitor, text): (MonitorId, String)| {
            let at = Origin {
                table: "watch_facts",
                id: monitor,
            };
            Ok((monitor, at.document("report", &text)?))
        };
        rows.into_iter().map(read).collect()
    }
}

const WATCHED: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT w.monitor_id, w.location,
                    CASE WHEN w.next_due IS NULL THEN NULL ELSE COALESCE(w.slot, w.next_due) END
                        AS next_check_at,
                    w.last_slot, w.last_started_at, w.last_status, w.last_gated, w.last_code,
                    w.last_message, w.last_total_ms
               FROM v JOIN watch w ON w.monitor_id = v.id
              ORDER BY w.monitor_id, COALESCE(w.last_started_at, 0) DESC, w.location",
};
const OPEN: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT i.id, i.monitor_id, i.status, i.severity, i.code, i.message, i.started_at
               FROM v JOIN incident i ON i.monitor_id = v.id AND i.status <> 'resolved'",
};
const NAMED: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT c.monitor_id, c.channel_id FROM v JOIN monitor_channel c ON c.monitor_id = v.id
              ORDER BY c.monitor_id, c.channel_id",
};
const GOOD: Many = Many {
    head: "WITH v(team, monitor) AS (VALUES",
    tail: ") SELECT f.monitor_id, f.report
               FROM v JOIN watch_facts f ON f.monitor_id = v.monitor AND f.team_id = v.team
              ORDER BY f.monitor_id, f.seen_at",
};
