//! The latency of one monitor over time as SVG text: what each phase takes, stacked, and how long
//! whole checks took, as lines. Pure.
//!
//! Nothing is told by colour alone: areas have patterns and stand in the order of a check, lines
//! have dashes and their names at their ends. The same figures stand in a table beside it.

use std::fmt::Write as _;

use super::chart::{Svg, escape};
use crate::app::figures::Percentiles;
use crate::domain::histogram::PHASES;

/// The phases that are stacked, from below: all but the whole.
pub const BANDS: usize = PHASES.len() - 1;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// Room that the name of a line takes.
const LABEL: f64 = 13.0;
/// Where the slowest checks reach higher than so many times the highest p95, the picture would be
/// about nothing but them.
const OUTLYING: f64 = 4.0;
/// The lines, from below: class and name.
const LINES: [&str; 3] = ["p50", "p95", "p99"];

/// What one span of time looks like, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// The median of each phase, in the order of [`phase`].
    pub bands: [Option<f64>; BANDS],
    /// How long whole checks took; a gap where nothing is known of them.
    pub whole: Percentiles,
}

/// A finished chart with what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyChart {
    /// The picture.
    pub svg: Svg,
    /// The latency at its upper edge, in milliseconds.
    pub top: f64,
    /// The latency at half its height, in milliseconds.
    pub middle: f64,
    /// The phases that were measured, from below.
    pub bands: Vec<&'static str>,
    /// How high the slowest checks reach, where that is beyond the upper edge.
    pub beyond: Option<f64>,
}

/// The phase of a band, by its place from below.
pub fn phase(band: usize) -> &'static str {
    PHASES.get(band + 1).copied().unwrap_or_default()
}

/// The chart of columns of equal length, oldest first; `None` when nothing was measured.
pub fn draw(columns: &[Column], title: &str) -> Option<LatencyChart> {
    let lines: [Vec<Option<f64>>; 3] = [
        columns.iter().map(|column| column.whole.p50).collect(),
        columns.iter().map(|column| column.whole.p95).collect(),
        columns.iter().map(|column| column.whole.p99).collect(),
    ];
    let highest = |line: &[Option<f64>]| line.iter().copied().flatten().reduce(f64::max);
    let (p95, p99) = (highest(&lines[1])?, highest(&lines[2])?);
    let beyond = (p99 > p95 * OUTLYING).then_some(p99);
    let top = ceiling(if beyond.is_some() { p95 * 2.0 } else { p99 });
    let is_measured = |band: &usize| columns.iter().any(|column| column.bands[*band].is_some());
    let bands: Vec<usize> = (0..BANDS).filter(is_measured).collect();

    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 720 200\" preserveAspectRatio=\"none\" role=\"img\">\
         <title>{}</title><defs>",
        escape(title)
    );
    for band in &bands {
        pattern(&mut svg, *band);
    }
    svg.push_str("</defs><rect class=\"ground\" width=\"720\" height=\"200\"/>");
    svg.push_str("<path class=\"grid\" d=\"M0 .5H720M0 100H720M0 199.5H720\"/>");
    // From the top of the stack down, each over the one before: half as many points as areas
    // with two edges.
    for (n, band) in bands.iter().enumerate().rev() {
        let stacked = |column: &Column| {
            column.whole.p50?;
            Some(bands[..=n].iter().filter_map(|b| column.bands[*b]).sum())
        };
        let tops: Vec<Option<f64>> = columns.iter().map(stacked).collect();
        let d = outline(&tops, top, true);
        let _ = write!(
            svg,
            "<path class=\"band\" fill=\"url(#ph-{})\" d=\"{d}\"/>",
            phase(*band)
        );
    }
    for (class, values) in LINES.iter().zip(&lines).rev() {
        let d = outline(values, top, false);
        let _ = write!(svg, "<path class=\"{class}\" d=\"{d}\"/>");
    }
    svg.push_str("<rect class=\"pick\" height=\"200\" width=\"0\"/></svg>");
    // Beside the picture, not in it: that one is stretched.
    svg.push_str("<svg class=\"ends\" aria-hidden=\"true\">");
    let ends = lines.each_ref().map(|line| last(line).unwrap_or_default());
    for (name, y) in LINES.iter().zip(labels(ends, top)) {
        let _ = write!(svg, "<text y=\"{y:.0}\">{name}</text>");
    }
    svg.push_str("</svg>");
    Some(LatencyChart {
        svg: Svg(svg),
        top,
        middle: top / 2.0,
        bands: bands.into_iter().map(phase).collect(),
        beyond,
    })
}

/// The fill of a band. Patterns are told apart in grey, too.
fn pattern(svg: &mut String, band: usize) {
    let marks = match phase(band) {
        "tcp" => "M-2 10 10-2M-2 2 2-2M6 10l4-4",
        "tls" => "M2 2h1.5M6 6h1.5",
        "open_stream" => "M4 0v8",
        "initialize" => "M0 4h8",
        "tools_list" => "M0 0l8 8M8 0 0 8",
        _ => "",
    };
    let name = phase(band);
    let _ = write!(
        svg,
        "<pattern id=\"ph-{name}\" patternUnits=\"userSpaceOnUse\" width=\"8\" height=\"8\">\
         <rect class=\"ph-{name}\" width=\"8\" height=\"8\"/><path d=\"{marks}\"/></pattern>"
    );
}

