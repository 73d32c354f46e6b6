//! What is held back of an incident, for which reasons, and when it may be told.
//!
//! The incident itself is as it is, on every page; only people are not called. There are two
//! reasons, a maintenance window and a dependency that is down, and one way of holding and
//! releasing for both: what was held is told when no reason is left and a check made after the
//! last one still finds trouble.

use std::collections::HashMap;
use std::time::Duration;

use super::at::At;
use super::dependency::Dependency;
use super::id::MonitorId;
use super::incident::{EntryKind, Incident, Phase, Severity};
use super::maintenance::Coverage;
use super::state::{MonitorStatus, State};

/// How long the end of a reason waits at least for a check that speaks of the time after it.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long to wait for a check of a monitor that is checked at this interval: two of them where
/// they are long.
pub fn patience(interval: Duration) -> Duration {
    PATIENCE.max(interval * 2)
}

/// News that are held back: nobody has been told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// That there is trouble.
    Opening,
    /// That it got worse.
    Worsening,
}

impl HeldBack {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Worsening => "worsening",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Opening, Self::Worsening]
            .into_iter()
            .find(|held| held.as_str() == word)
    }
}

/// Whether something may be wrong: what nobody checks any more was not seen to be well again.
fn may_be_trouble(status: MonitorStatus) -> bool {
    Severity::of(status).is_some() || status == MonitorStatus::Unknown
}

/// What may keep people from being called, for some monitors and some span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    /// The maintenance windows that cover them.
    pub maintenance: Coverage,
    /// What they depend on.
    pub dependencies: HashMap<MonitorId, Vec<Dependency>>,
}

impl Reasons {
    /// Why nobody is told at `now` of what a check of a monitor showed that was made at `at`;
    /// `None` when people are.
    pub fn why(&self, monitor: MonitorId, at: At, now: At) -> Option<String> {
        if let Some(run) = self.maintenance.at(monitor, at) {
            let ends = run.occurrence.ends_at.utc().format("%-d %b %Y, %H:%M UTC");
            return Some(format!(
                "Nobody is told: maintenance \u{201c}{}\u{201d} until {ends}.",
                run.name
            ));
        }
        let why = self.depends_on(monitor).find_map(|on| on.why(now))?;
        Some(format!("Nobody is told: {why}."))
    }

    /// Whether the trouble of a monitor is known to outlive every reason. They begin with its last
    /// check; `interval` is the time between two of its checks.
    pub fn are_outlived(
        &self,
        state: &State,
        (monitor, interval): (MonitorId, Duration),
        now: At,
    ) -> bool {
        if self.why(monitor, now, now).is_some() || !may_be_trouble(state.status) {
            return false;
        }
        let is_known = Severity::of(state.status).is_some();
        let is_doubtful = !is_known || state.suspicion.is_some() || state.last_unknown;
        let last = state.last_check_at;
        let waited = |since: At| now >= since + patience(interval);
        match self.last_end(monitor, now).filter(|end| last < Some(*end)) {
            // The last check was made before it.
            Some(end) => waited(end),
            None => !is_doubtful || last.is_none_or(waited),
        }
    }

    /// When the last reason that was over by `now` ended.
    fn last_end(&self, monitor: MonitorId, now: At) -> Option<At> {
        let ends = self
            .depends_on(monitor)
            .filter_map(|on| on.is_over_since(now));
        ends.chain(self.maintenance.last_end(monitor, now)).max()
    }

    fn depends_on(&self, monitor: MonitorId) -> impl Iterator<Item = &Dependency> {
        self.dependencies.get(&monitor).into_iter().flatten()
    }
}

impl Incident {
    /// Nobody is told for now, for the reason that `why` says. News that are held already stay.
    pub fn hold(&mut self, at: At, why: &str) {
        if self.held.is_none() {
            self.held = Some(if self.told == 0 {
                HeldBack::Opening
            } else {
                HeldBack::Worsening
            });
            self.add(at, EntryKind::Held, why.to_owned(), None);
        }
    }

    /// Why nobody was told when something was last held back, in words.
    pub fn held_why(&self) -> Option<&str> {
        let mut entries = self.timeline.iter().rev();
        let entry = entries.find(|entry| entry.kind == EntryKind::Held)?;
        Some(&entry.text)
    }

