//! The servers that the demo watches: real sockets, scripted behaviour.

use std::time::Duration;

use fake_mcp::{FakeMcp, Listen, Tls, healthy, http_sse, needs_auth, slow, status};
use lifesign::app::{App, monitors};
use lifesign::domain::budget::Target;
use lifesign::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, MonitorSpec, TransportChoice,
};
use lifesign::domain::team::Actor;

use crate::history::{Habit, Watched};

/// How long the flapping server stays up, and then down.
const FLAPPING: (Duration, Duration) = (Duration::from_secs(150), Duration::from_secs(90));

/// Seconds between two checks of the history.
const HISTORY_SECONDS: u32 = 1_800;
/// The uptime that every server should reach, in percent.
const TARGET: f64 = 99.5;
/// Seconds between two checks while the demo runs.
const LIVE_SECONDS: u32 = 20;

/// The running servers; they stop when this is dropped.
pub(crate) struct Servers(Vec<(&'static str, Habit, FakeMcp)>);

/// Starts all of them; the one that is down is stopped again, so that its port refuses.
pub(crate) async fn start() -> std::io::Result<Servers> {
    let tls = |tls| Listen {
        port: 0,
        tls: Some(tls),
    };
    let mut gone = FakeMcp::start(healthy())?;
    gone.stop().await?;
    Ok(Servers(vec![
        ("Search", Habit::Healthy, FakeMcp::start(healthy())?),
        ("Documents", Habit::Healthy, FakeMcp::start(http_sse())?),
        ("Reports", Habit::Slow, FakeMcp::start(slow(700))?),
        ("Tickets", Habit::Flapping, FakeMcp::start(healthy())?),
        ("Warehouse", Habit::Gone, gone),
        (
            "Billing",
            Habit::Expired,
            FakeMcp::start_on(tls(Tls::Expired), healthy())?,
        ),
        ("Calendar", Habit::Gated, FakeMcp::start(needs_auth())?),
    ]))
}

/// Starts somebody who takes every webhook; gives the URL.
#[expect(clippy::disallowed_methods, reason = "the world is no worker of ours")]
pub(crate) async fn receiver() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hooks", listener.local_addr()?);
    let router = axum::Router::new().route("/hooks", axum::routing::post(|| async {}));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

impl Servers {
    /// Makes a monitor of each, checked as rarely as its history is written.
    pub(crate) async fn watch(&self, app: &App, actor: &Actor) -> anyhow::Result<Vec<Watched>> {
        let mut watched = Vec::new();
        for (name, habit, server) in &self.0 {
            let endpoint = Endpoint {
                url: EndpointUrl::parse(&server.url())?,
                transport: TransportChoice::Auto,
                headers: vec![],
                bearer: None,
                oauth: None,
            };
            let slow_ms = (*habit == Habit::Slow).then_some(2_000);
            let spec = MonitorSpec {
                name: (*name).to_owned(),
                expectations: Expectations {
                    slow_ms,
                    ..Expectations::default()
                },
                tags: vec!["demo".to_owned()],
                interval_seconds: HISTORY_SECONDS,
                target: Target::of_percent(TARGET).ok(),
                ..MonitorSpec::of(endpoint)
            };
            let monitor = monitors::create(app, actor, spec, &[]).await?.id;
            watched.push(Watched {
                monitor,
                habit: *habit,
            });
        }
        Ok(watched)
    }

    /// Lets every monitor be checked as often as somebody who looks at a demo would like.
    pub(crate) async fn quicken(
        &self,
        app: &App,
        actor: &Actor,
        watched: &[Watched],
    ) -> anyhow::Result<()> {
        for watched in watched {
            let kept = app.store.monitor(actor.team, watched.monitor).await?;
            let Some(kept) = kept else { continue };
            let spec = MonitorSpec {
                interval_seconds: LIVE_SECONDS,
                ..kept.monitor.spec
            };
            monitors::change(app, actor, watched.monitor, spec, &[]).await?;
        }
        Ok(())
    }

    /// Lets the flapping server flap, for ever.
    pub(crate) async fn play(&self) {
        let (up, down) = FLAPPING;
        loop {
            for (_, habit, server) in &self.0 {
                if *habit == Habit::Flapping {
                    tokio::time::sleep(up).await;
                    server.set(status(503));
                    tokio::time::sleep(down).await;
                    server.set(healthy());
                }
            }
        }
    }
}
