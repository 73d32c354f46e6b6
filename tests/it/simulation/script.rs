//! What a seed says of the world: what each server answers, who is told, when processes die.

use std::time::Duration;

use lifesign::domain::verdict::CheckStatus;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use CheckStatus::{Degraded, Down, Unknown, Up};

/// Episodes in the life of a server.
const EPISODES: std::ops::RangeInclusive<usize> = 2..=4;

/// The part of a process that may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Claiming,
    Recording,
    Telling,
    Releasing,
    Reminding,
}

/// A server and who hears of it.
pub(super) struct Server {
    pub(super) interval: Duration,
    /// The channels that it names, by number; none for the default ones.
    pub(super) channels: Vec<usize>,
    /// Its answers, the next one last; when they are used up it is well.
    answers: Vec<CheckStatus>,
}

impl Server {
    /// Its next answer.
    pub(super) fn answer(&mut self) -> CheckStatus {
        self.answers.pop().unwrap_or(Up)
    }

    pub(super) fn has_more(&self) -> bool {
        !self.answers.is_empty()
    }
}

/// A seed, unfolded.
pub(super) struct Script {
    pub(super) nodes: usize,
    pub(super) channels: usize,
    pub(super) servers: Vec<Server>,
    pub(super) has_maintenance: bool,
    /// For everything that is decided on the way.
    pub(super) chance: StdRng,
    /// How many of a hundred steps a process does not survive.
    deadliness: u32,
}

impl Script {
    pub(super) fn of(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let channels = chance.random_range(1..=3);
        let count = if chance.random_bool(0.3) { 2 } else { 1 };
        let interval = Duration::from_secs(*pick(&mut chance, &[10, 60, 60, 600]));
        let servers = (0..count).map(|n| server(&mut chance, n, (interval, channels)));
        let servers = servers.collect();
        Self {
            nodes: if chance.random_bool(0.25) { 2 } else { 1 },
            channels,
            servers,
            has_maintenance: chance.random_bool(0.3),
            deadliness: *pick(&mut chance, &[0, 4, 10, 20]),
            chance,
        }
    }

    /// At which poll a step dies, if it does. What matters more dies more often.
    pub(super) fn life(&mut self, part: Part, is_decisive: bool) -> Option<u32> {
        let more = if is_decisive { 3 } else { 1 };
        if self.deadliness == 0 || self.chance.random_range(0..100) >= self.deadliness * more {
            return None;
        }
        // Some two polls to a statement.
        let longest = match part {
            Part::Claiming => 10,
            Part::Recording if is_decisive => 90,
            Part::Recording => 50,
            Part::Telling | Part::Releasing => 40,
            Part::Reminding => 30,
        };
        Some(self.chance.random_range(0..longest))
    }

    /// Whether a check takes so long that somebody else may make it again.
    pub(super) fn is_late(&mut self) -> bool {
        self.one_in(if self.nodes == 1 { 25 } else { 8 })
    }

    pub(super) fn one_in(&mut self, of: u32) -> bool {
        self.chance.random_range(0..of) == 0
    }

    /// A span between two lengths in seconds, to the millisecond.
    pub(super) fn span(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.chance.random_range(from * 1_000..to * 1_000))
    }
}

fn server(chance: &mut StdRng, number: usize, (interval, channels): (Duration, usize)) -> Server {
    let mut answers = vec![Up; usize::from(chance.random_bool(0.9))];
    for _ in 0..chance.random_range(EPISODES) {
        episode(chance, &mut answers);
    }
    answers.reverse();
    let named = number > 0 && chance.random_bool(0.5);
    Server {
        interval,
        channels: if named {
            vec![chance.random_range(0..channels)]
        } else {
            vec![]
        },
        answers,
    }
}

/// One more episode: something happens, and it may be over.
fn episode(chance: &mut StdRng, answers: &mut Vec<CheckStatus>) {
    let kind = chance.random_range(0..10);
    let mut times = |status: CheckStatus, from: usize, to: usize| {
        let count = chance.random_range(from..=to);
        answers.extend(std::iter::repeat_n(status, count));
    };
    match kind {
        // A plain outage and its end.
        0..3 => {
            times(Down, 3, 5);
            times(Up, 3, 4);
        }
        // A blip.
        3 => {
            times(Down, 1, 2);
            times(Up, 1, 2);
        }
        // It is slow first, or only slow.
        4 => {
            times(Degraded, 3, 4);
            times(Down, 0, 4);
            times(Up, 3, 4);
        }
        // It gets better before it is well.
        5 => {
            times(Down, 3, 3);
            times(Degraded, 2, 4);
            times(Down, 0, 3);
            times(Up, 3, 3);
        }
        // It turns this way and that, so that nobody can say.
        6 => {
            for _ in 0..4 {
                times(Down, 1, 1);
                times(Degraded, 0, 2);
                times(Up, 0, 1);
            }
        }
        // Nobody can measure it.
        7 => {
            times(Unknown, 1, 6);
            times(Up, 1, 3);
        }
        // It comes and goes.
        8 => {
            for _ in 0..3 {
                times(Down, 3, 3);
                times(Up, 3, 3);
            }
        }
        // It is down for long.
        _ => {
            times(Down, 5, 9);
            times(Unknown, 0, 1);
            times(Up, 2, 4);
        }
    }
}

fn pick<'a, T>(chance: &mut StdRng, all: &'a [T]) -> &'a T {
    &all[chance.random_range(0..all.len())]
}
