//! Two nodes, late results, a process that dies between probing and recording.

use std::sync::Arc;

use lifesign::app::check::Checked;
use lifesign::app::record::record;
use lifesign::app::system::checks_in_flight;
use lifesign::app::{recorder, scheduler};
use lifesign::store::CheckFilter;
use tokio_util::sync::CancellationToken;

use super::*;

/// Two checks of a server that has begun to fail, for one slot: the first one outlived its lease.
async fn failing_twice(world: &TestApp, server: &FakeMcp) -> [Vec<Checked>; 2] {
    world.round().await;
    server.set(status(502));
    world.advance(60);
    let first = world.checks().await;
    world.advance(31);
    let second = world.checks().await;
    assert_eq!(first[0].result.slot, second[0].result.slot);
    [first, second]
}

engines! {
    async fn a_slot_that_is_run_twice_counts_once(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let made = world.checks().await;
        record(&world.app, &made).await.unwrap();
        record(&world.app, &made).await.unwrap();
        let filter = CheckFilter::default();
        let checks =
            world.app.store.checks(world.actor.team, monitor, &filter, None, 50).await.unwrap().rows;
        assert_eq!(checks.len(), 1);
    }

    async fn a_check_that_was_never_recorded_is_made_again_for_its_slot(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        world.watch(&server.url()).await;
        let lost = world.checks().await;
        assert_eq!(lost.len(), 1);
        assert!(world.checks().await.is_empty(), "leased");
        world.advance(31);
        let again = world.checks().await;
        assert_eq!(again[0].result.slot, lost[0].result.slot);
        record(&world.app, &again).await.unwrap();
        // The first one was only slow: its result is dropped, its claim moves nothing.
        record(&world.app, &lost).await.unwrap();
        world.advance(61);
        assert_eq!(world.checks().await.len(), 1);
    }

    async fn a_doubled_check_leaves_the_quick_repetition_that_the_first_asked_for(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let [first, second] = failing_twice(&world, &server).await;
        record(&world.app, &first).await.unwrap();
        record(&world.app, &second).await.unwrap();
        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
    }

    async fn a_doubled_check_counts_once_in_one_batch_too(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let both = failing_twice(&world, &server).await.concat();
        record(&world.app, &both).await.unwrap();
        world.rounds(1, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up, "two of three");
        world.rounds(1, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
    }

    async fn a_result_that_waits_to_be_recorded_keeps_its_claim(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        world.watch(&server.url()).await;
        let (results, mut queue) = recorder::queue();
        let stop = CancellationToken::new();
        let running = scheduler::run(Arc::clone(&world.app), results, stop.clone());
        let looking = async {
            let made = queue.recv().await.unwrap();
            assert_eq!(checks_in_flight(&world.app), 1);
            drop(made);
            assert_eq!(checks_in_flight(&world.app), 0);
            stop.cancel();
        };
        tokio::join!(running, looking);
    }

    async fn a_restart_in_the_middle_of_confirming_goes_on(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store.clone()).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(status(502));
        world.rounds(1, 60).await;
        world.rounds(1, 5).await;
        // Nothing is kept in memory between two steps: the same store is all there is.
        world.rounds(1, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
        assert_eq!(world.told(), ["incident.opened"]);
    }
}
