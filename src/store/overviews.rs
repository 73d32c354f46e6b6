//! What lists show of monitors: a page of them with everything beside it, in a fixed number of
//! statements however many there are.
//!
//! Broken ones come first. The sums are those that the page of a monitor shows, too.

use std::collections::HashMap;

use super::codec::{Origin, Page, place, row};
use super::monitor_row::MonitorRow;
use super::shown::{OverviewFilter, pattern, rank, shown};
use super::windows::{Edges, OVERVIEW_WINDOWS};
use super::{Store, StoreError};
use crate::domain::accounting::{Span, live_tail};
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::failure::Code;
use crate::domain::id::{ChannelId, IncidentId, MonitorId, TeamId};
use crate::domain::incident::Severity;
use crate::domain::maintenance::{Coverage, Run};
use crate::domain::monitor::Monitor;
use crate::domain::status::{MonitorStatus, State};
use crate::domain::uptime::{Dated, Day, Spent, strip};
use crate::domain::verdict::CheckStatus;

/// Days of the strip.
const STRIP_DAYS: usize = 90;
/// Hours of the sparkline.
const SPARK_HOURS: i64 = 24;

/// The last check of a watch, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct LastCheck {
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
    /// Why, when it is not plainly up.
    pub code: Option<Code>,
    /// Why, in words.
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub total_ms: Option<f64>,
}

/// An incident that is not over, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its id.
    pub id: IncidentId,
    /// How bad it is.
    pub severity: Severity,
    /// Whether somebody cares for it.
    pub is_acknowledged: bool,
    /// Why, as a code.
    pub code: Option<Code>,
    /// Why, in words.
    pub message: String,
    /// The first bad check.
    pub started_at: At,
}

/// A monitor with everything that a list shows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The monitor.
    pub monitor: Monitor,
    /// When it was made.
    pub created_at: At,
    /// How often it was changed.
    pub revision: i64,
    /// The channels that it names; none means the default ones.
    pub channels: Vec<ChannelId>,
    /// What is known of it.
    pub state: State,
    /// The last check from each location, the newest first.
    pub last_checks: Vec<LastCheck>,
    /// When it is checked next; `None` while paused.
    pub next_check_at: Option<At>,
    /// Its incident, if one is not over.
    pub open_incident: Option<OpenIncident>,
    /// The maintenance window that it is in.
    pub maintenance: Option<Run>,
    /// The time that no sum holds yet, as far as a check vouches for it.
    pub tail: Vec<Span>,
    /// Time by status in each window, by the name of the window.
    pub windows: Vec<(&'static str, Spent)>,
    /// The last 90 days, oldest first, without holes.
    pub days: Vec<Day>,
    /// The last 24 hours that there are sums of, oldest first.
    pub hours: Vec<Dated>,
}

impl Overview {
    /// How it is: its state, unless its owner wishes it not to be checked.
    pub fn status(&self) -> MonitorStatus {
        if self.monitor.paused {
            MonitorStatus::Paused
        } else {
            self.state.status
        }
    }

    /// Its last check, from wherever.
    pub fn last_check(&self) -> Option<&LastCheck> {
        self.last_checks.first()
    }

    /// Time by status in a window, by its name.
    pub fn spent(&self, window: &str) -> Spent {
        let found = self.windows.iter().find(|(name, _)| *name == window);
        found.map_or_else(Spent::default, |(_, spent)| *spent)
    }
}

row! {
    struct ListedRow {
        state: String,
        place: i64,
        sort_name: String,
    }
}

/// A monitor with its place in the list.
pub(super) struct Listed(ListedRow, MonitorRow);

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Listed
where
    ListedRow: sqlx::FromRow<'r, R>,
    MonitorRow: sqlx::FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self(ListedRow::from_row(row)?, MonitorRow::from_row(row)?))
    }
}

/// What hangs on the monitors of a page.
struct Beside {
    watched: HashMap<MonitorId, (Vec<LastCheck>, Option<At>)>,
    incidents: HashMap<MonitorId, OpenIncident>,
    channels: HashMap<MonitorId, Vec<ChannelId>>,
    days: HashMap<MonitorId, Vec<Dated>>,
    hours: HashMap<MonitorId, Vec<Dated>>,
    edges: Edges,
    maintenance: Coverage,
}

