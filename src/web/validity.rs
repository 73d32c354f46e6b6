//! How much of the life of a certificate is left: in words and as a bar.

use std::fmt::Write as _;

use crate::domain::at::{At, DAY_MS};
use crate::domain::report::TlsReport;
use crate::web::chart::Svg;

/// Days before its end from which a certificate is worth a warning.
const LATE_DAYS: i64 = 14;

/// The time that a certificate is good for.
pub struct Validity {
    /// `62 days left of 90`
    pub words: String,
    /// `up`, `degraded` near its end, `down` when it is over or has not begun.
    pub status: &'static str,
    /// The part that is over.
    pub bar: Svg,
}

impl Validity {
    /// At this instant.
    pub fn of(tls: &TlsReport, now: At) -> Self {
        let whole = tls.not_after.ms_since(tls.not_before).max(1);
        let left = tls.not_after.0 - now.0;
        let days = left / DAY_MS;
        let words = match left {
            _ if tls.not_before > now => "not valid yet".to_owned(),
            ..=0 => "expired".to_owned(),
            1..DAY_MS => "less than a day left".to_owned(),
            _ => format!(
                "{days} day{} left of {}",
                if days == 1 { "" } else { "s" },
                whole / DAY_MS
            ),
        };
        let status = match days {
            _ if left <= 0 || tls.not_before > now => "down",
            ..LATE_DAYS => "degraded",
            _ => "up",
        };
        // In thousandths, as the bar is drawn.
        let over = ((whole - left.clamp(0, whole)) * 1_000) / whole;
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg class=\"life {status}\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"whole\" width=\"1000\" height=\"10\"/>\
             <rect class=\"left\" x=\"{over}\" width=\"{}\" height=\"10\"/></svg>",
            1_000 - over
        );
        Self {
            words,
            status,
            bar: Svg(svg),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_life_is_told_in_days() {
        let tls = TlsReport {
            version: None,
            subject: String::new(),
            issuer: String::new(),
            names: vec![],
            not_before: At(0),
            not_after: At(90 * DAY_MS),
            fingerprint: String::new(),
            chain: vec![],
        };
        for (day, words, status) in [
            (-1, "not valid yet", "down"),
            (28, "62 days left of 90", "up"),
            (77, "13 days left of 90", "degraded"),
            (89, "1 day left of 90", "degraded"),
            (90, "expired", "down"),
        ] {
            let told = Validity::of(&tls, At(day * DAY_MS));
            assert_eq!((&*told.words, told.status), (words, status), "{day}");
        }
        let late = Validity::of(&tls, At(90 * DAY_MS - 1));
        assert_eq!(late.words, "less than a day left");
        let third = Validity::of(&tls, At(30 * DAY_MS)).bar.to_string();
        assert!(third.contains("x=\"333\" width=\"667\""), "{third}");
    }
}
