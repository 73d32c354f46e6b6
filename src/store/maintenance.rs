//! Maintenance windows: made, changed, deleted, listed.
//!
//! Not here: whom they cover when (`coverage`), and `windows`, which are spans of uptime.

use std::collections::HashMap;

use uuid::Uuid;

use super::codec::{Origin, Page, document, place, row};
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId, WindowId};
use crate::domain::maintenance::{Schedule, Scope, Window};
use crate::domain::zone::Zone;

row! {
    struct WindowRow {
        id: WindowId,
        team_id: TeamId,
        name: String,
        schedule: String,
        zone: String,
        is_for_all: bool,
        is_excluded: bool,
        ended_at: Option<At>,
        created_at: At,
    }
}

impl WindowRow {
    /// The window, with the monitors and tags that it names.
    pub(super) fn window(
        self,
        monitors: Vec<MonitorId>,
        tags: Vec<String>,
    ) -> Result<Window, StoreError> {
        let at = Origin {
            table: "maintenance_window",
            id: self.id,
        };
        let schedule: Schedule = at.document("schedule", &self.schedule)?;
        let zone = at.parsed("zone", Zone::parse(&self.zone))?;
        let scope = if self.is_for_all {
            Scope::All
        } else {
            Scope::Some { monitors, tags }
        };
        Ok(Window {
            id: self.id,
            team: self.team_id,
            name: self.name,
            schedule,
            zone,
            scope,
            is_excluded: self.is_excluded,
            ended_at: self.ended_at,
            created_at: self.created_at,
        })
    }
}

impl Store {
    /// A maintenance window of a team.
    pub async fn maintenance_window(
        &self,
        team: TeamId,
        id: WindowId,
    ) -> Result<Option<Window>, StoreError> {
        let row: Option<WindowRow> = self.db.optional(WINDOW, (team, id)).await?;
        Ok(self.with_scopes(row.into_iter().collect()).await?.pop())
    }

    /// The maintenance windows of a team, the newest first; only those that are over at `now`, or
    /// that are not, where `is_over` says so.
    pub async fn maintenance_windows(
        &self,
        team: TeamId,
        is_over: Option<bool>,
        now: At,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Window>, StoreError> {
        let after: Option<(Uuid,)> = place(cursor)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let params = (team, is_over, now, after.map(|(id,)| id), most);
        let rows: Vec<WindowRow> = self.db.all(WINDOWS, params).await?;
        let page = Page::cut(rows, limit, |row| (row.id,))?;
        Ok(Page {
            rows: self.with_scopes(page.rows).await?,
            next: page.next,
        })
    }

    async fn with_scopes(&self, rows: Vec<WindowRow>) -> Result<Vec<Window>, StoreError> {
        let ids: Vec<_> = rows.iter().map(|row| (row.id,)).collect();
        let named: Vec<(WindowId, MonitorId)> = self.db.many_all(MONITORS, ids.clone()).await?;
        let tagged: Vec<(WindowId, String)> = self.db.many_all(TAGS, ids).await?;
        let (mut monitors, mut tags) = (by_window(named), by_window(tagged));
        let window = |row: WindowRow| {
            let (monitors, tags) = (monitors.remove(&row.id), tags.remove(&row.id));
            row.window(monitors.unwrap_or_default(), tags.unwrap_or_default())
        };
        rows.into_iter().map(window).collect()
    }

    /// Deletes windows that were over before an instant, at most `limit` of them; says how many.
    pub async fn drop_maintenance(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        self.db.run(DROP_OLD, (before, i64::from(limit))).await
    }
}

fn by_window<T: Ord>(pairs: Vec<(WindowId, T)>) -> HashMap<WindowId, Vec<T>> {
    let mut all: HashMap<_, Vec<T>> = HashMap::new();
    for (window, thing) in pairs {
        all.entry(window).or_default().push(thing);
    }
    for things in all.values_mut() {
        things.sort();
    }
    all
}

impl Tx {
    /// Adds a maintenance window. False, and nothing may be committed, when it names a monitor
    /// that is not the team's.
    pub async fn add_maintenance(&mut self, window: &Window) -> Result<bool, StoreError> {
        let row = (
            window.id,
            window.team,
            &*window.name,
            document(&window.schedule)?,
            window.zone.name(),
            window.scope == Scope::All,
            window.is_excluded,
            window.ended_at,
            window.over_at(),
            window.created_at,
        );
        self.db.run(ADD, row).await?;
        self.add_scope(window).await
    }

