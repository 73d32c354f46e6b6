//! Confirming before alarming, and recovering.

use lifesign::app::incidents;
use lifesign::store::CheckFilter;

use super::*;

engines! {
    async fn an_outage_is_told_once_and_dated_back(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);

        server.set(status(503));
        world.advance(60);
        let first_bad = world.app.clock.now();
        world.round().await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up, "one bad check is no outage");
        assert_eq!(world.told(), [""; 0]);

        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
        assert_eq!(world.told(), ["incident.opened"]);
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.started_at, first_bad);
        assert_eq!(incident.code.as_str(), "http_503");

        world.rounds(5, 60).await;
        assert_eq!(world.told().len(), 1, "told once");

        server.set(healthy());
        world.rounds(1, 60).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down, "recovery is confirmed, too");
        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.status(), "resolved");
        assert_eq!(server.sessions_opened(), server.sessions_closed());
    }

    async fn what_was_closed_by_hand_and_gets_better_is_no_new_trouble(store: Store) {
        let server = FakeMcp::start(status(503)).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch_as(&server.url(), |mut spec| {
            spec.expectations.tools = vec!["absent".to_owned()];
            spec
        }).await;
        world.rounds(3, 5).await;
        let incident = world.incidents().await.remove(0);
        incidents::resolve(&world.app, &world.actor, incident.id).await.unwrap();
        server.set(healthy());
        world.rounds(4, 60).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        assert_eq!(world.incidents().await.len(), 1);
        server.set(status(503));
        world.rounds(4, 60).await;
        assert_eq!(world.incidents().await.len(), 2, "worse it is");
    }

    async fn a_server_that_asks_for_an_hour_is_down_for_all_of_it(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503).header("Retry-After", "3600"));
        world.rounds(260, 60).await;
        let now = world.app.clock.now();
        let shown = world.app.store.overview(world.actor.team, monitor, now).await.unwrap();
        let (_, spent) = shown.unwrap().windows[0];
        assert_eq!((spent.up_ms, spent.unknown_ms), (60_000, 0));
        assert_eq!(spent.down_ms, 259 * 60_000);
    }

    async fn a_blip_is_kept_and_nobody_is_told(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(status(500));
        world.rounds(1, 60).await;
        server.set(healthy());
        world.rounds(1, 5).await;
        world.rounds(3, 60).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), [""; 0]);
        let filter = CheckFilter::default();
        let checks =
            world.app.store.checks(world.actor.team, monitor, &filter, None, 50).await.unwrap().rows;
        let blips: Vec<_> = checks.iter().filter(|check| check.blip).collect();
        assert_eq!(blips.len(), 1);
        assert_eq!(blips[0].status.as_str(), "down");
    }

    async fn a_server_that_asks_to_be_left_alone_is_left_alone(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(fake_mcp::rate_limited("600"));
        world.rounds(1, 60).await;
        let asked = server.request_count();
        world.rounds(9, 60).await;
        assert_eq!(server.request_count(), asked, "nothing is sent before ten minutes are over");
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), [""; 0]);
    }
}
