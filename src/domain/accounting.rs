//! The books of a monitor: which time counts as what.
//!
//! Each check closes the time since the last accounting. Time under suspicion waits for the
//! outcome; time that no check vouches for is unknown. No moment is counted twice.

use super::at::At;
use super::state::{MonitorStatus, State, Transition};
use super::verdict::CheckStatus;

/// A span of time and the status that it counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Start, inclusive.
    pub from: At,
    /// End, exclusive.
    pub until: At,
    /// What it counts as: never `pending` or `paused`.
    pub status: CheckStatus,
    /// Whether it lies in a maintenance window that excludes it: then it counts as nothing else.
    pub in_maintenance: bool,
}

/// Attributes the time since the last accounting. Time under suspicion waits for the outcome;
/// time after `vouched`, for which no check vouches, is unknown.
pub(super) fn account(
    before: &State,
    state: &mut State,
    transition: Option<Transition>,
    now: At,
    vouched: At,
) -> Vec<Span> {
    let Some(from) = before.accounted_until else {
        // Time is counted from the first check on, whatever it turns out to mean.
        state.accounted_until = Some(now);
        return vec![];
    };
    let held = state.suspicion.map(|suspicion| suspicion.since);
    let until = held.unwrap_or(now).max(from);
    state.accounted_until = Some(until);
    let mut spans = Vec::new();
    let mut push = |from: At, until: At, status: Option<CheckStatus>| {
        if let (Some(status), true) = (status, until > from) {
            spans.push(Span {
                from,
                until,
                status,
                in_maintenance: false,
            });
        }
    };
    // A suspicion that a check which measured nothing took back was our own trouble.
    let is_taken_back =
        before.suspicion.is_some() && state.suspicion.is_none() && state.last_unknown;
    if before.last_unknown || is_taken_back {
        push(from, until, Some(CheckStatus::Unknown));
        return spans;
    }
    let known_until = until.min(vouched.max(from));
    let old = counts_as(before.status);
    let turned = transition
        .filter(|t| t.to != MonitorStatus::Unknown)
        .map(|t| (t.since, t.to));
    match turned {
        Some((since, to)) => {
            let since = since.clamp(from, known_until);
            // A first verdict counts from the first check that gave it.
            push(from, since, old.or(counts_as(to)));
            push(since, known_until, counts_as(to));
        }
        None => push(from, known_until, old),
    }
    push(known_until, until, Some(CheckStatus::Unknown));
    spans
}

/// Closes the books of a monitor that is paused or deleted at `now`.
pub fn settle(state: &State, now: At) -> Vec<Span> {
    let mut after = State {
        suspicion: None,
        ..*state
    };
    account(state, &mut after, None, now, state.vouched().unwrap_or(now))
}

/// The span between the last accounting and now, as far as a check vouches for it: what a page
/// adds to the rollups so that they do not end at the last check.
pub fn live_tail(state: &State, now: At) -> Vec<Span> {
    match state.accounted_until {
        Some(_) => settle(state, now),
        None => vec![],
    }
}

fn counts_as(status: MonitorStatus) -> Option<CheckStatus> {
    match status {
        MonitorStatus::Up => Some(CheckStatus::Up),
        MonitorStatus::Degraded => Some(CheckStatus::Degraded),
        MonitorStatus::Down => Some(CheckStatus::Down),
        MonitorStatus::Unknown => Some(CheckStatus::Unknown),
        MonitorStatus::Pending | MonitorStatus::Paused => None,
    }
}
