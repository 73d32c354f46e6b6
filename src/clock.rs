//! The two sources of chance: the time of day and fresh ids.
//!
//! Everything else takes an [`At`] or an id as an argument; a linter guards this door. Loops wait
//! with `tokio::time`, which is not a question of what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::domain::at::At;

/// Tells the time: the system's, or one that a test sets by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// By so many milliseconds ahead of the system's.
    Following(Arc<AtomicI64>),
    Manual(Arc<AtomicI64>),
}

/// A clock that is followed is so near already: the rest is the way that its word takes.
const NEAR_MS: i64 = 1_000;

impl Clock {
    /// The time of this machine.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The time of this machine, set right by another one's.
    pub fn following() -> Self {
        Self(Source::Following(Arc::default()))
    }

    /// Takes over what time it is elsewhere, where this clock is one that follows and is more than a
    /// second off. Gives how far it went back by that.
    pub fn follow(&self, theirs: At) -> Duration {
        let Source::Following(ahead) = &self.0 else {
            return Duration::ZERO;
        };
        let back = self.now().0 - theirs.0;
        if back.abs() <= NEAR_MS {
            return Duration::ZERO;
        }
        ahead.store(theirs.0 - system_now().0, Ordering::SeqCst);
        Duration::from_millis(u64::try_from(back).unwrap_or(0))
    }

    /// A clock that stands at `at` until it is advanced.
    pub fn manual(at: At) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(at.0))))
    }

    /// Now.
    pub fn now(&self) -> At {
        match &self.0 {
            Source::System => system_now(),
            Source::Following(ahead) => At(system_now().0 + ahead.load(Ordering::SeqCst)),
            Source::Manual(ms) => At(ms.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; a system clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(ms) = &self.0 {
            ms.store((At(ms.load(Ordering::SeqCst)) + by).0, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn system_now() -> At {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    At(0) + since
}

/// Makes ids: UUIDv7 by the clock, or a counted sequence that stands still in snapshots.
#[derive(Clone, Debug)]
pub struct Ids(Sequence);

#[derive(Clone, Debug)]
enum Sequence {
    Random,
    Counted(Arc<AtomicU64>),
}

impl Ids {
    /// Fresh UUIDv7, sorted by time.
    pub fn random() -> Self {
        Self(Sequence::Random)
    }

    /// 1, 2, 3 …; the same in every run.
    pub fn counted() -> Self {
        Self(Sequence::Counted(Arc::new(AtomicU64::new(0))))
    }

    /// The next id; wrap it into the type of the thing that it names.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn next(&self) -> Uuid {
        match &self.0 {
            Sequence::Random => Uuid::now_v7(),
            Sequence::Counted(last) => {
                Uuid::from_u128(u128::from(last.fetch_add(1, Ordering::SeqCst) + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(At(1_000));
        let seen_elsewhere = clock.clone();
        clock.advance(Duration::from_secs(60));
        assert_eq!(seen_elsewhere.now(), At(61_000));
    }

    #[test]
    fn a_clock_that_follows_goes_by_another_one() {
        let hour = Duration::from_hours(1);
        let clock = Clock::following();
        let ahead = || clock.now().0 - Clock::system().now().0;
        let is_near = |wanted: i64| (ahead() - wanted).abs() < 100;
        assert_eq!(
            clock.follow(Clock::system().now() + hour),
            Duration::ZERO,
            "it went forward"
        );
        assert!(is_near(3_600_000), "{}", ahead());
        clock.follow(At(clock.now().0 + 300));
        assert!(is_near(3_600_000), "that is the way of its word");
        let back = clock.follow(Clock::system().now() - hour);
        assert!(is_near(-3_600_000), "{}", ahead());
        assert!(
            back.abs_diff(hour * 2) < Duration::from_millis(100),
            "{back:?}"
        );
    }
}
