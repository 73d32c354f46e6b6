//! Thirty days of checks as they might have been: written through the same `record` as real
//! ones, on a clock that is moved by hand, so that every figure on a page is a real figure.

use std::time::Duration;

use anyhow::Context as _;
use lifesign::app::App;
use lifesign::app::check::Checked;
use lifesign::app::record::record;
use lifesign::app::scheduler;
use lifesign::domain::at::At;
use lifesign::domain::check::CheckResult;
use lifesign::domain::failure::Code;
use lifesign::domain::id::MonitorId;
use lifesign::domain::observation::{Cost, Era, Outcome, ServerName, Step, StepName, Transport};
use lifesign::domain::report::{CheckReport, ProtocolReport, Timings, TlsReport, ToolsReport};
use lifesign::domain::verdict::{CheckStatus, Failure};

/// How far back the history goes.
pub(crate) const LENGTH: Duration = Duration::from_hours(30 * 24);
/// Time between two looks at what is due.
const STRIDE: Duration = Duration::from_mins(30);
/// Most checks of one look.
const LOOK: usize = 100;

/// How a scripted server has been all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Up, with a short outage now and then.
    Healthy,
    /// Up, and slower every afternoon.
    Slow,
    /// Down for a while every few hours.
    Flapping,
    /// Up until two days ago.
    Gone,
    /// Up until its certificate ended, five days ago.
    Expired,
    /// Behind a wall.
    Gated,
}

/// A monitor of the demo.
pub(crate) struct Watched {
    /// The monitor.
    pub(crate) monitor: MonitorId,
    /// How it has been.
    pub(crate) habit: Habit,
}

/// Writes the history of all monitors up to `now`, and leaves the clock there.
pub(crate) async fn write(app: &App, watched: &[Watched], now: At) -> anyhow::Result<()> {
    while app.clock.now() < now {
        loop {
            let due = scheduler::step(app, LOOK).await?;
            if due.is_empty() {
                break;
            }
            let made = due.into_iter().map(|due| {
                let habit = watched.iter().find(|w| w.monitor == due.watch.monitor);
                let habit = habit.map_or(Habit::Healthy, |watched| watched.habit);
                let at = app.clock.now();
                let report = report(habit, &due.monitor.spec.endpoint.url.redacted(), at, now);
                Checked {
                    are_tools_untold: false,
                    expiring: Vec::new(),
                    gate: Vec::new(),
                    interval: due.monitor.spec.interval(),
                    timeout: due.monitor.spec.timeout(),
                    locations: due.locations,
                    quorum: due.monitor.spec.quorum,
                    claim: due.claim,
                    facts_hash: due.facts_hash,
                    tools: None,
                    result: CheckResult {
                        watch: due.watch,
                        slot: due.slot,
                        attempt: due.attempt,
                        report: Box::new(report),
                        memory: Box::default(),
                        has_learnt: false,
                        changes: vec![],
                    },
                }
            });
            let made: Vec<Checked> = made.collect();
            record(app, &made).await.context("record the history")?;
            // Give what has to be confirmed its quick rechecks before time goes on.
            app.clock.advance(Duration::from_secs(6));
        }
        let left = Duration::from_millis(now.ms_since(app.clock.now()).unsigned_abs());
        app.clock.advance(STRIDE.min(left));
    }
    Ok(())
}

