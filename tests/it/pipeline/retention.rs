//! What is old is forgotten, by one node at a time.

use lifesign::app::retention;
use lifesign::store::CheckFilter;

use super::*;

const DAY: u64 = 24 * 3_600;

engines! {
    async fn a_check_is_kept_for_a_fortnight_and_its_hour_for_longer(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.rounds(2, 60).await;
        world.advance(13 * DAY);
        assert_eq!(retention::step(&world.app).await.unwrap(), 0);
        world.advance(DAY);
        let (store, team, clock) = (&world.app.store, world.actor.team, &world.app.clock);
        let until = clock.now() + std::time::Duration::from_secs(60);
        assert!(store.hold_lease("retention", "another", clock.now(), until).await.unwrap());
        assert_eq!(retention::step(&world.app).await.unwrap(), 0, "another node is at it");
        world.advance(60);
        assert_eq!(retention::step(&world.app).await.unwrap(), 2);
        let left = store.checks(team, monitor, &CheckFilter::default(), None, 9).await.unwrap();
        assert!(left.rows.is_empty());
        let (from, until) = (clock.now() - std::time::Duration::from_secs(15 * DAY), clock.now());
        let hours = store.rollup_hours(team, monitor, from, until).await.unwrap();
        assert_eq!(hours.iter().map(|hour| hour.bucket.checks).sum::<i64>(), 2);
    }
}
