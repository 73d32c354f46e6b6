//! Dependencies: while one is down nobody is told of what depends on it, and what outlives it is
//! told when it is back.

use lifesign::app::{monitors, release};
use lifesign::domain::id::MonitorId;
use lifesign::domain::incident::{EntryKind, HeldBack, Incident};
use lifesign::domain::monitor::MonitorSpec;
use lifesign::store::Store;

use super::maintenance::{declare, rounds};
use super::*;

async fn change(world: &TestApp, monitor: MonitorId, change: impl FnOnce(&mut MonitorSpec)) {
    let kept = world.app.store.monitor(world.actor.team, monitor).await;
    let mut spec = kept.unwrap().unwrap().monitor.spec;
    change(&mut spec);
    let changed = monitors::change(&world.app, &world.actor, monitor, spec, &[]).await;
    changed.unwrap();
}

/// A server behind a gateway, each of them watched.
struct Pair {
    world: TestApp,
    gateway: FakeMcp,
    server: FakeMcp,
    on: MonitorId,
    monitor: MonitorId,
}

impl Pair {
    async fn new(store: Store) -> Self {
        let gateway = FakeMcp::start(healthy()).unwrap();
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let on = world.watch(&gateway.url()).await;
        change(&world, on, |spec| spec.name = "Gateway".to_owned()).await;
        let monitor = world.watch(&server.url()).await;
        change(&world, monitor, |spec| spec.depends_on = vec![on]).await;
        world.round().await;
        Self {
            world,
            gateway,
            server,
            on,
            monitor,
        }
    }

    /// Both go down and are confirmed to be.
    async fn go_down(&self) {
        self.gateway.set(status(503));
        self.server.set(status(503));
        self.confirm().await;
    }

    /// A minute and what confirms a change.
    async fn confirm(&self) -> usize {
        rounds(&self.world, 1, 60).await + rounds(&self.world, 2, 5).await
    }

    /// The newest incident of what depends on the gateway.
    async fn incident(&self) -> Incident {
        let all = self.world.incidents().await;
        let mut ours = all.into_iter().filter(|it| it.monitor == self.monitor);
        ours.next().unwrap()
    }
}

fn last_text(incident: &Incident) -> &str {
    &incident.timeline.last().unwrap().text
}

