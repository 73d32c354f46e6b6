//! Several nodes on one database: who stops is missed by the others, and whoever runs the
//! installation is told once.

use std::sync::Arc;
use std::time::Duration;

use lifesign::app::record::record;
use lifesign::app::refused::Refused;
use lifesign::app::{App, lapses, monitors, nodes};
use lifesign::clock::Ids;
use lifesign::config::Settings;
use lifesign::domain::agent::Agent;
use lifesign::domain::at::HOUR_MS;
use lifesign::domain::id::{AgentId, MonitorId};
use lifesign::domain::monitor::MonitorSpec;

use super::*;
use crate::support::engines::SECRET_KEY;

/// Another process over the same database, by the same clock.
fn another(test: &TestApp, name: &str, location: &str) -> App {
    let settings = [
        ("allow_targets", "loopback"),
        ("secret_key", SECRET_KEY),
        ("node_name", name),
        ("location", location),
        ("roles", "probe"),
    ];
    let settings = Settings::of(&settings).unwrap();
    let (store, clock) = (test.app.store.clone(), test.app.clock.clone());
    App::new(settings, store, clock, Ids::random()).unwrap()
}

/// Fifteen seconds of the first node, so many times; what it has to tell is told.
async fn beats(test: &TestApp, count: usize) {
    for _ in 0..count {
        test.advance(15);
        nodes::beat(&test.app).await.unwrap();
        nodes::step(&test.app).await.unwrap();
    }
    lifesign::app::alerter::step(&test.app).await.unwrap();
}

/// A monitor that is checked from one location alone.
async fn watch_from(test: &TestApp, url: &str, location: &str) -> MonitorId {
    let id = test.watch(url).await;
    let kept = test.app.store.monitor(test.actor.team, id).await;
    let spec = MonitorSpec {
        locations: Some(vec![location.to_owned()]),
        ..kept.unwrap().unwrap().monitor.spec
    };
    let changed = monitors::change(&test.app, &test.actor, id, spec, &[]).await;
    changed.unwrap().id
}