/// The next round number that is not below.
fn ceiling(value: f64) -> f64 {
    let scale = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * scale)
        .find(|edge| *edge >= value)
        .unwrap_or(value)
}

fn last(values: &[Option<f64>]) -> Option<f64> {
    values.iter().rev().find_map(|value| *value)
}

/// Where the names of the lines stand, from below: beside their ends, none over another.
fn labels(ends: [f64; 3], top: f64) -> [f64; 3] {
    let mut floor = HEIGHT - 2.0;
    let mut places = ends.map(|value| {
        let place = (height_of(value, top) + LABEL / 3.0).min(floor);
        floor = place - LABEL;
        place
    });
    // What ran over the upper edge pushes the others down again.
    let mut roof = LABEL;
    for place in places.iter_mut().rev() {
        *place = place.max(roof);
        roof = *place + LABEL;
    }
    places
}

fn height_of(value: f64, top: f64) -> f64 {
    HEIGHT - value / top * HEIGHT
}

/// A line over columns, through their middles and to their outer edges, or the area below it;
/// it starts anew after a gap.
fn outline(values: &[Option<f64>], top: f64, is_area: bool) -> String {
    #[expect(clippy::cast_precision_loss, reason = "some hundred columns")]
    let edge = |n: usize| n as f64 * WIDTH / values.len() as f64;
    let half = edge(1) / 2.0;
    let mut d = String::new();
    let mut n = 0;
    while n < values.len() {
        let run = values[n..].iter().map_while(|value| *value);
        let run: Vec<f64> = run.map(|value| height_of(value, top)).collect();
        if let (Some(first), Some(end)) = (run.first(), run.last()) {
            let begin = edge(n);
            let _ = write!(d, "M{begin:.0} {first:.1}");
            if run.len() > 1 {
                for (place, y) in run.iter().enumerate() {
                    let _ = write!(d, "L{:.0} {y:.1}", edge(n + place) + half);
                }
            }
            let _ = write!(d, "L{:.0} {end:.1}", edge(n + run.len()));
            if is_area {
                let _ = write!(d, "V200H{begin:.0}z");
            }
        }
        n += run.len().max(1);
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(bands: &[(usize, f64)], p50: f64, p95: f64, p99: f64) -> Column {
        let mut column = Column {
            whole: Percentiles {
                p50: Some(p50),
                p95: Some(p95),
                p99: Some(p99),
            },
            ..Column::default()
        };
        for (band, ms) in bands {
            column.bands[*band] = Some(*ms);
        }
        column
    }

    #[test]
    fn lines_and_areas_break_where_nothing_was_measured() {
        let values = [Some(50.0), Some(100.0), None, Some(25.0)];
        assert_eq!(
            outline(&values, 100.0, false),
            "M0 100.0L90 100.0L270 0.0L360 0.0M540 150.0L720 150.0"
        );
        assert_eq!(
            outline(&values[2..], 100.0, true),
            "M360 150.0L720 150.0V200H360z"
        );
    }

    #[test]
    fn a_chart_stacks_what_was_measured_and_its_title_cannot_break_out() {
        let columns = [
            column(&[(1, 10.0), (4, 40.0)], 60.0, 90.0, 130.0),
            column(&[(1, 10.0), (4, 40.0), (5, 30.0)], 90.0, 120.0, 170.0),
        ];
        let chart = draw(&columns, "a <b> & \"c\"").unwrap();
        assert!((chart.top - 200.0).abs() < 1e-9);
        assert_eq!(chart.bands, ["tcp", "initialize", "tools_list"]);
        assert_eq!(chart.beyond, None);
        let svg = chart.svg.to_string();
        assert!(svg.contains("<title>a &lt;b&gt; &amp; &quot;c&quot;</title>"));
        assert!(
            svg.contains("d=\"M0 150.0L180 150.0L540 120.0L720 120.0V200H0z\""),
            "{svg}"
        );
        assert_eq!(draw(&[], "nothing"), None);
        assert_eq!(draw(&[Column::default()], "nothing"), None);
    }

    #[test]
    fn a_few_very_slow_checks_do_not_flatten_the_others() {
        let chart = draw(&[column(&[], 60.0, 90.0, 9_000.0)], "x").unwrap();
        assert!((chart.top - 200.0).abs() < 1e-9);
        assert_eq!(chart.beyond, Some(9_000.0));
    }

    #[test]
    fn names_of_lines_never_cover_each_other() {
        for ends in [[1.0, 2.0, 3.0], [98.0, 99.0, 100.0], [50.0, 50.0, 900.0]] {
            let [p50, p95, p99] = labels(ends, 100.0);
            assert!(p50 - p95 >= LABEL && p95 - p99 >= LABEL, "{ends:?}");
            assert!(p99 >= LABEL && p50 <= HEIGHT, "{ends:?}");
        }
    }
}
