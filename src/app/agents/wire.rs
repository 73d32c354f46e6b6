//! What an agent and its server tell each other, as JSON: both are made of these types, so that they
//! cannot misunderstand each other. More fields may be added; either side may be the older one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::at::At;
use crate::domain::canary::Canary;
use crate::domain::client_credentials::{ClientCredentials, ClientKey};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, FieldError, Header, Monitor, TransportChoice,
};
use crate::domain::observation::ProbeMemory;
use crate::domain::report::CheckReport;
use crate::domain::sensitive::Sensitive;
use crate::domain::verdict::CheckStatus;
use crate::store::{Standing, locations};

/// Most results of one batch.
pub const MAX_RESULTS: usize = 200;
/// Most bytes of one batch: a single result may hold all the tools of a server.
pub const MAX_BATCH_BYTES: usize = 16 << 20;

/// All that an agent checks. Where none of it has changed the answer is 304.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Assignments {
    /// The team.
    pub team: TeamId,
    /// What the agent is called.
    pub name: String,
    /// Where it checks from.
    pub location: String,
    /// Whether there are more watches than one agent takes.
    #[serde(default)]
    pub is_cut: bool,
    /// The watches, by the id of their monitor.
    pub watches: Vec<AssignedWatch>,
}

/// A watch with all that a probe needs, secrets among it. What changes with every check is a
/// [`WatchStanding`].
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AssignedWatch {
    /// The monitor.
    pub monitor: MonitorId,
    /// How often it was changed.
    pub revision: i64,
    /// Its address.
    pub url: String,
    /// `auto`, `streamable_http` or `sse`.
    #[schema(value_type = String)]
    pub transport: TransportChoice,
    /// Headers for every request, names and values.
    pub headers: Vec<(String, String)>,
    /// A token for `Authorization: Bearer …`.
    pub bearer: Option<String>,
    /// A client that gets tokens from an authorization server.
    pub oauth: Option<AssignedClient>,
    /// Seconds between two checks.
    pub interval_seconds: u32,
    /// Seconds that one probe may take in all.
    pub timeout_seconds: u32,
    /// What the server has promised.
    #[schema(value_type = Object)]
    pub expectations: Expectations,
    /// A tool to be called at times.
    #[schema(value_type = Option<Object>)]
    pub canary: Option<Canary>,
    /// Try the lints that take requests of their own, once a week.
    pub lint: bool,
}

/// A client of an authorization server, with its secret or its key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AssignedClient {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub secret: Option<String>,
    /// Its private key (PEM).
    pub private_key: Option<String>,
    /// The scope to ask for.
    pub scope: Option<String>,
    /// The issuer that it belongs to.
    pub issuer: Option<String>,
}

/// Where the watches of an agent stand.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Standings {
    /// What time it is at the server; the agent goes by it.
    pub now: At,
    /// Each watch that is not paused.
    pub standings: Vec<WatchStanding>,
}

/// Where a watch stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WatchStanding {
    /// The monitor.
    pub monitor: MonitorId,
    /// The slot to check next.
    pub due: At,
    /// What the last check said.
    pub last_status: Option<CheckStatus>,
    /// What the next probe should know; null where that is what the last one has told.
    #[schema(value_type = Option<Object>)]
    pub memory: Option<ProbeMemory>,
}

/// Checks that an agent has made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Batch {
    /// At most 200 [`Done`], the oldest first. Each is read by itself: one that makes no sense does
    /// not stand in the way of the others.
    #[schema(value_type = Vec<Object>)]
    pub results: Vec<Value>,
}

/// A check that an agent has made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The monitor.
    pub monitor: MonitorId,
    /// The slot that it was for.
    pub slot: At,
    /// How often the monitor was changed when it was made.
    pub revision: i64,
    /// What was seen and what it means.
    pub report: Box<CheckReport>,
    /// What the next probe should know.
    pub memory: Box<ProbeMemory>,
    /// The tools, where they are others than before.
    #[serde(default)]
    pub tools: Option<DoneTools>,
    /// Whether something ended the conversation before its time.
    #[serde(default)]
    pub is_stopped: bool,
}

/// The tools that a check saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DoneTools {
    /// The generation that they were listed in.
    pub era: String,
    /// `sha256:` and the digest of their canonical form.
    pub hash: String,
    /// The tools as a text of JSON: they may be nested as deep as a message may.
    pub tools: String,
}

/// What became of a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Taken {
    /// What time it is at the server.
    pub now: At,
    /// How many checks were recorded; those that were recorded before are not counted again.
    pub recorded: usize,
    /// Results that make no sense, and why. They are not wanted again.
    pub refused: Vec<RefusedResult>,
    /// Where the watches of this batch stand now.
    pub standings: Vec<WatchStanding>,
}

/// A result that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefusedResult {
    /// Its place in the batch.
    pub place: usize,
    /// What is wrong with it.
    pub message: String,
}

impl AssignedWatch {
    /// A monitor as the agent at `location` needs it.
    pub fn of(monitor: &Monitor, revision: i64, location: &str) -> Self {
        let spec = &monitor.spec;
        let endpoint = &spec.endpoint;
        let header = |h: &Header| (h.name.clone(), h.value.expose().to_owned());
        let is_first = locations(monitor).first().is_some_and(|at| at == location);
        Self {
            monitor: monitor.id,
            revision,
            url: endpoint.url.as_str().to_owned(),
            transport: endpoint.transport,
            headers: endpoint.headers.iter().map(header).collect(),
            bearer: endpoint.bearer.as_ref().map(|b| b.expose().to_owned()),
            oauth: endpoint.oauth.as_ref().map(AssignedClient::of),
            interval_seconds: spec.interval_seconds,
            timeout_seconds: spec.timeout_seconds,
            expectations: spec.expectations.clone(),
            canary: spec.canary.clone(),
            lint: spec.lint && is_first,
        }
    }

    /// Where to go and what it takes; says what cannot be used.
    pub fn endpoint(&self) -> Result<Endpoint, FieldError> {
        let headers = self.headers.iter();
        Ok(Endpoint {
            url: EndpointUrl::parse(&self.url)?,
            transport: self.transport,
            headers: headers
                .map(|(name, value)| Header::new(name, value))
                .collect::<Result<_, _>>()?,
            bearer: self.bearer.as_deref().map(Sensitive::new),
            oauth: self.oauth.as_ref().map(AssignedClient::client),
        })
    }
}

impl AssignedClient {
    fn of(client: &ClientCredentials) -> Self {
        let (secret, private_key) = match &client.key {
            ClientKey::Secret(secret) => (Some(secret.expose().to_owned()), None),
            ClientKey::PrivateKey(pem) => (None, Some(pem.expose().to_owned())),
        };
        Self {
            client_id: client.client_id.clone(),
            secret,
            private_key,
            scope: client.scope.clone(),
            issuer: client.issuer.clone(),
        }
    }

    fn client(&self) -> ClientCredentials {
        let key = match &self.private_key {
            Some(pem) => ClientKey::PrivateKey(Sensitive::new(pem)),
            None => ClientKey::Secret(Sensitive::new(self.secret.as_deref().unwrap_or_default())),
        };
        ClientCredentials {
            client_id: self.client_id.clone(),
            key,
            scope: self.scope.clone(),
            issuer: self.issuer.clone(),
        }
    }
}

impl From<Standing> for WatchStanding {
    fn from(standing: Standing) -> Self {
        Self {
            monitor: standing.monitor,
            due: standing.due,
            last_status: standing.last_status,
            memory: Some(standing.memory),
        }
    }
}
