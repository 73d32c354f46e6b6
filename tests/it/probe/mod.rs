//! The probe against scripted servers over loopback: one file per transport and kind of trouble.

mod authorization;
mod bounds;
mod canary;
mod client_credentials;
mod codes;
mod command;
mod connection;
mod curl;
mod eras;
mod harmless;
mod http;
mod legacy_sse;
mod lints;
mod misled;
mod openssl;
mod proxies;
mod streamable_http;
mod tls;
mod tools;

use std::time::Duration;

use fake_mcp::{FakeMcp, Script};
use lifesign::clock::Clock;
use lifesign::domain::client_credentials::ClientCredentials;
use lifesign::domain::failure::Code;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::{Endpoint, EndpointUrl, Expectations, TransportChoice};
use lifesign::domain::observation::{Observation, ProbeMemory};
use lifesign::domain::report::CheckReport;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::verdict::{CheckStatus, FindingCode, Verdict, judge};
use lifesign::net::{Guard, Names, Trust, install_crypto_provider, user_agent};
use lifesign::probe::{Prober, Target};
use uuid::Uuid;

/// What a probe saw and what it means.
pub(crate) struct Checked {
    pub(crate) seen: Observation,
    pub(crate) verdict: Verdict,
    pub(crate) report: CheckReport,
}

impl Checked {
    pub(crate) fn code(&self) -> Option<Code> {
        self.verdict.failure.as_ref().map(|failure| failure.code)
    }

    pub(crate) fn findings(&self) -> Vec<Code> {
        self.verdict
            .findings
            .iter()
            .filter_map(|finding| match finding.code {
                FindingCode::Failure(code) => Some(code),
                FindingCode::Lint(_) => None,
            })
            .collect()
    }

    pub(crate) fn lints(&self) -> Vec<&'static str> {
        self.verdict
            .findings
            .iter()
            .filter_map(|finding| match finding.code {
                FindingCode::Failure(_) => None,
                FindingCode::Lint(lint) => Some(lint.as_str()),
            })
            .collect()
    }

    pub(crate) fn is(&self, status: CheckStatus, code: Code) {
        assert_eq!(
            (self.verdict.status, self.code()),
            (status, Some(code)),
            "{:?}",
            self.verdict
        );
    }

    pub(crate) fn is_up(&self) {
        assert_eq!(
            (self.verdict.status, self.code()),
            (CheckStatus::Up, None),
            "{:?}",
            self.verdict
        );
    }

    pub(crate) fn step_names(&self) -> Vec<&'static str> {
        self.seen
            .steps
            .iter()
            .map(|step| step.name.as_str())
            .collect()
    }
}

/// A probe to be made; every part has a default.
pub(crate) struct Probe {
    pub(crate) target: Target,
    pub(crate) expected: Expectations,
    guard: &'static str,
    ca: Option<String>,
    names: Names,
    offer: Option<&'static str>,
    clock: Clock,
}

impl Probe {
    pub(crate) fn of(url: &str) -> Self {
        let endpoint = Endpoint {
            url: EndpointUrl::parse(url).unwrap(),
            transport: TransportChoice::Auto,
            headers: Vec::new(),
            bearer: None,
            oauth: None,
        };
        Self {
            target: Target {
                endpoint,
                timeout: Duration::from_secs(10),
                memory: ProbeMemory::default(),
                canary: None,
                monitor: MonitorId(Uuid::nil()),
                lint: false,
            },
            expected: Expectations::default(),
            guard: "loopback",
            ca: None,
            names: Names::dns(),
            offer: None,
            clock: Clock::system(),
        }
    }

    pub(crate) fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// With the lints that take requests of their own.
    pub(crate) fn lint(mut self) -> Self {
        self.target.lint = true;
        self
    }

    pub(crate) fn oauth(mut self, client: ClientCredentials) -> Self {
        self.target.endpoint.oauth = Some(client);
        self
    }

    pub(crate) fn timeout(mut self, ms: u64) -> Self {
        self.target.timeout = Duration::from_millis(ms);
        self
    }

    pub(crate) fn transport(mut self, transport: TransportChoice) -> Self {
        self.target.endpoint.transport = transport;
        self
    }

    pub(crate) fn memory(mut self, memory: ProbeMemory) -> Self {
        self.target.memory = memory;
        self
    }

    pub(crate) fn bearer(mut self, token: &str) -> Self {
        self.target.endpoint.bearer = Some(Sensitive::new(token));
        self
    }

    pub(crate) fn guard(mut self, guard: &'static str) -> Self {
        self.guard = guard;
        self
    }

    pub(crate) fn trusting_the_test_ca(mut self) -> Self {
        self.ca = Some(fake_mcp::ca_pem().unwrap());
        self
    }

    pub(crate) fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    pub(crate) fn offering(mut self, version: &'static str) -> Self {
        self.offer = Some(version);
        self
    }

    pub(crate) fn prober(&self) -> Prober {
        install_crypto_provider();
        let trust = Trust::new(self.ca.as_deref().map(str::as_bytes)).unwrap();
        let guard = Guard::parse(self.guard).unwrap();
        let agent = user_agent("https://lifesign.example");
        let prober = Prober::new(guard, self.names.clone(), trust, self.clock.clone(), &agent);
        match self.offer {
            Some(version) => prober.offering(version),
            None => prober,
        }
    }

    pub(crate) async fn run(self) -> Checked {
        let prober = self.prober();
        self.run_by(&prober).await
    }

    /// With a prober that has probed before.
    pub(crate) async fn run_by(&self, prober: &Prober) -> Checked {
        let seen = prober.probe(&self.target, &()).await;
        let has_credentials = self.target.endpoint.has_credentials();
        let now = self.clock.now();
        let verdict = judge(&seen, &self.expected, has_credentials, now);
        let url = self.target.endpoint.url.redacted();
        let report = CheckReport::new(url, "local".to_owned(), seen.clone(), verdict.clone());
        Checked {
            seen,
            verdict,
            report,
        }
    }
}

/// A server with this script, probed once.
pub(crate) async fn check(script: impl Into<Script>) -> (Checked, FakeMcp) {
    let server = FakeMcp::start(script).unwrap();
    let checked = Probe::of(&server.url()).run().await;
    (checked, server)
}

/// As [`check`], for servers that keep us waiting.
pub(crate) async fn check_briefly(script: impl Into<Script>) -> (Checked, FakeMcp) {
    let server = FakeMcp::start(script).unwrap();
    let checked = Probe::of(&server.url()).timeout(400).run().await;
    (checked, server)
}
