//! What the parts without a network and without a database cost: what every check goes through, and what
//! every page is made of.
//!
//! `cargo bench` prints the time of one call of each. Figures of one machine and one build.

use std::time::Duration;

use divan::{Bencher, black_box};
use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::histogram::Latency;
use lifesign::domain::monitor::Expectations;
use lifesign::domain::observation::{Observation, ProbeMemory};
use lifesign::domain::open_hour::OpenHour;
use lifesign::domain::status::{self, Seen, State};
use lifesign::domain::tools::{SurfaceDiff, ToolSurface};
use lifesign::domain::untrusted::block;
use lifesign::domain::uptime::{Bucket, Dated, Spent, strip};
use lifesign::domain::verdict::{CheckStatus, judge};
use serde_json::{Value, json};

/// A moment like any other.
const NOW: At = At(1_790_000_000_000);
/// Time between two checks.
const MINUTE: Duration = Duration::from_mins(1);
const PHASES: [&str; 5] = ["dns", "tcp", "tls", "initialize", "total"];

fn main() {
    divan::main();
}

fn tools(count: usize) -> Vec<Value> {
    let tool = |n: usize| {
        json!({
            "name": format!("tool_{n}"),
            "description": "Searches the catalogue and gives what it finds, the best first.",
            "inputSchema": {
                "type": "object",
                "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
                "required": ["query"],
            },
        })
    };
    (0..count).map(tool).collect()
}

fn latency() -> Latency {
    let mut latency = Latency::default();
    for (place, phase) in (1_u8..).zip(PHASES) {
        for step in 0..20_u8 {
            latency.add(phase, f64::from(place) * (4.0 + f64::from(step) * 0.3));
        }
    }
    latency
}

fn hour(start: At) -> Dated {
    let spent = Spent {
        up_ms: HOUR_MS,
        ..Spent::default()
    };
    let bucket = Bucket {
        spent,
        checks: 60,
        latency: latency(),
        ..Bucket::default()
    };
    Dated { start, bucket }
}

/// A list of tools becomes the surface that is compared with the last one.
#[divan::bench(args = [1, 20, 200])]
fn read_tools(bencher: Bencher<'_, '_>, count: usize) {
    let tools = tools(count);
    bencher
        .with_inputs(|| tools.clone())
        .bench_values(ToolSurface::read);
}

/// What has changed in a list of tools of which one was reworded.
#[divan::bench(args = [20, 200])]
fn compare_tools(bencher: Bencher<'_, '_>, count: usize) {
    let (old, mut new) = (tools(count), tools(count));
    if let Some(tool) = new.first_mut() {
        tool["description"] = json!("Searches nothing any more.");
    }
    bencher.bench(|| SurfaceDiff::between(black_box(&old), black_box(&new)));
}

/// The verdict about a check at which nothing was odd.
#[divan::bench]
fn judge_a_good_check(bencher: Bencher<'_, '_>) {
    let seen = Observation {
        tools: ToolSurface::read(tools(20)).ok(),
        ..Observation::begun(NOW, ProbeMemory::default())
    };
    let expected = Expectations::default();
    bencher.bench(|| judge(black_box(&seen), &expected, false, NOW));
}

/// The state of a monitor after a check like the one before.
#[divan::bench]
fn step_of_a_state(bencher: Bencher<'_, '_>) {
    let seen = |at: At| Seen {
        at,
        status: CheckStatus::Up,
        gated: false,
        code: None,
        is_own: true,
    };
    let then = At(NOW.0 - 60_000);
    let before = status::step(&State::pending(then), &seen(then), MINUTE, then).state;
    bencher.bench(|| status::step(black_box(&before), &seen(NOW), MINUTE, NOW));
}

/// A check is added to the hour that its monitor is in, as it is read and written.
#[divan::bench]
fn add_to_the_open_hour(bencher: Bencher<'_, '_>) {
    let mut open = OpenHour::default();
    open.add(hour(NOW.hour()));
    let text = open.to_text().unwrap_or_default();
    bencher
        .with_inputs(|| hour(NOW.hour()))
        .bench_values(|more| {
            let mut open = OpenHour::parse(black_box(&text)).unwrap_or_default();
            open.add(more);
            open.to_text()
        });
}

/// The strip of 90 days of one line of a list.
#[divan::bench]
fn strip_of_ninety_days(bencher: Bencher<'_, '_>) {
    let days: Vec<Dated> = (0..90)
        .map(|back| Dated {
            start: At(NOW.day().0 - back * DAY_MS),
            ..hour(NOW)
        })
        .collect();
    bencher.bench(|| strip(black_box(&days), &[], NOW, 90));
}

/// A percentile of the latencies of a day.
#[divan::bench]
fn percentile_of_a_day(bencher: Bencher<'_, '_>) {
    let hours = vec![latency(); 24];
    bencher.bench(|| {
        let mut day = Latency::default();
        for hour in black_box(&hours) {
            day.merge(hour);
        }
        day.phase("total").and_then(|all| all.percentile(0.99))
    });
}

/// An error body of 64 kB as it is kept: cleaned and cut.
#[divan::bench]
fn clean_a_long_body(bencher: Bencher<'_, '_>) {
    let body = "\u{1b}[31mfailed\u{202e} <script>\n".repeat(2_800);
    bencher.bench(|| block(black_box(&body), 2_000));
}
