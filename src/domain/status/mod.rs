//! The status of a monitor over time: confirmation and recovery.
//!
//! [`step`] takes what is known and what a check has just seen, and gives what is known now. A
//! check that disagrees with the status starts a [`Suspicion`]; when [`CONFIRMATIONS`] checks in
//! a row disagree in the same direction it becomes a [`Transition`] to what all of them agree
//! on, dated back to the first. The suspicion is part of the stored state, so that a process
//! that dies in the middle of confirming goes on where it stopped.
//!
//! Late and doubled results change nothing: a check that is not newer than the last one is not
//! counted. A suspicion that nobody followed up in time is none any more, and a status that no check
//! vouches for any more is unknown ([`lapse`]). A status that keeps turning is flapping (`flapping.rs`).

use std::time::Duration;

use super::accounting::{Span, account};
use super::at::At;
use super::failure::Code;
use super::flapping::Flapping;
use super::state::CLOCKS_DIFFER;
pub use super::state::{MonitorStatus, State, Suspicion, Transition};
use super::verdict::CheckStatus;

/// Checks that have to agree before the status changes: the first and two repetitions.
pub const CONFIRMATIONS: u32 = 3;
/// Wait between a check that disagrees and its repetition; a quick failure is so repeated 5 s and
/// 10 s after it was first seen.
pub const RECHECK_AFTER: Duration = Duration::from_secs(5);
/// Checks in a row without a measurement after which the status itself is unknown.
pub const UNKNOWN_AFTER: u32 = 3;
/// Checks in a row that were turned away for being too many, after which clients suffer, too.
pub const LIMITED_AFTER: u32 = 5;

/// What one check (or the quorum of the locations) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When the check began.
    pub at: At,
    /// What it says.
    pub status: CheckStatus,
    /// Whether the server is alive behind a wall.
    pub gated: bool,
    /// Why, when it is not plainly up.
    pub code: Option<Code>,
    /// Whether the very check that is taken into account saw it so, or worse. With several
    /// locations the verdict may rest on what others saw; that confirms nothing anew.
    pub is_own: bool,
}

/// What a check changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is known now.
    pub state: State,
    /// The change of status, if it is confirmed.
    pub transition: Option<Transition>,
    /// Whether it began to flap with this check, or has settled.
    pub flapping: Option<Flapping>,
    /// The start of a suspicion that turned out to be none: those checks were a blip.
    pub blip_since: Option<At>,
    /// Check again this soon, instead of in the next slot.
    pub recheck: Option<Duration>,
    /// Time that can be accounted for now.
    pub spans: Vec<Span>,
}

impl Step {
    /// One that changes nothing.
    fn none(state: &State) -> Self {
        Self {
            state: *state,
            transition: None,
            flapping: None,
            blip_since: None,
            recheck: None,
            spans: vec![],
        }
    }
}

/// How soon a check is repeated that has left `state`; `None` when nothing has to be confirmed.
pub fn recheck(state: &State) -> Option<Duration> {
    (state.suspicion.is_some() && !state.last_unknown).then_some(RECHECK_AFTER)
}

/// Takes one more check into account at `now`. It vouches for what it saw for as long as `patience`
/// (`schedule::patience`).
pub fn step(before: &State, seen: &Seen, patience: Duration, now: At) -> Step {
    let before = &before.without_future(now);
    let last = before.last_check_at;
    if is_of_before(before, seen, now) || last.is_some_and(|last| seen.at <= last) {
        return Step::none(before);
    }
    count(before, seen, patience)
}

/// The same for a check from one of several locations, which overlap: one that hangs ends after others that
/// began later. It is late when it is not newer than `previous`, the check before from the same
/// location, or when it vouches for nothing at `now` any more.
pub fn step_from_one(
    before: &State,
    seen: &Seen,
    previous: Option<At>,
    patience: Duration,
    now: At,
) -> Step {
    let before = &before.without_future(now);
    let is_old =
        before.last_check_at.is_some_and(|last| seen.at <= last) && seen.at + patience < now;
    let is_doubled = |previous: At| seen.at <= previous && previous <= now + CLOCKS_DIFFER;
    let is_late = is_old || previous.is_some_and(is_doubled);
    if is_of_before(before, seen, now) || is_late {
        return Step::none(before);
    }
    count(before, seen, patience)
}

/// Whether a check was made before the monitor was made or resumed.
fn is_of_before(before: &State, seen: &Seen, now: At) -> bool {
    before.accounted_until.is_none() && seen.at + CLOCKS_DIFFER < before.since.min(now)
}