    /// Changes a maintenance window. False, and nothing may be committed, when it is gone or names
    /// a monitor that is not the team's.
    pub async fn save_maintenance(&mut self, window: &Window) -> Result<bool, StoreError> {
        let row = (
            window.team,
            window.id,
            &*window.name,
            document(&window.schedule)?,
            window.zone.name(),
            window.scope == Scope::All,
            window.is_excluded,
            window.ended_at,
            window.over_at(),
        );
        if self.db.run(SAVE, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(DROP_MONITORS, (window.id,)).await?;
        self.db.run(DROP_TAGS, (window.id,)).await?;
        self.add_scope(window).await
    }

    async fn add_scope(&mut self, window: &Window) -> Result<bool, StoreError> {
        let Scope::Some { monitors, tags } = &window.scope else {
            return Ok(true);
        };
        let rows = monitors.iter().map(|id| (window.id, window.team, *id));
        let added = self.db.many(ADD_MONITORS, rows).await?;
        let rows = tags.iter().map(|tag| (window.id, window.team, &**tag));
        self.db.many(ADD_TAGS, rows).await?;
        Ok(usize::try_from(added).is_ok_and(|added| added == monitors.len()))
    }

    /// Deletes a maintenance window. False when it is gone already.
    pub async fn delete_maintenance(
        &mut self,
        team: TeamId,
        id: WindowId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DELETE, (team, id)).await? > 0)
    }
}

const WINDOW: &str = "
    SELECT id, team_id, name, schedule, zone, is_for_all, is_excluded, ended_at, created_at
      FROM maintenance_window WHERE team_id = $1 AND id = $2";
const WINDOWS: &str = "
    SELECT id, team_id, name, schedule, zone, is_for_all, is_excluded, ended_at, created_at
      FROM maintenance_window
     WHERE team_id = $1 AND ($2 IS NULL OR (over_at IS NOT NULL AND over_at <= $3) = $2)
       AND ($4 IS NULL OR id < $4)
     ORDER BY id DESC LIMIT $5";
const MONITORS: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT s.window_id, s.monitor_id FROM v JOIN maintenance_monitor s ON s.window_id = v.id",
};
const TAGS: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT s.window_id, s.tag FROM v JOIN maintenance_tag s ON s.window_id = v.id",
};
const ADD: &str = "
    INSERT INTO maintenance_window (id, team_id, name, schedule, zone, is_for_all, is_excluded,
                                    ended_at, over_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SAVE: &str = "
    UPDATE maintenance_window
       SET name = $3, schedule = $4, zone = $5, is_for_all = $6, is_excluded = $7, ended_at = $8,
           over_at = $9
     WHERE team_id = $1 AND id = $2";
const DROP_MONITORS: &str = "DELETE FROM maintenance_monitor WHERE window_id = $1";
const DROP_TAGS: &str = "DELETE FROM maintenance_tag WHERE window_id = $1";
const ADD_MONITORS: Many = Many {
    head: "WITH v(win, team, monitor) AS (VALUES",
    tail: ") INSERT INTO maintenance_monitor (window_id, monitor_id, team_id)
           SELECT v.win, m.id, v.team
             FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team",
};
const ADD_TAGS: Many = Many {
    head: "INSERT INTO maintenance_tag (window_id, team_id, tag) VALUES",
    tail: "ON CONFLICT (window_id, tag) DO NOTHING",
};
const DELETE: &str = "DELETE FROM maintenance_window WHERE team_id = $1 AND id = $2";
const DROP_OLD: &str = "
    DELETE FROM maintenance_window
     WHERE id IN (SELECT id FROM maintenance_window WHERE over_at < $1 LIMIT $2)";
