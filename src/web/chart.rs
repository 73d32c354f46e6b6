//! Charts as SVG text: the strip of days, the sparkline. Pure.
//!
//! Colour is never the only sign: lost time fills a day from below, unknown time is hatched, a
//! day without a monitor is a dot on the ground. Looks come from the style sheet by class; there
//! is no style attribute, and each picture says in words what it shows.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use askama::filters::HtmlSafe;

use super::words::{date_of, latency, span};
use crate::domain::uptime::{Day, Spent};

/// Days of a strip.
pub const STRIP_DAYS: usize = 90;

const MINUTE_MS: i64 = 60_000;
/// Down time of one day from which it is more than a hiccup.
const HURT_MS: i64 = 10 * MINUTE_MS;
/// Down time of one day from which it is a bad day.
const BAD_MS: i64 = 60 * MINUTE_MS;

/// A finished picture; safe to stand in a page as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Svg(pub(super) String);

impl Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Svg {}

/// How a day looks: the class of its bar.
pub fn shade(spent: &Spent) -> &'static str {
    let all = spent.known_ms() + spent.unknown_ms + spent.maintenance_ms;
    match spent {
        _ if all == 0 => "none",
        s if s.down_ms >= BAD_MS || (s.down_ms > 0 && s.down_ms == s.known_ms()) => "d3",
        s if s.down_ms >= HURT_MS => "d2",
        s if s.down_ms > 0 => "d1",
        s if s.maintenance_ms * 2 > all => "mnt",
        s if s.unknown_ms * 2 > all => "unk",
        s if s.degraded_ms > 0 => "deg",
        _ => "up",
    }
}

/// What happened on a day: `20 Nov 2026: 3 min down, 5 min unknown`.
pub fn day_words(day: &Day) -> String {
    let spent = &day.spent;
    let parts: Vec<String> = [
        (spent.down_ms, "down"),
        (spent.degraded_ms, "degraded"),
        (spent.unknown_ms, "unknown"),
        (spent.maintenance_ms, "in maintenance"),
    ]
    .into_iter()
    .filter(|(ms, _)| *ms > 0)
    .map(|(ms, word)| format!("{} {word}", span(ms)))
    .collect();
    let words = match (parts.is_empty(), spent.known_ms() > 0) {
        (false, _) => parts.join(", "),
        (true, true) => "no trouble".to_owned(),
        (true, false) => "not watched".to_owned(),
    };
    format!("{}: {words}", date_of(day.start))
}

