//! What a probe saw of a server, without opinion.
//!
//! Made by `probe`, judged by `verdict`, shown through `report`. Texts of the server have been
//! cleaned for display; nothing in here holds a secret of ours.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::canary::Sung;
use super::lint::Fact;
use super::login::{LoginChain, TokenTrouble};
pub use super::memory::ProbeMemory;
use super::tools::ToolSurface;
use super::trouble::{ToolsTrouble, Trouble};

/// A step of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Resolving the name.
    Dns,
    /// Connecting.
    Tcp,
    /// Encrypting.
    Tls,
    /// Opening the event stream of HTTP+SSE, up to its endpoint event.
    OpenStream,
    /// `initialize`.
    Initialize,
    /// `notifications/initialized`.
    Initialized,
    /// `server/discover`.
    Discover,
    /// `tools/list`, every page.
    ToolsList,
    /// `prompts/list`, where there are no tools.
    PromptsList,
    /// `resources/list`, where there are neither tools nor prompts.
    ResourcesList,
    /// `ping`.
    Ping,
    /// The call of a tool that the owner chose; outside the measured time.
    Canary,
    /// Ending the session; outside the measured time.
    EndSession,
    /// Looking at how clients log in, or logging in; outside the measured time.
    Authorization,
    /// Requests that a lint takes; outside the measured time.
    Lints,
}

impl StepName {
    /// Whether it is one of the lists that show that a server does more than greet.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::ToolsList | Self::PromptsList | Self::ResourcesList
        )
    }

    /// The name of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::OpenStream => "open_stream",
            Self::Initialize => "initialize",
            Self::Initialized => "initialized",
            Self::Discover => "discover",
            Self::ToolsList => "tools_list",
            Self::PromptsList => "prompts_list",
            Self::ResourcesList => "resources_list",
            Self::Ping => "ping",
            Self::Canary => "canary",
            Self::EndSession => "end_session",
            Self::Authorization => "authorization",
            Self::Lints => "lints",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should.
    Ok,
    /// It did not; the conversation stops or goes on without it.
    Failed,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What was seen, in a few words.
    pub detail: Option<String>,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// One URL for everything.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

impl Transport {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable_http",
            Self::Sse => "sse",
        }
    }
}

/// The generation of MCP that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// Every revision that begins with `initialize`.
    Legacy,
    /// 2026-07-28 and later: every request stands alone.
    Modern,
    /// Both at one address.
    Dual,
}

impl Era {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Dual => "dual",
        }
    }

    /// Which clients it serves, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Legacy => "those that begin with initialize",
            Self::Modern => "those of 2026-07-28, without initialize",
            Self::Dual => "those of 2026-07-28, and those that begin with initialize",
        }
    }
}

/// What a server calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerName {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// What the handshake told of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerFacts {
    /// How messages travel.
    pub transport: Option<Transport>,
    /// Its generation.
    pub era: Option<Era>,
    /// The protocol version; of a server of both generations, the one of the newer.
    pub version: Option<String>,
    /// What a server of both generations negotiated in `initialize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy_version: Option<String>,
    /// Its name.
    pub server: Option<ServerName>,
    /// The names of its capabilities, sorted.
    pub capabilities: Option<Vec<String>>,
    /// Whether it opened a session.
    pub session: Option<bool>,
}

impl ServerFacts {
    /// What it negotiated in `initialize`, where it greets.
    pub fn negotiated(&self) -> Option<&str> {
        match self.era {
            Some(Era::Modern) => None,
            Some(Era::Dual) => self.legacy_version.as_deref(),
            Some(Era::Legacy) | None => self.version.as_deref(),
        }
    }
}

/// What the certificate of a server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The names that it is for.
    pub names: Vec<String>,
    /// The beginning of its validity.
    pub not_before: At,
    /// The end of its validity.
    pub not_after: At,
    /// `sha256:` and the digest of the certificate.
    pub fingerprint: String,
}

/// The encryption of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.3` or `TLSv1.2`; unknown where the handshake failed.
    pub version: Option<&'static str>,
    /// What the server identified itself with; shared with the memo of verified chains.
    pub certificate: Arc<Certificate>,
}

/// What a check cost the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    /// Requests sent.
    pub requests: u32,
    /// Bytes sent, encryption included.
    pub bytes_sent: u64,
    /// Bytes received, encryption included.
    pub bytes_received: u64,
    /// Sessions that the server opened for us.
    pub sessions_opened: u32,
    /// Sessions that we closed.
    pub sessions_closed: u32,
}

/// One request with its answer, without secrets, cut to a readable length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exchange {
    /// The step that it belongs to.
    pub step: StepName,
    /// The request: line, headers, body.
    pub request: String,
    /// The answer: status, headers, the beginning of the body. None came where it is absent.
    pub response: Option<String>,
}

