//! Time and CPU time of a number of equal things.

use std::ops::AddAssign;
use std::time::Instant;

use anyhow::Context as _;

/// Clock ticks of Linux in a second, as /proc counts CPU time.
const TICKS: f64 = 100.0;

/// What a number of things cost this process, all threads together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) n: u32,
    wall: f64,
    cpu: f64,
}

impl Cost {
    /// CPU time of one, in milliseconds.
    pub(super) fn cpu_ms(&self) -> f64 {
        self.cpu * 1e3 / f64::from(self.n)
    }

    /// Time from one to the next, in milliseconds.
    pub(super) fn wall_ms(&self) -> f64 {
        self.wall * 1e3 / f64::from(self.n)
    }

    /// How many in a second.
    pub(super) fn per_second(&self) -> f64 {
        f64::from(self.n) / self.wall
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.n += more.n;
        self.wall += more.wall;
        self.cpu += more.cpu;
    }
}

/// A measure that has begun.
pub(super) struct Begun {
    wall: Instant,
    cpu: f64,
}

impl Begun {
    /// From now on. Fails where CPU time cannot be read: it needs Linux.
    pub(super) fn now() -> anyhow::Result<Self> {
        Ok(Self {
            wall: Instant::now(),
            cpu: cpu_seconds()?,
        })
    }

    /// What `n` things have cost since then.
    pub(super) fn cost(&self, n: u32) -> anyhow::Result<Cost> {
        Ok(Cost {
            n: n.max(1),
            wall: self.wall.elapsed().as_secs_f64(),
            cpu: cpu_seconds()? - self.cpu,
        })
    }
}

/// CPU time of this process so far, user and system, in seconds.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("measuring needs Linux")?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("an odd /proc/self/stat")?;
    let fields = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS)
}
