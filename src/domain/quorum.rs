//! The latest verdicts of the locations, turned into the verdict of the monitor.
//!
//! A location that has not reported in time has no vote. `status.rs` sees only the outcome.

use std::time::Duration;

use super::at::At;
use super::status::Seen;
use super::verdict::CheckStatus;

/// What one location last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it saw, and when.
    pub seen: Seen,
}

/// The verdict of the monitor: `down` when the majority of the locations that reported in time
/// say so, `degraded` when only some are not up. A single location is simply believed.
///
/// `latest` is what has just been seen; the others count for two of their intervals.
pub fn verdict(latest: Seen, others: &[Vote], now: At, interval: Duration) -> Seen {
    let oldest = now - interval * 2;
    let in_time = others
        .iter()
        .map(|vote| vote.seen)
        .filter(|seen| seen.at >= oldest);
    let votes: Vec<Seen> = in_time
        .chain([latest])
        .filter(|seen| seen.status != CheckStatus::Unknown)
        .collect();
    let count = |status: CheckStatus| votes.iter().filter(|seen| seen.status == status).count();
    let (down, degraded) = (count(CheckStatus::Down), count(CheckStatus::Degraded));
    let status = if votes.is_empty() {
        CheckStatus::Unknown
    } else if down * 2 > votes.len() {
        CheckStatus::Down
    } else if down + degraded > 0 {
        CheckStatus::Degraded
    } else {
        CheckStatus::Up
    };
    // The code and the wall are told by a location that saw what the verdict says, the latest first.
    let told = votes
        .iter()
        .rev()
        .find(|seen| seen.status == status)
        .unwrap_or(&latest);
    Seen {
        at: latest.at,
        status,
        gated: told.gated,
        code: told.code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckStatus::{Degraded, Down, Unknown, Up};

    fn seen(at: i64, status: CheckStatus) -> Seen {
        Seen {
            at: At(at),
            status,
            gated: false,
            code: None,
        }
    }

    #[test]
    fn the_majority_of_those_in_time_decides() {
        let minute = Duration::from_mins(1);
        let now = At(600_000);
        for (latest, others, expected) in [
            (Up, vec![], Up),
            (Down, vec![], Down),
            (Unknown, vec![], Unknown),
            (Down, vec![(590_000, Up), (590_000, Up)], Degraded),
            (Down, vec![(590_000, Down), (590_000, Up)], Down),
            (Up, vec![(590_000, Down)], Degraded),
            (Up, vec![(100_000, Down), (100_000, Down)], Up),
            (Unknown, vec![(590_000, Down)], Down),
        ] {
            let others: Vec<Vote> = others
                .into_iter()
                .map(|(at, status)| Vote {
                    seen: seen(at, status),
                })
                .collect();
            let outcome = verdict(seen(600_000, latest), &others, now, minute);
            assert_eq!(outcome.status, expected, "{latest:?} with {others:?}");
        }
    }
}
