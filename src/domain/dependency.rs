//! What a monitor depends on: while that is down, nobody needs to be told of the monitor as well.
//!
//! A dependency counts as down once it is suspected to be: the checks of the two come at different
//! places in the minute, and the outage of the one that depends may be confirmed first. One that
//! nobody has looked at for a while explains nothing: rather an alarm too many than one that is
//! lost.

use std::time::Duration;

use super::at::At;
use super::held_back::patience;
use super::id::MonitorId;
use super::monitor::FieldError;
use super::status::{CONFIRMATIONS, MonitorStatus, RECHECK_AFTER, State};

/// Most monitors that one depends on.
pub const MAX_DEPENDENCIES: usize = 10;

/// A monitor that another one depends on, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Its id.
    pub monitor: MonitorId,
    /// What people call it.
    pub name: String,
    /// The time between two of its checks.
    pub interval: Duration,
    /// Whether its owner wishes it not to be checked.
    pub paused: bool,
    /// What is known of it.
    pub state: State,
}

impl Dependency {
    /// How it is.
    pub fn status(&self) -> MonitorStatus {
        if self.paused {
            MonitorStatus::Paused
        } else {
            self.state.status
        }
    }

    /// Whether it explains the trouble of who depends on it: it is down, or suspected to be.
    pub fn is_down(&self, now: At) -> bool {
        !self.paused && self.says_down() && self.last_word_until().is_some_and(|end| now < end)
    }

    /// Why nobody is told of who depends on it; `None` when it is no reason.
    pub fn why(&self, now: At) -> Option<String> {
        let is = if self.state.status == MonitorStatus::Down {
            "is"
        } else {
            "seems to be"
        };
        let name = &self.name;
        self.is_down(now)
            .then(|| format!("it depends on {name}, which {is} down"))
    }

    /// Since when it explains nothing; `None` while it does. Checks of who depends on it speak for
    /// themselves from then on.
    pub fn is_over_since(&self, now: At) -> Option<At> {
        if self.is_down(now) {
            return None;
        }
        if !self.paused && self.says_down() {
            return self.last_word_until();
        }
        // A status is dated back to the first check that showed it; it was known when it was
        // confirmed.
        Some(self.state.since + RECHECK_AFTER * (CONFIRMATIONS - 1))
    }

    fn says_down(&self) -> bool {
        let is_suspected =
            |suspicion: super::state::Suspicion| suspicion.towards == MonitorStatus::Down;
        self.state.status == MonitorStatus::Down || self.state.suspicion.is_some_and(is_suspected)
    }

    /// How long its last check is taken at its word.
    fn last_word_until(&self) -> Option<At> {
        let last = self.state.last_check_at?;
        Some(last + patience(self.interval))
    }
}

/// Why a monitor cannot depend on another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such monitor in the team.
    Unknown,
    /// It is the monitor itself.
    Itself,
    /// It depends on the monitor itself, over others or directly: nobody would be told of either.
    Circle {
        /// What people call it.
        name: String,
    },
}

impl From<Unfit> for FieldError {
    fn from(unfit: Unfit) -> Self {
        let message = match unfit {
            Unfit::Unknown => "names a monitor that there is not".to_owned(),
            Unfit::Itself => "names the monitor itself".to_owned(),
            Unfit::Circle { name } => {
                format!("names '{name}', which depends on this monitor in turn")
            }
        };
        Self::new("depends_on", message)
    }
}

/// What is wrong with a list of dependencies by itself.
pub(super) fn fault(depends_on: &[MonitorId]) -> Option<FieldError> {
    let mut once = depends_on.to_vec();
    once.sort();
    once.dedup();
    let message = if depends_on.len() > MAX_DEPENDENCIES {
        format!("names more than {MAX_DEPENDENCIES} monitors")
    } else if once.len() < depends_on.len() {
        "names a monitor twice".to_owned()
    } else {
        return None;
    };
    Some(FieldError::new("depends_on", message))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::state::Suspicion;
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Since second 0, last checked at `last` seconds.
    fn dependency(status: MonitorStatus, last: i64) -> Dependency {
        Dependency {
            monitor: MonitorId(Uuid::nil()),
            name: "Gateway".to_owned(),
            interval: MINUTE,
            paused: false,
            state: State {
                status,
                last_check_at: Some(At(last * 1_000)),
                ..State::pending(At(0))
            },
        }
    }

    fn suspected(status: MonitorStatus, towards: MonitorStatus, last: i64) -> Dependency {
        let mut dependency = dependency(status, last);
        dependency.state.suspicion = Some(Suspicion {
            since: At(last * 1_000),
            towards,
            agreeing: 1,
        });
        dependency
    }

    #[test]
    fn what_is_down_or_suspected_to_be_explains_trouble() {
        use MonitorStatus::{Degraded, Down, Pending, Unknown, Up};
        let now = At(70_000);
        for (dependency, why) in [
            (dependency(Down, 60), Some("which is down")),
            (suspected(Up, Down, 60), Some("which seems to be down")),
            (
                suspected(Degraded, Down, 60),
                Some("which seems to be down"),
            ),
            (suspected(Pending, Down, 60), Some("which seems to be down")),
            (suspected(Down, Up, 60), Some("which is down")),
            (suspected(Up, Degraded, 60), None),
            (dependency(Degraded, 60), None),
            (dependency(Up, 60), None),
            (dependency(Unknown, 60), None),
            (dependency(Pending, 60), None),
        ] {
            let said = dependency.why(now);
            let state = (dependency.state.status, dependency.state.suspicion);
            assert_eq!(said.is_some(), why.is_some(), "{state:?}");
            assert!(
                said.unwrap_or_default().contains(why.unwrap_or_default()),
                "{state:?}"
            );
            assert_eq!(
                dependency.is_over_since(now).is_some(),
                why.is_none(),
                "{state:?}"
            );
        }
    }

    #[test]
    fn its_word_is_taken_for_a_while_and_no_longer() {
        let down = dependency(MonitorStatus::Down, 60);
        let end = At(60_000) + Duration::from_mins(5);
        assert!(down.is_down(At(end.0 - 1)) && !down.is_down(end));
        assert_eq!(down.is_over_since(end), Some(end));
        let seldom = Dependency {
            interval: Duration::from_hours(1),
            ..down
        };
        let end = At(60_000) + Duration::from_hours(2);
        assert!(seldom.is_down(At(end.0 - 1)) && !seldom.is_down(end));
    }

    #[test]
    fn it_is_over_when_the_recovery_was_confirmed_or_with_the_pause() {
        let up = dependency(MonitorStatus::Up, 60);
        assert_eq!(up.is_over_since(At(70_000)), Some(At(10_000)));
        let paused = Dependency {
            paused: true,
            ..dependency(MonitorStatus::Down, 60)
        };
        assert!(!paused.is_down(At(70_000)));
        assert_eq!(paused.status(), MonitorStatus::Paused);
        assert!(paused.is_over_since(At(70_000)).is_some());
    }

    #[test]
    fn a_list_is_short_and_names_each_once() {
        let ids = |all: &[u128]| -> Vec<MonitorId> {
            all.iter().map(|n| MonitorId(Uuid::from_u128(*n))).collect()
        };
        let most: Vec<u128> = (0..10).collect();
        assert_eq!(fault(&ids(&most)), None);
        for (list, words) in [
            (vec![1, 2, 1], "twice"),
            ((0..11).collect(), "more than 10"),
        ] {
            let fault = fault(&ids(&list)).unwrap();
            assert!(
                fault.field == "depends_on" && fault.message.contains(words),
                "{fault}"
            );
        }
    }
}
