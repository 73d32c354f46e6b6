//! What happened in a day is told in the morning, once, whoever tells it.

use std::time::Duration;

use lifesign::app::{App, alerter, channels, digests};
use lifesign::clock::{Clock, Ids};
use lifesign::config::Settings;
use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::channel::{Kind, Route, Words};
use lifesign::domain::digest::Digest;
use lifesign::domain::id::ChannelId;
use lifesign::domain::notification::Notification;

use super::*;
use crate::support::engines::SECRET_KEY;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A mail channel that tells every morning at eight in Berlin, where it is seven when the tests
/// begin.
async fn morning(world: &TestApp, every: &str) -> ChannelId {
    let digest = Digest::read(Kind::Email, every, "Europe/Berlin", "8");
    let spec = channels::ChannelSpec {
        name: "Me",
        settings: &|name| (name == "to").then_some("me@example.com"),
        is_default: false,
        route: Route::default(),
        words: Words::default(),
        digest: digest.unwrap(),
    };
    let made = channels::create(&world.app, &world.actor, Kind::Email, &spec).await;
    made.unwrap().channel.id
}

/// What is queued for a channel, newest first.
async fn queued(world: &TestApp, channel: ChannelId) -> Vec<Notification> {
    let (store, team) = (&world.app.store, world.actor.team);
    let rows = store
        .deliveries(team, channel, None, 50)
        .await
        .unwrap()
        .rows;
    let mut found = Vec::new();
    for row in rows {
        found.extend(store.notification(team, row.id).await.unwrap());
    }
    found
}

engines! {
    async fn a_day_is_told_in_the_morning_once(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        world.watch(&server.url()).await;
        let me = morning(&world, "daily").await;
        let start = world.app.clock.now();
        world.round().await;
        world.rounds(20, 60).await;
        server.set(status(503));
        world.rounds(2, 60).await;
        world.rounds(2, 5).await;
        world.rounds(10, 60).await;
        server.set(healthy());
        world.rounds(2, 60).await;
        world.rounds(2, 5).await;
        world.rounds(20, 60).await;
        assert_eq!(digests::step(&world.app).await.unwrap(), 0, "not before eight");
        let eight = At(start.0 + HOUR_MS);
        let left = eight.ms_since(world.app.clock.now()) / 1_000;
        world.advance(left.unsigned_abs());
        world.round().await;
        assert_eq!(digests::step(&world.app).await.unwrap(), 1);
        assert_eq!(digests::step(&world.app).await.unwrap(), 0, "once");

        let told = queued(&world, me).await;
        assert_eq!(told.len(), 1);
        let facts = told[0].content.digest.as_ref().unwrap();
        assert_eq!((facts.until, facts.from), (eight, At(eight.0 - 24 * HOUR_MS)));
        assert_eq!((facts.monitors, facts.incidents.count(), facts.is_quiet), (1, 1, false));
        let incident = &facts.incidents.first[0];
        let known = world.incidents().await.remove(0);
        assert_eq!(incident.duration_seconds, known.duration_ms(eight) / 1_000);
        let line = &facts.uptime.first[0];
        let overview = world.app.store.overview(world.actor.team, line.monitor_id, eight).await;
        let shown = overview.unwrap().unwrap().spent("24h");
        assert!(line.uptime.unwrap() < 1.0);
        assert_eq!((line.uptime, line.unknown_ms), (shown.uptime(), shown.unknown_ms), "as on the pages");
        assert!(world.told().iter().all(|kind| kind.starts_with("incident.")), "nobody else hears it");

        world.advance(DAY);
        assert_eq!(digests::step(&world.app).await.unwrap(), 1, "and the next day");
    }

    async fn a_quiet_day_is_one_sentence(store: Store) {
        let world = TestApp::new(store).await;
        let me = morning(&world, "daily").await;
        world.advance(HOUR);
        assert_eq!(digests::step(&world.app).await.unwrap(), 1);
        assert!(queued(&world, me).await[0].content.digest.as_ref().unwrap().is_quiet);
    }

    async fn several_nodes_tell_it_once(store: Store) {
        let world = TestApp::new(store.clone()).await;
        let me = morning(&world, "daily").await;
        let usual = [("secret_key", SECRET_KEY), ("node_name", "other")];
        let clock = Clock::manual(world.app.clock.now());
        let other = App::new(Settings::of(&usual).unwrap(), store, clock, Ids::random()).unwrap();
        for app in [&*world.app, &other] {
            app.clock.advance(Duration::from_secs(HOUR));
        }
        let (one, two) = tokio::join!(digests::step(&world.app), digests::step(&other));
        assert_eq!(one.unwrap() + two.unwrap(), 1);
        // The lease of the first ends, and it was told all the same.
        other.clock.advance(Duration::from_secs(600));
        assert_eq!(digests::step(&other).await.unwrap(), 0);
        assert_eq!(queued(&world, me).await.len(), 1);
    }

    async fn what_was_missed_is_told_late_and_what_is_older_never(store: Store) {
        let world = TestApp::new(store).await;
        let daily = morning(&world, "daily").await;
        let start = world.app.clock.now();
        // Off for two and a half days: the last is told, those before are not.
        world.advance(2 * DAY + 12 * HOUR);
        assert_eq!(digests::step(&world.app).await.unwrap(), 1);
        let told = queued(&world, daily).await;
        let until = told[0].content.digest.as_ref().unwrap().until;
        assert_eq!(until, At(start.0 + HOUR_MS * 49));
        world.advance(DAY);
        assert_eq!(digests::step(&world.app).await.unwrap(), 1);

        let weekly = morning(&world, "weekly").await;
        world.advance(10 * DAY);
        digests::step(&world.app).await.unwrap();
        assert!(queued(&world, weekly).await.is_empty(), "Monday is too long ago");
    }

    async fn a_channel_that_is_off_hears_nothing(store: Store) {
        let world = TestApp::new(store).await;
        let me = morning(&world, "daily").await;
        let mut tx = world.app.store.begin().await.unwrap();
        tx.disable_channel(world.actor.team, me, "gone", world.app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        world.advance(HOUR);
        assert_eq!(digests::step(&world.app).await.unwrap(), 0);
        alerter::step(&world.app).await.unwrap();
        assert!(queued(&world, me).await.is_empty());
    }
}
