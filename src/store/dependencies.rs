//! What monitors depend on, asked from both ends, and what may keep people from being called.
//!
//! The list itself is a part of the spec of a monitor. Here are the rows that go with it: written
//! with the monitor (`monitors`), gone with either of the two.

use std::collections::HashMap;

use super::codec::{Origin, document, row};
use super::db::{Dialects, Many};
use super::monitor_row::{interval, without_dependency};
use super::states::each;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::dependency::{Dependency, Unfit};
use crate::domain::held_back::Reasons;
use crate::domain::id::{MonitorId, TeamId};

row! {
    struct DependencyRow {
        monitor_id: MonitorId,
        id: MonitorId,
        name: String,
        spec: String,
        paused: bool,
        state: String,
    }
}

type ByMonitor = HashMap<MonitorId, Vec<Dependency>>;

fn by_monitor(rows: Vec<DependencyRow>) -> Result<ByMonitor, StoreError> {
    let mut found = ByMonitor::new();
    for row in rows {
        let of = |table| Origin { table, id: row.id };
        let dependency = Dependency {
            monitor: row.id,
            name: row.name,
            interval: of("monitor").parsed("spec", interval(&row.spec))?,
            paused: row.paused,
            state: of("monitor_state").document("state", &row.state)?,
        };
        found.entry(row.monitor_id).or_default().push(dependency);
    }
    Ok(found)
}

fn ids(monitors: &[(TeamId, MonitorId)]) -> Vec<(MonitorId,)> {
    let ids: Vec<MonitorId> = monitors.iter().map(|(_, id)| *id).collect();
    each(&ids)
}

impl Store {
    /// What a monitor of a team depends on, by name.
    pub async fn dependencies(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Vec<Dependency>, StoreError> {
        let rows: Vec<DependencyRow> = self.db.all(DEPENDENCIES, (team, monitor)).await?;
        let mut found = by_monitor(rows)?;
        Ok(found.remove(&monitor).unwrap_or_default())
    }

    /// The monitors of a team that depend on one of them, by name, at most `limit`.
    pub async fn dependents(
        &self,
        team: TeamId,
        on: MonitorId,
        limit: u32,
    ) -> Result<Vec<(MonitorId, String)>, StoreError> {
        let params = (team, on, i64::from(limit));
        self.db.all(DEPENDENTS, params).await
    }

    /// What may keep people from being called of these monitors: the windows that cover them from
    /// `from` until before `until`, and what they depend on as it is now.
    pub async fn reasons(
        &self,
        monitors: &[(TeamId, MonitorId)],
        from: At,
        until: At,
    ) -> Result<Reasons, StoreError> {
        let rows = self.db.many_all(DEPENDENCIES_OF, ids(monitors)).await?;
        Ok(Reasons {
            maintenance: self.coverage(monitors, from, until).await?,
            dependencies: by_monitor(rows)?,
        })
    }
}

impl Tx {
    /// What may keep people from being called, as [`Store::reasons`] gives it.
    pub async fn reasons(
        &mut self,
        monitors: &[(TeamId, MonitorId)],
        from: At,
        until: At,
    ) -> Result<Reasons, StoreError> {
        let rows = self.db.many_all(DEPENDENCIES_OF, ids(monitors)).await?;
        Ok(Reasons {
            maintenance: self.coverage(monitors, from, until).await?,
            dependencies: by_monitor(rows)?,
        })
    }

    /// Why a monitor of a team (one that is about to be made has no id) cannot depend on these;
    /// `None` when it can. Until the transaction ends nobody else changes what depends on what in
    /// this team: two changes that are fine by themselves might close a circle.
    pub async fn unfit_dependency(
        &mut self,
        team: TeamId,
        monitor: Option<MonitorId>,
        depends_on: &[MonitorId],
    ) -> Result<Option<Unfit>, StoreError> {
        if depends_on.is_empty() {
            return Ok(None);
        }
        if monitor.is_some_and(|id| depends_on.contains(&id)) {
            return Ok(Some(Unfit::Itself));
        }
        self.hold_dependencies(team).await?;
        let asked = each(depends_on);
        let keys = asked.iter().map(|(id,)| (team, *id));
        let known: Vec<(MonitorId, String)> = self.db.many_all(KNOWN, keys).await?;
        if known.len() < asked.len() {
            return Ok(Some(Unfit::Unknown));
        }
        let Some(monitor) = monitor else {
            return Ok(None);
        };
        let keys = asked.iter().map(|(id,)| (*id, monitor));
        let leading_back: Vec<(MonitorId,)> = self.db.many_all(LEADING_BACK, keys).await?;
        let mut circles = known.into_iter();
        let circle = circles.find(|(id, _)| leading_back.contains(&(*id,)));
        Ok(circle.map(|(_, name)| Unfit::Circle { name }))
    }