impl Store {
    /// The monitors of a team with what lists show of them, broken first, then by name.
    pub async fn overviews(
        &self,
        team: TeamId,
        filter: &OverviewFilter,
        cursor: Option<&str>,
        limit: usize,
        now: At,
    ) -> Result<Page<Overview>, StoreError> {
        let after: Option<(i64, String, uuid::Uuid)> = place(cursor)?;
        let (rank, name, id) = match after {
            Some((rank, name, id)) => (Some(rank), Some(name), Some(id)),
            None => (None, None, None),
        };
        let status = filter.status.map(MonitorStatus::as_str);
        let text = filter.text.as_deref().map(pattern);
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let params = (
            team,
            status,
            filter.tag.as_deref(),
            text,
            rank,
            name,
            id,
            most,
        );
        let rows: Vec<Listed> = self.db.all(LISTED, params).await?;
        let page = Page::cut(rows, limit, |Listed(row, monitor)| {
            (row.place, row.sort_name.clone(), monitor.id)
        })?;
        Ok(Page {
            rows: self.with_everything(page.rows, now).await?,
            next: page.next,
        })
    }

    /// One monitor of a team with what lists show of it.
    pub async fn overview(
        &self,
        team: TeamId,
        id: MonitorId,
        now: At,
    ) -> Result<Option<Overview>, StoreError> {
        Ok(self.overviews_of(team, &[id], now).await?.pop())
    }

    /// These monitors of a team with what lists show of them, in no order; those that are not
    /// there are left out.
    pub async fn overviews_of(
        &self,
        team: TeamId,
        monitors: &[MonitorId],
        now: At,
    ) -> Result<Vec<Overview>, StoreError> {
        let keys: Vec<_> = monitors.iter().map(|id| (team, *id)).collect();
        let rows: Vec<Listed> = self.db.many_all(LISTED_BY_ID, keys).await?;
        self.with_everything(rows, now).await
    }

    async fn with_everything(
        &self,
        rows: Vec<Listed>,
        now: At,
    ) -> Result<Vec<Overview>, StoreError> {
        let ids: Vec<MonitorId> = rows.iter().map(|Listed(_, monitor)| monitor.id).collect();
        let rows = rows.into_iter().map(|Listed(listed, monitor)| {
            let at = Origin {
                table: "monitor_state",
                id: monitor.id,
            };
            let state: State = at.document("state", &listed.state)?;
            Ok((state, monitor))
        });
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        let whose = rows.iter().map(|(_, row)| (row.team_id, row.id));
        let whose: Vec<_> = whose.collect();
        let accounted = rows.iter().filter_map(|(state, _)| state.accounted_until);
        let since = accounted.min().unwrap_or(now);
        let just_after = At(now.0.saturating_add(1));
        let longest = At(now.0 - DAY_MS * i64::try_from(STRIP_DAYS).unwrap_or_default());
        let recent = At(now.0 - (SPARK_HOURS - 1) * HOUR_MS);
        // Side by side: they wait for different connections.
        let (watched, incidents, channels, mut days, mut hours, mut edges, maintenance) = tokio::try_join!(
            self.watched(&ids),
            self.open_incidents_of(&ids),
            self.channels_named_by_all(&ids),
            self.ended_days(&ids, longest),
            self.ended_hours(&ids, recent),
            self.edges(&ids, &OVERVIEW_WINDOWS, now),
            self.coverage(&whose, since, just_after),
        )?;
        let open = self.open_hours(&ids).await?;
        open.add_to_days(&mut days, longest);
        open.add_to_hours(&mut hours, recent);
        edges.add(&open, &OVERVIEW_WINDOWS, now);
        let mut beside = Beside {
            watched,
            incidents,
            channels,
            days,
            hours,
            edges,
            maintenance,
        };
        let assemble = |(state, row)| self.overview_from(state, &row, &mut beside, now);
        rows.into_iter().map(assemble).collect()
    }

