//! A monitor: what we watch, how, how often, with which expectations.
//!
//! The constructors refuse what makes no sense and name the field; a `Monitor` that exists is
//! one that can be checked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::budget::Target;
use super::canary::Canary;
use super::dependency;
pub use super::endpoint::{Endpoint, EndpointUrl, Header, TransportChoice};
use super::id::{MonitorId, TeamId};
use super::quorum::Quorum;

/// Longest name, in characters.
pub const MAX_NAME: usize = 120;
/// Most headers of one monitor.
pub const MAX_HEADERS: usize = 20;
/// Most tags, expected tools and locations of one monitor, each.
pub const MAX_LIST: usize = 50;
/// Longest tag, location or expected tool name, in characters.
pub const MAX_WORD: usize = 128;
/// Bounds of the interval, in seconds.
pub const INTERVAL_SECONDS: std::ops::RangeInclusive<u32> = 10..=86_400;
/// Bounds of the time that one probe may take in all, in seconds.
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 5..=120;
/// The interval when none is given, in seconds.
pub const DEFAULT_INTERVAL_SECONDS: u32 = 60;
/// The time that one probe may take in all when none is given, in seconds.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 30;

/// A field that was refused, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field, as the API and the forms name it.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl FieldError {
    /// Names the field and says what would be right.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// What a server promised its users; a check that sees less is degraded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectations {
    /// Tools that must be listed.
    pub tools: Vec<String>,
    /// A check that takes longer than this in all is degraded, in milliseconds.
    pub slow_ms: Option<u32>,
}

/// What people say of a monitor when they make or change it: everything but id, team and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorSpec {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Seconds between two checks from one location.
    pub interval_seconds: u32,
    /// Seconds that one probe may take in all.
    pub timeout_seconds: u32,
    /// What it promised.
    pub expectations: Expectations,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Locations to check from; `None` means wherever a node probes by default (`local`).
    pub locations: Option<Vec<String>>,
    /// How many of the locations have to say that it is down.
    pub quorum: Quorum,
    /// A tool to be called at times.
    pub canary: Option<Canary>,
    /// Try the lints that take requests of their own, once a week.
    pub lint: bool,
    /// Monitors of the same team: while one of them is down, nobody is told of this one.
    pub depends_on: Vec<MonitorId>,
    /// The uptime that it should reach over 30 days.
    pub target: Option<Target>,
}

impl MonitorSpec {
    /// A monitor of `endpoint` with every default; named after its host.
    pub fn of(endpoint: Endpoint) -> Self {
        Self {
            name: endpoint.url.authority(),
            endpoint,
            interval_seconds: DEFAULT_INTERVAL_SECONDS,
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            expectations: Expectations::default(),
            tags: Vec::new(),
            locations: None,
            quorum: Quorum::default(),
            canary: None,
            lint: false,
            depends_on: Vec::new(),
            target: None,
        }
    }

    /// Every field that is out of bounds, with what would be right. Empty means fine.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut refuse = |field, message: String| faults.push(FieldError::new(field, message));
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control)
        {
            refuse(
                "name",
                format!("must have 1 to {MAX_NAME} printable characters"),
            );
        }
        if !INTERVAL_SECONDS.contains(&self.interval_seconds) {
            refuse("interval_seconds", bounds("seconds", &INTERVAL_SECONDS));
        }
        if !TIMEOUT_SECONDS.contains(&self.timeout_seconds) {
            refuse("timeout_seconds", bounds("seconds", &TIMEOUT_SECONDS));
        }
        if self.expectations.slow_ms == Some(0) {
            refuse(
                "slow_ms",
                "must be at least 1, or null for three times the usual".to_owned(),
            );
        }
        if self.endpoint.headers.len() > MAX_HEADERS {
            refuse("headers", format!("at most {MAX_HEADERS} headers"));
        }
        let authorization = |h: &Header| h.name.eq_ignore_ascii_case("authorization");
        if self.endpoint.bearer.is_some() && self.endpoint.headers.iter().any(authorization) {
            refuse(
                "bearer",
                "there is an Authorization header already; keep one".to_owned(),
            );
        }
        if self.endpoint.oauth.is_some()
            && (self.endpoint.bearer.is_some() || self.endpoint.headers.iter().any(authorization))
        {
            refuse("oauth", "there is a token already; keep one".to_owned());
        }
        if let Some(fault) = self.endpoint.plain_credentials() {
            refuse(fault.field, fault.message);
        }
        let lists: [(&'static str, &[String]); 3] = [
            ("tags", &self.tags),
            ("expect_tools", &self.expectations.tools),
            ("locations", self.locations.as_deref().unwrap_or_default()),
        ];
        for (field, words) in lists {
            let is_bad = |w: &String| {
                w.trim().is_empty()
                    || w.chars().count() > MAX_WORD
                    || w.chars().any(char::is_control)
            };
            if words.len() > MAX_LIST || words.iter().any(is_bad) {
                refuse(
                    field,
                    format!("at most {MAX_LIST}, each of 1 to {MAX_WORD} characters"),
                );
            }
        }
        if self.locations.as_ref().is_some_and(Vec::is_empty) {
            refuse(
                "locations",
                "name at least one, or null for the default".to_owned(),
            );
        }
        faults.extend(dependency::fault(&self.depends_on));
        faults.extend(self.canary.iter().flat_map(Canary::faults));
        faults
    }

    /// The time between two checks.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_seconds))
    }

    /// The time that one probe may take in all.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }
}

fn bounds(unit: &str, range: &std::ops::RangeInclusive<u32>) -> String {
    let (least, most) = (range.start(), range.end());
    format!("must be between {least} and {most} {unit}")
}

/// A monitor as it exists: its spec with id and team. What is known of it is in `status.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its id.
    pub id: MonitorId,
    /// Whose it is.
    pub team: TeamId,
    /// What its owner says of it.
    pub spec: MonitorSpec,
    /// Not checked until resumed.
    pub paused: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_spec_is_named_at_once() {
        let url = EndpointUrl::parse("https://e.example/mcp").unwrap();
        let endpoint = Endpoint {
            url,
            transport: TransportChoice::Auto,
            headers: vec![],
            bearer: None,
            oauth: None,
        };
        let mut spec = MonitorSpec::of(endpoint);
        assert_eq!(spec.faults(), []);
        spec.interval_seconds = 5;
        spec.timeout_seconds = 500;
        spec.tags = vec![String::new()];
        let fields: Vec<_> = spec.faults().into_iter().map(|f| f.field).collect();
        assert_eq!(fields, ["interval_seconds", "timeout_seconds", "tags"]);
    }
}
