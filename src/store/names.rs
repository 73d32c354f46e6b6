//! Monitors by their names and ids only: for forms, and for what is done to many at once.

use super::codec::row;
use super::db::Many;
use super::shown::{OverviewFilter, pattern, shown};
use super::{Store, StoreError};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::status::MonitorStatus;

row! {
    struct NamedRow {
        id: MonitorId,
        name: String,
        has_incident: bool,
    }
}

/// A monitor by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// Whether it has an incident that is not over.
    pub has_incident: bool,
}

impl Store {
    /// The monitors of a team by name.
    pub async fn monitor_names(
        &self,
        team: TeamId,
    ) -> Result<Vec<(MonitorId, String)>, StoreError> {
        self.db.all(NAMES, (team,)).await
    }

    /// These monitors of a team by name; those that are not there are left out.
    pub async fn names_of(
        &self,
        team: TeamId,
        monitors: &[MonitorId],
    ) -> Result<Vec<Named>, StoreError> {
        let keys: Vec<_> = monitors.iter().map(|id| (team, *id)).collect();
        let rows: Vec<NamedRow> = self.db.many_all(NAMES_OF, keys).await?;
        let named = |row: NamedRow| Named {
            id: row.id,
            name: row.name,
            has_incident: row.has_incident,
        };
        let mut all: Vec<Named> = rows.into_iter().map(named).collect();
        all.sort_by_cached_key(|named| (named.name.to_lowercase(), named.id));
        Ok(all)
    }

    /// The monitors of a team that fit, at most `limit`.
    pub async fn monitor_ids(
        &self,
        team: TeamId,
        filter: &OverviewFilter,
        limit: usize,
    ) -> Result<Vec<MonitorId>, StoreError> {
        let status = filter.status.map(MonitorStatus::as_str);
        let text = filter.text.as_deref().map(pattern);
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = (team, status, filter.tag.as_deref(), text, most);
        let ids: Vec<(MonitorId,)> = self.db.all(IDS, params).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }
}

const NAMES: &str = "SELECT id, name FROM monitor WHERE team_id = $1 ORDER BY LOWER(name), id";
const NAMES_OF: Many = Many {
    head: "WITH v(team, monitor) AS (VALUES",
    tail: ") SELECT m.id, m.name, EXISTS (SELECT 1 FROM incident i WHERE i.monitor_id = m.id
                                            AND i.status <> 'resolved') AS has_incident
               FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team",
};
const IDS: &str = concat!("SELECT m.id", shown!(), " ORDER BY m.id LIMIT $5");
