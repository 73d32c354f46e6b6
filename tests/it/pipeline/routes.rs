//! Each channel hears what it has chosen, when it has chosen to.

use chrono::{NaiveTime, Weekday};
use lifesign::app::incidents;
use lifesign::domain::channel::{Hours, Outside, Route, Topic};
use lifesign::domain::incident::Severity;
use lifesign::domain::zone::Zone;

use super::*;
use crate::support::app::told;
use crate::support::engines::{Database, Engine};
use crate::support::webhook::{Answer, WebhookReceiver};

const OPENED: &str = "incident.opened";
const RESOLVED: &str = "incident.resolved";

/// From eight to twenty o'clock; it is six on a Sunday when these stories begin.
fn day(outside: Outside) -> Route {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let hours = Hours {
        zone: Zone::UTC,
        days: vec![Weekday::Sat, Weekday::Sun],
        from: hour(8),
        until: hour(20),
        outside,
    };
    Route {
        hours: Some(hours),
        ..Route::default()
    }
}

/// Three checks that agree.
async fn confirm(world: &TestApp) {
    world.rounds(1, 60).await;
    world.rounds(2, 5).await;
}

fn lines(hook: &WebhookReceiver) -> Vec<String> {
    let last = hook.received().pop().unwrap().json();
    let lines = last["data"]["summary"]["lines"].as_array().unwrap().clone();
    let subject = |line: &serde_json::Value| line["subject"].as_str().unwrap().to_owned();
    lines.iter().map(subject).collect()
}

engines! {
    async fn a_channel_hears_the_severities_kinds_and_tags_that_it_has_chosen(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let severe = Route { severities: Some(vec![Severity::Down]), ..Route::default() };
        let tools = Route { kinds: Some(vec![Topic::ToolsBreaking]), ..Route::default() };
        let tagged = |tag: &str| Route { tags: vec![tag.to_owned()], ..Route::default() };
        let (_, severe) = world.channel("Severe", severe).await;
        let (_, tools) = world.channel("Tools", tools).await;
        let (_, ours) = world.channel("Ours", tagged("prod")).await;
        let (_, theirs) = world.channel("Theirs", tagged("test")).await;
        let monitor = world.watch_as(&server.url(), |mut spec| {
            spec.tags = vec!["prod".to_owned()];
            spec.expectations.tools = vec!["absent".to_owned()];
            spec
        }).await;
        world.round().await;
        world.rounds(2, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        assert_eq!((world.told().len(), told(&severe).len()), (1, 0));
        server.set(status(503));
        confirm(&world).await;
        assert_eq!(told(&severe), [OPENED], "it is down now");
        let mut tx = world.app.store.begin().await.unwrap();
        let kept = tx.monitor(world.actor.team, monitor).await.unwrap().unwrap();
        drop(tx);
        let mut spec = kept.monitor.spec;
        spec.expectations.tools.clear();
        world.advance(1);
        lifesign::app::monitors::change(&world.app, &world.actor, monitor, spec, &[]).await.unwrap();
        server.set(healthy());
        confirm(&world).await;
        assert_eq!(told(&severe), [OPENED, RESOLVED], "who heard of it hears of the end");
        assert_eq!(told(&ours), [OPENED, OPENED, RESOLVED]);
        assert_eq!((told(&tools).len(), told(&theirs).len()), (0, 0));
    }

    async fn quiet_hours_hold_everything_but_outages_and_end_with_a_summary(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let slow = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let (_, quiet) = world.channel("Quiet", day(Outside::AllButDown)).await;
        let (_, silent) = world.channel("Silent", day(Outside::Everything)).await;
        world.watch(&server.url()).await;
        world.watch_as(&slow.url(), |mut spec| {
            "Tools".clone_into(&mut spec.name);
            spec.expectations.tools = vec!["absent".to_owned()];
            spec
        }).await;
        world.round().await;
        confirm(&world).await;
        server.set(status(503));
        confirm(&world).await;
        server.set(healthy());
        confirm(&world).await;
        assert_eq!(told(&quiet), [OPENED, RESOLVED], "the outage, not the missing tool");
        assert!(told(&silent).is_empty());
        // A quarter to eight: not even that nobody cares for it is told.
        world.advance(5_400);
        world.round().await;
        assert!(told(&silent).is_empty());
        world.advance(1_800);
        world.round().await;
        assert_eq!(told(&quiet)[2..], ["summary"]);
        assert_eq!(told(&silent), ["summary"]);
        let said = lines(&silent);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("UP ")), "the last word of an incident: {said:?}");
        let quiet = lines(&quiet);
        assert!(quiet.len() == 1 && quiet[0].starts_with("DEGRADED Tools: "), "{quiet:?}");
        world.rounds(1, 60).await;
        assert_eq!(told(&silent).len(), 1, "once");
    }

    async fn others_are_told_step_by_step_of_what_nobody_acknowledges(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let after = |minutes| Route { wait_minutes: minutes, ..Route::default() };
        let (_, second) = world.channel("Second", after(15)).await;
        let (_, third) = world.channel("Third", after(45)).await;
        world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503));
        confirm(&world).await;
        world.rounds(14, 60).await;
        assert_eq!((world.told().len(), told(&second).len()), (1, 0));
        world.rounds(1, 60).await;
        assert_eq!((told(&second).len(), told(&third).len()), (1, 0));
        assert_eq!(world.told().len(), 1, "who knows is not told again");
        let incident = world.incidents().await.remove(0);
        incidents::acknowledge(&world.app, &world.actor, incident.id).await.unwrap();
        world.rounds(40, 60).await;
        assert!(told(&third).is_empty(), "somebody cares");
        server.set(healthy());
        confirm(&world).await;
        assert_eq!(told(&second), [OPENED, "incident.acknowledged", RESOLVED]);
        assert!(told(&third).is_empty(), "who never heard of it");
    }

    async fn another_channel_stands_in_for_one_that_is_switched_off(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let only_in_need = Route { kinds: Some(vec![Topic::Credentials]), ..Route::default() };
        let (spare, instead) = world.channel("Spare", only_in_need).await;
        let route = Route { fallback: Some(spare.id), ..Route::default() };
        let (_, gone) = world.channel("Gone", route).await;
        gone.answer(vec![Answer::status(410)]);
        world.watch(&server.url()).await;
        world.round().await;
        for _ in 0..2 {
            server.set(status(503));
            confirm(&world).await;
            server.set(healthy());
            world.rounds(20, 60).await;
        }
        assert_eq!(gone.received().len(), 1, "it is off");
        let outages: Vec<_> = told(&instead).into_iter().filter(|event| event.starts_with("incident")).collect();
        assert_eq!(outages, [OPENED, RESOLVED, OPENED, RESOLVED]);
    }

    async fn a_reminder_of_others_leaves_an_escalation_as_it_is(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let kinds = Some(vec![Topic::Incidents]);
        let (_, pager) = world.channel("Pager", Route { kinds, wait_minutes: 60, ..Route::default() }).await;
        world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503));
        confirm(&world).await;
        world.rounds(58, 60).await;
        assert!(world.told().contains(&"incident.reminder".to_owned()));
        assert!(told(&pager).is_empty());
        world.rounds(4, 60).await;
        assert_eq!(told(&pager).len(), 1);
    }

    async fn another_channel_stands_in_for_one_that_fails(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let only_in_need = Route { kinds: Some(vec![Topic::Credentials]), ..Route::default() };
        let (spare, instead) = world.channel("Spare", only_in_need).await;
        let route = Route { fallback: Some(spare.id), ..Route::default() };
        let (_, broken) = world.channel("Broken", route).await;
        broken.answer(vec![Answer::status(500); 4]);
        world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503));
        confirm(&world).await;
        assert!(told(&instead).is_empty(), "not for one failure");
        world.rounds(10, 5).await;
        assert_eq!(told(&instead), [OPENED]);
        world.rounds(4, 60).await;
        assert!(broken.received().len() > 3, "it is tried on all the same");
        assert_eq!(told(&instead).len(), 1);
        server.set(healthy());
        confirm(&world).await;
        assert_eq!(told(&instead), [OPENED, RESOLVED]);
    }

    async fn the_stand_in_of_one_that_fails_hears_that_it_got_worse(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let only_in_need = Route { kinds: Some(vec![Topic::Credentials]), ..Route::default() };
        let (spare, instead) = world.channel("Spare", only_in_need).await;
        let route = Route { fallback: Some(spare.id), ..Route::default() };
        let (_, broken) = world.channel("Broken", route).await;
        broken.answer([Answer::status(503)]);
        let monitor = world.watch_as(&server.url(), |mut spec| {
            spec.expectations.tools = vec!["absent".to_owned()];
            spec
        }).await;
        world.round().await;
        world.rounds(16, 5).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Degraded);
        assert_eq!(told(&instead), [OPENED]);
        server.set(status(503));
        confirm(&world).await;
        assert_eq!(world.status(monitor).await, MonitorStatus::Down);
        assert_eq!(told(&instead), [OPENED, OPENED], "it is down now");
        world.rounds(32, 60).await;
        assert_eq!(told(&instead)[2..], ["incident.reminder"]);
    }
}

