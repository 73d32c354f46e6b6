//! Times, durations, shares and sizes in words, for pages, charts and feeds.
//!
//! Never more digits than a reader needs; nothing is rounded up to look better than it is.

use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::uptime::percent;

/// What stands for a value that is not known.
pub(super) const NOTHING: &str = "–";

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

/// `22 Nov 2026`
pub(crate) fn date_of(at: At) -> String {
    at.utc().format("%-d %b %Y").to_string()
}

/// `12 s ago`; `just now` below one second.
pub(crate) fn age(ms: i64) -> String {
    match ms {
        ..SECOND_MS => "just now".to_owned(),
        SECOND_MS..MINUTE_MS => format!("{} s ago", ms / SECOND_MS),
        MINUTE_MS..HOUR_MS => format!("{} min ago", ms / MINUTE_MS),
        HOUR_MS..DAY_MS => format!("{} h ago", ms / HOUR_MS),
        _ => format!("{} d ago", ms / DAY_MS),
    }
}

/// The two largest units of a duration: `0 s`, `1 min 1 s`, `3 d 2 h`.
pub(crate) fn span(ms: i64) -> String {
    let units = [
        (DAY_MS, "d"),
        (HOUR_MS, "h"),
        (MINUTE_MS, "min"),
        (SECOND_MS, "s"),
    ];
    let mut rest = ms.max(0);
    let mut parts = Vec::new();
    for (n, (size, unit)) in units.iter().enumerate() {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count} {unit}"));
        }
        // Hours beside days, minutes beside hours, never seconds beside days.
        let is_next_to_last = parts.len() == 1 && n + 1 < units.len() && count == 0;
        if parts.len() == 2 || is_next_to_last {
            break;
        }
    }
    if parts.is_empty() {
        "0 s".to_owned()
    } else {
        parts.join(" ")
    }
}

/// A share as a percentage.
pub(crate) fn share_of(share: Option<f64>) -> String {
    share.map_or_else(|| NOTHING.to_owned(), percent)
}

/// `3.1 ms`, `140 ms`, `1.24 s`: three digits.
pub(crate) fn latency(ms: f64) -> String {
    match ms {
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 9_995.0 => format!("{:.2} s", ms / 1_000.0),
        ms => format!("{:.1} s", ms / 1_000.0),
    }
}

/// `9.1 kB`, in powers of a thousand.
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people, to one decimal")]
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        _ => format!("{:.1} MB", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        for (ms, expected) in [
            (0, "0 s"),
            (999, "0 s"),
            (61_000, "1 min 1 s"),
            (60_000, "1 min"),
            (3 * HOUR_MS + 2 * MINUTE_MS + 1_000, "3 h 2 min"),
            (DAY_MS + 5_000, "1 d"),
            (40 * DAY_MS + 2 * HOUR_MS, "40 d 2 h"),
            (HOUR_MS + 30_000, "1 h"),
        ] {
            assert_eq!(span(ms), expected, "{ms}");
        }
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        for (share, expected) in [
            (Some(1.0), "100 %"),
            (Some(0.999_99), "99.99 %"),
            (Some(0.9998), "99.98 %"),
            (Some(0.0), "0.00 %"),
            (None, "–"),
        ] {
            assert_eq!(share_of(share), expected, "{share:?}");
        }
    }

    #[test]
    fn latencies_and_ages_keep_three_digits_at_most() {
        assert_eq!(latency(3.12), "3.1 ms");
        assert_eq!(latency(140.4), "140 ms");
        assert_eq!(latency(1_240.0), "1.24 s");
        assert_eq!(latency(30_000.0), "30.0 s");
        assert_eq!(age(500), "just now");
        assert_eq!(age(59_999), "59 s ago");
        assert_eq!(age(3 * DAY_MS), "3 d ago");
        assert_eq!(size(9_120), "9.1 kB");
    }
}
