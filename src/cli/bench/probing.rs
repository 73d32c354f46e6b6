//! What a probe costs: one fresh connection each, as the scheduler makes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::measure::{Begun, Cost};
use super::target::Target as Server;
use crate::clock::Clock;
use crate::domain::id::MonitorId;
use crate::domain::monitor::{Endpoint, EndpointUrl, MonitorSpec, TransportChoice};
use crate::domain::observation::{Observation, ProbeMemory};
use crate::net::{Guard, Names, Trust};
use crate::probe::{Prober, Target};

/// Probes at the same time.
const AT_ONCE: u32 = 50;
/// Probes before the measured ones.
const WARM_UP: u32 = 20;
/// How often is looked whether the last connections are closed …
const GLANCE: Duration = Duration::from_millis(1);
/// … and how many times at most.
const MOST_GLANCES: u32 = 100;

/// A probe as a node has it, that trusts the certificate of the server.
fn prober(server: &Server) -> anyhow::Result<Prober> {
    Ok(Prober::new(
        Guard::parse("loopback")?,
        Names::dns(),
        Trust::new(Some(&server.authority))?,
        Clock::system(),
        "Lifesign/bench",
    ))
}

/// The server as a probe is told of it, before anything is known.
fn target(server: &Server) -> anyhow::Result<Target> {
    let url = EndpointUrl::parse(&server.url).map_err(|fault| anyhow::anyhow!(fault.message))?;
    let spec = MonitorSpec::of(Endpoint {
        url,
        transport: TransportChoice::Auto,
        headers: Vec::new(),
        bearer: None,
        oauth: None,
    });
    Ok(Target {
        timeout: spec.timeout(),
        endpoint: spec.endpoint,
        memory: ProbeMemory::default(),
        canary: None,
        monitor: MonitorId(Uuid::nil()),
        lint: false,
    })
}

/// Probes that are ready to be measured: the server is up and they remember it.
pub(super) struct Probing {
    prober: Prober,
    target: Target,
}

impl Probing {
    /// Warms up; fails when a probe does not reach its end.
    pub(super) async fn warm(server: &Server) -> anyhow::Result<Self> {
        let (prober, mut target) = (prober(server)?, target(server)?);
        for _ in 0..WARM_UP {
            let seen = prober.probe(&target, &()).await;
            if let Some(stopped) = seen.stopped {
                bail!("the built-in server is not up: {stopped:?}");
            }
            target.memory = seen.memory;
        }
        Ok(Self { prober, target })
    }

    /// What one probe sees.
    pub(super) async fn look(&self) -> Observation {
        self.prober.probe(&self.target, &()).await
    }

    /// Probes `n` times; fails when a probe does not reach its end.
    pub(super) async fn measure(&self, n: u32) -> anyhow::Result<Cost> {
        let left = Arc::new(AtomicU32::new(n));
        let tasks = Handle::current().metrics();
        let others = tasks.num_alive_tasks();
        let begun = Begun::now()?;
        let mut workers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (prober, mut target) = (self.prober.clone(), self.target.clone());
            let left = Arc::clone(&left);
            workers.spawn(async move {
                let one_less = |left: u32| left.checked_sub(1);
                let mut stopped = None;
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                    .is_ok()
                {
                    let seen = prober.probe(&target, &()).await;
                    stopped = stopped.or(seen.stopped);
                    target.memory = seen.memory;
                }
                stopped
            });
        }
        if let Some(stopped) = workers.join_all().await.into_iter().flatten().next() {
            bail!("a probe did not reach its end: {stopped:?}");
        }
        // Connections are closed by tasks of their own.
        for _ in 0..MOST_GLANCES {
            if tasks.num_alive_tasks() <= others {
                break;
            }
            sleep(GLANCE).await;
        }
        begun.cost(n)
    }
}
