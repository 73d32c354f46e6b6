//! The check report: what `probe --json`, the API and the pages show of one check.
//!
//! Public interface, to the letter (product contract §4). What is not known is `null`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::at::At;
use super::login::LoginChain;
use super::observation::{
    Certificate, Cost, Exchange, Observation, ServerFacts, ServerName, Step, StepName, Transport,
};
use super::tools::hex;
use super::verdict::{CheckStatus, Failure, Finding, Verdict};

/// One check, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    /// The address, without the values of its query.
    pub url: String,
    /// When the check began.
    pub started_at: At,
    /// Where it was made from.
    pub location: String,
    /// The status.
    pub status: CheckStatus,
    /// Alive behind an authorization wall.
    pub gated: bool,
    /// Why it is not plainly up.
    pub failure: Option<Failure>,
    /// What else is worth knowing.
    pub findings: Vec<Finding>,
    /// What the handshake told.
    pub protocol: Option<ProtocolReport>,
    /// The tools.
    pub tools: Option<ToolsReport>,
    /// The encryption; null for plain http.
    pub tls: Option<TlsReport>,
    /// The address that was connected to.
    pub address: Option<String>,
    /// What the name resolved to; empty for a check without a transcript.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// How long each phase took.
    pub timings_ms: Timings,
    /// What the check cost the server.
    pub cost: Cost,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// How long the server asked us to stay away, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// How clients log in, where the server wants it; as last looked at.
    #[serde(default)]
    pub login: Option<LoginChain>,
    /// When the configured credentials expire, where they tell.
    #[serde(default)]
    pub credential_expires_at: Option<At>,
    /// The exchanges of a check that went wrong, without secrets.
    pub transcript: Vec<Exchange>,
    /// A command that repeats the decisive request, with placeholders for secrets.
    pub curl: Option<String>,
}

/// What the handshake told of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProtocolReport {
    /// `streamable_http` or `sse`.
    pub transport: Option<Transport>,
    /// The generation.
    pub era: Option<super::observation::Era>,
    /// The protocol version; of a server of both generations, the one of the newer.
    pub version: Option<String>,
    /// What a server of both generations negotiates in `initialize`.
    #[serde(default)]
    pub legacy_version: Option<String>,
    /// What the server calls itself.
    pub server: Option<ServerName>,
    /// The names of its capabilities.
    pub capabilities: Option<Vec<String>>,
    /// Whether it opened a session.
    pub session: Option<bool>,
}

/// The tool surface in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolsReport {
    /// How many.
    pub count: usize,
    /// `sha256:` and the digest of the canonical form.
    pub hash: String,
    /// Their names, in the order of the server.
    pub names: Vec<String>,
}

/// The encryption of the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TlsReport {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: Option<String>,
    /// The subject of the certificate.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// The names that it is for.
    pub names: Vec<String>,
    /// The beginning of its validity.
    pub not_before: At,
    /// The end of its validity.
    pub not_after: At,
    /// `sha256:` and its digest.
    pub fingerprint: String,
    /// The certificates that the server showed, its own first; empty for a check without a
    /// transcript.
    #[serde(default)]
    pub chain: Vec<CertificateReport>,
}

/// A certificate of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateReport {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// The beginning of its validity.
    pub not_before: At,
    /// The end of its validity.
    pub not_after: At,
    /// `sha256:` and its digest.
    pub fingerprint: String,
}

impl From<Certificate> for CertificateReport {
    fn from(certificate: Certificate) -> Self {
        Self {
            subject: certificate.subject,
            issuer: certificate.issuer,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            fingerprint: certificate.fingerprint,
        }
    }
}

/// Milliseconds per phase; null for a phase that did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// Resolving.
    pub dns: Option<f64>,
    /// Connecting.
    pub tcp: Option<f64>,
    /// Encrypting.
    pub tls: Option<f64>,
    /// Opening the stream of HTTP+SSE.
    pub open_stream: Option<f64>,
    /// `initialize`.
    pub initialize: Option<f64>,
    /// `notifications/initialized`.
    pub initialized: Option<f64>,
    /// `server/discover`.
    #[serde(default)]
    pub discover: Option<f64>,
    /// `tools/list`, all pages.
    pub tools_list: Option<f64>,
    /// `prompts/list`.
    #[serde(default)]
    pub prompts_list: Option<f64>,
    /// `resources/list`.
    #[serde(default)]
    pub resources_list: Option<f64>,
    /// `ping`.
    pub ping: Option<f64>,
    /// All of it, up to the last answer.
    pub total: Option<f64>,
}

