//! One check, complete: which watch, which slot, what was seen and what it means.

use std::time::Duration;

use super::at::At;
use super::change::Change;
use super::failure::Code;
use super::id::{MonitorId, TeamId};
use super::observation::ProbeMemory;
use super::report::CheckReport;
use super::status::Seen;
use super::verdict::CheckStatus;

/// A monitor at a location: what is due, leased and judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
    /// From where.
    pub location: String,
}

/// The result of one check, ready to be recorded. It is handed on often: what is large in it stays in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// What was checked, and from where.
    pub watch: Watch,
    /// The slot of time that it was for; with the watch, the key of the check.
    pub slot: At,
    /// How many repetitions came before it: 0 for an ordinary check.
    pub attempt: u32,
    /// The whole of what was seen and what it means.
    pub report: Box<CheckReport>,
    /// What the next probe of this watch should know.
    pub memory: Box<ProbeMemory>,
    /// Whether that is more than a change of pace.
    pub has_learnt: bool,
    /// What is other than at the last check of this watch.
    pub changes: Vec<Change>,
}

impl CheckResult {
    /// The code of the failure, if there is one.
    pub fn code(&self) -> Option<Code> {
        self.report.failure.as_ref().map(|failure| failure.code)
    }

    /// Whether clients could use the server, well or badly.
    pub fn is_usable(&self) -> bool {
        matches!(self.report.status, CheckStatus::Up | CheckStatus::Degraded)
    }

    /// How long the server asked us to stay away.
    pub fn retry_after(&self) -> Option<Duration> {
        self.report.retry_after_seconds.map(Duration::from_secs)
    }

    /// What it says to the status machine.
    pub fn seen(&self) -> Seen {
        Seen {
            at: self.report.started_at,
            status: self.report.status,
            gated: self.report.gated,
            code: self.code(),
            is_own: true,
        }
    }
}