/// What a check at `at` would have seen.
fn report(habit: Habit, url: &str, at: At, now: At) -> CheckReport {
    let hours_ago = now.ms_since(at) / 3_600_000;
    let minute = at.0 / 60_000;
    let chance = chance(minute, url);
    let slow = match habit {
        Habit::Slow if (12..18).contains(&(at.0 / 3_600_000 % 24)) => 5.0,
        Habit::Slow => 3.0,
        _ => 1.0,
    };
    let code = match habit {
        Habit::Gone if hours_ago < 48 => Some(Code::TcpRefused),
        Habit::Expired if hours_ago < 120 => Some(Code::TlsExpired),
        Habit::Flapping if hours_ago % 7 == 3 && minute % 60 < 14 => Some(Code::Http503),
        Habit::Healthy if hours_ago == 211 && minute % 60 < 25 => Some(Code::Http502),
        Habit::Gated => Some(Code::AuthRequired),
        _ => None,
    };
    let is_gated = habit == Habit::Gated;
    let status = match (code, is_gated) {
        (None, _) | (_, true) => CheckStatus::Up,
        (Some(_), false) => CheckStatus::Down,
    };
    let is_tls = habit == Habit::Expired;
    let reaches = code.is_none_or(|code| code.layer() > lifesign::domain::failure::Layer::Tls);
    let ms = |base: f64| base * slow * (0.8 + chance * 0.7);
    let (dns, tcp) = (ms(0.4), ms(1.2));
    let answered = code.is_none();
    let timings = Timings {
        dns: Some(dns),
        tcp: Some(tcp),
        tls: (is_tls && reaches).then(|| ms(4.0)),
        initialize: reaches.then(|| ms(22.0)),
        initialized: answered.then(|| ms(6.0)),
        tools_list: answered.then(|| ms(31.0)),
        total: Some(if answered { ms(62.0) } else { ms(25.0) }),
        ..Timings::default()
    };
    let failure = code.map(|code| Failure {
        code,
        layer: code.layer(),
        message: format!("{}.", code.words()),
        hint: code.hint().to_owned(),
    });
    let names = ["search", "fetch", "summarise"].map(str::to_owned).to_vec();
    CheckReport {
        url: url.to_owned(),
        started_at: at,
        location: "local".to_owned(),
        status,
        gated: is_gated,
        failure,
        findings: vec![],
        protocol: answered.then(|| ProtocolReport {
            transport: Some(Transport::StreamableHttp),
            era: Some(Era::Legacy),
            version: Some("2025-11-25".to_owned()),
            legacy_version: None,
            server: Some(ServerName {
                name: Some("demo".to_owned()),
                version: Some("1.0.0".to_owned()),
            }),
            capabilities: Some(vec!["tools".to_owned()]),
            session: Some(true),
        }),
        tools: answered.then(|| ToolsReport {
            count: names.len(),
            hash: "sha256:demo".to_owned(),
            names,
        }),
        tls: is_tls.then(|| certificate(now)),
        address: Some("127.0.0.1".to_owned()),
        addresses: Vec::new(),
        timings_ms: timings,
        cost: Cost {
            requests: if answered { 4 } else { 1 },
            bytes_sent: 1_310,
            bytes_received: 2_204,
            sessions_opened: u32::from(answered),
            sessions_closed: u32::from(answered),
        },
        steps: vec![Step {
            name: StepName::Tcp,
            outcome: if reaches {
                Outcome::Ok
            } else {
                Outcome::Failed
            },
            ms: tcp,
            detail: None,
        }],
        retry_after_seconds: None,
        login: None,
        credential_expires_at: None,
        transcript: vec![],
        curl: None,
    }
}

fn certificate(now: At) -> TlsReport {
    TlsReport {
        version: Some("TLSv1.3".to_owned()),
        subject: "CN=localhost".to_owned(),
        issuer: "CN=fake-mcp test CA".to_owned(),
        names: vec!["localhost".to_owned()],
        not_before: now - Duration::from_hours(95 * 24),
        not_after: now - Duration::from_hours(120),
        fingerprint: "sha256:demo".to_owned(),
        chain: Vec::new(),
    }
}

/// Something between 0 and 1 that looks like chance and is the same in every run.
fn chance(minute: i64, salt: &str) -> f64 {
    let seed = salt.bytes().fold(minute.unsigned_abs(), |hash, byte| {
        (hash ^ u64::from(byte))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(31)
    });
    f64::from(u16::try_from(seed % 1_000).unwrap_or_default()) / 1_000.0
}
