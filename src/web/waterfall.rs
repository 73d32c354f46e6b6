//! The steps of one check as bars on one axis of time, each with its words beside it. Pure.
//!
//! A check goes one step at a time: a bar begins where the one before has ended.

use std::fmt::Write as _;

use super::chart::Svg;
use crate::domain::observation::{Outcome, Step, StepName};
use crate::domain::report::Timings;

/// Width of the axis.
const WIDTH: f64 = 1_000.0;
/// A bar that nobody could see is drawn this wide.
const THINNEST: f64 = 4.0;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Which one.
    pub name: StepName,
    /// Whether it went well.
    pub is_ok: bool,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What was seen, in a few words.
    pub detail: Option<String>,
    /// Its place on the axis.
    pub svg: Svg,
}

/// The steps of a report.
pub fn of_steps(steps: &[Step]) -> Vec<Bar> {
    let step = |step: &Step| {
        let is_ok = step.outcome == Outcome::Ok;
        (step.name, is_ok, step.ms, step.detail.clone())
    };
    bars(steps.iter().map(step).collect())
}

/// The phases of a check that went well, of which nothing else is kept.
pub fn of_timings(timings: &Timings) -> Vec<Bar> {
    let phases = [
        (StepName::Dns, timings.dns),
        (StepName::Tcp, timings.tcp),
        (StepName::Tls, timings.tls),
        (StepName::OpenStream, timings.open_stream),
        (StepName::Discover, timings.discover),
        (StepName::Initialize, timings.initialize),
        (StepName::Initialized, timings.initialized),
        (StepName::ToolsList, timings.tools_list),
        (StepName::PromptsList, timings.prompts_list),
        (StepName::ResourcesList, timings.resources_list),
        (StepName::Ping, timings.ping),
    ];
    let taken = phases
        .into_iter()
        .filter_map(|(name, ms)| Some((name, true, ms?, None)));
    bars(taken.collect())
}

fn bars(steps: Vec<(StepName, bool, f64, Option<String>)>) -> Vec<Bar> {
    let whole: f64 = steps.iter().map(|(_, _, ms, _)| ms.max(0.0)).sum();
    let mut begun = 0.0;
    let bar = |(name, is_ok, ms, detail): (StepName, bool, f64, Option<String>)| {
        let share = |ms: f64| if whole > 0.0 { ms / whole * WIDTH } else { 0.0 };
        let width = share(ms.max(0.0)).max(THINNEST);
        let x = share(begun).min(WIDTH - width);
        begun += ms.max(0.0);
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg class=\"bar-of\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect x=\"{x:.0}\" width=\"{width:.0}\" height=\"10\"/></svg>"
        );
        Bar {
            name,
            is_ok,
            ms,
            detail,
            svg: Svg(svg),
        }
    };
    steps.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_begins_where_the_one_before_ended() {
        let timings = Timings {
            dns: Some(10.0),
            tcp: Some(30.0),
            initialize: Some(60.0),
            total: Some(100.0),
            ..Timings::default()
        };
        let bars = of_timings(&timings);
        let places: Vec<String> = bars.iter().map(|bar| bar.svg.to_string()).collect();
        assert_eq!(bars.len(), 3);
        assert!(places[0].contains("x=\"0\" width=\"100\""), "{}", places[0]);
        assert!(
            places[1].contains("x=\"100\" width=\"300\""),
            "{}",
            places[1]
        );
        assert!(
            places[2].contains("x=\"400\" width=\"600\""),
            "{}",
            places[2]
        );
    }

    #[test]
    fn a_step_that_took_no_time_is_seen_all_the_same() {
        let failed = Step {
            name: StepName::Dns,
            outcome: Outcome::Failed,
            ms: 0.0,
            detail: Some("no such name".to_owned()),
        };
        let bars = of_steps(&[failed]);
        assert!(!bars[0].is_ok);
        assert!(bars[0].svg.to_string().contains("x=\"0\" width=\"4\""));
    }
}
