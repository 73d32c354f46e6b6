//! What the owner does in the middle: pause, acknowledge, delete.

use lifesign::app::{incidents, monitors};

use super::*;

engines! {
    async fn pausing_ends_the_incident_and_the_checks(store: Store) {
        let server = FakeMcp::start(status(500)).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 5).await;
        assert_eq!(world.told(), ["incident.opened"]);
        monitors::pause(&world.app, &world.actor, monitor).await.unwrap();
        let asked = server.request_count();
        world.rounds(3, 60).await;
        assert_eq!(server.request_count(), asked);
        assert_eq!(world.incidents().await[0].status(), "resolved");
        monitors::resume(&world.app, &world.actor, monitor).await.unwrap();
        server.set(healthy());
        world.round().await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
    }

    async fn who_was_told_of_an_outage_is_told_when_its_monitor_is_deleted(store: Store) {
        let server = FakeMcp::start(status(500)).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 5).await;
        monitors::delete(&world.app, &world.actor, monitor).await.unwrap();
        world.round().await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }

    async fn an_incident_is_acknowledged_once_and_told(store: Store) {
        let server = FakeMcp::start(status(500)).unwrap();
        let world = TestApp::new(store).await;
        world.watch(&server.url()).await;
        world.round().await;
        world.rounds(2, 5).await;
        let id = world.incidents().await[0].id;
        incidents::acknowledge(&world.app, &world.actor, id).await.unwrap();
        incidents::acknowledge(&world.app, &world.actor, id).await.unwrap();
        world.round().await;
        assert_eq!(world.told(), ["incident.opened", "incident.acknowledged"]);
    }

    async fn a_monitor_deleted_while_it_is_checked_leaves_nothing(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let made = world.checks().await;
        monitors::delete(&world.app, &world.actor, monitor).await.unwrap();
        lifesign::app::record::record(&world.app, &made).await.unwrap();
        let left = world.app.store.monitor(world.actor.team, monitor).await.unwrap();
        assert!(left.is_none());
    }
}
