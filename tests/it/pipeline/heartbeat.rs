//! A watcher elsewhere hears of this node as long as it does its work.

use lifesign::app::heartbeat;
use lifesign::domain::at::At;
use lifesign::domain::monitor::{Endpoint, EndpointUrl, MonitorSpec, TransportChoice};

use super::*;
use crate::support::webhook::{Answer, WebhookReceiver};
use crate::support::world;

engines! {
    async fn signs_of_life_stop_when_checks_are_late(store: Store) {
        let watcher = WebhookReceiver::start().await;
        let url = watcher.url();
        let settings = [("heartbeat_url", url.as_str()), ("allow_targets", "10.0.0.0/8")];
        let (app, actor) = world::app_with(store, At(1_795_327_200_000), &settings).await;
        assert!(heartbeat::step(&app).await.unwrap(), "also where targets may not be near");
        assert_eq!(watcher.received().len(), 1);

        watcher.answer([Answer::status(500)]);
        let refused = heartbeat::step(&app).await.unwrap_err();
        assert!(refused.to_string().contains("500"), "{refused}");
        watcher.answer([Answer::status(200)]);

        let endpoint = Endpoint {
            url: EndpointUrl::parse("http://10.0.0.1:9/mcp").unwrap(),
            transport: TransportChoice::Auto,
            headers: vec![],
            bearer: None,
            oauth: None,
        };
        let spec = MonitorSpec::of(endpoint);
        lifesign::app::monitors::create(&app, &actor, spec, &[]).await.unwrap();
        app.clock.advance(std::time::Duration::from_secs(59));
        let heard = watcher.received().len();
        assert!(heartbeat::step(&app).await.unwrap());
        app.clock.advance(std::time::Duration::from_secs(120));
        let late = heartbeat::step(&app).await.unwrap_err();
        assert!(late.to_string().contains("late"), "{late}");
        assert_eq!(watcher.received().len(), heard + 1, "then nothing is said");
    }
}
