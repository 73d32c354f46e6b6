//! An error budget that burns is told once for each crossing, and not while maintenance runs.

use lifesign::app::{alerter, budgets, monitors};
use lifesign::domain::budget::Target;
use lifesign::domain::id::MonitorId;
use serde_json::Value;

use super::*;

/// A monitor that should reach `percent`, up for a while.
async fn promised(world: &TestApp, server: &FakeMcp, percent: f64) -> MonitorId {
    let target = Target::of_percent(percent).unwrap();
    let change = |mut spec: lifesign::domain::monitor::MonitorSpec| {
        spec.target = Some(target);
        spec
    };
    let monitor = world.watch_as(&server.url(), change).await;
    world.round().await;
    world.rounds(10, 60).await;
    monitor
}

/// Goes down or up, confirmed.
async fn turn(world: &TestApp) {
    world.rounds(1, 60).await;
    world.rounds(2, 5).await;
}

/// Looks at the budgets and gives what has been told of them, oldest first.
async fn look(world: &TestApp) -> Vec<Value> {
    budgets::step(&world.app).await.unwrap();
    alerter::step(&world.app).await.unwrap();
    let heard = world
        .hook
        .received()
        .into_iter()
        .map(|request| request.json());
    heard
        .filter(|told| told["type"] == "budget.burning")
        .collect()
}

fn burning(told: &[Value]) -> Vec<&str> {
    let words = told.iter().map(|told| &told["data"]["budget"]["burning"]);
    words.map(|word| word.as_str().unwrap()).collect()
}

engines! {
    async fn each_crossing_is_told_once(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = promised(&world, &server, 99.9).await;
        assert!(look(&world).await.is_empty());

        server.set(status(503));
        turn(&world).await;
        // Fifty seconds are two hundredths of forty-three minutes.
        world.rounds(1, 60).await;
        let told = look(&world).await;
        assert_eq!(burning(&told), ["fast"]);
        let facts = &told[0]["data"]["budget"];
        assert_eq!((&facts["target_percent"], &facts["total_seconds"]), (&99.9.into(), &2_592.into()));
        assert!(facts["burn_rate_1h"].as_f64().unwrap() >= 14.4, "{facts}");
        assert_eq!(told[0]["data"]["monitor"]["id"], monitor.to_string());
        world.rounds(5, 60).await;
        assert_eq!(burning(&look(&world).await), ["fast"], "told once while it lasts");

        world.rounds(40, 60).await;
        assert_eq!(burning(&look(&world).await), ["fast", "exhausted"]);
        server.set(healthy());
        turn(&world).await;
        world.rounds(150, 60).await;
        assert_eq!(burning(&look(&world).await).len(), 2);
        // Nothing is left, and nothing worse can be told.
        server.set(status(503));
        turn(&world).await;
        world.rounds(5, 60).await;
        assert_eq!(burning(&look(&world).await).len(), 2);
    }

    async fn what_has_calmed_may_be_told_again(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        promised(&world, &server, 99.5).await;
        for times in 1..=2 {
            server.set(status(503));
            turn(&world).await;
            world.rounds(5, 60).await;
            assert_eq!(burning(&look(&world).await), vec!["fast"; times]);
            server.set(healthy());
            turn(&world).await;
            // Until the next one there are nine hours.
            world.rounds(9, 3_600).await;
            assert_eq!(burning(&look(&world).await).len(), times);
        }
    }

    async fn maintenance_lets_it_wait_and_a_pause_ends_it(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = promised(&world, &server, 99.9).await;
        server.set(status(503));
        turn(&world).await;
        world.rounds(2, 60).await;
        maintenance::declare(&world, monitor, 5).await;
        world.rounds(1, 60).await;
        assert!(look(&world).await.is_empty(), "in maintenance");
        world.rounds(5, 60).await;
        assert_eq!(burning(&look(&world).await), ["fast"], "and it still holds after it");

        let other = promised(&world, &server, 99.99).await;
        world.rounds(3, 60).await;
        monitors::pause(&world.app, &world.actor, other).await.unwrap();
        assert_eq!(burning(&look(&world).await).len(), 1, "nobody hears of a paused one");
    }
}