/// The strip of a list: small, one path to each kind of bar.
pub fn strip(days: &[Day]) -> Svg {
    const PITCH: usize = 4;
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    let mut bar = |class: &'static str, x: usize, y: u32, height: u32| {
        let path = paths.entry(class).or_default();
        let _ = write!(path, "M{x} {y}h3v{height}h-3z");
    };
    for (n, day) in days.iter().enumerate() {
        let x = n * PITCH;
        match shade(&day.spent) {
            "none" => bar("none", x, 17, 3),
            "unk" => [1, 8, 15].into_iter().for_each(|y| bar("unk", x, y, 4)),
            "mnt" => bar("mnt", x, 0, 20),
            "d3" => bar("down", x, 0, 20),
            "up" => bar("up", x, 0, 20),
            partly => {
                let (class, lost) = match partly {
                    "d2" => ("down", 14),
                    "d1" => ("down", 8),
                    _ => ("deg", 8),
                };
                bar("up", x, 0, 20 - lost);
                bar(class, x, 20 - lost, lost);
            }
        }
    }
    let width = (days.len() * PITCH).saturating_sub(1);
    let mut svg = format!(
        "<svg class=\"strip-s\" viewBox=\"0 0 {width} 20\" preserveAspectRatio=\"none\" \
         role=\"img\"><title>{}</title>",
        strip_words(days)
    );
    for (class, path) in &paths {
        let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// A strip in words: `90 days: trouble on 2`.
fn strip_words(days: &[Day]) -> String {
    let watched = days.iter().filter(|d| shade(&d.spent) != "none").count();
    let bad = days.iter().filter(|d| d.spent.down_ms > 0).count();
    match (watched, bad) {
        (0, _) => format!("{} days: not watched yet", days.len()),
        (_, 0) => format!("{watched} days watched: never down"),
        (_, 1) => format!("{watched} days watched: down on 1"),
        _ => format!("{watched} days watched: down on {bad}"),
    }
}

/// A small line of latencies in milliseconds, oldest first; a gap where there was none.
pub fn sparkline(values: &[Option<f64>]) -> Svg {
    const WIDTH: f64 = 96.0;
    const HEIGHT: f64 = 24.0;
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let Some(last) = known.last() else {
        return Svg(String::new());
    };
    let top = known.iter().copied().fold(1.0, f64::max) * 1.15;
    let points = place(values, WIDTH, HEIGHT - 2.0, top);
    Svg(format!(
        "<svg class=\"spark\" viewBox=\"0 0 96 24\" preserveAspectRatio=\"none\" role=\"img\">\
         <title>Latency, now {}</title><path d=\"{}\"/></svg>",
        latency(*last),
        path(&points)
    ))
}

/// Text that may stand in SVG or XML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Spreads values over the width and turns them upside down, as SVG counts.
fn place(values: &[Option<f64>], width: f64, height: f64, top: f64) -> Vec<Option<(f64, f64)>> {
    #[expect(clippy::cast_precision_loss, reason = "some hundred points")]
    let step = width / (values.len().saturating_sub(1).max(1)) as f64;
    values
        .iter()
        .scan(0.0, |x, value| {
            let here = *x;
            *x += step;
            Some(value.map(|v| (here, height - v / top * height + 1.0)))
        })
        .collect()
}

/// A path through the points; it starts anew after a gap, and a lonely point is a dot.
fn path(points: &[Option<(f64, f64)>]) -> String {
    let mut d = String::new();
    for (n, point) in points.iter().enumerate() {
        let Some((x, y)) = point else { continue };
        let follows = n > 0 && points[n - 1].is_some();
        let goes_on = points.get(n + 1).is_some_and(Option::is_some);
        let verb = if follows { 'L' } else { 'M' };
        let _ = write!(d, "{verb}{x:.0} {y:.1}");
        if !follows && !goes_on {
            d.push_str("h.1");
        }
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::at::{At, DAY_MS};

    fn day(spent: Spent) -> Day {
        let start = At::parse("2026-11-20T00:00:00Z").unwrap();
        Day { start, spent }
    }

    #[test]
    fn a_day_is_shaded_by_what_was_lost() {
        let up = Spent {
            up_ms: DAY_MS,
            ..Spent::default()
        };
        for (spent, class, words) in [
            (Spent::default(), "none", "20 Nov 2026: not watched"),
            (up, "up", "20 Nov 2026: no trouble"),
            (
                Spent {
                    down_ms: 61_000,
                    unknown_ms: 300_000,
                    ..up
                },
                "d1",
                "20 Nov 2026: 1 min 1 s down, 5 min unknown",
            ),
            (
                Spent {
                    down_ms: 30 * MINUTE_MS,
                    ..up
                },
                "d2",
                "20 Nov 2026: 30 min down",
            ),
            (
                Spent {
                    down_ms: 2 * BAD_MS,
                    ..up
                },
                "d3",
                "20 Nov 2026: 2 h down",
            ),
            (
                Spent {
                    down_ms: MINUTE_MS,
                    ..Spent::default()
                },
                "d3",
                "20 Nov 2026: 1 min down",
            ),
            (
                Spent {
                    degraded_ms: MINUTE_MS,
                    ..up
                },
                "deg",
                "20 Nov 2026: 1 min degraded",
            ),
            (
                Spent {
                    unknown_ms: DAY_MS,
                    ..Spent::default()
                },
                "unk",
                "20 Nov 2026: 1 d unknown",
            ),
            (
                Spent {
                    unknown_ms: MINUTE_MS,
                    ..up
                },
                "up",
                "20 Nov 2026: 1 min unknown",
            ),
        ] {
            assert_eq!(shade(&spent), class);
            assert_eq!(day_words(&day(spent)), words);
        }
    }

    #[test]
    fn ninety_quiet_days_are_a_small_picture_that_says_so() {
        let up = Spent {
            up_ms: DAY_MS,
            ..Spent::default()
        };
        let svg = strip(&vec![day(up); STRIP_DAYS]).to_string();
        assert!(svg.contains("<title>90 days watched: never down</title>"));
        assert_eq!(svg.matches("<path").count(), 1);
        assert!(svg.len() < 2_000, "{}", svg.len());
    }

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let points = place(&[Some(1.0), Some(2.0), None, Some(3.0)], 30.0, 10.0, 5.0);
        assert_eq!(path(&points), "M0 9.0L10 7.0M30 5.0h.1");
        assert_eq!(sparkline(&[None, None]).to_string(), "");
    }
}
