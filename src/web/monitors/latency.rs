//! The latency of a monitor on its page: a window of time, or any span of it that somebody looks
//! closer at.

use crate::app::figures::{self, Percentiles, Range};
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::uptime::Dated;
use crate::store::Store;
use crate::web::error::WebError;
use crate::web::latency_chart::{self, BANDS, Column, LatencyChart};
use crate::web::path::Query;

use super::LATENCY_WINDOWS;

/// The latency of a monitor over a span of time.
pub(super) struct LatencyCard {
    pub(super) window: &'static str,
    pub(super) range: Range,
    /// Where the span was chosen by hand.
    pub(super) zoom: Option<Zoom>,
    pub(super) chart: Option<LatencyChart>,
    /// The picture in figures, oldest first.
    pub(super) rows: Vec<Row>,
    /// Each phase over all of the span.
    pub(super) phases: Vec<(&'static str, Percentiles)>,
}

/// The ways on from a span.
pub(super) struct Zoom {
    pub(super) until: At,
    pub(super) earlier: String,
    /// Unless it ends now.
    pub(super) later: Option<String>,
}

/// One step of the span.
pub(super) struct Row {
    pub(super) when: String,
    /// Where to look closer: at a shorter span, or at the checks themselves.
    pub(super) href: String,
    pub(super) checks: i64,
    pub(super) whole: Percentiles,
    /// The medians of the phases that the chart has.
    pub(super) bands: Vec<Option<f64>>,
}

impl LatencyCard {
    /// What the address asks for: `?window=`, and within it `?from=` and `?until=`.
    pub(super) async fn of(
        store: &Store,
        (team, id): (TeamId, MonitorId),
        name: &str,
        query: &Query,
        now: At,
    ) -> Result<Self, WebError> {
        let window = query.one_of("window", &LATENCY_WINDOWS).unwrap_or("24h");
        let chosen = chosen(query, now);
        let range = chosen.unwrap_or_else(|| Range::window(window, now));
        let steps = figures::steps_of(store, (team, id), &range).await?;
        let columns: Vec<Column> = steps.iter().map(column).collect();
        let title = match chosen {
            Some(_) => format!("Latency of {name}: each step stacked, p50, p95 and p99"),
            None => format!("Latency of {name} over {window}: each step stacked, p50, p95 and p99"),
        };
        let chart = latency_chart::draw(&columns, &title);
        let shown: Vec<usize> = (0..BANDS)
            .filter(|band| {
                let bands = chart.iter().flat_map(|chart| &chart.bands);
                bands
                    .into_iter()
                    .any(|name| *name == latency_chart::phase(*band))
            })
            .collect();
        let row = |(step, column): (&Dated, &Column)| Row {
            when: when(step.start, range.step),
            href: closer(id, window, step.start, range.step),
            checks: step.bucket.checks,
            whole: column.whole,
            bands: shown.iter().map(|band| column.bands[*band]).collect(),
        };
        Ok(Self {
            rows: steps.iter().zip(&columns).map(row).collect(),
            phases: figures::phases(&steps),
            zoom: chosen.map(|range| Zoom::of(window, &range, now)),
            window,
            range,
            chart,
        })
    }

    /// Whether all of this window is shown.
    pub(super) fn is_at(&self, window: &str) -> bool {
        self.zoom.is_none() && self.window == window
    }
}

impl Zoom {
    fn of(window: &str, range: &Range, now: At) -> Self {
        let length = range.length();
        let moved = |by: i64| address(window, At(range.from.0 + by), At(range.until.0 + by));
        Self {
            until: range.until.min(now),
            earlier: moved(-length),
            later: (range.until <= now).then(|| moved(length)),
        }
    }
}

/// The span in the address; what is no span is as good as none.
fn chosen(query: &Query, now: At) -> Option<Range> {
    let from = At::parse(query.get("from")?)?;
    let until = At::parse(query.get("until")?)?;
    Range::between(from, until, now)
}

fn column(step: &Dated) -> Column {
    let latency = &step.bucket.latency;
    let median = |band| Percentiles::of(latency, latency_chart::phase(band)).p50;
    Column {
        bands: std::array::from_fn(median),
        whole: Percentiles::of(latency, "total"),
    }
}

fn when(at: At, step: i64) -> String {
    let form = if step < DAY_MS {
        "%-d %b, %H:%M"
    } else {
        "%-d %b %Y"
    };
    at.utc().format(form).to_string()
}

/// One step on its own, where it is long enough to have a shape; its checks otherwise.
fn closer(id: MonitorId, window: &str, at: At, step: i64) -> String {
    let end = At(at.0 + step);
    if step > HOUR_MS {
        return address(window, at, end);
    }
    format!(
        "/monitors/{id}/checks?from={}&until={}",
        short(at),
        short(end)
    )
}

fn address(window: &str, from: At, until: At) -> String {
    let (from, until) = (short(from), short(until));
    format!("?window={window}&from={from}&until={until}#latency")
}

/// RFC 3339 without a fraction, for addresses.
pub(super) fn short(at: At) -> String {
    at.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