/// A trouble and where it was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The step.
    pub at: StepName,
    /// What.
    pub trouble: Trouble,
}

/// What is remembered of who was let in. It never holds a token or a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessMemory {
    /// How one logs in, as last found.
    pub chain: Option<LoginChain>,
    /// The credentials were accepted once.
    pub accepted: bool,
    /// Checks in a row at which strangers were refused.
    pub walled: u8,
    /// Since when strangers are let in to what was behind a wall.
    pub opened_at: Option<At>,
    /// The issuer that the credentials of a machine were first used with: they are never sent to
    /// another one.
    pub issuer: Option<String>,
}

/// What a probe saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When it began.
    pub started_at: At,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// From the beginning to the last answer, in milliseconds; ending the session not counted.
    pub total_ms: f64,
    /// The address that was connected to.
    pub address: Option<SocketAddr>,
    /// How long an answer to a lint asked us to stay away.
    pub wait_seconds: Option<u64>,
    /// The encryption.
    pub tls: Option<TlsFacts>,
    /// The certificates that the server showed, its own first; empty where there is no transcript.
    pub chain: Vec<Certificate>,
    /// What its name resolved to; empty where there is no transcript.
    pub addresses: Vec<IpAddr>,
    /// What the handshake told.
    pub server: ServerFacts,
    /// The tools.
    pub tools: Option<ToolSurface>,
    /// What it cost.
    pub cost: Cost,
    /// What ended the conversation before its time.
    pub stopped: Option<Seen>,
    /// The generation that failed while the other one works, at a server of both.
    pub failed_era: Option<(Era, Seen)>,
    /// What was odd on the way.
    pub noticed: Vec<Seen>,
    /// What the lints may have a word about.
    pub facts: Vec<Fact>,
    /// The last call of the canary.
    pub canary: Option<Sung>,
    /// The exchanges; empty where nothing went wrong and nobody watched.
    pub transcript: Vec<Exchange>,
    /// A command that repeats the decisive request, with placeholders for secrets.
    pub curl: Option<String>,
    /// How one logs in, where the server wants it.
    pub login: Option<LoginChain>,
    /// Why there was no token to identify ourselves with.
    pub token: Option<TokenTrouble>,
    /// When the credentials expire, where they tell.
    pub credential_expires_at: Option<At>,
    /// The conversation went over the public network without encryption.
    pub is_plain_public: bool,
    /// What the next probe should know.
    pub memory: ProbeMemory,
}

impl Observation {
    /// An observation in which nothing has happened yet.
    pub fn begun(started_at: At, memory: ProbeMemory) -> Self {
        Self {
            started_at,
            steps: Vec::with_capacity(8),
            total_ms: 0.0,
            wait_seconds: None,
            address: None,
            tls: None,
            chain: Vec::new(),
            addresses: Vec::new(),
            server: ServerFacts::default(),
            tools: None,
            cost: Cost::default(),
            stopped: None,
            failed_era: None,
            noticed: Vec::new(),
            facts: Vec::new(),
            canary: None,
            transcript: Vec::new(),
            curl: None,
            login: None,
            token: None,
            credential_expires_at: None,
            is_plain_public: false,
            memory,
        }
    }

    /// The tools, when all of them were seen.
    pub fn all_tools(&self) -> Option<&ToolSurface> {
        let is_gap = |seen: &Seen| match &seen.trouble {
            Trouble::Tools(trouble) => *trouble != ToolsTrouble::EmptyCursor,
            _ => false,
        };
        let surface = self.tools.as_ref();
        surface.filter(|_| !self.noticed.iter().any(is_gap))
    }

    /// How long the server asked us to stay away, in seconds.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self.stopped.as_ref().map(|seen| &seen.trouble) {
            Some(Trouble::Status(seen)) => seen.retry_after,
            _ => self.wait_seconds,
        }
    }

    /// Whether a step of these was taken as it should.
    pub fn has_greeted(&self, by: &[StepName]) -> bool {
        let is_it = |step: &Step| by.contains(&step.name) && step.outcome == Outcome::Ok;
        self.steps.iter().any(is_it)
    }

    /// The time of the steps of this name together, in milliseconds. An attempt that failed
    /// counts only where none succeeded.
    pub fn ms_of(&self, name: StepName) -> Option<f64> {
        let total = |outcome: Outcome| {
            let steps = self
                .steps
                .iter()
                .filter(|s| s.name == name && s.outcome == outcome);
            steps.map(|step| step.ms).reduce(|a, b| a + b)
        };
        let ms = total(Outcome::Ok).or_else(|| total(Outcome::Failed))?;
        Some((ms * 100.0).round() / 100.0)
    }
}
