//! Which monitors are in maintenance when: the one answer for alerts, uptime and pages.

use std::collections::HashMap;

use super::{Occurrence, Window};
use crate::domain::accounting::Span;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, WindowId};

/// A run of a window over a monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The window.
    pub window: WindowId,
    /// What people call it.
    pub name: String,
    /// From when to when.
    pub occurrence: Occurrence,
    /// Whether its time counts for no uptime.
    pub is_excluded: bool,
}

/// The runs over some monitors within some span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(HashMap<MonitorId, Vec<Run>>);

impl Coverage {
    /// Adds the occurrences of a window over one of its monitors.
    pub fn add(&mut self, monitor: MonitorId, window: &Window, occurrences: &[Occurrence]) {
        let run = |occurrence: &Occurrence| Run {
            window: window.id,
            name: window.name.clone(),
            occurrence: *occurrence,
            is_excluded: window.is_excluded,
        };
        let runs = self.0.entry(monitor).or_default();
        runs.extend(occurrences.iter().map(run));
    }

    /// The run that a monitor is in at an instant; of several the one that lasts longest.
    pub fn at(&self, monitor: MonitorId, at: At) -> Option<&Run> {
        let runs = self.0.get(&monitor)?.iter();
        runs.filter(|run| run.occurrence.holds(at))
            .max_by_key(|run| run.occurrence.ends_at)
    }

    /// When the last run over a monitor that had ended by `now` ended.
    pub fn last_end(&self, monitor: MonitorId, now: At) -> Option<At> {
        let runs = self.0.get(&monitor)?.iter();
        let ends = runs.map(|run| run.occurrence.ends_at);
        ends.filter(|end| *end <= now).max()
    }

    /// Takes the time in maintenance out of what counts.
    pub fn apart(&self, monitor: MonitorId, spans: &[Span]) -> Vec<Span> {
        let Some(runs) = self.0.get(&monitor) else {
            return spans.to_vec();
        };
        let excluded: Vec<Occurrence> = runs
            .iter()
            .filter(|run| run.is_excluded)
            .map(|run| run.occurrence)
            .collect();
        spans
            .iter()
            .flat_map(|span| cut(*span, &excluded))
            .collect()
    }
}

/// Cuts a span where occurrences begin and end, and marks what lies in one.
fn cut(span: Span, excluded: &[Occurrence]) -> Vec<Span> {
    let edges = excluded.iter().flat_map(|o| [o.starts_at, o.ends_at]);
    let inside = edges.filter(|at| span.from < *at && *at < span.until);
    let mut edges: Vec<At> = inside.chain([span.from, span.until]).collect();
    edges.sort();
    edges.dedup();
    let piece = |edge: &[At]| Span {
        from: edge[0],
        until: edge[1],
        in_maintenance: excluded.iter().any(|o| o.holds(edge[0])),
        ..span
    };
    edges.windows(2).map(piece).collect()
}
