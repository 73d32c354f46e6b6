//! What ends soon is told in time, each threshold once, whatever happens in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_mcp::Tls;
use lifesign::app::record::record;
use lifesign::domain::at::At;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::MonitorSpec;
use lifesign::domain::sensitive::Sensitive;

use super::*;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

async fn change(world: &TestApp, monitor: MonitorId, change: impl FnOnce(&mut MonitorSpec)) {
    let kept = world.app.store.monitor(world.actor.team, monitor).await;
    let mut spec = kept.unwrap().unwrap().monitor.spec;
    change(&mut spec);
    let changed =
        lifesign::app::monitors::change(&world.app, &world.actor, monitor, spec, &[]).await;
    changed.unwrap();
}

/// A token that says when it ends.
fn token(end: At) -> Sensitive {
    let claims = format!(r#"{{"exp":{}}}"#, end.0 / 1_000);
    Sensitive::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
}

engines! {
    async fn a_certificate_is_told_at_each_threshold_once(store: Store) {
        // Ten days and an hour.
        let server = FakeMcp::start_tls(Tls::ExpiresIn(10), healthy()).unwrap();
        let world = TestApp::trusting(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Up);
        assert_eq!(world.told(), ["certificate.expiring"], "the nearest, not all that were missed");
        let body = world.hook.received()[0].json();
        assert_eq!(body["data"]["monitor"]["id"], monitor.to_string());
        assert!(body["data"]["incident"].is_null());
        assert!(body["data"]["check"]["tls"]["not_after"].is_string());
        world.rounds(3, 60).await;
        assert_eq!(world.told().len(), 1);

        // Another address or name is another watch of the same certificate.
        change(&world, monitor, |spec| spec.name = "Renamed".to_owned()).await;
        change(&world, monitor, |spec| spec.timeout_seconds = 6).await;
        world.rounds(2, 60).await;
        assert_eq!(world.told().len(), 1, "a monitor that changes forgets nothing of that");

        world.advance(3 * DAY + 2 * HOUR);
        world.round().await;
        world.rounds(3, 60).await;
        assert_eq!(world.told(), ["certificate.expiring"; 2]);

        // Somebody else watches the same server.
        world.watch(&server.url()).await;
        world.rounds(2, 60).await;
        assert_eq!(world.told(), ["certificate.expiring"; 3]);
    }

    async fn a_certificate_that_was_renewed_begins_anew(store: Store) {
        let server = FakeMcp::start_tls(Tls::ExpiresIn(10), healthy()).unwrap();
        let renewed = FakeMcp::start_tls(Tls::ExpiresIn(29), healthy()).unwrap();
        let good = FakeMcp::start_tls(Tls::Valid, healthy()).unwrap();
        let world = TestApp::trusting(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        for (server, expected) in [(&good, 1), (&renewed, 2), (&good, 2), (&renewed, 2)] {
            let url = crate::web::site::endpoint(&server.url()).url;
            change(&world, monitor, |spec| spec.endpoint.url = url).await;
            world.rounds(2, 60).await;
            assert_eq!(world.told().len(), expected);
        }
    }

    async fn a_batch_that_is_recorded_twice_tells_once(store: Store) {
        let server = FakeMcp::start_tls(Tls::ExpiresIn(10), healthy()).unwrap();
        let world = TestApp::trusting(store).await;
        world.watch(&server.url()).await;
        let made = world.checks().await;
        assert_eq!(made[0].expiring.len(), 1);
        record(&world.app, &made).await.unwrap();
        record(&world.app, &made).await.unwrap();
        // A check that was claimed before the other was recorded knows nothing of it.
        let mut late = made.clone();
        late[0].result.slot = At(late[0].result.slot.0 + 60_000);
        late[0].result.report.started_at = At(late[0].result.report.started_at.0 + 60_000);
        record(&world.app, &late).await.unwrap();
        lifesign::app::alerter::step(&world.app).await.unwrap();
        assert_eq!(world.told(), ["certificate.expiring"]);
    }

    async fn a_credential_is_told_three_days_before_its_end(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        let start = world.app.clock.now();
        let end = At(start.0 + 5 * 86_400_000);
        change(&world, monitor, |spec| spec.endpoint.bearer = Some(token(end))).await;
        world.round().await;
        world.rounds(2, 60).await;
        assert_eq!(world.told(), [""; 0]);
        world.advance(2 * DAY);
        world.round().await;
        world.rounds(3, 60).await;
        assert_eq!(world.told(), ["credential.expiring"]);
        let text = String::from_utf8(world.hook.received()[0].body.to_vec()).unwrap();
        assert!(!text.contains(token(end).expose()), "{text}");

        let later = At(end.0 + 60_000);
        change(&world, monitor, |spec| spec.endpoint.bearer = Some(token(later))).await;
        world.rounds(2, 60).await;
        assert_eq!(world.told(), ["credential.expiring"; 2], "another token");
    }

    async fn maintenance_lets_it_wait(store: Store) {
        let server = FakeMcp::start_tls(Tls::ExpiresIn(10), healthy()).unwrap();
        let world = TestApp::trusting(store).await;
        let monitor = world.watch(&server.url()).await;
        maintenance::declare(&world, monitor, 10).await;
        world.advance(1);
        world.round().await;
        world.rounds(5, 60).await;
        assert_eq!(world.told(), [""; 0]);
        world.advance(300);
        world.round().await;
        world.rounds(2, 60).await;
        assert_eq!(world.told(), ["certificate.expiring"]);
    }
}
