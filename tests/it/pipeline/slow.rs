//! A server that is much slower than it usually is.

use fake_mcp::slow;
use lifesign::domain::failure::Layer;
use lifesign::domain::id::MonitorId;
use lifesign::domain::uptime::Bucket;
use lifesign::store::{Addition, WHOLE};

use super::*;

/// A day on which every check took 500 ms.
async fn a_quick_day(world: &TestApp, monitor: MonitorId) {
    let mut bucket = Bucket::default();
    for _ in 0..1_440 {
        bucket.latency.add("total", 500.0);
    }
    let addition = Addition {
        team: world.actor.team,
        monitor,
        location: WHOLE.to_owned(),
        at: world.app.clock.now(),
        bucket,
    };
    let mut tx = world.app.store.begin().await.unwrap();
    tx.add_to_rollups(&[addition]).await.unwrap();
    tx.commit().await.unwrap();
}

engines! {
    async fn much_slower_than_usual_three_times_is_degraded(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(slow(800));
        world.rounds(1, 60).await;
        assert_eq!(world.told(), [""; 0]);
        assert_eq!(world.status(monitor).await, MonitorStatus::Up, "nothing is usual yet");

        world.advance(86_400);
        a_quick_day(&world, monitor).await;
        world.advance(86_400);
        world.round().await;
        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.layer, Layer::Latency);
        assert!(incident.message.contains("than the usual"), "{}", incident.message);
        server.set(healthy());
        world.rounds(1, 60).await;
        world.rounds(2, 5).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }
}
