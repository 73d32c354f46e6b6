//! When a watch is checked: its place in the interval, and what moves it.
//!
//! The place is a hash of monitor and location: the same after every restart and on every node,
//! and a thousand monitors of one minute do not fire together. Due times never go backwards.

use std::time::Duration;

use super::at::At;
use super::id::MonitorId;

/// Longest time that a server may make us wait by `Retry-After`.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// What a check may come late at the least, or take, before the time between is unknown: a claim that
/// nobody finishes is due again only after its lease.
const GRACE: Duration = Duration::from_secs(30);

/// Longest time that `Retry-After` may put off the confirmation of what was seen.
const MAX_CONFIRMATION_DELAY: Duration = Duration::from_mins(5);

/// The place of a watch within its interval, in milliseconds from its start.
pub fn place(monitor: MonitorId, location: &str, interval: Duration) -> i64 {
    let interval = interval_ms(interval).unsigned_abs();
    i64::try_from(spread(monitor, location.as_bytes()) % interval).unwrap_or(0)
}

/// A number of a watch, nobody else's, by which those that are due together come together: its place
/// within a minute, which is the one within any interval of whole minutes.
pub fn neighbourhood(monitor: MonitorId, location: &str) -> i64 {
    const MINUTE_MS: u64 = 60_000;
    const BITS: u32 = 40;
    let spread = spread(monitor, location.as_bytes());
    let number = (spread % MINUTE_MS + 1) << BITS | spread >> (u64::BITS - BITS);
    number.cast_signed()
}

/// An interval as it is kept once after `slot`, in milliseconds: up to a tenth shorter or longer,
/// so that what came together does not come together for ever. Always the same for one slot.
pub fn jittered(interval: Duration, monitor: MonitorId, slot: At) -> i64 {
    let interval = interval_ms(interval);
    let most = interval / 10;
    let width = most.unsigned_abs() * 2 + 1;
    let off = spread(monitor, &slot.0.to_le_bytes()) % width;
    interval - most + i64::try_from(off).unwrap_or(0)
}

/// A number that stands for a monitor and something of it, spread evenly.
fn spread(monitor: MonitorId, bytes: &[u8]) -> u64 {
    // FNV-1a: a hash whose values are promised to stay the same, unlike the standard library's.
    let bytes = monitor.0.as_bytes().iter().chain(bytes);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

/// The first slot strictly after `after`.
pub fn next_slot(after: At, place: i64, interval: Duration) -> At {
    let interval = interval_ms(interval);
    let into = (after.0 - place).rem_euclid(interval);
    At(after.0 - into + interval)
}

/// When to check next: in the next slot, or after a wait that was asked of us, if that is later.
pub fn next_due(now: At, place: i64, interval: Duration, retry_after: Option<Duration>) -> At {
    let from = match retry_after {
        Some(wait) => now + wait.min(MAX_RETRY_AFTER),
        None => now,
    };
    next_slot(from, place, interval)
}

/// How long to wait before a check is repeated: as we like, or as long as the server asked us to
/// stay away, within what a confirmation may be delayed by.
pub fn repetition(wait: Duration, retry_after: Option<Duration>) -> Duration {
    retry_after.map_or(wait, |asked| asked.min(MAX_CONFIRMATION_DELAY).max(wait))
}

/// For how long from its beginning a check vouches for what it saw: for two intervals, or for as long as the
/// server asked us to stay away and one more, and for what two checks may take.
pub fn patience(interval: Duration, timeout: Duration, retry_after: Option<Duration>) -> Duration {
    let away = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    interval + away.max(interval) + timeout.max(GRACE) * 2
}

fn interval_ms(interval: Duration) -> i64 {
    i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_repetition_waits_as_long_as_it_was_asked_to_within_reason() {
        let soon = Duration::from_secs(5);
        for (asked, expected) in [
            (None, 5),
            (Some(1), 5),
            (Some(120), 120),
            (Some(9_999), 300),
        ] {
            let wait = repetition(soon, asked.map(Duration::from_secs));
            assert_eq!(wait, Duration::from_secs(expected));
        }
    }

    #[test]
    fn a_check_vouches_until_the_next_one_is_overdue() {
        for (timeout, asked, expected) in [
            (30, None, 180),
            (5, None, 180),
            (120, None, 360),
            (30, Some(10), 180),
            (30, Some(600), 720),
            (30, Some(9_999), 3_720),
        ] {
            let [timeout, expected] = [timeout, expected].map(Duration::from_secs);
            let patience = patience(MINUTE, timeout, asked.map(Duration::from_secs));
            assert_eq!(patience, expected, "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn neighbours_are_due_one_after_the_other(ids: [u128; 2], minutes in 1_u64..60) {
            let [one, other] = ids.map(|id| MonitorId(Uuid::from_u128(id)));
            let number = |id| neighbourhood(id, "local");
            prop_assert_eq!(number(one) == number(other), one == other);
            let interval = Duration::from_mins(minutes);
            let within = |id| place(id, "local", interval) % 60_000;
            if within(one) < within(other) {
                prop_assert!(number(one) < number(other));
            }
        }

        #[test]
        fn a_slot_is_later_than_now_within_one_interval_and_at_its_place(
            id: u128, now in 0..4_000_000_000_000_i64, seconds in 10..86_400_u64,
        ) {
            let interval = Duration::from_secs(seconds);
            let place = place(MonitorId(Uuid::from_u128(id)), "local", interval);
            let slot = next_slot(At(now), place, interval);
            let ms = i64::try_from(interval.as_millis()).unwrap();
            prop_assert!(slot.0 > now && slot.0 <= now + ms);
            prop_assert_eq!(slot.0.rem_euclid(ms), place);
        }
    }

    #[test]
    fn a_thousand_monitors_do_not_bunch() {
        let mut per_second = [0_u32; 60];
        for n in 0..1_000_u128 {
            let id = MonitorId(Uuid::from_u128(
                0x0190_0000_0000_7000_8000_0000_0000_0000 + n,
            ));
            let second = place(id, "local", MINUTE) / 1_000;
            per_second[usize::try_from(second).unwrap()] += 1;
        }
        assert!(
            per_second.iter().all(|n| (3..=40).contains(n)),
            "{per_second:?}"
        );
    }

    #[test]
    fn an_interval_is_a_tenth_shorter_or_longer_and_always_the_same() {
        let five = Duration::from_mins(5);
        let monitor = MonitorId(Uuid::from_u128(1));
        let slots = (0..1_000).map(|n| At(n * 60_000));
        let waits: Vec<i64> = slots.map(|slot| jittered(five, monitor, slot)).collect();
        assert!(waits.iter().all(|ms| (270_000..=330_000).contains(ms)));
        for (least, most) in [(270_000, 280_000), (295_000, 305_000), (320_000, 330_000)] {
            let some = waits.iter().filter(|ms| (least..=most).contains(*ms));
            assert!((80..=260).contains(&some.count()), "{least} to {most}");
        }
        assert_eq!(waits[7], jittered(five, monitor, At(7 * 60_000)));
        let other = MonitorId(Uuid::from_u128(2));
        assert_ne!(waits[7], jittered(five, other, At(7 * 60_000)));
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_and_bounded() {
        let now = At(1_000_000_000);
        let due = next_due(now, 0, MINUTE, Some(Duration::from_mins(5)));
        assert!(due >= now + Duration::from_mins(5) && due <= now + Duration::from_mins(6));
        let due = next_due(now, 0, MINUTE, Some(Duration::from_hours(100)));
        assert!(due <= now + MAX_RETRY_AFTER + MINUTE);
    }
}