    fn overview_from(
        &self,
        state: State,
        row: &MonitorRow,
        beside: &mut Beside,
        now: At,
    ) -> Result<Overview, StoreError> {
        let id = row.id;
        let monitor = row.monitor(&self.key)?;
        let tail = if monitor.paused {
            vec![]
        } else {
            let tail = live_tail(&state, now);
            beside.maintenance.apart(id, &tail)
        };
        let days = beside.days.remove(&id).unwrap_or_default();
        let (last_checks, next_check_at) = beside.watched.remove(&id).unwrap_or_default();
        Ok(Overview {
            monitor,
            created_at: row.created_at,
            revision: row.revision,
            channels: beside.channels.remove(&id).unwrap_or_default(),
            state,
            last_checks,
            next_check_at,
            open_incident: beside.incidents.remove(&id),
            maintenance: beside.maintenance.at(id, now),
            windows: beside.edges.spent(id, &days, &tail, now),
            days: strip(&days, &tail, now, STRIP_DAYS),
            hours: beside.hours.remove(&id).unwrap_or_default(),
            tail,
        })
    }

    /// How many monitors of a team are in each status, worst first; statuses without any are left
    /// out.
    pub async fn status_counts(
        &self,
        team: TeamId,
    ) -> Result<Vec<(MonitorStatus, usize)>, StoreError> {
        let rows: Vec<(String, i64)> = self.db.all(STATUS_COUNTS, (team,)).await?;
        let at = Origin {
            table: "monitor_state",
            id: team,
        };
        let read = |(word, count): (String, i64)| {
            let status = at.parsed("status", MonitorStatus::parse(&word))?;
            Ok((status, usize::try_from(count).unwrap_or_default()))
        };
        let mut counts = rows
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, StoreError>>()?;
        counts.sort_by_key(|(status, _)| MonitorStatus::ALL.iter().position(|s| s == status));
        Ok(counts)
    }
}

/// The columns of a line of the list.
macro_rules! listed {
    () => {
        "m.id, m.team_id, m.name, m.url, m.spec, m.sealed, m.paused, m.created_at, m.revision, s.state"
    };
}

/// The places are sorted alone; what is wide is read for the lines of the page only.
const LISTED: &str = concat!(
    "SELECT ",
    listed!(),
    ", listed.sort_name, listed.place FROM (
     SELECT id, sort_name, place FROM (
     SELECT m.id, LOWER(m.name) AS sort_name, ",
    rank!(),
    " AS place",
    shown!(),
    ") AS found
      WHERE $5 IS NULL OR (place, sort_name, id) > ($5, $6, $7)
      ORDER BY place, sort_name, id LIMIT $8) AS listed
       JOIN monitor m ON m.id = listed.id
       JOIN monitor_state s ON s.monitor_id = listed.id
      ORDER BY listed.place, listed.sort_name, listed.id"
);
const LISTED_BY_ID: super::db::Many = super::db::Many {
    head: "WITH v(team, monitor) AS (VALUES",
    tail: concat!(
        ") SELECT ",
        listed!(),
        ", LOWER(m.name) AS sort_name, ",
        rank!(),
        " AS place FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team
                         JOIN monitor_state s ON s.monitor_id = m.id"
    ),
};
/// Every open list asks for it at every change: it reads indexes, and of the monitors only the paused.
const STATUS_COUNTS: &str = "
    SELECT word, CAST(SUM(n) AS BIGINT) FROM (
        SELECT status AS word, COUNT(*) AS n FROM monitor_state WHERE team_id = $1 GROUP BY status
         UNION ALL
        SELECT s.status, -COUNT(*) FROM monitor m JOIN monitor_state s ON s.monitor_id = m.id
         WHERE m.team_id = $1 AND m.paused GROUP BY s.status
         UNION ALL
        SELECT 'paused', COUNT(*) FROM monitor m WHERE m.team_id = $1 AND m.paused) AS counted
     GROUP BY word HAVING SUM(n) > 0";
