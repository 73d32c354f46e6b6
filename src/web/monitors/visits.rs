//! What our checks cost the server that they go to, in all.

use crate::domain::monitor::Monitor;
use crate::domain::observation::Cost;
use crate::domain::report::CheckReport;
use crate::net::user_agent;

/// Seconds of a day.
const DAY_SECONDS: u64 = 86_400;

/// One check of a monitor, and all those of a day.
pub(super) struct Visits {
    /// What one check costs, as last counted.
    pub(super) each: Cost,
    /// Checks on a day, from all locations, while none fails.
    pub(super) checks: u64,
    /// How we introduce ourselves.
    pub(super) user_agent: String,
}

impl Visits {
    pub(super) fn of(monitor: &Monitor, report: &CheckReport, public_url: &str) -> Self {
        let spec = &monitor.spec;
        let locations = spec.locations.as_ref().map_or(1, Vec::len).max(1);
        let rounds = DAY_SECONDS / u64::from(spec.interval_seconds.max(1));
        Self {
            each: report.cost,
            checks: rounds * u64::try_from(locations).unwrap_or(1),
            user_agent: user_agent(public_url),
        }
    }

    /// Requests on a day.
    pub(super) fn requests(&self) -> u64 {
        self.checks * u64::from(self.each.requests)
    }

    /// Bytes on a day that the server receives.
    pub(super) fn sent(&self) -> u64 {
        self.checks * self.each.bytes_sent
    }

    /// Bytes on a day that the server sends.
    pub(super) fn received(&self) -> u64 {
        self.checks * self.each.bytes_received
    }

    /// Sessions on a day that the server opens for us.
    pub(super) fn opened(&self) -> u64 {
        self.checks * u64::from(self.each.sessions_opened)
    }

    /// Sessions on a day that we close.
    pub(super) fn closed(&self) -> u64 {
        self.checks * u64::from(self.each.sessions_closed)
    }
}
