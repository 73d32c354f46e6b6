//! Incidents: at most one open to a monitor, which the table itself sees to.
//!
//! An incident that is read inside a transaction is read to be changed: nobody else changes it
//! until the transaction ends. What is written of one may be news for the subscribers of a status
//! page: `news` finds it from what is left here.

use std::collections::HashSet;

use super::codec::{Origin, Page, document, place, row};
use super::db::{Dialects, Many};
use super::states::each;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::cause::cause;
use crate::domain::failure::Code;
use crate::domain::id::{IncidentId, MonitorId, TeamId};
use crate::domain::incident::{HeldBack, Incident, Phase, Severity};
use crate::domain::people::People;

row! {
    struct IncidentRow {
        id: IncidentId,
        team_id: TeamId,
        monitor_id: MonitorId,
        status: String,
        severity: String,
        code: String,
        message: String,
        hint: String,
        started_at: At,
        confirmed_at: At,
        acknowledged_at: Option<At>,
        resolved_at: Option<At>,
        timeline: String,
        evidence: String,
        changed: String,
        told: i64,
        turns: Option<i64>,
        held: Option<String>,
        remind_at: Option<At>,
        escalate_at: Option<At>,
        people: Option<String>,
    }
}

impl IncidentRow {
    fn incident(self) -> Result<Incident, StoreError> {
        let at = Origin {
            table: "incident",
            id: self.id,
        };
        let code = at.parsed("code", Code::parse(&self.code))?;
        let phase = match (&*self.status, self.acknowledged_at, self.resolved_at) {
            ("open", ..) => Phase::Open,
            ("acknowledged", Some(at), _) => Phase::Acknowledged { at },
            ("resolved", acknowledged_at, Some(at)) => Phase::Resolved {
                acknowledged_at,
                at,
            },
            _ => return Err(at.corrupt("status")),
        };
        Ok(Incident {
            id: self.id,
            team: self.team_id,
            monitor: self.monitor_id,
            severity: at.parsed("severity", Severity::parse(&self.severity))?,
            code,
            layer: code.layer(),
            message: self.message,
            hint: self.hint,
            started_at: self.started_at,
            confirmed_at: self.confirmed_at,
            phase,
            timeline: at.document("timeline", &self.timeline)?,
            evidence: at.document("evidence", &self.evidence)?,
            changed: at.document("changed", &self.changed)?,
            told: u32::try_from(self.told).unwrap_or(u32::MAX),
            turns: self
                .turns
                .map(|turns| u32::try_from(turns).unwrap_or(u32::MAX)),
            held: match self.held.as_deref() {
                Some(word) => Some(at.parsed("held", HeldBack::parse(word))?),
                None => None,
            },
            remind_at: self.remind_at,
            escalate_at: self.escalate_at,
            people: match &self.people {
                Some(text) => at.document("people", text)?,
                None => People::default(),
            },
        })
    }
}

/// Which incidents to list; all of them by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct IncidentFilter {
    /// Of this monitor only.
    pub monitor: Option<MonitorId>,
    /// Only those that are over, or only those that are not.
    pub is_resolved: Option<bool>,
    /// Only those that were not over before this instant.
    pub since: Option<At>,
}

/// What an outage may have in common with others, by what checks found. A muted one speaks for no
/// other.
fn shared_cause(incident: &Incident) -> Option<String> {
    let people = &incident.people;
    let is_down = people.found.unwrap_or(incident.severity) == Severity::Down;
    let speaks = is_down && people.mute.is_none();
    speaks.then(|| cause(&incident.evidence)).flatten()
}

impl Tx {
    /// Writes a new incident, of which people have said nothing yet. `Conflict` when its monitor has
    /// an open one already.
    pub async fn open_incident(&mut self, incident: &Incident) -> Result<(), StoreError> {
        let row = (
            incident.id,
            incident.team,
            incident.monitor,
            incident.started_at,
            incident.confirmed_at,
            incident.severity.as_str(),
            incident.code.as_str(),
            &*incident.message,
            &*incident.hint,
            document(&incident.timeline)?,
            document(&incident.evidence)?,
            document(&incident.changed)?,
            i64::from(incident.told),
            incident.turns.map(i64::from),
            incident.held.map(HeldBack::as_str),
            incident.remind_at,
            incident.escalate_at,
            shared_cause(incident),
        );
        self.db.run(OPEN_INCIDENT, row).await?;
        self.db.run(HAS_NEWS, (incident.id,)).await?;
        Ok(())
    }

