//! The report of a month, for pages, spreadsheets and the API alike.

use crate::domain::at::At;
use crate::domain::digest::Period;
use crate::domain::id::TeamId;
use crate::domain::month::Month;
use crate::domain::sla::SlaReport;
use crate::store::{Store, StoreError};

/// Most of each list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Monitors.
    pub lines: usize,
    /// Incidents.
    pub incidents: usize,
}

/// What fits on a page.
pub const ON_A_PAGE: Bounds = Bounds {
    lines: 300,
    incidents: 200,
};
/// What programs can read.
pub const IN_A_FILE: Bounds = Bounds {
    lines: 5_000,
    incidents: 10_000,
};

/// The report of a month of a team, of the monitors with `tag` where there is one; `None` for a month
/// that has not begun.
pub async fn of_month(
    store: &Store,
    team: TeamId,
    (month, tag): (Month, Option<&str>),
    bounds: Bounds,
    now: At,
) -> Result<Option<SlaReport>, StoreError> {
    let period = Period {
        from: month.starts_at(),
        until: month.ends_at().min(now),
    };
    if period.from > now {
        return Ok(None);
    }
    let (lines, has_more_lines) = store
        .sla_lines(team, tag, period, now, bounds.lines)
        .await?;
    let (incidents, has_more_incidents) = store
        .sla_incidents(team, tag, period, bounds.incidents)
        .await?;
    Ok(Some(SlaReport {
        month,
        until: period.until,
        tag: tag.map(str::to_owned),
        lines,
        has_more_lines,
        incidents,
        has_more_incidents,
    }))
}
