//! Many hostile servers at once: what they are judged to be, how long it takes, how much memory.
//!
//! Probes each address so many times, all at once, and prints one line of JSON: the codes per
//! address, the longest check, the most memory that was resident. `tests/load/bombs.py` plays the
//! servers and holds the figures to their bounds; CONTRIBUTING says how.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use lifesign::clock::Clock;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, MonitorSpec, TransportChoice,
};
use lifesign::domain::observation::ProbeMemory;
use lifesign::domain::verdict::judge;
use lifesign::net::{Guard, Names, Trust};
use lifesign::probe::{Prober, Target};

#[derive(Parser)]
struct Arguments {
    /// Addresses of the servers, on loopback
    #[arg(required = true)]
    urls: Vec<String>,
    /// How many checks of each, all of them at once
    #[arg(short, long, default_value = "25")]
    each: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    lifesign::net::install_crypto_provider();
    let prober = Prober::new(
        Guard::parse("loopback")?,
        Names::dns(),
        Trust::new(None)?,
        Clock::system(),
        "Lifesign/bombs",
    );
    let start = Instant::now();
    let mut checks = Vec::new();
    for url in &arguments.urls {
        for _ in 0..arguments.each {
            checks.push(check(prober.clone(), url.clone()));
        }
    }
    let mut codes: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for (url, checked) in arguments
        .urls
        .iter()
        .flat_map(|url| std::iter::repeat_n(url, arguments.each))
        .zip(futures_util::future::join_all(checks).await)
    {
        let (code, took) = checked?;
        longest = longest.max(took);
        *codes
            .entry(url.clone())
            .or_default()
            .entry(code)
            .or_default() += 1;
    }
    let resident = resident_mib()?;
    let told = serde_json::json!({
        "codes": codes,
        "longest_s": longest.as_secs_f64(),
        "all_s": start.elapsed().as_secs_f64(),
        "resident_mib": resident,
    });
    tell(&told.to_string());
    Ok(())
}

async fn check(prober: Prober, url: String) -> anyhow::Result<(String, Duration)> {
    let endpoint = Endpoint {
        url: EndpointUrl::parse(&url)?,
        transport: TransportChoice::StreamableHttp,
        headers: Vec::new(),
        bearer: None,
        oauth: None,
    };
    let target = Target {
        timeout: MonitorSpec::of(endpoint.clone()).timeout(),
        endpoint,
        memory: ProbeMemory::default(),
        canary: None,
        monitor: MonitorId(uuid::Uuid::nil()),
        lint: false,
    };
    let start = Instant::now();
    let seen = prober.probe(&target, &()).await;
    let took = start.elapsed();
    let verdict = judge(
        &seen,
        &Expectations::default(),
        false,
        Clock::system().now(),
    );
    let code = verdict
        .failure
        .map(|failure| failure.code.as_str().to_owned());
    Ok((code.unwrap_or_else(|| "up".to_owned()), took))
}

/// The most memory that this process had resident, in mebibytes.
fn resident_mib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn tell(line: &str) {
    println!("{line}");
}
