//! An incident: from the first bad check to the recovery, with a timeline.
//!
//! There is at most one open incident to a monitor. It opens when a transition is confirmed and
//! is dated back to the first check that showed it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
pub use super::difference::{Change, changes};
use super::failure::{Code, Layer};
pub use super::held_back::HeldBack;
use super::id::{IncidentId, MonitorId, TeamId};
use super::people::People;
use super::reminder;
use super::report::CheckReport;
use super::status::{MonitorStatus, Transition};
use super::team::Email;
use super::verdict::Failure;
use super::written::Stage;

/// Most entries of one timeline; beyond it the newest is replaced, of those that no person wrote
/// while there are any.
pub const MAX_TIMELINE: usize = 200;
/// The entries that every timeline begins with.
const BEGINNING: usize = 2;

/// How bad an incident is for clients.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// They notice.
    Degraded,
    /// They cannot use the server.
    Down,
}

impl Severity {
    /// The severity of a status; `None` for one that is no trouble.
    pub fn of(status: MonitorStatus) -> Option<Self> {
        match status {
            MonitorStatus::Down => Some(Self::Down),
            MonitorStatus::Degraded => Some(Self::Degraded),
            _ => None,
        }
    }

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Down, Self::Degraded]
            .into_iter()
            .find(|severity| severity.as_str() == word)
    }
}

/// How far an incident has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has said that they care for it.
    Open,
    /// Somebody cares for it.
    Acknowledged {
        /// Since when.
        at: At,
    },
    /// Over.
    Resolved {
        /// When somebody cared, if anybody did.
        acknowledged_at: Option<At>,
        /// When it ended: the first good check, or when somebody closed it.
        at: At,
    },
}

/// What an entry of a timeline tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The first bad check.
    Began,
    /// The trouble was confirmed.
    Confirmed,
    /// It got worse, or better but not good.
    Changed,
    /// Nobody is told for now.
    Held,
    /// What was held back is told.
    Released,
    /// Somebody cares for it.
    Acknowledged,
    /// Somebody said how bad it is.
    Severity,
    /// Nothing more is told.
    Muted,
    /// It is told of again.
    Unmuted,
    /// Somebody wrote something for the team.
    Note,
    /// Somebody wrote something for the public.
    Update,
    /// It is over.
    Resolved,
}

/// An entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// When.
    pub at: At,
    /// What kind.
    pub kind: EntryKind,
    /// In words.
    pub text: String,
    /// Who, where it was a person.
    pub by: Option<Email>,
    /// How far they have come, where an update for the public says so.
    #[serde(default)]
    pub stage: Option<Stage>,
}

/// An incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// Whose it is.
    pub team: TeamId,
    /// The monitor that it is about.
    pub monitor: MonitorId,
    /// How bad it is.
    pub severity: Severity,
    /// Why, as a code.
    pub code: Code,
    /// Why, as a layer.
    pub layer: Layer,
    /// Why, in words.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// When the first bad check began.
    pub started_at: At,
    /// When it was confirmed.
    pub confirmed_at: At,
    /// How far it has come.
    pub phase: Phase,
    /// What happened, oldest first.
    pub timeline: Vec<Entry>,
    /// The check that confirmed it.
    pub evidence: CheckReport,
    /// What is different from the last good check.
    pub changed: Vec<Change>,
    /// How many times something was told of it.
    pub told: u32,
    /// How often the status turned, where it flapped: then the incident lasts until it has settled.
    pub turns: Option<u32>,
    /// What is held back; it stays when the trouble ends before it is told.
    pub held: Option<HeldBack>,
    /// When people are reminded of it next; `None` when they are not.
    pub remind_at: Option<At>,
    /// When channels are told that hear only of what nobody has acknowledged.
    pub escalate_at: Option<At>,
    /// What people have said of it, beside the timeline.
    pub people: People,
}

/// An incident cannot do this any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the incident is resolved already")]
pub struct AlreadyResolved;

impl Incident {
    /// Opens an incident for a confirmed transition to `down` or `degraded`; `None` for any
    /// other. `evidence` is the check that confirmed it, `last_good` the last report before.
    pub fn open(
        id: IncidentId,
        (team, monitor): (TeamId, MonitorId),
        transition: &Transition,
        evidence: CheckReport,
        last_good: Option<&CheckReport>,
    ) -> Option<Self> {
        let severity = Severity::of(transition.to)?;
        let failure = evidence.failure.clone().unwrap_or_else(unnamed);
        let confirmed_at = evidence.started_at;
        let entry = |at, kind, text: &str| Entry {
            at,
            kind,
            text: text.to_owned(),
            by: None,
            stage: None,
        };
        let timeline = vec![
            entry(
                transition.since,
                EntryKind::Began,
                "First check that failed.",
            ),
            entry(confirmed_at, EntryKind::Confirmed, &failure.message),
        ];
        let changed = last_good
            .map(|good| changes(good, &evidence))
            .unwrap_or_default();
        Some(Self {
            id,
            team,
            monitor,
            severity,
            code: failure.code,
            layer: failure.layer,
            message: failure.message,
            hint: failure.hint,
            started_at: transition.since,
            confirmed_at,
            phase: Phase::Open,
            timeline,
            evidence,
            changed,
            told: 0,
            turns: None,
            held: None,
            remind_at: Some(reminder::first(confirmed_at)),
            escalate_at: None,
            people: People::default(),
        })
    }