engines! {
    async fn a_change_of_what_was_changed_meanwhile_is_refused(store: Store) {
        let test = TestApp::new(store).await;
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        let read = test.app.store.monitor(test.actor.team, id).await.unwrap().unwrap();
        let with_tag = |tag: &str| MonitorSpec {
            tags: vec![tag.to_owned()],
            ..read.monitor.spec.clone()
        };
        let which = (id, Some(read.revision));
        let change = async |tag| monitors::change_read(&test.app, &test.actor, which, with_tag(tag), &[]).await;
        change("first").await.unwrap();
        assert!(matches!(change("second").await, Err(Refused::Conflict(_))));
        let kept = test.app.store.monitor(test.actor.team, id).await.unwrap().unwrap();
        assert_eq!(kept.monitor.spec.tags, ["first"]);
    }

    async fn a_node_that_stops_is_told_once_and_once_when_it_is_back(store: Store) {
        let test = TestApp::new(store).await;
        let server = FakeMcp::start(healthy()).unwrap();
        watch_from(&test, &server.url(), "fra").await;
        let other = another(&test, "fra-1", "fra");
        nodes::beat(&other).await.unwrap();
        beats(&test, 8).await;
        assert!(test.told().is_empty(), "it may only be slow");
        beats(&test, 12).await;
        assert_eq!(test.told(), ["node.silent"]);
        let told = test.hook.received().remove(0).json();
        assert_eq!(told["data"]["node"]["name"], "fra-1");
        assert_eq!(told["data"]["node"]["location"], "fra");
        let word = test.app.nodes.word();
        assert_eq!(word.nodes, (2, 1));
        assert!(word.seen_since().is_some(), "nobody checks from there");

        nodes::beat(&other).await.unwrap();
        beats(&test, 3).await;
        assert_eq!(test.told(), ["node.silent", "node.back"]);
        assert_eq!(test.app.nodes.word().nodes, (2, 0));
    }

    async fn an_agent_that_stops_is_told_to_its_team_once_and_once_when_it_is_back(store: Store) {
        let test = TestApp::new(store).await;
        let now = test.app.clock.now();
        let agent = Agent {
            id: AgentId(test.app.ids.next()),
            team: test.actor.team,
            name: "In the office".to_owned(),
            location: "office".to_owned(),
            created_at: now,
            version: None,
            seen_at: None,
            silent_since: None,
        };
        let mut tx = test.app.store.begin().await.unwrap();
        tx.add_agent(&agent, "hash").await.unwrap();
        tx.commit().await.unwrap();
        beats(&test, 30).await;
        assert!(test.told().is_empty(), "it was never there");
        let hear = async || {
            let now = test.app.clock.now();
            test.app.store.beat_agent(&agent, Some("0.1.0"), now).await.unwrap();
        };
        hear().await;
        beats(&test, 20).await;
        assert_eq!(test.told(), ["node.silent"]);
        let told = test.hook.received().remove(0).json();
        assert_eq!(told["data"]["node"]["name"], "In the office");
        let kept = test.app.store.agent(agent.team, agent.id).await.unwrap().unwrap();
        assert_eq!(kept.silent_since, kept.seen_at);
        hear().await;
        beats(&test, 3).await;
        assert_eq!(test.told(), ["node.silent", "node.back"]);
    }

    async fn who_says_goodbye_is_not_missed_and_who_is_gone_is_forgotten(store: Store) {
        let test = TestApp::new(store).await;
        let other = Arc::new(another(&test, "fra-1", "fra"));
        let stop = tokio_util::sync::CancellationToken::new();
        stop.cancel();
        nodes::beat(&other).await.unwrap();
        nodes::run(other, stop).await;
        beats(&test, 10).await;
        assert!(test.told().is_empty());
        assert_eq!(test.app.nodes.word().nodes, (1, 0));

        nodes::beat(&another(&test, "fra-2", "fra")).await.unwrap();
        beats(&test, 10).await;
        assert_eq!(test.told(), ["node.silent"]);
        test.advance(8 * 24 * 3_600);
        beats(&test, 2).await;
        assert_eq!(test.app.nodes.word().nodes, (1, 0));
        assert_eq!(test.told(), ["node.silent"]);
    }

    async fn trouble_of_its_own_network_is_told_to_the_operator_alone(store: Store) {
        let five = own_network::Five::new(TestApp::new(store).await).await;
        let test = &five.test;
        five.names.set(own_network::BROKEN);
        test.rounds(1, 60).await;
        beats(test, 2).await;
        test.rounds(3, 60).await;
        assert_eq!(test.told(), ["node.troubled"]);
        assert!(test.app.nodes.word().seen_since().is_some());
        five.names.set(own_network::FINE);
        test.rounds(2, 60).await;
        beats(test, 2).await;
        assert_eq!(test.told(), ["node.troubled", "node.back"]);
        assert!(test.app.nodes.word().woes.is_empty());
    }

    /// A location that has died vouches for nothing: its time is unknown, not up.
    async fn what_only_a_dead_location_watched_is_unknown(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let mut test = TestApp::new(store).await;
        let local = Arc::clone(&test.app);
        test.app = Arc::new(another(&test, "fra-1", "fra"));
        let id = watch_from(&test, &server.url(), "fra").await;
        test.round().await;
        test.rounds(3, 60).await;
        assert_eq!(test.status(id).await, MonitorStatus::Up);

        test.app = local;
        test.advance(3 * 3_600);
        let now = test.app.clock.now();
        let shown = test.app.store.overview(test.actor.team, id, now).await.unwrap().unwrap();
        let (_, spent) = shown.windows[0];
        let vouched = Duration::from_mins(6);
        assert_eq!(spent.up_ms, i64::try_from(vouched.as_millis()).unwrap());
        assert!(spent.unknown_ms > 2 * HOUR_MS, "{spent:?}");

        assert_eq!(lapses::step(&test.app).await.unwrap(), 1);
        assert_eq!(lapses::step(&test.app).await.unwrap(), 0);
        let shown = test.app.store.overview(test.actor.team, id, now).await.unwrap().unwrap();
        assert_eq!(shown.status(), MonitorStatus::Unknown);
        assert_eq!(shown.windows[0].1, spent, "no moment is counted twice");
        let counts = test.app.store.status_counts(test.actor.team).await.unwrap();
        assert_eq!(counts, [(MonitorStatus::Unknown, 1)]);
        assert!(test.told().is_empty());
    }

    /// A location that waits in vain ends its check after those of others that began later.
    async fn what_one_location_waits_for_in_vain_is_degraded(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let mut test = TestApp::new(store).await;
        let locations = Some(["ams", "fra"].map(str::to_owned).to_vec());
        let id = test.watch_as(&server.url(), |spec| MonitorSpec { locations, ..spec }).await;
        let mut away = Arc::new(another(&test, "fra-1", "fra"));
        test.app = Arc::new(another(&test, "ams-1", "ams"));
        test.round().await;
        for _ in 0..5 {
            test.advance(60);
            server.set(status(503));
            std::mem::swap(&mut test.app, &mut away);
            let in_vain = test.checks().await;
            std::mem::swap(&mut test.app, &mut away);
            test.advance(1);
            server.set(healthy());
            test.round().await;
            record(&test.app, &in_vain).await.unwrap();
        }
        assert_eq!(test.status(id).await, MonitorStatus::Degraded);
    }
}