    /// What was held back may be told; gives what that is. An incident that is over keeps it.
    pub fn release(&mut self, at: At) -> Option<HeldBack> {
        if matches!(self.phase, Phase::Resolved { .. }) {
            return None;
        }
        let held = self.held.take()?;
        let text = "What held it back is over and the trouble is not: told now.";
        self.add(at, EntryKind::Released, text.to_owned(), None);
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::state::Suspicion;
    use super::*;
    use MonitorStatus::{Degraded, Down, Unknown, Up};

    const MINUTE: Duration = Duration::from_mins(1);
    const MONITOR: MonitorId = MonitorId(Uuid::nil());

    fn second(n: i64) -> At {
        At(n * 1_000)
    }

    fn state(status: MonitorStatus, since: i64, last: i64) -> State {
        State {
            status,
            last_check_at: Some(second(last)),
            ..State::pending(second(since))
        }
    }

    fn suspected(state: State, towards: MonitorStatus) -> State {
        let since = state.last_check_at.unwrap_or(state.since);
        State {
            suspicion: Some(Suspicion {
                since,
                towards,
                agreeing: 1,
            }),
            ..state
        }
    }

    fn depending(on: impl IntoIterator<Item = State>) -> Reasons {
        let dependency = |state| Dependency {
            monitor: MONITOR,
            name: "Gateway".to_owned(),
            interval: MINUTE,
            paused: false,
            state,
        };
        Reasons {
            maintenance: Coverage::default(),
            dependencies: HashMap::from([(MONITOR, on.into_iter().map(dependency).collect())]),
        }
    }

    #[test]
    fn trouble_outlives_a_dependency_by_a_check_after_its_recovery() {
        // The gateway recovered at second 100, which was confirmed ten seconds later.
        let back = || depending([state(Up, 100, 110)]);
        for (about, reasons, ours, now, expected) in [
            (
                "down",
                depending([state(Down, 10, 110)]),
                state(Down, 10, 120),
                121,
                false,
            ),
            (
                "back, not looked since",
                back(),
                state(Down, 10, 90),
                121,
                false,
            ),
            (
                "back, looked too early",
                back(),
                state(Down, 10, 105),
                121,
                false,
            ),
            (
                "back, looked since",
                back(),
                state(Down, 10, 111),
                121,
                true,
            ),
            (
                "back, degraded",
                back(),
                state(Degraded, 10, 111),
                121,
                true,
            ),
            (
                "back, and so is ours",
                back(),
                state(Up, 111, 111),
                121,
                false,
            ),
            (
                "back, ours in doubt",
                back(),
                suspected(state(Down, 10, 111), Up),
                121,
                false,
            ),
            (
                "nobody has looked for long",
                back(),
                state(Down, 10, 90),
                410,
                true,
            ),
            (
                "in doubt for long",
                back(),
                suspected(state(Down, 10, 111), Up),
                411,
                true,
            ),
            (
                "no dependency any more",
                depending([]),
                state(Down, 10, 90),
                121,
                true,
            ),
            (
                "it was no suspicion",
                depending([state(Up, 0, 119)]),
                state(Down, 10, 90),
                121,
                true,
            ),
            (
                "one of two is still down",
                depending([state(Up, 100, 110), state(Down, 10, 110)]),
                state(Down, 10, 120),
                121,
                false,
            ),
        ] {
            let outlived = reasons.are_outlived(&ours, (MONITOR, MINUTE), second(now));
            assert_eq!(outlived, expected, "{about}");
        }
    }

    #[test]
    fn what_nobody_looks_at_any_more_is_told_after_a_while() {
        let reasons = depending([state(Up, 100, 110)]);
        for (last, expected) in [(90, true), (390, false)] {
            let ours = state(Unknown, 180, last);
            let outlived = reasons.are_outlived(&ours, (MONITOR, MINUTE), second(410));
            assert_eq!(outlived, expected, "last looked at in second {last}");
        }
    }

    fn any_status() -> impl Strategy<Value = MonitorStatus> {
        prop::sample::select(MonitorStatus::ALL.to_vec())
    }

    prop_compose! {
        fn any_state()(
            status in any_status(),
            towards in prop::option::of(any_status()),
            since in 0..600_i64,
            later in 0..600_i64,
        ) -> State {
            let state = state(status, since, since + later);
            towards.map_or(state, |towards| suspected(state, towards))
        }
    }

    proptest! {
        #[test]
        fn nothing_is_told_while_a_reason_is_left_and_nothing_is_lost(
            on in prop::collection::vec(any_state(), 0..4),
            ours in any_state(),
            later in 0..600_i64,
        ) {
            let now = second(1_200 + later);
            let reasons = depending(on);
            let is_held = reasons.why(MONITOR, now, now).is_some();
            let is_trouble = may_be_trouble(ours.status);
            let outlived = reasons.are_outlived(&ours, (MONITOR, MINUTE), now);
            prop_assert!(!outlived || (!is_held && is_trouble));
            // Without a reason that renews itself every dependency is over some day, and then
            // whatever is still wrong is told.
            let some_day = now + Duration::from_hours(1);
            let told = reasons.are_outlived(&ours, (MONITOR, MINUTE), some_day);
            prop_assert_eq!(told, is_trouble);
        }
    }
}
