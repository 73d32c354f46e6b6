//! What should have been told, worked out once more and in another way: from the list of the
//! checks that count, the windows, and the moments when somebody looked for what they held back.
//!
//! Written from the contract (three checks that agree; five turns in half an hour; nobody is told
//! in a window), with nothing of the product in it but the words.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::verdict::CheckStatus;

use CheckStatus::{Degraded, Down, Unknown, Up};

/// How long flapping is looked for, and how long it takes to settle.
const HALF_AN_HOUR: Duration = Duration::from_mins(30);
/// What two checks may take.
const IN_CHECKS: Duration = Duration::from_mins(1);
/// How long the end of a window waits for a check, at least.
const PATIENCE: Duration = Duration::from_mins(5);

/// A window over a monitor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) starts: At,
    pub(super) ends: At,
}

impl Window {
    fn holds(self, at: At) -> bool {
        self.starts <= at && at < self.ends
    }
}

/// What happened to one monitor, in the order in which it became so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happened {
    /// A check was recorded.
    Checked { began: At, status: CheckStatus },
    /// Somebody looked for what could be released.
    Released { at: At },
}

/// Something that every channel of the monitor should hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Opened(CheckStatus),
    Worsened,
    Flapping,
    Settled,
    Resolved,
}

impl Told {
    fn is_alarm(self) -> bool {
        self != Self::Resolved
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Opening,
    Worsening,
}

/// One confirmed outage.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    /// The first check that showed it.
    pub(super) began: At,
    /// What is to be heard of it, reminders aside.
    pub(super) told: Vec<Told>,
    /// Whether it is over.
    pub(super) is_over: bool,
    severity: CheckStatus,
    held: Option<Held>,
}

/// One monitor.
pub(super) struct Model {
    interval: Duration,
    windows: Vec<Window>,
    /// What is confirmed; `None` before the first check.
    status: Option<CheckStatus>,
    /// Checks in a row that say otherwise.
    against: Vec<(At, CheckStatus)>,
    /// Checks in a row that measured nothing.
    blind: u32,
    last: Option<(At, CheckStatus)>,
    turns: Vec<At>,
    flaps: bool,
    pub(super) outages: Vec<Outage>,
}

impl Model {
    /// Plays a whole history.
    pub(super) fn of(interval: Duration, windows: Vec<Window>, history: &[Happened]) -> Self {
        let mut model = Self {
            interval,
            windows,
            status: None,
            against: vec![],
            blind: 0,
            last: None,
            turns: vec![],
            flaps: false,
            outages: vec![],
        };
        for happened in history {
            match *happened {
                Happened::Checked { began, status } => model.check(began, status),
                Happened::Released { at } => model.release(at),
            }
        }
        model
    }

    /// Whether a window covers an instant.
    pub(super) fn is_covered(&self, at: At) -> bool {
        self.windows.iter().any(|window| window.holds(at))
    }

    fn check(&mut self, began: At, said: CheckStatus) {
        if self.last.is_some_and(|(last, _)| began <= last) {
            return; // Late: it is kept, and counts for nothing.
        }
        let overdue = self.interval * 2 + IN_CHECKS;
        if self.last.is_some_and(|(last, _)| began > last + overdue) {
            self.against.clear(); // Nobody followed it up.
        }
        self.last = Some((began, said));
        self.blind = if said == Unknown { self.blind + 1 } else { 0 };
        // Turned away five times: clients suffer, too.
        let status = if said == Unknown && self.blind >= 5 {
            self.last = Some((began, Degraded));
            Degraded
        } else {
            said
        };
        if status == Unknown {
            if self.blind >= 3 && self.status.is_some_and(|status| status != Unknown) {
                self.status = Some(Unknown);
                self.against.clear();
            }
            return;
        }
        if self.status == Some(status) {
            self.against.clear();
            self.kept_still(began);
            return;
        }
        if self.status.is_none() && status == Up {
            self.against.clear();
            self.status = Some(Up);
            return;
        }
        let base = self.status.map_or(0, badness);
        let is_beyond = |status: CheckStatus| badness(status) >= base;
        if (self.against.first()).is_some_and(|(_, held)| is_beyond(*held) != is_beyond(status)) {
            self.against.clear();
        }
        self.against.push((began, status));
        if self.against.len() >= 3 || said == Unknown {
            let nearest = self
                .against
                .iter()
                .min_by_key(|(_, s)| badness(*s).abs_diff(base));
            let (to, since) = (nearest.unwrap().1, self.against[0].0);
            self.against.clear();
            self.turn(to, since, began);
        }
    }