    /// Writes what has changed of an incident. What was different when it opened never changes.
    pub async fn save_incident(&mut self, incident: &Incident) -> Result<(), StoreError> {
        let row = (
            incident.id,
            incident.team,
            incident.status(),
            incident.severity.as_str(),
            incident.code.as_str(),
            &*incident.message,
            &*incident.hint,
            incident.acknowledged_at(),
            incident.resolved_at(),
            document(&incident.timeline)?,
            document(&incident.evidence)?,
            i64::from(incident.told),
            incident.turns.map(i64::from),
            incident.held.map(HeldBack::as_str),
            incident.remind_at,
            incident.escalate_at,
            shared_cause(incident),
            document(&incident.people)?,
        );
        self.db.run(SAVE_INCIDENT, row).await?;
        self.db.run(HAS_NEWS, (incident.id,)).await?;
        Ok(())
    }

    /// Which of these monitors have an incident that is not over.
    pub async fn with_open_incident(
        &mut self,
        monitors: &[MonitorId],
    ) -> Result<HashSet<MonitorId>, StoreError> {
        let ids = each(monitors);
        let rows: Vec<(MonitorId,)> = self.db.many_all(WITH_OPEN_INCIDENT, ids).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The incident of a monitor that is not over, to be changed.
    pub async fn open_incident_of(
        &mut self,
        monitor: MonitorId,
    ) -> Result<Option<Incident>, StoreError> {
        let sql = self.db.pick(OPEN_INCIDENT_OF);
        let row: Option<IncidentRow> = self.db.optional(sql, (monitor,)).await?;
        row.map(IncidentRow::incident).transpose()
    }

    /// An incident of a team, to be changed.
    pub async fn incident(
        &mut self,
        team: TeamId,
        id: IncidentId,
    ) -> Result<Option<Incident>, StoreError> {
        let sql = self.db.pick(INCIDENT_TO_CHANGE);
        let row: Option<IncidentRow> = self.db.optional(sql, (team, id)).await?;
        row.map(IncidentRow::incident).transpose()
    }
}

/// An incident that is not over and of which nobody has been told everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldIncident {
    /// Which.
    pub id: IncidentId,
    /// Whose it is.
    pub team: TeamId,
    /// The monitor that it is about.
    pub monitor: MonitorId,
}

impl Store {
    /// The incidents that hold news back and are not over, by id from after `after` on, at most
    /// `limit`.
    pub async fn held_incidents(
        &self,
        after: Option<IncidentId>,
        limit: u32,
    ) -> Result<Vec<HeldIncident>, StoreError> {
        let params = (after, i64::from(limit));
        let rows: Vec<(IncidentId, TeamId, MonitorId)> =
            self.db.all(HELD_INCIDENTS, params).await?;
        let held = |(id, team, monitor)| HeldIncident { id, team, monitor };
        Ok(rows.into_iter().map(held).collect())
    }

    /// The incidents of which people are to be reminded at `now`, the longest due first and at most
    /// `limit`.
    pub async fn incidents_to_remind(
        &self,
        now: At,
        limit: u32,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.db.all(TO_REMIND, (now, i64::from(limit))).await
    }

    /// The incidents that nobody has acknowledged for so long that others are to be told at `now`,
    /// the longest due first and at most `limit`.
    pub async fn incidents_to_escalate(
        &self,
        now: At,
        limit: u32,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.db.all(TO_ESCALATE, (now, i64::from(limit))).await
    }

    /// An incident of a team.
    pub async fn incident(
        &self,
        team: TeamId,
        id: IncidentId,
    ) -> Result<Option<Incident>, StoreError> {
        let sql = INCIDENT_TO_CHANGE.sqlite;
        let row: Option<IncidentRow> = self.db.optional(sql, (team, id)).await?;
        row.map(IncidentRow::incident).transpose()
    }

    /// The incidents of a team, newest first.
    pub async fn incidents(
        &self,
        team: TeamId,
        filter: &IncidentFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Incident>, StoreError> {
        let after: Option<(i64, uuid::Uuid)> = place(cursor)?;
        let (started, id) = after.unzip();
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let IncidentFilter {
            monitor,
            is_resolved,
            since,
        } = *filter;
        let params = (team, monitor, is_resolved, since, started, id, most);
        let rows: Vec<IncidentRow> = self.db.all(INCIDENTS, params).await?;
        let read = rows.into_iter().map(IncidentRow::incident);
        let incidents = read.collect::<Result<Vec<_>, _>>()?;
        Page::cut(incidents, limit, |incident| {
            (incident.started_at.0, incident.id)
        })
    }

    /// The incidents of these monitors of a team that were not over before `since`, newest first:
    /// what a status page tells. At most `limit` of them, those that are open before all others.
    pub async fn incidents_of(
        &self,
        team: TeamId,
        monitors: &[MonitorId],
        since: At,
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let time = (since, At(i64::MAX));
        self.incidents_between(team, monitors, time, limit).await
    }

    /// As [`Store::incidents_of`], and only those that began before an instant.
    pub async fn incidents_between(
        &self,
        team: TeamId,
        monitors: &[MonitorId],
        (since, before): (At, At),
        limit: usize,
    ) -> Result<Vec<Incident>, StoreError> {
        let keys = each(monitors)
            .into_iter()
            .map(|(id,)| (team, id, since, before));
        let mut rows: Vec<(bool, At, IncidentId)> = self.db.many_all(INCIDENT_IDS, keys).await?;
        rows.sort_by(|a, b| b.cmp(a));
        rows.truncate(limit);
        let keys = rows.iter().map(|(.., id)| (team, *id));
        let rows: Vec<IncidentRow> = self.db.many_all(INCIDENTS_BY_ID, keys).await?;
        let read = rows.into_iter().map(IncidentRow::incident);
        let mut incidents = read.collect::<Result<Vec<_>, _>>()?;
        incidents.sort_by_key(|incident| std::cmp::Reverse((incident.started_at, incident.id)));
        Ok(incidents)
    }
}

/// The columns of an incident.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, monitor_id, status, severity, code, message, hint, started_at,
                    confirmed_at, acknowledged_at, resolved_at, timeline, evidence, changed,
                    told, turns, held, remind_at, escalate_at, people
               FROM incident ",
            $rest
        )
    };
}

