//! Who is let in by a server, and whether people find its login: told once when it changes.

use fake_mcp::{Login, needs_auth, tools};
use lifesign::app::record::record;
use lifesign::domain::at::At;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::MonitorSpec;
use serde_json::Value;

use super::*;

async fn change(world: &TestApp, monitor: MonitorId, change: impl FnOnce(&mut MonitorSpec)) {
    let kept = world.app.store.monitor(world.actor.team, monitor).await;
    let mut spec = kept.unwrap().unwrap().monitor.spec;
    change(&mut spec);
    let changed =
        lifesign::app::monitors::change(&world.app, &world.actor, monitor, spec, &[]).await;
    changed.unwrap();
}

fn broken() -> fake_mcp::Reply {
    needs_auth().login(Login::good().issuer("token_endpoint", Value::Null))
}

engines! {
    async fn a_server_that_opens_or_closes_is_told_once(store: Store) {
        let server = FakeMcp::start(needs_auth()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(3, 60).await;
        assert_eq!(world.told(), [""; 0], "how it was met is no change");

        server.set(tools(["search"]));
        world.rounds(1, 60).await;
        assert_eq!(world.told(), [""; 0], "one check is not enough");
        world.advance(60);
        let made = world.checks().await;
        record(&world.app, &made).await.unwrap();
        record(&world.app, &made).await.unwrap();
        // A check that was claimed before the other was recorded knows nothing of it.
        let mut late = made.clone();
        late[0].result.slot = At(late[0].result.slot.0 + 60_000);
        late[0].result.report.started_at = At(late[0].result.report.started_at.0 + 1_000);
        record(&world.app, &late).await.unwrap();
        world.rounds(4, 60).await;
        assert_eq!(world.told(), ["authorization.opened"]);
        let body = world.hook.received()[0].json();
        assert_eq!(body["data"]["monitor"]["id"], monitor.to_string());
        assert_eq!(body["data"]["check"]["gated"], false);
        assert!(body["data"]["incident"].is_null());

        server.set(needs_auth());
        world.rounds(4, 60).await;
        assert_eq!(world.told(), ["authorization.opened", "authorization.required"]);
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
    }

    async fn a_blip_an_outage_and_another_address_are_no_news(store: Store) {
        let server = FakeMcp::start(needs_auth()).unwrap();
        let open = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 60).await;
        server.set(healthy());
        world.rounds(1, 60).await;
        server.set(needs_auth());
        world.rounds(2, 60).await;
        assert_eq!(world.told(), [""; 0]);
        let url = crate::web::site::endpoint(&open.url()).url;
        change(&world, monitor, |spec| spec.endpoint.url = url).await;
        world.rounds(4, 60).await;
        open.set(status(503));
        world.rounds(4, 60).await;
        open.set(healthy());
        world.rounds(4, 60).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }

    async fn maintenance_lets_it_wait_and_forgets_what_was_taken_back(store: Store) {
        let server = FakeMcp::start(needs_auth()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 60).await;
        maintenance::declare(&world, monitor, 10).await;
        world.advance(1);
        server.set(healthy());
        world.rounds(3, 60).await;
        server.set(needs_auth());
        world.rounds(9, 60).await;
        assert_eq!(world.told(), [""; 0], "opened for the work and closed again");

        maintenance::declare(&world, monitor, 10).await;
        world.advance(1);
        server.set(healthy());
        world.rounds(5, 60).await;
        assert_eq!(world.told(), [""; 0]);
        world.rounds(1, 300).await;
        assert_eq!(world.told(), ["authorization.opened"], "by the first check after it");
        world.rounds(3, 60).await;
        assert_eq!(world.told().len(), 1);
    }

    async fn a_login_that_breaks_is_told_by_its_incident_alone(store: Store) {
        let server = FakeMcp::start(needs_auth()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 60).await;
        server.set(broken());
        // What was found holds for an hour.
        world.rounds(1, 3_600).await;
        world.rounds(2, 5).await;
        world.rounds(3, 60).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        assert_eq!(world.told(), ["incident.opened"]);
        let body = world.hook.received()[0].json();
        assert_eq!(body["data"]["incident"]["code"], "auth_metadata_broken");
        server.set(needs_auth());
        world.rounds(1, 600).await;
        world.rounds(2, 5).await;
        world.rounds(3, 60).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }

    async fn a_login_that_breaks_beside_other_trouble_is_told_and_so_is_its_end(store: Store) {
        let server = FakeMcp::start(tools(["search"])).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        change(&world, monitor, |spec| spec.expectations.tools = vec!["fetch".to_owned()]).await;
        world.round().await;
        world.rounds(2, 5).await;
        world.rounds(1, 60).await;
        assert_eq!(world.told(), ["incident.opened"]);
        server.set(broken());
        world.rounds(5, 60).await;
        assert_eq!(world.told()[1..], ["authorization.required", "authorization.broken"]);
        server.set(needs_auth());
        world.rounds(1, 600).await;
        world.rounds(2, 5).await;
        world.rounds(3, 60).await;
        let mut told = world.told().split_off(3);
        told.sort();
        assert_eq!(told, ["authorization.restored", "incident.resolved"]);
    }
}
