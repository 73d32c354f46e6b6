//! Maintenance: what happens in a window is told to nobody, and what outlives it is told at its end.

use std::time::Duration;

use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::{figures, incidents, release};
use lifesign::domain::id::{MonitorId, WindowId};
use lifesign::domain::incident::{EntryKind, HeldBack};
use lifesign::domain::maintenance::{Schedule, Scope};
use lifesign::domain::uptime::Spent;
use lifesign::domain::zone::Zone;

use super::*;

/// Declares a window over one monitor, from now on.
pub(super) async fn declare(world: &TestApp, monitor: MonitorId, minutes: u64) -> WindowId {
    let starts_at = world.app.clock.now();
    let spec = WindowSpec {
        name: "Move".to_owned(),
        schedule: Schedule::Once {
            starts_at,
            ends_at: starts_at + Duration::from_mins(minutes),
        },
        zone: Zone::UTC,
        scope: Scope::Some {
            monitors: vec![monitor],
            tags: vec![],
        },
        is_excluded: true,
    };
    maintenance::create(&world.app, &world.actor, spec)
        .await
        .unwrap()
        .id
}

/// A round of everything, with the release of what is held back.
pub(super) async fn rounds(world: &TestApp, count: usize, seconds: u64) -> usize {
    let mut released = 0;
    for _ in 0..count {
        world.rounds(1, seconds).await;
        released += release::step(&world.app).await.unwrap();
        lifesign::app::alerter::step(&world.app).await.unwrap();
    }
    released
}

async fn spent(world: &TestApp, monitor: MonitorId) -> Spent {
    let (store, now) = (&world.app.store, world.app.clock.now());
    let overview = store.overview(world.actor.team, monitor, now).await;
    let overview = overview.unwrap().unwrap();
    figures::spent(store, &overview, "24h", now).await.unwrap()
}

async fn is_in_maintenance(world: &TestApp, monitor: MonitorId) -> bool {
    let now = world.app.clock.now();
    let overview = world
        .app
        .store
        .overview(world.actor.team, monitor, now)
        .await;
    overview.unwrap().unwrap().maintenance.is_some()
}

engines! {
    async fn an_outage_inside_a_window_is_told_to_nobody_and_costs_nothing(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        world.rounds(5, 60).await;
        assert!(!is_in_maintenance(&world, monitor).await);
        declare(&world, monitor, 30).await;
        assert!(is_in_maintenance(&world, monitor).await);

        server.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down, "what is, is shown");
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.held, Some(HeldBack::Opening));
        incidents::acknowledge(&world.app, &world.actor, incident.id).await.unwrap();
        assert_eq!(rounds(&world, 10, 60).await, 0);
        server.set(healthy());
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(rounds(&world, 30, 60).await, 0);
        assert!(!is_in_maintenance(&world, monitor).await);
        assert_eq!(world.told(), [""; 0]);
        let incident = world.incidents().await.remove(0);
        let last = incident.timeline.last().unwrap();
        assert!(last.text.contains("Nobody was told"), "{}", last.text);
        let kinds: Vec<_> = incident.timeline.iter().map(|entry| entry.kind).collect();
        assert!(kinds.contains(&EntryKind::Held));

        let spent = spent(&world, monitor).await;
        assert_eq!((spent.down_ms, spent.unknown_ms), (0, 0));
        assert_eq!(spent.uptime(), Some(1.0));
        assert_eq!(spent.maintenance_ms, 30 * 60_000);
        let all = 60_000 * (5 + 1 + 10 + 1 + 30) + 4 * 5_000;
        assert_eq!(spent.known_ms() + spent.maintenance_ms, all, "no moment is lost");
    }

    async fn an_outage_that_outlives_its_window_is_told_by_the_first_check_after_it(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        declare(&world, monitor, 10).await;
        server.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        rounds(&world, 8, 60).await;
        assert_eq!(world.told(), [""; 0]);
        // Over by the clock; no check has been made since.
        world.advance(55);
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        assert_eq!(rounds(&world, 1, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened"]);
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.held, None);
        assert_eq!(incident.timeline.last().unwrap().kind, EntryKind::Released);
        assert_eq!(rounds(&world, 5, 60).await, 0);
        server.set(healthy());
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
        assert!(spent(&world, monitor).await.down_ms > 5 * 60_000, "after it, down is down");
    }

    async fn a_server_that_is_back_in_time_alarms_nobody_at_the_end(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        declare(&world, monitor, 10).await;
        server.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        rounds(&world, 8, 60).await;
        // It recovers in the last minute; only the check after the end sees it.
        server.set(healthy());
        world.advance(55);
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        assert_eq!(rounds(&world, 1, 5).await, 0, "one good check makes doubt");
        assert_eq!(rounds(&world, 2, 5).await, 0);
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), [""; 0]);
    }

    async fn without_a_check_after_the_end_the_last_one_counts(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        declare(&world, monitor, 10).await;
        server.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        world.advance(14 * 60 - 71);
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        world.advance(61);
        let now = world.app.clock.now();
        let until = now + Duration::from_secs(60);
        assert!(world.app.store.hold_lease("release", "another", now, until).await.unwrap());
        assert_eq!(release::step(&world.app).await.unwrap(), 0, "another node is at it");
        world.advance(60);
        assert_eq!(release::step(&world.app).await.unwrap(), 1);
        lifesign::app::alerter::step(&world.app).await.unwrap();
        assert_eq!(world.told(), ["incident.opened"]);
    }

    async fn a_window_that_is_ended_or_deleted_releases_what_it_held(store: Store) {
        let (server, other) = (FakeMcp::start(healthy()).unwrap(), FakeMcp::start(healthy()).unwrap());
        let world = TestApp::new(store).await;
        let (ended, deleted) = (world.watch(&server.url()).await, world.watch(&other.url()).await);
        world.round().await;
        let first = declare(&world, ended, 600).await;
        let second = declare(&world, deleted, 600).await;
        server.set(status(503));
        other.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.incidents().await.len(), 2);
        assert_eq!(world.told(), [""; 0]);
        world.advance(1);
        maintenance::delete(&world.app, &world.actor, second).await.unwrap();
        assert_eq!(release::step(&world.app).await.unwrap(), 1, "nothing says that it was expected");
        let window = maintenance::end(&world.app, &world.actor, first).await.unwrap();
        assert_eq!(window.over_at(), Some(world.app.clock.now()));
        assert!(maintenance::end(&world.app, &world.actor, first).await.is_err(), "it runs no more");
        assert_eq!(release::step(&world.app).await.unwrap(), 0);
        assert_eq!(rounds(&world, 1, 60).await, 1);
        assert_eq!(world.told(), ["incident.opened", "incident.opened"]);
    }

    async fn what_was_told_before_is_resolved_aloud_and_worse_is_held(store: Store) {
        let server = FakeMcp::start(fake_mcp::tools(["search"])).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let mut spec = world.app.store.monitor(world.actor.team, monitor).await.unwrap().unwrap().monitor.spec;
        spec.expectations.tools = vec!["search".to_owned(), "fetch".to_owned()];
        lifesign::app::monitors::change(&world.app, &world.actor, monitor, spec, &[]).await.unwrap();
        world.round().await;
        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        assert_eq!(world.told(), ["incident.opened"]);
        declare(&world, monitor, 30).await;
        server.set(status(503));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
        assert_eq!(world.incidents().await[0].held, Some(HeldBack::Worsening));
        assert_eq!(world.told(), ["incident.opened"]);
        server.set(fake_mcp::tools(["search", "fetch"]));
        rounds(&world, 1, 60).await;
        rounds(&world, 2, 5).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
    }
}