const OPEN_INCIDENT: &str = "
    INSERT INTO incident (id, team_id, monitor_id, status, started_at, confirmed_at, severity, code,
                          message, hint, timeline, evidence, changed, told, turns,
                          held, remind_at, escalate_at, cause)
    VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18)";
const SAVE_INCIDENT: &str = "
    UPDATE incident
       SET status = $3, severity = $4, code = $5, message = $6, hint = $7, acknowledged_at = $8,
           resolved_at = $9, timeline = $10, evidence = $11, told = $12, turns = $13, held = $14,
           remind_at = $15, escalate_at = $16, cause = $17, people = $18
     WHERE id = $1 AND team_id = $2";
/// One row whoever subscribes, and none where no status page shows the monitor.
const HAS_NEWS: &str = "
    INSERT INTO incident_news (incident_id, team_id)
    SELECT i.id, i.team_id FROM incident i
     WHERE i.id = $1
       AND EXISTS (SELECT 1 FROM status_component c WHERE c.monitor_id = i.monitor_id)
        ON CONFLICT (incident_id) DO NOTHING";
const WITH_OPEN_INCIDENT: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT i.monitor_id
             FROM v JOIN incident i ON i.monitor_id = v.id AND i.status <> 'resolved'",
};
/// PostgreSQL locks the row, so that a recovery and an acknowledgement do not undo each other;
/// SQLite has one writer.
const OPEN_INCIDENT_OF: Dialects = Dialects {
    sqlite: select!("WHERE monitor_id = $1 AND status <> 'resolved'"),
    postgres: select!("WHERE monitor_id = $1 AND status <> 'resolved' FOR UPDATE"),
};
/// As above.
const INCIDENT_TO_CHANGE: Dialects = Dialects {
    sqlite: select!("WHERE team_id = $1 AND id = $2"),
    postgres: select!("WHERE team_id = $1 AND id = $2 FOR UPDATE"),
};
const HELD_INCIDENTS: &str = "
    SELECT id, team_id, monitor_id FROM incident
     WHERE held IS NOT NULL AND status <> 'resolved' AND ($1 IS NULL OR id > $1)
     ORDER BY id LIMIT $2";
const TO_REMIND: &str = "
    SELECT team_id, id FROM incident WHERE remind_at <= $1 ORDER BY remind_at, id LIMIT $2";
const TO_ESCALATE: &str = "
    SELECT team_id, id FROM incident WHERE escalate_at <= $1 ORDER BY escalate_at, id LIMIT $2";
const INCIDENTS: &str = select!(
    "WHERE team_id = $1 AND ($2 IS NULL OR monitor_id = $2)
       AND ($3 IS NULL OR (status = 'resolved') = $3)
       AND ($4 IS NULL OR resolved_at IS NULL OR resolved_at >= $4)
       AND ($5 IS NULL OR started_at < $5 OR (started_at = $5 AND id < $6))
     ORDER BY started_at DESC, id DESC LIMIT $7"
);
// Which ones, without their reports: a page shows a few of many.
const INCIDENT_IDS: Many = Many {
    head: "WITH v(team, monitor, since, before) AS (VALUES",
    tail: ") SELECT i.resolved_at IS NULL, i.started_at, i.id
               FROM v JOIN incident i ON i.monitor_id = v.monitor AND i.team_id = v.team
              WHERE (i.resolved_at IS NULL OR i.resolved_at >= v.since)
                AND i.started_at < v.before",
};
const INCIDENTS_BY_ID: Many = Many {
    head: "WITH v(team, incident) AS (VALUES",
    tail: concat!(
        ") ",
        select!("WHERE (team_id, id) IN (SELECT team, incident FROM v)")
    ),
};
