//! Short forms of sentences, instants and spans of time.

use crate::domain::at::At;
use crate::domain::untrusted::line;
use crate::domain::zone::Zone;

/// Longest reason in a subject, in characters: more is cut off by mail clients anyway.
const MAX_REASON: usize = 100;

/// A sentence as the end of a subject: its first part, without the stop and what is in brackets
/// at its end, beginning in lower case unless it begins with an abbreviation.
pub(super) fn in_short(sentence: &str) -> String {
    let first = sentence.split(". ").next().unwrap_or_default();
    let mut text = first.trim_end_matches('.');
    if text.ends_with(')')
        && let Some(start) = text.rfind(" (")
    {
        text = &text[..start];
    }
    let mut letters = text.chars();
    let (one, two) = (letters.next(), letters.next());
    let starts_a_word = one.is_some_and(char::is_uppercase) && two.is_some_and(char::is_lowercase);
    let lowered = if starts_a_word {
        let mut lowered: String = text.chars().take(1).flat_map(char::to_lowercase).collect();
        lowered.extend(text.chars().skip(1));
        lowered
    } else {
        text.to_owned()
    };
    cut(&lowered)
}

/// What ends a subject, cut to its length.
pub(super) fn cut(text: &str) -> String {
    line(text, MAX_REASON)
}

/// An instant for people: `2026-11-22 06:41:00 UTC`.
pub(super) fn moment(at: At) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The same as a clock in a zone shows it: `Sun 22 Nov 2026, 06:41`.
pub(super) fn moment_in(zone: Zone, at: At) -> String {
    zone.written(at, "%a %-d %b %Y, %H:%M")
}

/// A span of time in its two largest units: `45 seconds`, `4 minutes`, `2 hours 5 minutes`.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let told =
        |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let largest = units.iter().position(|(size, _)| seconds >= *size);
    let Some(place) = largest else {
        return told(0, "second");
    };
    let (size, unit) = units[place];
    let text = told(seconds / size, unit);
    match units.get(place + 1) {
        // Seconds beside minutes are noise once it took more than a few of them.
        Some((1, _)) if seconds >= 180 => text,
        Some((smaller, unit)) if seconds % size >= *smaller => {
            format!("{text} {}", told(seconds % size / smaller, unit))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_becomes_the_end_of_a_subject() {
        for (sentence, expected) in [
            (
                "Certificate expired 3 days ago (2026-11-19).",
                "certificate expired 3 days ago",
            ),
            (
                "Nothing listens on the port.",
                "nothing listens on the port",
            ),
            (
                "HTTP 503 from the gateway. Body: x",
                "HTTP 503 from the gateway",
            ),
            ("TLS alert (40) came", "TLS alert (40) came"),
            ("", ""),
        ] {
            assert_eq!(in_short(sentence), expected);
        }
        assert_eq!(in_short(&"é".repeat(300)).chars().count(), MAX_REASON);
    }

    #[test]
    fn durations_are_told_in_two_units_at_most() {
        for (seconds, expected) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (240, "4 minutes"),
            (250, "4 minutes"),
            (7_500, "2 hours 5 minutes"),
            (7_201, "2 hours"),
            (200_000, "2 days 7 hours"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
