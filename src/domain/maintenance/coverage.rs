//! Which monitors are in maintenance when: the one answer for alerts, uptime and pages.

use std::collections::HashMap;
use std::sync::Arc;

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
}

/// A window with what it has in the span of time that is asked about.
#[derive(Debug, PartialEq, Eq)]
struct Runs {
    window: Window,
    /// In order, never overlapping.
    occurrences: Vec<Occurrence>,
}

impl Runs {
    /// The occurrence that an instant lies in.
    fn at(&self, at: At) -> Option<Occurrence> {
        let after = self.occurrences.partition_point(|o| o.ends_at <= at);
        let first = self.occurrences.get(after)?;
        first.holds(at).then_some(*first)
    }
}

/// The runs over some monitors within some span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(HashMap<MonitorId, Vec<Arc<Runs>>>);

impl Coverage {
    /// Adds a window with its occurrences, over these monitors.
    pub fn add(&mut self, window: Window, occurrences: Vec<Occurrence>, monitors: &[MonitorId]) {
        let runs = Arc::new(Runs {
            window,
            occurrences,
        });
        for monitor in monitors {
            self.0.entry(*monitor).or_default().push(Arc::clone(&runs));
        }
    }

    fn of(&self, monitor: MonitorId) -> impl Iterator<Item = &Runs> {
        self.0
            .get(&monitor)
            .into_iter()
            .flatten()
            .map(|runs| &**runs)
    }

    /// The run that a monitor is in at an instant; of several the one that lasts longest.
    pub fn at(&self, monitor: MonitorId, at: At) -> Option<Run> {
        let holding = self
            .of(monitor)
            .filter_map(|runs| Some((runs, runs.at(at)?)));
        let (runs, occurrence) = holding.max_by_key(|(_, occurrence)| occurrence.ends_at)?;
        Some(Run {
            window: runs.window.id,
            name: runs.window.name.clone(),
            occurrence,
        })
    }

    /// When the last run over a monitor that had ended by `now` ended.
    pub fn last_end(&self, monitor: MonitorId, now: At) -> Option<At> {
        let ends = self.of(monitor).flat_map(|runs| &runs.occurrences);
        ends.map(|o| o.ends_at).filter(|end| *end <= now).max()
    }

    /// Takes the time in maintenance out of what counts.
    pub fn apart(&self, monitor: MonitorId, spans: &[Span]) -> Vec<Span> {
        let excluded = self.of(monitor).filter(|runs| runs.window.is_excluded);
        let excluded = excluded.flat_map(|runs| runs.occurrences.iter().copied());
        let excluded = merged(excluded.collect());
        let pieces = spans.iter().flat_map(|span| cut(*span, &excluded));
        pieces.collect()
    }
}

/// The same time in order and without overlaps.
fn merged(mut occurrences: Vec<Occurrence>) -> Vec<Occurrence> {
    occurrences.sort_by_key(|o| o.starts_at);
    let mut merged: Vec<Occurrence> = Vec::new();
    for next in occurrences {
        match merged.last_mut() {
            Some(last) if next.starts_at <= last.ends_at => {
                last.ends_at = last.ends_at.max(next.ends_at);
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Cuts a span where occurrences begin and end, and marks what lies in one.
fn cut(span: Span, excluded: &[Occurrence]) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut from = span.from;
    let mut push = |until: At, in_maintenance| {
        if from < until {
            pieces.push(Span {
                from,
                until,
                in_maintenance,
                ..span
            });
            from = until;
        }
    };
    for occurrence in excluded {
        push(occurrence.starts_at.min(span.until), false);
        push(occurrence.ends_at.min(span.until), true);
    }
    push(span.until, false);
    pieces
}
