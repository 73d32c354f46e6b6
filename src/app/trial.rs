//! One check of an address that is not watched: for the first screen, the API and whoever wants
//! to know before deciding.
//!
//! A trial runs to its end even if nobody looks any more, so that a session which a server opened
//! for us is closed. What was typed can be sealed, to travel through a page and come back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::domain::client_credentials::{ClientCredentials, ClientKey, ClientWords};
use crate::domain::id::MonitorId;
use crate::domain::monitor::{
    DEFAULT_TIMEOUT_SECONDS, Endpoint, EndpointUrl, Expectations, FieldError, Header,
    TransportChoice,
};
use crate::domain::observation::{ProbeMemory, Step};
use crate::domain::report::CheckReport;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Actor;
use crate::domain::verdict::judge;
use crate::probe::{Observer, Target};
use crate::secret::Place;

use super::App;
use super::refused::Refused;

/// Most trials of one node at once.
const MOST: usize = 20;
/// Steps that may wait for whoever looks; a check has far fewer.
const STEPS: usize = 64;

/// The trials in flight.
#[derive(Debug)]
pub struct Trials {
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Trials {
    /// None yet.
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
            tasks: TaskTracker::new(),
        }
    }

    /// Does `work` to its end, even if whoever asked for it goes away meanwhile: a check that is
    /// dropped half-way would leave a session open.
    pub async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Refused> {
        let stopping = "the service is stopping; try again in a few seconds";
        let done = self.tasks.spawn(work).await;
        done.map_err(|_| Refused::Conflict(stopping.to_owned()))
    }

    /// Waits for those in flight; there shall be no new ones.
    pub async fn finish(&self) {
        self.places.close();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Default for Trials {
    fn default() -> Self {
        Self::new()
    }
}

/// A trial that has begun.
#[derive(Debug)]
pub struct Trial {
    /// Its steps as they are taken; ends with the last one.
    pub steps: mpsc::Receiver<Step>,
    /// What it came to.
    pub report: oneshot::Receiver<CheckReport>,
}

/// Begins to check `endpoint` once, with a deadline of `timeout`. Refuses an address that may not
/// be reached, and more trials at once than a node takes.
pub fn begin(
    app: &Arc<App>,
    endpoint: Endpoint,
    expectations: Expectations,
    timeout: Option<Duration>,
) -> Result<Trial, Refused> {
    if let Err(refused) = app.guard.check_literal(endpoint.url.url()) {
        return Err(FieldError::new("url", refused.to_string()).into());
    }
    if let Some(fault) = endpoint.plain_credentials() {
        return Err(fault.into());
    }
    if let Some(fault) = super::monitors::key_fault(&endpoint) {
        return Err(fault.into());
    }
    let Ok(place) = Arc::clone(&app.trials.places).try_acquire_owned() else {
        return Err(Refused::Conflict(
            "too many addresses are being tried at once; try again in a few seconds".to_owned(),
        ));
    };
    let (taken, steps) = mpsc::channel(STEPS);
    let (done, report) = oneshot::channel();
    let running = Arc::clone(app);
    let timeout = timeout.unwrap_or(Duration::from_secs(u64::from(DEFAULT_TIMEOUT_SECONDS)));
    app.trials.tasks.spawn(async move {
        let report = run(&running, endpoint, &expectations, timeout, &Watcher(taken)).await;
        // Whoever began it may be gone.
        let _ = done.send(report);
        drop(place);
    });
    Ok(Trial { steps, report })
}

async fn run(
    app: &App,
    endpoint: Endpoint,
    expectations: &Expectations,
    timeout: Duration,
    watcher: &Watcher,
) -> CheckReport {
    let target = Target {
        endpoint,
        timeout,
        memory: ProbeMemory::default(),
        canary: None,
        monitor: MonitorId(uuid::Uuid::nil()),
        lint: false,
    };
    // Somebody looks on: who has waited long enough is served out of turn.
    let _turn = app.hosts.turn(target.endpoint.url.url()).await;
    let seen = app.prober.probe(&target, watcher).await;
    let has_credentials = target.endpoint.has_credentials();
    let verdict = judge(&seen, expectations, has_credentials, app.clock.now());
    let url = target.endpoint.url.redacted();
    CheckReport::new(url, app.settings.location.clone(), seen, verdict)
}

/// Hands the steps on to whoever looks.
struct Watcher(mpsc::Sender<Step>);

impl Observer for Watcher {
    fn step(&self, step: &Step) {
        // Nobody looks any more, or is slower than a handshake: the check goes on without them.
        let _ = self.0.try_send(step.clone());
    }
}

#[derive(Serialize, Deserialize)]
struct Draft {
    url: String,
    transport: TransportChoice,
    headers: Vec<(String, String)>,
    bearer: Option<String>,
    oauth: Option<DraftClient>,
}

#[derive(Serialize, Deserialize)]
struct DraftClient {
    client_id: String,
    secret: String,
    private_key: String,
    scope: String,
    issuer: String,
}

impl DraftClient {
    fn of(client: &ClientCredentials) -> Self {
        let (secret, private_key) = match &client.key {
            ClientKey::Secret(secret) => (secret.expose(), ""),
            ClientKey::PrivateKey(pem) => ("", pem.expose()),
        };
        Self {
            client_id: client.client_id.clone(),
            secret: secret.to_owned(),
            private_key: private_key.to_owned(),
            scope: client.scope.clone().unwrap_or_default(),
            issuer: client.issuer.clone().unwrap_or_default(),
        }
    }

    fn open(&self) -> Option<ClientCredentials> {
        let words = ClientWords {
            client_id: &self.client_id,
            secret: &self.secret,
            private_key: &self.private_key,
            scope: &self.scope,
            issuer: &self.issuer,
        };
        ClientCredentials::read(words, None).ok()
    }
}

/// An endpoint as a text that only [`open`] can read, and only for the same person.
pub fn seal(app: &App, actor: &Actor, endpoint: &Endpoint) -> String {
    let header = |h: &Header| (h.name.clone(), h.value.expose().to_owned());
    let draft = Draft {
        url: endpoint.url.as_str().to_owned(),
        transport: endpoint.transport,
        headers: endpoint.headers.iter().map(header).collect(),
        bearer: endpoint
            .bearer
            .as_ref()
            .map(|token| token.expose().to_owned()),
        oauth: endpoint.oauth.as_ref().map(DraftClient::of),
    };
    let text = serde_json::to_string(&draft).unwrap_or_default();
    app.store.seal(&place(actor), &text)
}

/// What [`seal`] has sealed; `None` for anything else.
pub fn open(app: &App, actor: &Actor, sealed: &str) -> Option<Endpoint> {
    let text = app.store.open(&place(actor), sealed)?;
    let draft: Draft = serde_json::from_str(text.expose()).ok()?;
    let header = |(name, value): &(String, String)| Header::new(name, value).ok();
    Some(Endpoint {
        url: EndpointUrl::parse(&draft.url).ok()?,
        transport: draft.transport,
        headers: draft.headers.iter().map(header).collect::<Option<_>>()?,
        bearer: draft.bearer.map(Sensitive::new),
        oauth: match &draft.oauth {
            None => None,
            Some(client) => Some(client.open()?),
        },
    })
}

fn place(actor: &Actor) -> Place {
    Place {
        table: "trial",
        field: "endpoint",
        row: actor.user.0,
    }
}
