//! What people decide about an incident, and what is told of it afterwards.

use fake_mcp::{Reply, tools};
use lifesign::app::incidents::{self, Edit};
use lifesign::app::monitors;
use lifesign::domain::incident::{Incident, Severity};
use lifesign::store::Store;

use super::*;

const OPENED: &str = "incident.opened";
const REMINDER: &str = "incident.reminder";
const RESOLVED: &str = "incident.resolved";

/// Another trouble of the server, confirmed.
async fn turns(world: &TestApp, server: &FakeMcp, script: Reply) {
    server.set(script);
    world.rounds(1, 60).await;
    world.rounds(2, 5).await;
}

/// The server with everything that it promised.
fn whole() -> Reply {
    tools(["search", "fetch"])
}

/// A server that lacks a tool, and its incident.
async fn degraded(store: Store) -> (TestApp, FakeMcp, Incident) {
    let server = FakeMcp::start(tools(["search"])).unwrap();
    let world = TestApp::new(store).await;
    let (app, actor) = (&world.app, &world.actor);
    let monitor = world.watch(&server.url()).await;
    let kept = app.store.monitor(actor.team, monitor).await;
    let mut spec = kept.unwrap().unwrap().monitor.spec;
    spec.expectations.tools = vec!["search".to_owned(), "fetch".to_owned()];
    monitors::change(app, actor, monitor, spec, &[])
        .await
        .unwrap();
    world.round().await;
    world.rounds(2, 5).await;
    let incident = world.incidents().await.remove(0);
    assert_eq!(incident.severity, Severity::Degraded);
    assert_eq!(world.told(), [OPENED]);
    (world, server, incident)
}

engines! {
    async fn of_a_muted_incident_only_the_end_is_told(store: Store) {
        let (world, server, incident) = degraded(store).await;
        incidents::mute(&world.app, &world.actor, incident.id).await.unwrap();
        world.rounds(40, 60).await;
        turns(&world, &server, status(503)).await;
        let worse = world.incidents().await.remove(0);
        assert_eq!(worse.severity, Severity::Down, "the page tells");
        incidents::acknowledge(&world.app, &world.actor, incident.id).await.unwrap();
        world.rounds(1, 60).await;
        assert_eq!(world.told(), [OPENED], "nobody is called");
        turns(&world, &server, whole()).await;
        assert_eq!(world.told(), [OPENED, RESOLVED], "who heard the beginning hears the end");
    }

    async fn what_got_worse_is_told_when_it_is_unmuted_and_reminders_go_on(store: Store) {
        let (world, server, incident) = degraded(store).await;
        incidents::mute(&world.app, &world.actor, incident.id).await.unwrap();
        turns(&world, &server, status(503)).await;
        assert_eq!(world.told(), [OPENED]);
        incidents::unmute(&world.app, &world.actor, incident.id).await.unwrap();
        world.rounds(1, 60).await;
        assert_eq!(world.told(), [OPENED, OPENED], "down is told like an opening");
        world.rounds(40, 60).await;
        assert_eq!(world.told()[2..], [REMINDER]);
        turns(&world, &server, whole()).await;
        assert_eq!(world.told()[3..], [RESOLVED]);
    }

    async fn the_next_outage_is_not_muted(store: Store) {
        let (world, server, incident) = degraded(store).await;
        incidents::mute(&world.app, &world.actor, incident.id).await.unwrap();
        turns(&world, &server, whole()).await;
        turns(&world, &server, status(503)).await;
        assert_eq!(world.told(), [OPENED, RESOLVED, OPENED]);
    }

    async fn a_severity_set_by_hand_stays_until_the_end(store: Store) {
        let (world, server, incident) = degraded(store).await;
        let set = [Edit::Severity(Severity::Degraded)];
        incidents::edit(&world.app, &world.actor, incident.id, &set).await.unwrap();
        turns(&world, &server, status(503)).await;
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.severity, Severity::Degraded);
        let last = &incident.timeline.last().unwrap().text;
        assert!(last.starts_with("Now down:"), "{last}");
        assert_eq!(world.told(), [OPENED, OPENED], "worse than anybody knew is told all the same");
        turns(&world, &server, whole()).await;
        turns(&world, &server, status(503)).await;
        let next = world.incidents().await.remove(0);
        assert_eq!(next.severity, Severity::Down, "the next one follows the checks");
    }
}