/// A channel and a notification that cannot be read, beside others that can.
async fn what_cannot_be_read_keeps_no_other_from_its_summary(engine: Engine) {
    let database = Database::new(engine).await;
    let server = FakeMcp::start(healthy()).unwrap();
    let world = TestApp::new(database.store().await).await;
    world.channel("Broken", day(Outside::Everything)).await;
    let (_, torn) = world.channel("Torn", day(Outside::Everything)).await;
    let (_, fine) = world.channel("Fine", day(Outside::Everything)).await;
    world.watch(&server.url()).await;
    world.round().await;
    server.set(status(503));
    confirm(&world).await;
    server.set(healthy());
    confirm(&world).await;
    database
        .execute(
            "UPDATE channel SET kind = 'of a later release' WHERE name = 'Broken';
             UPDATE notification SET event = 'of a later release'
              WHERE event = 'opened'
                AND channel_id = (SELECT id FROM channel WHERE name = 'Torn')",
        )
        .await;
    world.advance(7_200);
    world.round().await;
    assert_eq!(told(&fine), ["summary"]);
    assert_eq!(told(&torn), ["summary"], "what is left of it");
    database.remove().await;
}

#[tokio::test]
async fn what_cannot_be_read_keeps_no_other_from_its_summary_on_sqlite() {
    what_cannot_be_read_keeps_no_other_from_its_summary(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_cannot_be_read_keeps_no_other_from_its_summary_on_postgres() {
    what_cannot_be_read_keeps_no_other_from_its_summary(Engine::Postgres).await;
}
