//! Which monitors are in maintenance when: asked by every batch of checks and every overview.
//!
//! What is asked most often finds nothing: one statement for the teams. Only while a window runs
//! a second one asks whom it covers.

use std::collections::HashMap;

use super::db::Many;
use super::maintenance::WindowRow;
use super::states::each;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId, WindowId};
use crate::domain::maintenance::{Coverage, Occurrence, Scope, Window};

/// A window with its occurrences in some span of time; whom it names is not known yet.
type Running = (Window, Vec<Occurrence>);

/// The windows that have something in a span of time.
fn running(rows: Vec<WindowRow>, from: At, until: At) -> Result<Vec<Running>, StoreError> {
    let mut running = Vec::new();
    for row in rows {
        let window = row.window(Vec::new(), Vec::new())?;
        let occurrences = window.occurrences(from, until);
        if !occurrences.is_empty() {
            running.push((window, occurrences));
        }
    }
    Ok(running)
}

/// The teams to ask about, each once, and from when on.
fn asked(monitors: &[(TeamId, MonitorId)], from: At) -> Vec<(TeamId, At)> {
    let mut teams: Vec<_> = monitors.iter().map(|(team, _)| (*team, from)).collect();
    teams.sort();
    teams.dedup();
    teams
}

/// The monitors to ask about, each once; none when every window is for all.
fn named(monitors: &[(TeamId, MonitorId)], running: &[Running], from: At) -> Vec<(MonitorId, At)> {
    if running.iter().all(|(window, _)| window.scope == Scope::All) {
        return Vec::new();
    }
    let ids: Vec<MonitorId> = monitors.iter().map(|(_, id)| *id).collect();
    each(&ids).into_iter().map(|(id,)| (id, from)).collect()
}

fn coverage(
    monitors: &[(TeamId, MonitorId)],
    running: Vec<Running>,
    pairs: &[(WindowId, MonitorId)],
) -> Coverage {
    if running.is_empty() {
        return Coverage::default();
    }
    let mut named: HashMap<WindowId, Vec<MonitorId>> = HashMap::new();
    for (window, monitor) in pairs {
        named.entry(*window).or_default().push(*monitor);
    }
    let mut all = monitors.to_vec();
    all.sort();
    all.dedup();
    let mut coverage = Coverage::default();
    for (window, occurrences) in running {
        let covered: Vec<MonitorId> = if window.scope == Scope::All {
            let ours = all.iter().filter(|(team, _)| *team == window.team);
            ours.map(|(_, id)| *id).collect()
        } else {
            named.remove(&window.id).unwrap_or_default()
        };
        coverage.add(window, occurrences, &covered);
    }
    coverage
}

impl Store {
    /// What covers these monitors from `from` until before `until`.
    pub async fn coverage(
        &self,
        monitors: &[(TeamId, MonitorId)],
        from: At,
        until: At,
    ) -> Result<Coverage, StoreError> {
        let rows = self.db.many_all(NOT_OVER, asked(monitors, from)).await?;
        let running = running(rows, from, until)?;
        let named = named(monitors, &running, from);
        let pairs: Vec<(WindowId, MonitorId)> = self.db.many_all(NAMED, named).await?;
        Ok(coverage(monitors, running, &pairs))
    }
}

impl Tx {
    /// What covers these monitors from `from` until before `until`.
    pub async fn coverage(
        &mut self,
        monitors: &[(TeamId, MonitorId)],
        from: At,
        until: At,
    ) -> Result<Coverage, StoreError> {
        let rows = self.db.many_all(NOT_OVER, asked(monitors, from)).await?;
        let running = running(rows, from, until)?;
        let named = named(monitors, &running, from);
        let pairs: Vec<(WindowId, MonitorId)> = self.db.many_all(NAMED, named).await?;
        Ok(coverage(monitors, running, &pairs))
    }
}

const NOT_OVER: Many = Many {
    head: "WITH v(team, since) AS (VALUES",
    tail: ") SELECT w.id, w.team_id, w.name, w.schedule, w.zone, w.is_for_all, w.is_excluded,
                    w.ended_at, w.created_at
               FROM v JOIN maintenance_window w ON w.team_id = v.team
              WHERE w.over_at IS NULL OR w.over_at > v.since",
};
const NAMED: Many = Many {
    head: "WITH v(monitor, since) AS (VALUES",
    tail: ") SELECT w.id, v.monitor
               FROM v JOIN maintenance_monitor s ON s.monitor_id = v.monitor
                      JOIN maintenance_window w ON w.id = s.window_id
              WHERE w.over_at IS NULL OR w.over_at > v.since
              UNION
             SELECT w.id, v.monitor
               FROM v JOIN monitor_tag t ON t.monitor_id = v.monitor
                      JOIN maintenance_tag s ON s.team_id = t.team_id AND s.tag = t.tag
                      JOIN maintenance_window w ON w.id = s.window_id
              WHERE w.over_at IS NULL OR w.over_at > v.since",
};