engines! {
    async fn what_depends_on_something_that_is_down_is_told_to_nobody(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        let behind = world.watch(&pair.server.url()).await;
        change(world, behind, |spec| spec.depends_on = vec![pair.monitor]).await;
        world.round().await;
        pair.go_down().await;
        assert_eq!(world.told(), ["incident.opened"], "the gateway alone");
        let body = world.hook.received()[0].json();
        assert_eq!(body["data"]["monitor"]["id"], pair.on.to_string());
        for monitor in [pair.monitor, behind] {
            assert_eq!(world.status(monitor).await, MonitorStatus::Down, "what is, is shown");
        }
        let incident = pair.incident().await;
        assert_eq!(incident.held, Some(HeldBack::Opening));
        let why = "Nobody is told: it depends on Gateway, which is down.";
        assert_eq!((incident.held_why(), last_text(&incident)), (Some(why), why));
        assert_eq!(rounds(world, 10, 60).await, 0);

        pair.gateway.set(healthy());
        pair.server.set(healthy());
        assert_eq!(pair.confirm().await, 0);
        assert_eq!(rounds(world, 10, 60).await, 0);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
        let incident = pair.incident().await;
        assert!(last_text(&incident).contains("Nobody was told"), "{}", last_text(&incident));
    }

    async fn trouble_that_outlives_it_is_told_by_the_first_check_after_the_recovery(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        pair.go_down().await;
        pair.gateway.set(healthy());
        assert_eq!(rounds(world, 1, 60).await, 0, "one good check is no recovery");
        // The next check of the server comes within a minute, wherever its place in it is.
        assert_eq!(rounds(world, 2, 5).await + rounds(world, 1, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved", "incident.opened"]);
        let body = world.hook.received()[2].json();
        assert_eq!(body["data"]["monitor"]["id"], pair.monitor.to_string());
        let incident = pair.incident().await;
        assert_eq!((incident.held, incident.told), (None, 1));
        assert_eq!(incident.timeline.last().unwrap().kind, EntryKind::Released);
        assert_eq!(rounds(world, 3, 60).await, 0);
        pair.server.set(healthy());
        pair.confirm().await;
        assert_eq!(world.told()[2..], ["incident.opened", "incident.resolved"]);
    }

    async fn a_server_that_comes_back_with_it_alarms_nobody(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        pair.go_down().await;
        pair.gateway.set(healthy());
        assert_eq!(rounds(world, 1, 60).await, 0);
        pair.server.set(healthy());
        assert_eq!(rounds(world, 2, 5).await, 0);
        assert_eq!(pair.confirm().await, 0);
        assert_eq!(world.status(pair.monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }

    async fn a_suspicion_holds_and_releases_at_once_when_it_was_none(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        pair.server.set(status(503));
        rounds(world, 1, 60).await;
        rounds(world, 1, 4).await;
        // The check of the gateway comes between two of the server.
        pair.gateway.set(status(503));
        world.advance(1);
        monitors::check_now(&world.app, &world.actor, pair.on, &()).await.unwrap();
        world.round().await;
        assert_eq!(rounds(world, 1, 5).await, 0);
        let incident = pair.incident().await;
        let why = "Nobody is told: it depends on Gateway, which seems to be down.";
        assert_eq!(last_text(&incident), why);
        assert_eq!(world.told(), [""; 0]);
        pair.gateway.set(healthy());
        assert_eq!(rounds(world, 1, 5).await, 1, "without waiting for another minute");
        assert_eq!(world.told(), ["incident.opened"]);
        assert_eq!(pair.incident().await.held, None);
    }

    async fn one_that_was_last_checked_well_before_holds_nothing(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        // Both are down; nobody has seen it of the gateway yet.
        pair.server.set(status(503));
        pair.confirm().await;
        assert_eq!(world.told(), ["incident.opened"]);
        pair.gateway.set(status(503));
        pair.confirm().await;
        assert_eq!(world.told(), ["incident.opened"; 2]);
        pair.server.set(healthy());
        pair.confirm().await;
        assert_eq!(world.told()[2..], ["incident.resolved"], "who was told hears of the end");
    }

    async fn one_that_is_paused_holds_nothing_more(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        pair.go_down().await;
        monitors::pause(&world.app, &world.actor, pair.on).await.unwrap();
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        assert_eq!(rounds(world, 1, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved", "incident.opened"]);
    }

    async fn one_that_is_deleted_or_struck_out_holds_nothing_more(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        let other = world.watch(&pair.server.url()).await;
        change(world, other, |spec| spec.depends_on = vec![pair.on]).await;
        world.round().await;
        pair.go_down().await;
        assert_eq!(world.told(), ["incident.opened"]);
        change(world, other, |spec| spec.depends_on = vec![]).await;
        assert_eq!(release::step(&world.app).await.unwrap(), 1, "nothing explains it any more");
        monitors::delete(&world.app, &world.actor, pair.on).await.unwrap();
        assert_eq!(release::step(&world.app).await.unwrap(), 1);
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        let kept = world.app.store.monitor(world.actor.team, pair.monitor).await;
        assert!(kept.unwrap().unwrap().monitor.spec.depends_on.is_empty());
    }

    async fn one_that_nobody_looks_at_any_more_holds_nothing(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        pair.go_down().await;
        change(world, pair.on, |spec| spec.locations = Some(vec!["elsewhere".to_owned()])).await;
        assert_eq!(rounds(world, 4, 60).await, 0);
        assert_eq!(rounds(world, 2, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened"; 2]);
    }

    async fn what_two_reasons_hold_is_told_when_both_are_over(store: Store) {
        let pair = Pair::new(store).await;
        let world = &pair.world;
        declare(world, pair.monitor, 10).await;
        pair.go_down().await;
        assert_eq!(world.told(), ["incident.opened"]);
        assert!(last_text(&pair.incident().await).contains("maintenance"));
        assert_eq!(rounds(world, 20, 60).await, 0, "the window is over, the gateway is not back");
        pair.gateway.set(healthy());
        assert_eq!(pair.confirm().await + rounds(world, 1, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened", "incident.resolved", "incident.opened"]);
    }
}
