//! What is known of a monitor from one check to the next: its status, what is suspected, and up to
//! when its time has been accounted for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::at::At;
use super::flapping::Turns;
use super::short::{self, is_default};

/// How much the clocks of two nodes may differ.
pub const CLOCKS_DIFFER: Duration = Duration::from_mins(5);

/// For how long a check vouches that an older release has recorded: two of the longest intervals.
const LONGEST: Duration = Duration::from_hours(48);

/// How a monitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MonitorStatus {
    /// Not checked yet, or not yet confirmed.
    Pending,
    /// Clients can use it.
    Up,
    /// Clients can use it and will notice.
    Degraded,
    /// Clients cannot use it.
    Down,
    /// Could not be measured for a while.
    Unknown,
    /// Not checked, by its owner's wish.
    Paused,
}

impl MonitorStatus {
    /// All of them, worst first: the order of lists.
    pub const ALL: [Self; 6] = [
        Self::Down,
        Self::Degraded,
        Self::Unknown,
        Self::Pending,
        Self::Up,
        Self::Paused,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Paused => "paused",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// How bad it is for clients: 0 fine, 1 they notice, 2 they cannot. `None` where not known.
    pub(super) fn badness(self) -> Option<u8> {
        match self {
            Self::Up => Some(0),
            Self::Degraded => Some(1),
            Self::Down => Some(2),
            Self::Pending | Self::Unknown | Self::Paused => None,
        }
    }
}

/// Checks that disagree with the status and wait for confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// When the first of them began.
    pub since: At,
    /// What all of them agree on: the one of their statuses that is nearest to the present one.
    pub towards: MonitorStatus,
    /// How many there were.
    pub agreeing: u32,
}

/// What is known of a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The confirmed status; never `paused`, which is a wish of the owner and not a state.
    pub status: MonitorStatus,
    /// Since when.
    #[serde(with = "short::moment")]
    pub since: At,
    /// Whether it was last seen alive behind a wall.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gated: bool,
    /// Unconfirmed checks that disagree.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspicion: Option<Suspicion>,
    /// When the last check that counted began.
    #[serde(
        default,
        with = "short::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_check_at: Option<At>,
    /// Whether that check measured nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub last_unknown: bool,
    /// Checks in a row that measured nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown_streak: u32,
    /// Checks in a row that were turned away for being too many.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limited_streak: u32,
    /// Up to when that check vouches for the status; `None` where an older release has written this.
    #[serde(
        default,
        with = "short::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub vouched_until: Option<At>,
    /// Up to when time has been accounted for.
    #[serde(
        default,
        with = "short::instant",
        skip_serializing_if = "Option::is_none"
    )]
    pub accounted_until: Option<At>,
    /// How often it has turned lately.
    #[serde(default, skip_serializing_if = "Turns::is_empty")]
    pub turns: Turns,
}

impl State {
    /// Up to when the last check vouches for the status.
    pub(super) fn vouched(&self) -> Option<At> {
        let of_old = || self.last_check_at.map(|at| at + LONGEST);
        self.vouched_until.or_else(of_old)
    }

    /// A monitor that has just been made, or resumed.
    pub fn pending(now: At) -> Self {
        Self {
            status: MonitorStatus::Pending,
            since: now,
            gated: false,
            suspicion: None,
            last_check_at: None,
            last_unknown: false,
            unknown_streak: 0,
            limited_streak: 0,
            vouched_until: None,
            accounted_until: None,
            turns: Turns::default(),
        }
    }

    /// The same without what lies in the future, as when a clock was set back: what was seen there
    /// would otherwise outrank every check until that time has come. Time that was accounted for
    /// stays so.
    pub(super) fn without_future(self, now: At) -> Self {
        let is_ahead = |at: At| at > now + CLOCKS_DIFFER;
        if !self.last_check_at.is_some_and(is_ahead) {
            return self;
        }
        Self {
            since: self.since.min(now),
            suspicion: None,
            last_check_at: None,
            vouched_until: None,
            turns: self.turns.until(now),
            ..self
        }
    }
}

/// A confirmed change of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The status before.
    pub from: MonitorStatus,
    /// The status now.
    pub to: MonitorStatus,
    /// When the first check that showed it began.
    pub since: At,
}

impl Transition {
    /// Whether clients suffer more than before, where what was not known counts as fine.
    pub fn is_worse(&self) -> bool {
        self.to.badness() > self.from.badness().or(Some(0))
    }

    /// Whether it leads from one measured status to another: a turn of the server's own.
    pub(super) fn is_turn(&self) -> bool {
        self.from.badness().is_some() && self.to.badness().is_some()
    }
}