    /// The word of the contract: `open`, `acknowledged`, `resolved`.
    pub fn status(&self) -> &'static str {
        match self.phase {
            Phase::Open => "open",
            Phase::Acknowledged { .. } => "acknowledged",
            Phase::Resolved { .. } => "resolved",
        }
    }

    /// When it ended, if it did.
    pub fn resolved_at(&self) -> Option<At> {
        match self.phase {
            Phase::Resolved { at, .. } => Some(at),
            _ => None,
        }
    }

    /// When somebody cared, if anybody did.
    pub fn acknowledged_at(&self) -> Option<At> {
        match self.phase {
            Phase::Acknowledged { at } => Some(at),
            Phase::Resolved {
                acknowledged_at, ..
            } => acknowledged_at,
            Phase::Open => None,
        }
    }

    /// How long it lasted, or has lasted at `now`, in milliseconds.
    pub fn duration_ms(&self, now: At) -> i64 {
        self.resolved_at().unwrap_or(now).ms_since(self.started_at)
    }

    /// The trouble is of another severity now. Says whether it got worse than anybody knew.
    pub fn change(&mut self, severity: Severity, evidence: CheckReport) -> bool {
        let is_worse = self.found(severity);
        let is_flapping = self.turns.is_some();
        if !is_worse && !is_flapping {
            if self.held == Some(HeldBack::Worsening) {
                self.held = None;
            }
            self.forget_worsening();
        }
        let failure = evidence.failure.clone().unwrap_or_else(unnamed);
        let at = evidence.started_at;
        self.add(
            at,
            EntryKind::Changed,
            format!("Now {}: {}", severity.as_str(), failure.message),
            None,
        );
        self.code = failure.code;
        self.layer = failure.layer;
        self.message = failure.message;
        self.hint = failure.hint;
        self.evidence = evidence;
        is_worse
    }

    /// The server answers again, but it has come and gone too often to call that the end.
    pub fn interrupt(&mut self, at: At) {
        let text = "Up again. It is over when it has been so for half an hour.";
        self.add(at, EntryKind::Changed, text.to_owned(), None);
    }

    /// It has settled and is still there.
    pub fn settle(&mut self, at: At, severity: Severity, turns: u32) {
        if self.people.found.is_none() {
            self.severity = severity;
        }
        let text = format!("Settled after {turns} changes: {}.", severity.as_str());
        if self.phase == Phase::Open {
            self.remind_at = Some(reminder::first(at));
        }
        self.add(at, EntryKind::Changed, text, None);
    }

    /// Somebody cares for it. Saying so twice changes nothing.
    pub fn acknowledge(&mut self, at: At, by: Email) -> Result<bool, AlreadyResolved> {
        match self.phase {
            Phase::Resolved { .. } => Err(AlreadyResolved),
            Phase::Acknowledged { .. } => Ok(false),
            Phase::Open => {
                self.phase = Phase::Acknowledged { at };
                self.remind_at = None;
                self.escalate_at = None;
                self.add(
                    at,
                    EntryKind::Acknowledged,
                    "Acknowledged.".to_owned(),
                    Some(by),
                );
                Ok(true)
            }
        }
    }

    /// It is over: `at` is the first good check, or the moment when somebody closed it.
    pub fn resolve(
        &mut self,
        at: At,
        text: &str,
        by: Option<Email>,
    ) -> Result<(), AlreadyResolved> {
        let acknowledged_at = match self.phase {
            Phase::Resolved { .. } => return Err(AlreadyResolved),
            Phase::Acknowledged { at } => Some(at),
            Phase::Open => None,
        };
        self.phase = Phase::Resolved {
            acknowledged_at,
            at,
        };
        self.remind_at = None;
        self.escalate_at = None;
        let text = match self.held {
            Some(HeldBack::Opening) => format!("{text} Nobody was told."),
            _ => text.to_owned(),
        };
        self.add(at, EntryKind::Resolved, text, by);
        Ok(())
    }

    pub(super) fn add(&mut self, at: At, kind: EntryKind, text: String, by: Option<Email>) {
        self.push(Entry {
            at,
            kind,
            text,
            by,
            stage: None,
        });
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if self.timeline.len() >= MAX_TIMELINE {
            let mut later = self.timeline.iter().skip(BEGINNING);
            let of_checks = later.rposition(|entry| entry.by.is_none());
            let place = of_checks.map_or(MAX_TIMELINE - 1, |place| place + BEGINNING);
            self.timeline.remove(place);
        }
        self.timeline.push(entry);
    }
}

fn unnamed() -> Failure {
    let code = Code::MonitorError;
    Failure {
        code,
        layer: code.layer(),
        message: code.words().to_owned(),
        hint: code.hint().to_owned(),
    }
}