fn count(before: &State, seen: &Seen, patience: Duration) -> Step {
    let mut state = *before;
    if before.last_check_at.is_none_or(|last| seen.at > last) {
        state.last_check_at = Some(seen.at);
        state.vouched_until = Some(seen.at + patience);
    }
    state.last_unknown = seen.status == CheckStatus::Unknown;
    let is_limited = seen.code == Some(Code::RateLimited);
    state.limited_streak = if is_limited {
        before.limited_streak + 1
    } else {
        0
    };
    let planned = before.last_check_at.map(|at| at + patience);
    let vouched = before.vouched_until.or(planned).unwrap_or(seen.at);
    let forgotten = state.suspicion.take_if(|_| seen.at > vouched);
    let (transition, blip_since) = match towards(seen, &mut state) {
        None => unmeasured(&mut state, seen),
        Some(status) => measured(&mut state, status, seen, is_limited),
    };
    let flapping = match transition {
        Some(transition) if transition.is_turn() => state.turns.turned(seen.at),
        None if !state.last_unknown && state.suspicion.is_none() => state.turns.kept_still(seen.at),
        _ => None,
    };
    let recheck = recheck(&state);
    let spans = account(before, &mut state, transition, seen.at, vouched);
    Step {
        state,
        transition,
        flapping,
        blip_since: blip_since.or(forgotten.map(|suspicion| suspicion.since)),
        recheck,
        spans,
    }
}

/// What is known at `now` of a monitor that nobody has checked in time: nothing. `None` while a check vouches
/// for its status, or where it says nothing anyway. What an agent has kept of the time since may still come.
pub fn lapse(before: &State, now: At) -> Option<Step> {
    let until = before.vouched().filter(|until| *until < now)?;
    if matches!(
        before.status,
        MonitorStatus::Unknown | MonitorStatus::Pending
    ) {
        return None;
    }
    let mut state = *before;
    let forgotten = state.suspicion.take();
    let transition = change(&mut state, MonitorStatus::Unknown, until);
    let spans = account(before, &mut state, None, until, until);
    Some(Step {
        transition: Some(transition),
        blip_since: forgotten.map(|suspicion| suspicion.since),
        spans,
        ..Step::none(&state)
    })
}

/// The status that a check speaks for; `None` when it measured nothing.
fn towards(seen: &Seen, state: &mut State) -> Option<MonitorStatus> {
    match seen.status {
        CheckStatus::Up => Some(MonitorStatus::Up),
        CheckStatus::Degraded => Some(MonitorStatus::Degraded),
        CheckStatus::Down => Some(MonitorStatus::Down),
        CheckStatus::Unknown if state.limited_streak >= LIMITED_AFTER => {
            state.last_unknown = false;
            Some(MonitorStatus::Degraded)
        }
        CheckStatus::Unknown => None,
    }
}

fn unmeasured(state: &mut State, seen: &Seen) -> (Option<Transition>, Option<At>) {
    state.unknown_streak += 1;
    // Trouble of our own explains what was suspected just before it was noticed.
    let is_ours = seen.code == Some(Code::MonitorError);
    let doubted = state.suspicion.take_if(|_| is_ours);
    let is_news = state.unknown_streak >= UNKNOWN_AFTER
        && !matches!(
            state.status,
            MonitorStatus::Unknown | MonitorStatus::Pending
        );
    let transition = is_news.then(|| change(state, MonitorStatus::Unknown, seen.at));
    (transition, doubted.map(|suspicion| suspicion.since))
}

fn measured(
    state: &mut State,
    status: MonitorStatus,
    seen: &Seen,
    already_confirmed: bool,
) -> (Option<Transition>, Option<At>) {
    state.unknown_streak = 0;
    state.gated = seen.gated;
    if status == state.status {
        return (
            None,
            state.suspicion.take().map(|suspicion| suspicion.since),
        );
    }
    let first_good = state.status == MonitorStatus::Pending && status == MonitorStatus::Up;
    if first_good {
        let blip = state.suspicion.take().map(|suspicion| suspicion.since);
        return (Some(change(state, status, seen.at)), blip);
    }
    if !seen.is_own {
        return (None, None);
    }
    let (suspicion, blip) = match state.suspicion {
        Some(held) => match agree(state.status, held.towards, status) {
            Some(towards) => (
                Suspicion {
                    towards,
                    agreeing: held.agreeing + 1,
                    ..held
                },
                None,
            ),
            None => (
                Suspicion {
                    since: seen.at,
                    towards: status,
                    agreeing: 1,
                },
                Some(held.since),
            ),
        },
        None => (
            Suspicion {
                since: seen.at,
                towards: status,
                agreeing: 1,
            },
            None,
        ),
    };
    if suspicion.agreeing >= CONFIRMATIONS || already_confirmed {
        return (
            Some(change(state, suspicion.towards, suspicion.since)),
            blip,
        );
    }
    state.suspicion = Some(suspicion);
    (None, blip)
}

/// What two statuses that differ from `present` agree on: the one nearer to it, or nothing when
/// one says better and the other says worse.
fn agree(
    present: MonitorStatus,
    one: MonitorStatus,
    other: MonitorStatus,
) -> Option<MonitorStatus> {
    // Where nothing is known yet, the milder one is what both agree on.
    let base = present.badness().unwrap_or(0);
    let (a, b) = (one.badness()?, other.badness()?);
    let is_same_side = (a >= base) == (b >= base);
    let nearer = if a.abs_diff(base) <= b.abs_diff(base) {
        one
    } else {
        other
    };
    is_same_side.then_some(nearer)
}

fn change(state: &mut State, to: MonitorStatus, since: At) -> Transition {
    let transition = Transition {
        from: state.status,
        to,
        since,
    };
    state.status = to;
    state.since = since;
    state.suspicion = None;
    transition
}

#[cfg(test)]
mod tests;
