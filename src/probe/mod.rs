//! The probe: from an endpoint to what it showed. The shape that the use cases rely on.

use std::time::Duration;

use crate::clock::Clock;
use crate::domain::monitor::Endpoint;
use crate::domain::observation::{Observation, ProbeMemory, Step};
use crate::net::{Guard, Names, Trust};

/// Hears of each step as it happens.
pub trait Observer: Send + Sync {
    /// A step was taken.
    fn step(&self, _step: &Step) {}
}

impl Observer for () {}

/// What is to be probed.
pub struct Target {
    /// Where, and with which credentials.
    pub endpoint: Endpoint,
    /// How long it may take in all.
    pub timeout: Duration,
    /// What the probe before learnt.
    pub memory: ProbeMemory,
}

/// Asks servers; cheap to clone.
#[derive(Clone)]
pub struct Prober {
    clock: Clock,
}

impl Prober {
    /// A prober that connects where `guard` lets it.
    pub fn new(_: Guard, _: Names, _: Trust, clock: Clock, _user_agent: &str) -> Self {
        Self { clock }
    }

    /// Speaks the handshake and gives what was seen.
    pub async fn probe(&self, target: &Target, _observer: &dyn Observer) -> Observation {
        Observation::begun(self.clock.now(), target.memory.clone())
    }
}