    fn turn(&mut self, to: CheckStatus, since: At, now: At) {
        let from = self.status.replace(to);
        let mut begins = false;
        if from.is_some_and(|from| from != Unknown) {
            self.turns.push(now);
            let recent = self.turns.iter().filter(|at| **at > now - HALF_AN_HOUR);
            begins = !self.flaps && recent.count() > 4;
            self.flaps |= begins;
        }
        let flaps = self.flaps;
        let Some(open) = self.open() else {
            if to != Up {
                self.outages.push(Outage {
                    began: since,
                    told: vec![],
                    is_over: false,
                    severity: to,
                    held: None,
                });
                let told = if begins {
                    Told::Flapping
                } else {
                    Told::Opened(to)
                };
                self.tell(told, now);
            }
            return;
        };
        let is_worse = to == Down && open.severity == Degraded;
        if to != Up && (is_worse || !flaps) {
            open.severity = to;
        }
        if to != Up && !is_worse && !flaps && open.held == Some(Held::Worsening) {
            open.held = None;
        }
        if begins {
            self.tell(Told::Flapping, now);
        } else if to == Up && !flaps {
            open.is_over = true;
            self.tell(Told::Resolved, now);
        } else if is_worse {
            self.tell(Told::Worsened, now);
        }
    }

    fn kept_still(&mut self, now: At) {
        let Some(last) = self.turns.last() else {
            return;
        };
        if now < *last + HALF_AN_HOUR {
            return;
        }
        self.turns.clear();
        if !std::mem::take(&mut self.flaps) {
            return;
        }
        let status = self.status.unwrap();
        let Some(open) = self.open() else { return };
        if status == Up {
            open.is_over = true;
            self.tell(Told::Resolved, now);
        } else {
            open.severity = status;
            self.tell(Told::Settled, now);
        }
    }

    /// Somebody looks at what windows hold back.
    fn release(&mut self, at: At) {
        let Some((last, said)) = self.last else {
            return;
        };
        let is_trouble = matches!(self.status, Some(Down | Degraded | Unknown));
        if !is_trouble || self.is_covered(at) {
            return;
        }
        let patience = PATIENCE.max(self.interval * 2);
        let is_unknown = said == Unknown || self.status == Some(Unknown);
        let is_doubtful = is_unknown || !self.against.is_empty();
        let ended = self.windows.iter().map(|window| window.ends);
        let waits = match ended.filter(|end| last < *end && *end <= at).max() {
            // Nobody has looked since.
            Some(end) => at < end + patience,
            None => is_doubtful && at < last + patience,
        };
        let flaps = self.flaps;
        let Some(open) = self.open() else { return };
        let Some(held) = open.held.filter(|_| !waits) else {
            return;
        };
        open.held = None;
        let told = match held {
            _ if flaps => Told::Flapping,
            Held::Opening => Told::Opened(open.severity),
            Held::Worsening => Told::Worsened,
        };
        open.told.push(told);
    }

    fn open(&mut self) -> Option<&mut Outage> {
        self.outages.last_mut().filter(|outage| !outage.is_over)
    }

    /// Tells something of the newest outage, because of a check at `now`, unless it is held back.
    fn tell(&mut self, told: Told, now: At) {
        let is_covered = self.is_covered(now);
        let outage = self.outages.last_mut().unwrap();
        if told.is_alarm() && is_covered && outage.held.is_none() {
            outage.held = Some(if outage.told.is_empty() {
                Held::Opening
            } else {
                Held::Worsening
            });
        }
        let is_held = match outage.held {
            Some(Held::Opening) => true,
            Some(Held::Worsening) => told.is_alarm(),
            None => false,
        };
        if !is_held {
            outage.told.push(told);
        }
    }
}

fn badness(status: CheckStatus) -> u32 {
    match status {
        Up | Unknown => 0,
        Degraded => 1,
        Down => 2,
    }
}
