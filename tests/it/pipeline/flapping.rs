//! A server that comes and goes: told as such, and once more when it has settled.

use super::*;

engines! {
    async fn a_flapping_server_is_told_once_and_once_when_it_has_settled(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        let outage = async || {
            for (script, status) in
                [(status(503), MonitorStatus::Down), (healthy(), MonitorStatus::Up)]
            {
                server.set(script);
                world.rounds(1, 60).await;
                world.rounds(2, 5).await;
                assert_eq!(world.status(monitor).await, status, "the status itself follows");
            }
        };
        outage().await;
        outage().await;
        let (opened, resolved) = ("incident.opened", "incident.resolved");
        let apart = [opened, resolved, opened, resolved];
        assert_eq!(world.told(), apart, "four turns are told one by one");
        outage().await;
        outage().await;
        assert_eq!(world.told()[4..], [opened], "the fifth says that it flaps, the rest is silence");
        let incident = world.incidents().await.remove(0);
        assert_eq!((incident.status(), incident.turns), ("open", Some(8)));

        world.rounds(29, 60).await;
        assert_eq!(world.told().len(), 5, "not settled yet");
        world.rounds(1, 60).await;
        assert_eq!(world.told()[5..], [resolved]);
        assert_eq!(world.incidents().await.len(), 3);

        outage().await;
        assert_eq!(world.told()[6..], [opened, resolved], "the next one is an outage again");
    }

    async fn what_settles_for_the_worse_is_told(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        for _ in 0..3 {
            for script in [healthy(), status(503)] {
                server.set(script);
                world.rounds(1, 60).await;
                world.rounds(2, 5).await;
            }
        }
        let before = world.told().len();
        world.rounds(30, 60).await;
        assert_eq!(world.told()[before..], ["incident.reminder"]);
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
        server.set(healthy());
        world.rounds(3, 60).await;
        assert_eq!(world.told()[before + 1..], ["incident.resolved"]);
        assert_eq!(world.incidents().await[0].turns, None, "it ended as any outage does");
    }
}