impl Timings {
    /// The phases that happened, by name, in milliseconds.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let Self {
            dns,
            tcp,
            tls,
            open_stream,
            initialize,
            initialized,
            discover,
            tools_list,
            prompts_list,
            resources_list,
            ping,
            total,
        } = *self;
        let phases = [
            ("dns", dns),
            ("tcp", tcp),
            ("tls", tls),
            ("open_stream", open_stream),
            ("initialize", initialize),
            ("initialized", initialized),
            ("discover", discover),
            ("tools_list", tools_list),
            ("prompts_list", prompts_list),
            ("resources_list", resources_list),
            ("ping", ping),
            ("total", total),
        ];
        phases
            .into_iter()
            .filter_map(|(name, ms)| Some((name, ms?)))
    }
}

impl CheckReport {
    /// Stands for what a good check knows of its server beside the timings: another value means
    /// that the address, the handshake, the tools, the certificate, the findings, the way to a login
    /// or the end of the credentials are others than before.
    pub fn facts_hash(&self) -> String {
        let tools = self.tools.as_ref().map(|tools| &tools.hash);
        let certificate = self.tls.as_ref().map(|tls| &tls.fingerprint);
        let findings: Vec<&str> = self.findings.iter().map(|f| f.code.as_str()).collect();
        let login = (&self.login, self.credential_expires_at);
        let facts = (
            &self.address,
            &self.protocol,
            tools,
            certificate,
            findings,
            login,
        );
        // Plain structs of text always serialise.
        let text = serde_json::to_vec(&facts).unwrap_or_default();
        hex(&Sha256::digest(&text))
    }

    /// Puts together what was seen and what it means. `url` is the redacted one.
    pub fn new(url: String, location: String, seen: Observation, verdict: Verdict) -> Self {
        let timings_ms = timings(&seen);
        let retry_after_seconds = seen.retry_after_seconds();
        let chain = seen.chain;
        Self {
            url,
            started_at: seen.started_at,
            location,
            status: verdict.status,
            gated: verdict.gated,
            failure: verdict.failure,
            findings: verdict.findings,
            protocol: protocol(seen.server),
            tools: seen.tools.map(|tools| ToolsReport {
                count: tools.names.len(),
                hash: tools.hash,
                names: tools.names,
            }),
            tls: seen.tls.map(|tls| {
                let certificate = Arc::unwrap_or_clone(tls.certificate);
                TlsReport {
                    version: tls.version.map(str::to_owned),
                    subject: certificate.subject,
                    issuer: certificate.issuer,
                    names: certificate.names,
                    not_before: certificate.not_before,
                    not_after: certificate.not_after,
                    fingerprint: certificate.fingerprint,
                    chain: chain.into_iter().map(CertificateReport::from).collect(),
                }
            }),
            address: seen.address.map(|address| address.to_string()),
            addresses: seen.addresses.iter().map(ToString::to_string).collect(),
            timings_ms,
            cost: seen.cost,
            steps: seen.steps,
            retry_after_seconds,
            login: seen.login,
            credential_expires_at: seen.credential_expires_at,
            transcript: seen.transcript,
            curl: seen.curl,
        }
    }
}

fn protocol(facts: ServerFacts) -> Option<ProtocolReport> {
    (facts != ServerFacts::default()).then_some(ProtocolReport {
        transport: facts.transport,
        era: facts.era,
        version: facts.version,
        legacy_version: facts.legacy_version,
        server: facts.server,
        capabilities: facts.capabilities,
        session: facts.session,
    })
}

fn timings(seen: &Observation) -> Timings {
    Timings {
        dns: seen.ms_of(StepName::Dns),
        tcp: seen.ms_of(StepName::Tcp),
        tls: seen.ms_of(StepName::Tls),
        open_stream: seen.ms_of(StepName::OpenStream),
        initialize: seen.ms_of(StepName::Initialize),
        initialized: seen.ms_of(StepName::Initialized),
        discover: seen.ms_of(StepName::Discover),
        tools_list: seen.ms_of(StepName::ToolsList),
        prompts_list: seen.ms_of(StepName::PromptsList),
        resources_list: seen.ms_of(StepName::ResourcesList),
        ping: seen.ms_of(StepName::Ping),
        total: Some(seen.total_ms),
    }
}
