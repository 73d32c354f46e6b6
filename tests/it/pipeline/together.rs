//! Outages of one cause are told as one.

use super::*;
use crate::support::app::told;
use crate::support::webhook::Answer;
use lifesign::app::incidents;
use lifesign::domain::channel::{Route, Topic};
use lifesign::domain::monitor::MonitorSpec;

/// Monitors behind the one server.
const MANY: usize = 12;

/// The last message, and the names in it.
fn last(world: &TestApp) -> (String, serde_json::Value) {
    let message = world.hook.received().pop().unwrap().json();
    let kind = message["type"].as_str().unwrap().to_owned();
    (kind, message["data"]["incident"].clone())
}

/// Checked so often that all of them are in each round: whichever is first, it is not alone.
async fn many(world: &TestApp, url: &str) {
    for n in 0..MANY {
        let often = |spec| MonitorSpec {
            interval_seconds: 10,
            ..spec
        };
        world.watch_as(&format!("{url}?n={n}"), often).await;
    }
    world.round().await;
}

/// Enough rounds for all of them, a few at a time as one host allows.
async fn settle(world: &TestApp) {
    world.rounds(12, 10).await;
}

/// All of them, behind a server that has died.
async fn all_down(world: &TestApp) -> FakeMcp {
    let mut server = FakeMcp::start(healthy()).unwrap();
    many(world, &server.url()).await;
    server.stop().await.unwrap();
    settle(world).await;
    settle(world).await;
    server
}

engines! {
    async fn many_monitors_behind_one_dead_server_are_one_notice(store: Store) {
        let mut server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        many(&world, &server.url()).await;
        settle(&world).await;
        assert!(world.told().is_empty());
        server.stop().await.unwrap();
        settle(&world).await;
        settle(&world).await;
        assert_eq!(world.told(), ["incident.opened"]);
        assert_eq!(world.incidents().await.len(), MANY, "each has its own history");
        let (_, opened) = last(&world);
        assert!(opened["member_count"].as_u64().unwrap() > 0, "{opened}");
        assert!(opened["told_as"].is_null());

        server.restart().unwrap();
        settle(&world).await;
        settle(&world).await;
        assert_eq!(world.told(), ["incident.opened", "incident.resolved"]);
        let (_, resolved) = last(&world);
        let known_as = resolved["told_as"].as_str().or(resolved["id"].as_str());
        assert_eq!(known_as, opened["id"].as_str(), "the end of what was told");
        assert_eq!(resolved["member_count"], MANY - 1);
        assert!(world.incidents().await.iter().all(|incident| incident.status() == "resolved"));
    }

    async fn the_oldest_that_lasts_reminds_for_all(store: Store) {
        let world = TestApp::new(store).await;
        let _server = all_down(&world).await;
        world.rounds(31, 60).await;
        assert_eq!(world.told(), ["incident.opened", "incident.reminder"]);
        let (_, reminder) = last(&world);
        assert_eq!(reminder["member_count"], MANY - 1, "all of them by name or number");
    }

    async fn one_that_somebody_cares_for_reminds_for_no_other(store: Store) {
        let world = TestApp::new(store).await;
        let _server = all_down(&world).await;
        let all = world.incidents().await;
        let oldest = all.iter().min_by_key(|incident| (incident.started_at, incident.id)).unwrap();
        incidents::acknowledge(&world.app, &world.actor, oldest.id).await.unwrap();
        world.rounds(32, 60).await;
        assert_eq!(world.told(), ["incident.opened", "incident.acknowledged", "incident.reminder"]);
    }

    async fn who_does_not_know_the_first_is_told_of_the_next(store: Store) {
        let mut server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let tagged = Route { tags: vec!["theirs".to_owned()], ..Route::default() };
        let (_, theirs) = world.channel("Theirs", tagged).await;
        many(&world, &server.url()).await;
        world.watch_as(&format!("{}?theirs", server.url()), |mut spec| {
            spec.tags = vec!["theirs".to_owned()];
            spec
        }).await;
        world.round().await;
        server.stop().await.unwrap();
        settle(&world).await;
        settle(&world).await;
        assert_eq!((world.told().len(), told(&theirs).len()), (1, 1));
        server.restart().unwrap();
        settle(&world).await;
        settle(&world).await;
        assert_eq!((world.told().len(), told(&theirs).len()), (2, 2));
    }

    async fn the_channel_that_stands_in_hears_of_all_of_them(store: Store) {
        let world = TestApp::new(store).await;
        let only_in_need = Route { kinds: Some(vec![Topic::Credentials]), ..Route::default() };
        let (spare, instead) = world.channel("Spare", only_in_need).await;
        let route = Route { fallback: Some(spare.id), ..Route::default() };
        let (_, gone) = world.channel("Gone", route).await;
        gone.answer([Answer::status(410)]);
        let mut server = all_down(&world).await;
        let heard = |kind: &str| {
            let all = instead.received().into_iter().map(|request| request.json());
            let mut all = all.filter(|message| message["type"] == kind);
            let count = all.next().unwrap()["data"]["incident"]["member_count"].as_u64().unwrap();
            assert!(all.next().is_none(), "one of them");
            count
        };
        assert!(heard("incident.opened") > 0);
        server.restart().unwrap();
        settle(&world).await;
        settle(&world).await;
        assert_eq!(heard("incident.resolved"), MANY as u64 - 1);
    }

    async fn outages_of_other_causes_are_told_apart(store: Store) {
        let (one, other) = (FakeMcp::start(healthy()).unwrap(), FakeMcp::start(healthy()).unwrap());
        let world = TestApp::new(store).await;
        world.watch(&one.url()).await;
        world.watch(&other.url()).await;
        world.round().await;
        one.set(status(503));
        other.set(status(503));
        world.rounds(1, 60).await;
        world.rounds(4, 5).await;
        assert_eq!(world.told(), ["incident.opened", "incident.opened"], "two ports, two troubles");
    }
}
