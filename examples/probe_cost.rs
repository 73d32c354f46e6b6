//! What a check costs this process: CPU milliseconds of the probe alone, without database or pages.
//!
//! Probes one address over and over, as the scheduler would: one fresh connection each, the chain
//! memo and what the first check learnt kept. Prints one line of JSON. `tests/load/paired.py`
//! compares two such programs; CONTRIBUTING says how. Not a test: figures of one machine.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Parser;
use lifesign::clock::Clock;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, MonitorSpec, TransportChoice,
};
use lifesign::domain::observation::{Observation, ProbeMemory};
use lifesign::domain::verdict::{CheckStatus, judge};
use lifesign::net::{Guard, Names, Trust};
use lifesign::probe::{Prober, Target};

/// Clock ticks of Linux in a second, as /proc counts CPU time.
const TICKS: f64 = 100.0;

#[derive(Parser)]
struct Arguments {
    /// Address of the server, on loopback
    url: String,
    /// How many checks are measured
    #[arg(short, long, default_value = "4000")]
    n: NonZeroU32,
    /// How many of them at a time
    #[arg(short, long, default_value = "50")]
    c: NonZeroU32,
    /// Checks before the measured ones
    #[arg(long, default_value = "50")]
    warmup: NonZeroU32,
    /// Certificates (PEM) to trust beside the usual ones
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    // One thread: what is measured is the work, not how cores share it.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(measure(Arguments::parse()))
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    lifesign::net::install_crypto_provider();
    let extra = arguments.ca_file.as_ref().map(std::fs::read).transpose()?;
    let prober = Prober::new(
        Guard::parse("loopback")?,
        Names::dns(),
        Trust::new(extra.as_deref())?,
        Clock::system(),
        "Lifesign/cost (+https://lifesign.example/bot)",
    );
    let endpoint = Endpoint {
        url: EndpointUrl::parse(&arguments.url).map_err(|error| anyhow::anyhow!(error.message))?,
        transport: TransportChoice::Auto,
        headers: Vec::new(),
        bearer: None,
        oauth: None,
    };
    let mut target = Target {
        timeout: MonitorSpec::of(endpoint.clone()).timeout(),
        endpoint,
        memory: ProbeMemory::default(),
        canary: None,
        monitor: MonitorId(uuid::Uuid::nil()),
        lint: false,
    };
    for _ in 0..arguments.warmup.get() {
        let seen = prober.probe(&target, &()).await;
        if !is_up(&seen) {
            bail!("not up: {:?}", seen.stopped);
        }
        target.memory = seen.memory;
    }
    let left = Arc::new(AtomicU32::new(arguments.n.get()));
    let (cpu, begun) = (cpu_seconds()?, Instant::now());
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..arguments.c.get() {
        // A watch of its own: what is done at every tenth check is done at every tenth.
        let (prober, mut target, left) = (prober.clone(), target.clone(), Arc::clone(&left));
        workers.spawn(async move {
            let mut failed = 0_u32;
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                .is_ok()
            {
                let seen = prober.probe(&target, &()).await;
                failed += u32::from(!is_up(&seen));
                target.memory = seen.memory;
            }
            failed
        });
    }
    let failed: u32 = workers.join_all().await.into_iter().sum();
    let (cpu, wall) = (cpu_seconds()? - cpu, begun.elapsed().as_secs_f64());
    let n = f64::from(arguments.n.get());
    let line = serde_json::json!({
        "label": "lifesign", "n": arguments.n, "c": arguments.c, "errs": failed,
        "cpu_ms_per_probe": cpu * 1e3 / n, "probes_per_s": n / wall,
    });
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}

/// Seen and judged, as the scheduler has it done.
fn is_up(seen: &Observation) -> bool {
    let verdict = judge(seen, &Expectations::default(), false, Clock::system().now());
    verdict.status == CheckStatus::Up && seen.cost.sessions_opened == seen.cost.sessions_closed
}

/// CPU time of this process so far: user and system.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this needs Linux")?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("an odd /proc/self/stat")?;
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS)
}
