//! The latest verdicts of the locations, turned into the verdict of the monitor.
//!
//! A location that has not reported in time has no vote. `status.rs` sees only the outcome.

use std::num::NonZeroU8;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::monitor::FieldError;
use super::status::Seen;
use super::verdict::CheckStatus;

/// How many of the locations that reported have to say `down`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "QuorumWord", try_from = "QuorumWord")]
pub enum Quorum {
    /// One of them.
    Any,
    /// More than half of them.
    #[default]
    Majority,
    /// All of them.
    All,
    /// So many; all of them where fewer reported.
    AtLeast(NonZeroU8),
}

/// A quorum as it is written: `any`, `majority`, `all` or a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum QuorumWord {
    /// A number of locations.
    Number(u64),
    /// One of the words.
    Word(String),
}

impl Quorum {
    /// Whether `down` of `votes` are enough.
    fn is_met(self, down: usize, votes: usize) -> bool {
        let needed = match self {
            Self::Any => 1,
            Self::Majority => votes / 2 + 1,
            Self::All => votes,
            Self::AtLeast(number) => usize::from(number.get()).min(votes),
        };
        down > 0 && down >= needed
    }
}

impl From<Quorum> for QuorumWord {
    fn from(quorum: Quorum) -> Self {
        match quorum {
            Quorum::Any => Self::Word("any".to_owned()),
            Quorum::Majority => Self::Word("majority".to_owned()),
            Quorum::All => Self::Word("all".to_owned()),
            Quorum::AtLeast(number) => Self::Number(number.get().into()),
        }
    }
}

impl TryFrom<QuorumWord> for Quorum {
    type Error = FieldError;

    fn try_from(word: QuorumWord) -> Result<Self, FieldError> {
        let number = |number: u64| u8::try_from(number).ok().and_then(NonZeroU8::new);
        let quorum = match &word {
            QuorumWord::Number(given) => number(*given).map(Self::AtLeast),
            QuorumWord::Word(word) => match word.as_str() {
                "any" => Some(Self::Any),
                "majority" => Some(Self::Majority),
                "all" => Some(Self::All),
                _ => None,
            },
        };
        let message = "must be any, majority, all or a number from 1 to 255";
        quorum.ok_or_else(|| FieldError::new("quorum", message))
    }
}

/// What one location last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it saw, and when.
    pub seen: Seen,
}

/// The verdict of the monitor: `down` when a quorum of the locations that reported in time say so,
/// `degraded` when only some are not up. A single location is simply believed.
///
/// `latest` is what has just been seen; the others count for as long as they vouch for it, `patience`.
pub fn verdict(quorum: Quorum, latest: Seen, others: &[Vote], now: At, patience: Duration) -> Seen {
    let in_time = others
        .iter()
        .map(|vote| vote.seen)
        .filter(|seen| seen.at + patience >= now);
    let votes: Vec<Seen> = in_time
        .chain([latest])
        .filter(|seen| seen.status != CheckStatus::Unknown)
        .collect();
    let count = |status: CheckStatus| votes.iter().filter(|seen| seen.status == status).count();
    let (down, degraded) = (count(CheckStatus::Down), count(CheckStatus::Degraded));
    let status = if votes.is_empty() {
        CheckStatus::Unknown
    } else if quorum.is_met(down, votes.len()) {
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
        is_own: badness(latest.status) >= badness(status),
    }
}

/// How bad a status is; one that measured nothing is as bad as none.
fn badness(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Unknown | CheckStatus::Up => 0,
        CheckStatus::Degraded => 1,
        CheckStatus::Down => 2,
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
            is_own: true,
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
            let latest = seen(600_000, latest);
            let outcome = verdict(Quorum::Majority, latest, &others, now, minute);
            assert_eq!(outcome.status, expected, "{latest:?} with {others:?}");
        }
    }

    #[test]
    fn how_many_have_to_agree_can_be_set() {
        let two = Quorum::AtLeast(NonZeroU8::new(2).unwrap());
        for (quorum, votes, expected) in [
            (Quorum::Any, vec![Up, Up, Down], Down),
            (Quorum::Majority, vec![Up, Up, Down], Degraded),
            (Quorum::Majority, vec![Up, Down], Degraded),
            (Quorum::All, vec![Up, Down, Down], Degraded),
            (Quorum::All, vec![Down, Down, Down], Down),
            (Quorum::All, vec![Unknown, Down, Down], Down),
            (two, vec![Up, Up, Down], Degraded),
            (two, vec![Up, Up, Down, Down], Down),
            (two, vec![Down], Down),
        ] {
            let mut votes = votes.into_iter().map(|status| seen(600_000, status));
            let latest = votes.next().unwrap();
            let others: Vec<Vote> = votes.map(|seen| Vote { seen }).collect();
            let minute = Duration::from_mins(1);
            let outcome = verdict(quorum, latest, &others, At(600_000), minute);
            assert_eq!(
                outcome.status, expected,
                "{quorum:?}: {latest:?} with {others:?}"
            );
        }
    }

    #[test]
    fn what_others_saw_is_not_what_this_check_saw() {
        let others = [Vote {
            seen: seen(590_000, Down),
        }];
        let minute = Duration::from_mins(1);
        for (latest, is_own) in [(Up, false), (Unknown, false), (Down, true)] {
            let latest = seen(600_000, latest);
            let outcome = verdict(Quorum::Any, latest, &others, At(600_000), minute);
            assert_eq!((outcome.status, outcome.is_own), (Down, is_own));
        }
    }

    #[test]
    fn a_quorum_is_written_as_a_word_or_a_number() {
        for text in ["\"any\"", "\"majority\"", "\"all\"", "3"] {
            let quorum: Quorum = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&quorum).unwrap(), text);
        }
        for text in ["\"most\"", "0", "256"] {
            assert!(serde_json::from_str::<Quorum>(text).is_err(), "{text}");
        }
    }
}
