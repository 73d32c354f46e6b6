//! The contract of the store: every public function, on each engine.

mod accounts;
mod agents;
mod audit;
mod backups;
mod budgets;
mod changes;
mod channels;
mod checks;
mod dependencies;
mod digests;
mod directory;
mod disk;
mod expiries;
mod gates;
mod incidents;
mod maintenance;
mod members;
mod memory;
mod migrations;
mod monitors;
mod months;
mod nodes;
mod notifications;
mod opening;
mod overviews;
mod parts;
mod patience;
mod retention;
mod status_pages;
mod subscribers;
mod tools;
mod wakes;
mod watches;

use lifesign::domain::at::At;
use lifesign::domain::check::{CheckResult, Watch};
use lifesign::domain::client_credentials::{ClientCredentials, ClientKey};
use lifesign::domain::failure::Code;
use lifesign::domain::id::{MonitorId, TeamId};
use lifesign::domain::monitor::{
    Endpoint, EndpointUrl, Header, Monitor, MonitorSpec, TransportChoice,
};
use lifesign::domain::observation::{Observation, Outcome, ProbeMemory, Step, StepName};
use lifesign::domain::report::CheckReport;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::verdict::{CheckStatus, Failure, Verdict};
use lifesign::store::{Store, StoreError, Tx};
use uuid::Uuid;

/// When these tests play.
pub(crate) const NOW: At = At(1_800_000_000_000);

/// The `n`th id of any kind.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A monitor with a header, a token, a client and a key in its URL.
pub(crate) fn monitor(team: TeamId, n: u128) -> Monitor {
    let endpoint = Endpoint {
        url: EndpointUrl::parse(&format!("https://server{n}.example/mcp?key=k{n}")).unwrap(),
        transport: TransportChoice::Auto,
        headers: vec![Header::new("X-Api-Key", "header secret").unwrap()],
        bearer: Some(Sensitive::new("bearer secret")),
        oauth: Some(ClientCredentials {
            client_id: "client".to_owned(),
            key: ClientKey::Secret(Sensitive::new("client secret")),
            scope: Some("a b".to_owned()),
            issuer: Some("https://as.example".to_owned()),
        }),
    };
    let mut spec = MonitorSpec::of(endpoint);
    spec.name = format!("Server {n}");
    spec.tags = vec!["blue".to_owned(), "prod".to_owned()];
    Monitor {
        id: MonitorId(id(n)),
        team,
        spec,
        paused: false,
    }
}

/// A team, made.
pub(crate) async fn team(store: &Store, n: u128) -> TeamId {
    let team = TeamId(id(n));
    let mut tx = store.begin().await.unwrap();
    tx.add_team(team, "Team", NOW).await.unwrap();
    tx.commit().await.unwrap();
    team
}

/// A monitor, made.
pub(crate) async fn add(store: &Store, monitor: &Monitor) {
    let mut tx = store.begin().await.unwrap();
    tx.add_monitor(monitor, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// Adds checks by what is known of their watches; says which were new.
pub(crate) async fn added<'a>(
    tx: &mut Tx,
    checks: impl IntoIterator<Item = &'a CheckResult>,
) -> Result<Vec<bool>, StoreError> {
    let checks: Vec<_> = checks.into_iter().collect();
    let (_, chains) = tx.known(checks.iter().map(|check| &check.watch)).await?;
    tx.add_checks(checks, chains).await
}

/// A check, made: good ones know their phases, bad ones their failure.
pub(crate) fn check(team: Uuid, monitor: Uuid, slot: At, status: CheckStatus) -> CheckResult {
    let mut observation = Observation::begun(At(slot.0 + 120), ProbeMemory::default());
    observation.total_ms = 31.5;
    observation.steps.push(Step {
        name: StepName::Tcp,
        outcome: Outcome::Ok,
        ms: 18.4,
        detail: None,
    });
    let code = Code::TcpRefused;
    let failure = (status != CheckStatus::Up).then(|| Failure {
        code,
        layer: code.layer(),
        message: "refused".to_owned(),
        hint: code.hint().to_owned(),
    });
    let verdict = Verdict {
        status,
        gated: false,
        failure,
        findings: vec![],
    };
    let url = "https://server.example/mcp".to_owned();
    CheckResult {
        watch: Watch {
            team: TeamId(team),
            monitor: MonitorId(monitor),
            location: "local".to_owned(),
        },
        slot,
        attempt: 0,
        report: Box::new(CheckReport::new(
            url,
            "local".to_owned(),
            observation,
            verdict,
        )),
        memory: Box::default(),
        has_learnt: true,
        changes: Vec::new(),
    }
}
