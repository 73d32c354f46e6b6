//! What one node makes due is known to the others at once.

use std::time::Duration;

use futures_util::FutureExt as _;
use lifesign::app::{nodes, wakes};
use lifesign::clock::Ids;
use tokio::time::timeout;

use super::*;
use crate::support::world::node;

engines! {
    async fn a_node_calls_the_others_once_for_all_that_has_happened(store: Store) {
        let test = TestApp::new(store).await;
        let named = [("node_name", "another")];
        let (store, clock) = (test.app.store.clone(), test.app.clock.clone());
        let other = node(store, clock, Ids::random(), &named);
        let ears = test.app.store.listen().await.unwrap();
        nodes::beat(&test.app).await.unwrap();
        let server = FakeMcp::start(healthy()).unwrap();
        test.watch(&server.url()).await;
        assert!(!wakes::step(&test.app).await.unwrap(), "one that is alone calls nobody");

        nodes::beat(&other).await.unwrap();
        nodes::beat(&test.app).await.unwrap();
        let mut pages = other.events.subscribe(test.actor.team);
        let monitors = [test.watch(&server.url()).await, test.watch(&server.url()).await];
        let Some(mut ears) = ears else { return };
        assert!(wakes::step(&test.app).await.unwrap());
        assert!(!wakes::step(&test.app).await.unwrap(), "it was called already");
        let heard = timeout(Duration::from_secs(20), ears.next_call()).await;
        let call = heard.unwrap().unwrap();
        assert!(call.len() < 8_000);

        wakes::hear(&other, &call);
        assert!(other.due.notified().now_or_never().is_some());
        assert!(other.outbox.notified().now_or_never().is_none());
        other.events.tell();
        let told = pages.try_recv().unwrap();
        for monitor in monitors {
            assert!(told.contains(&monitor), "{told:?}");
        }
        assert!(!wakes::step(&other).await.unwrap(), "what was heard is not called on");

        test.app.due.notified().await;
        wakes::hear(&test.app, &call);
        assert!(test.app.due.notified().now_or_never().is_none(), "it is its own call");
        wakes::hear(&other, "newer words that:nobody knows");
    }
}