    /// Writes what a monitor depends on, instead of what it did.
    pub(super) async fn depend(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        depends_on: &[MonitorId],
    ) -> Result<(), StoreError> {
        self.db.run(DROP, (monitor,)).await?;
        let rows = depends_on.iter().map(|on| (team, monitor, *on));
        self.db.many(ADD, rows).await?;
        Ok(())
    }

    /// Takes a monitor that is about to go out of the specs of those that depend on it.
    pub(super) async fn forget_dependency(
        &mut self,
        team: TeamId,
        on: MonitorId,
    ) -> Result<(), StoreError> {
        self.hold_dependencies(team).await?;
        let sql = self.db.pick(SPECS_TO_CHANGE);
        let specs: Vec<(MonitorId, String)> = self.db.all(sql, (team, on)).await?;
        let changed = specs.into_iter().map(|(id, spec)| {
            let at = Origin {
                table: "monitor",
                id,
            };
            let spec = at.parsed("spec", without_dependency(&spec, on))?;
            Ok((id, document(&spec)?))
        });
        let changed = changed.collect::<Result<Vec<_>, StoreError>>()?;
        self.db.many(SAVE_SPECS, changed).await?;
        Ok(())
    }

    async fn hold_dependencies(&mut self, team: TeamId) -> Result<(), StoreError> {
        let sql = self.db.pick(HOLD);
        let _: Option<(TeamId,)> = self.db.optional(sql, (team,)).await?;
        Ok(())
    }
}

macro_rules! dependencies {
    ($($rest:literal),+) => {
        concat!(
            "SELECT d.monitor_id, m.id, m.name, m.spec, m.paused, s.state FROM ",
            $($rest,)+
            " JOIN monitor m ON m.id = d.depends_on JOIN monitor_state s ON s.monitor_id = m.id "
        )
    };
}

const DEPENDENCIES: &str = concat!(
    dependencies!("monitor_dependency d"),
    "WHERE d.team_id = $1 AND d.monitor_id = $2 ORDER BY LOWER(m.name), m.id"
);
const DEPENDENCIES_OF: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: concat!(
        ") ",
        dependencies!("v JOIN monitor_dependency d ON d.monitor_id = v.id"),
        "ORDER BY d.monitor_id, LOWER(m.name), m.id"
    ),
};
const DEPENDENTS: &str = "
    SELECT m.id, m.name FROM monitor_dependency d JOIN monitor m ON m.id = d.monitor_id
     WHERE d.team_id = $1 AND d.depends_on = $2 ORDER BY LOWER(m.name), m.id LIMIT $3";
const KNOWN: Many = Many {
    head: "WITH v(team, monitor) AS (VALUES",
    tail: ") SELECT m.id, m.name
               FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team
              ORDER BY LOWER(m.name), m.id",
};
/// Those from which a way leads to a monitor.
const LEADING_BACK: Many = Many {
    head: "WITH RECURSIVE v(first, target) AS (VALUES",
    tail: "), reach(first, target, id) AS (
                SELECT v.first, v.target, v.first FROM v
                 UNION
                SELECT r.first, r.target, d.depends_on
                  FROM reach r JOIN monitor_dependency d ON d.monitor_id = r.id)
           SELECT DISTINCT first FROM reach WHERE id = target",
};
const DROP: &str = "DELETE FROM monitor_dependency WHERE monitor_id = $1";
const ADD: Many = Many {
    head: "WITH v(team, monitor, dependency) AS (VALUES",
    tail: ") INSERT INTO monitor_dependency (monitor_id, depends_on, team_id)
           SELECT v.monitor, m.id, v.team
             FROM v JOIN monitor m ON m.id = v.dependency AND m.team_id = v.team
            WHERE TRUE
               ON CONFLICT (monitor_id, depends_on) DO NOTHING",
};
/// PostgreSQL keeps others from changing them meanwhile; SQLite has one writer.
const SPECS_TO_CHANGE: Dialects = Dialects {
    sqlite: "SELECT m.id, m.spec FROM monitor_dependency d JOIN monitor m ON m.id = d.monitor_id
              WHERE d.team_id = $1 AND d.depends_on = $2 ORDER BY m.id",
    postgres: "SELECT m.id, m.spec FROM monitor_dependency d JOIN monitor m ON m.id = d.monitor_id
                WHERE d.team_id = $1 AND d.depends_on = $2 ORDER BY m.id FOR UPDATE OF m",
};
const SAVE_SPECS: Many = Many {
    head: "WITH v(monitor, written) AS (VALUES",
    tail: ") UPDATE monitor SET spec = v.written, revision = revision + 1
             FROM v WHERE id = v.monitor",
};
/// As above.
const HOLD: Dialects = Dialects {
    sqlite: "SELECT id FROM team WHERE id = $1",
    postgres: "SELECT id FROM team WHERE id = $1 FOR NO KEY UPDATE",
};
