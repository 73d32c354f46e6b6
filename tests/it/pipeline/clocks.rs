//! A node whose clock was ahead by days.

use std::sync::Arc;
use std::time::Duration;

use lifesign::app::retention;
use lifesign::clock::{Clock, Ids};

use super::*;
use crate::support::world::node;

engines! {
    async fn what_it_has_put_off_goes_on(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let wrong = TestApp::new(store.clone()).await;
        let monitor = wrong.watch(&server.url()).await;
        let before = wrong.app.clock.now();
        wrong.advance(3 * 86_400);
        wrong.round().await;
        let ahead = wrong.app.clock.now();
        let minute = Duration::from_mins(1);
        assert!(store.hold_lease("work", "wrong", ahead, ahead + minute).await.unwrap());

        let named = [("node_name", "right")];
        let app = node(store.clone(), Clock::manual(before), Ids::random(), &named);
        let right = TestApp { app: Arc::new(app), ..wrong };
        right.advance(60);
        let now = right.app.clock.now();
        assert!(right.checks().await.is_empty(), "nothing is due for days");
        assert_eq!(store.forget_future(now).await.unwrap(), 1);
        assert_eq!(store.forget_future(now).await.unwrap(), 0, "once");
        right.round().await;
        server.set(status(502));
        right.rounds(1, 60).await;
        right.rounds(2, 5).await;
        assert_eq!(right.status(monitor).await, MonitorStatus::Down);
        assert_eq!(right.told(), ["incident.opened"]);

        assert!(store.hold_lease("work", "right", now, now + minute).await.unwrap());
        // On PostgreSQL there is no room of its own for the day that has checks already.
        retention::step(&right.app).await.unwrap();
    }
}
