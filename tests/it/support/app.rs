//! The production `App` on a clock that is moved by hand, with receivers on loopback.

use std::sync::Arc;
use std::time::Duration;

use lifesign::app::check::{Checked, run_check};
use lifesign::app::record::record;
use lifesign::app::{App, alerter, channels, monitors, reminders, scheduler, summaries};
use lifesign::domain::at::At;
use lifesign::domain::channel::{Channel, Kind, Route, Words};
use lifesign::domain::id::MonitorId;
use lifesign::domain::incident::Incident;
use lifesign::domain::monitor::{Endpoint, EndpointUrl, MonitorSpec, TransportChoice};
use lifesign::domain::status::MonitorStatus;
use lifesign::domain::team::Actor;
use lifesign::store::IncidentFilter;
use lifesign::store::Store;
use serde_json::Value;

use super::webhook::WebhookReceiver;

/// Most checks that one round makes.
const ROUND: usize = 100;

/// An application whose loops are stepped by the test.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) actor: Actor,
    pub(crate) hook: WebhookReceiver,
}

impl TestApp {
    /// On `store`, at six o'clock of a certain morning, with one webhook that hears everything.
    pub(crate) async fn new(store: Store) -> Self {
        Self::around(super::world::app(store, At(1_795_327_200_000)).await).await
    }

    /// The same with some more settings.
    pub(crate) async fn with(store: Store, more: &[(&str, &str)]) -> Self {
        let world = super::world::app_with(store, At(1_795_327_200_000), more).await;
        Self::around(world).await
    }

    /// By the real clock as it is now, trusting the authority of the scripted servers: certificates
    /// are made and verified by it.
    pub(crate) async fn trusting(store: Store) -> Self {
        let pem = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(pem.path(), fake_mcp::ca_pem().unwrap()).unwrap();
        let now = lifesign::clock::Clock::system().now();
        let ca = [("ca_file", pem.path().to_str().unwrap())];
        let world = super::world::app_with(store, now, &ca).await;
        Self::around(world).await
    }

    async fn around((app, actor): (Arc<App>, Actor)) -> Self {
        let hook = WebhookReceiver::start().await;
        let url = hook.url();
        let spec = channels::ChannelSpec {
            name: "Ops",
            settings: &|name| (name == "url").then_some(&*url),
            is_default: true,
            route: Route::default(),
            words: Words::default(),
            digest: None,
        };
        channels::create(&app, &actor, Kind::Webhook, &spec)
            .await
            .unwrap();
        Self { app, actor, hook }
    }

    /// Another webhook that hears every monitor, in its own way.
    pub(crate) async fn channel(&self, name: &str, route: Route) -> (Channel, WebhookReceiver) {
        let hook = WebhookReceiver::start().await;
        let url = hook.url();
        let spec = channels::ChannelSpec {
            name,
            settings: &|name| (name == "url").then_some(&*url),
            is_default: true,
            route,
            words: Words::default(),
            digest: None,
        };
        let made = channels::create(&self.app, &self.actor, Kind::Webhook, &spec).await;
        (made.unwrap().channel, hook)
    }

    /// Makes a monitor of `url` that is checked every minute.
    pub(crate) async fn watch(&self, url: &str) -> MonitorId {
        self.watch_as(url, |spec| spec).await
    }

    /// The same, changed by `change`.
    pub(crate) async fn watch_as(
        &self,
        url: &str,
        change: impl FnOnce(MonitorSpec) -> MonitorSpec,
    ) -> MonitorId {
        let endpoint = Endpoint {
            url: EndpointUrl::parse(url).unwrap(),
            transport: TransportChoice::Auto,
            headers: vec![],
            bearer: None,
            oauth: None,
        };
        let spec = MonitorSpec {
            timeout_seconds: 5,
            ..MonitorSpec::of(endpoint)
        };
        monitors::create(&self.app, &self.actor, change(spec), &[])
            .await
            .unwrap()
            .id
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    /// Makes every check that is due, without recording it.
    pub(crate) async fn checks(&self) -> Vec<Checked> {
        let mut made = Vec::new();
        for due in scheduler::step(&self.app, ROUND).await.unwrap() {
            made.push(run_check(&self.app, due, &()).await);
        }
        made
    }

    /// One round of everything: what is due is checked and recorded, what is to be told is told.
    pub(crate) async fn round(&self) {
        let made = self.checks().await;
        record(&self.app, &made).await.unwrap();
        reminders::step(&self.app).await.unwrap();
        summaries::step(&self.app).await.unwrap();
        alerter::step(&self.app).await.unwrap();
    }

    /// Rounds, one after the other, `seconds` apart.
    pub(crate) async fn rounds(&self, count: usize, seconds: u64) {
        for _ in 0..count {
            self.advance(seconds);
            Box::pin(self.round()).await;
        }
    }

    /// How a monitor is.
    pub(crate) async fn status(&self, id: MonitorId) -> MonitorStatus {
        let mut tx = self.app.store.begin().await.unwrap();
        tx.states(&[id]).await.unwrap()[&id].state.status
    }

    /// The incidents of the team, newest first.
    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter::default();
        self.app
            .store
            .incidents(self.actor.team, &filter, None, 100)
            .await
            .unwrap()
            .rows
    }

    /// The types of the webhooks that have arrived, oldest first.
    pub(crate) fn told(&self) -> Vec<String> {
        told(&self.hook)
    }
}

/// The types of what has arrived at a webhook, oldest first.
pub(crate) fn told(hook: &WebhookReceiver) -> Vec<String> {
    let kinds = hook.received().into_iter().map(|request| request.json());
    kinds
        .map(|message: Value| message["type"].as_str().unwrap().to_owned())
        .collect()
}
