//! The loop that tells: again until it arrives, in bounds, and loudly when it never will.

use std::sync::Arc;
use std::time::Duration;

use lifesign::app::{App, alerter, channels};
use lifesign::domain::channel::{Channel, Kind, Route, Words};
use lifesign::domain::id::{ChannelId, NotificationId};
use lifesign::domain::notification::{Content, Event, Notification, RETRIES};
use lifesign::domain::team::Actor;
use lifesign::store::{Delivery, Fate};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::samples::NOW;
use crate::support::engines::engines;
use crate::support::webhook::{Answer, Received, WebhookReceiver};
use crate::support::world;

const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    app: Arc<App>,
    actor: Actor,
}

impl World {
    async fn new(store: lifesign::store::Store) -> Self {
        let (app, actor) = world::app(store, NOW).await;
        Self { app, actor }
    }

    async fn channel(&self, receiver: &WebhookReceiver, name: &str, is_default: bool) -> Channel {
        let url = receiver.url();
        let spec = channels::ChannelSpec {
            name,
            settings: &|name| (name == "url").then_some(&*url),
            is_default,
            route: Route::default(),
            words: Words::default(),
            digest: None,
        };
        let made = channels::create(&self.app, &self.actor, Kind::Webhook, &spec).await;
        made.unwrap().channel
    }

    /// Queues something to be told to a channel.
    async fn queue(&self, channel: &Channel) -> NotificationId {
        let now = self.app.clock.now();
        let notification = Notification {
            id: NotificationId(self.app.ids.next()),
            team: self.actor.team,
            channel: channel.id,
            event: Event::Test,
            turn: 0,
            content: Content::of_channel(channel, now),
            created_at: now,
        };
        let mut tx = self.app.store.begin().await.unwrap();
        tx.enqueue(std::slice::from_ref(&notification))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        notification.id
    }

    async fn step(&self) -> usize {
        alerter::step(&self.app).await.unwrap()
    }

    async fn log(&self, channel: ChannelId) -> Vec<Delivery> {
        let team = self.actor.team;
        self.app
            .store
            .deliveries(team, channel, None, 50)
            .await
            .unwrap()
            .rows
    }

    async fn seen(&self, channel: ChannelId) -> Channel {
        let found = self.app.store.channel(self.actor.team, channel).await;
        found.unwrap().unwrap()
    }
}

engines! {
    async fn what_fails_is_told_again_under_the_same_id_until_it_arrives(store: Store) {
        let world = World::new(store).await;
        let receiver = WebhookReceiver::start().await;
        let busy = Answer::status(429).header("retry-after", "90");
        receiver.answer([Answer::status(503).body("busy"), busy, Answer::status(204)]);
        let channel = world.channel(&receiver, "Ops", true).await;
        let id = world.queue(&channel).await;

        assert_eq!(world.step().await, 1);
        assert_eq!(world.step().await, 0, "not before five seconds are over");
        let health = world.seen(channel.id).await.health;
        assert!(health.last_error.unwrap().1.contains("503 Service Unavailable: busy"));
        world.app.clock.advance(Duration::from_secs(6));
        assert_eq!(world.step().await, 1);
        world.app.clock.advance(Duration::from_secs(89));
        assert_eq!(world.step().await, 0, "it wants to be left alone for longer than half a minute");
        world.app.clock.advance(Duration::from_secs(1));
        assert_eq!(world.step().await, 1);
        assert_eq!(world.step().await, 0);

        let ids: Vec<_> = receiver.received().iter().map(|r| r.header("webhook-id").unwrap().to_owned()).collect();
        assert_eq!(ids, [id.to_string(), id.to_string(), id.to_string()]);
        let log = world.log(channel.id).await;
        assert!(matches!(log[0].fate, Fate::Sent { .. }));
        let outcomes: Vec<bool> = log[0].attempts.iter().map(|attempt| attempt.ok).collect();
        assert_eq!(outcomes, [false, false, true]);
        let health = world.seen(channel.id).await.health;
        assert!(health.last_error.is_none() && health.last_success_at.is_some());
    }

    async fn after_the_last_attempt_it_is_dead_and_can_be_replayed(store: Store) {
        let world = World::new(store).await;
        let receiver = WebhookReceiver::start().await;
        receiver.answer([Answer::status(500)]);
        let channel = world.channel(&receiver, "Ops", true).await;
        let id = world.queue(&channel).await;
        for wait in RETRIES {
            world.app.clock.advance(wait + wait / 10 + Duration::from_millis(1));
            assert_eq!(world.step().await, 1);
        }
        world.app.clock.advance(Duration::from_hours(24));
        assert_eq!(world.step().await, 0, "given up");
        assert!(matches!(world.log(channel.id).await[0].fate, Fate::Dead { .. }));

        receiver.answer([Answer::status(200)]);
        channels::replay(&world.app, &world.actor, channel.id, id).await.unwrap();
        assert_eq!(world.step().await, 1);
        assert!(matches!(world.log(channel.id).await[0].fate, Fate::Sent { .. }));
        assert_eq!(receiver.received().len(), RETRIES.len() + 1);
    }

    async fn a_refusal_for_good_switches_the_channel_off_and_is_told_by_another(store: Store) {
        let world = World::new(store).await;
        let (gone, works, spare) = (
            WebhookReceiver::start().await,
            WebhookReceiver::start().await,
            WebhookReceiver::start().await,
        );
        gone.answer([Answer::status(410)]);
        let broken = world.channel(&gone, "Old", true).await;
        world.channel(&spare, "Spare", false).await;
        world.channel(&works, "New", true).await;
        world.queue(&broken).await;
        world.queue(&broken).await;

        while world.step().await > 0 {}
        assert_eq!(world.seen(broken.id).await.health.disabled.as_deref(), Some("answered 410 Gone"));
        let told: Vec<_> = works.received().iter().map(Received::json).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["type"], "channel.failing");
        assert_eq!(told[0]["data"]["channel"]["name"], "Old");
        assert_eq!(told[0]["data"]["channel"]["disabled"], "answered 410 Gone");
        assert!(spare.received().is_empty(), "told once, by a default channel");
        assert!(world.log(broken.id).await.iter().all(|d| matches!(d.fate, Fate::Dead { .. })));
    }

    async fn the_last_channel_of_a_team_fails_in_silence_but_visibly(store: Store) {
        let world = World::new(store).await;
        let receiver = WebhookReceiver::start().await;
        receiver.answer([Answer::status(404)]);
        let channel = world.channel(&receiver, "Ops", true).await;
        world.queue(&channel).await;
        assert_eq!(world.step().await, 1);
        assert_eq!(world.step().await, 0);
        assert!(world.seen(channel.id).await.health.disabled.is_some());
        assert_eq!(receiver.received().len(), 1);
    }

    async fn a_slow_receiver_delays_nobody_and_a_stop_waits_for_it(store: Store) {
        let world = World::new(store).await;
        let (slow, quick) = (WebhookReceiver::start().await, WebhookReceiver::start().await);
        slow.answer([Answer::status(204).delayed(Duration::from_millis(1_500))]);
        let slow_channel = world.channel(&slow, "Slow", true).await;
        let quick_channel = world.channel(&quick, "Quick", true).await;
        world.queue(&slow_channel).await;
        let stop = CancellationToken::new();
        let running = Box::pin(alerter::run(Arc::clone(&world.app), stop.clone()));
        let looking = async {
            timeout(PATIENCE, slow.wait_for(1)).await.unwrap();
            world.queue(&quick_channel).await;
            world.app.outbox.notify_one();
            timeout(PATIENCE, quick.wait_for(1)).await.unwrap();
            let waiting = world.log(slow_channel.id).await;
            assert!(matches!(waiting[0].fate, Fate::Queued { .. }), "still in flight");
            stop.cancel();
        };
        let both = Box::pin(async { tokio::join!(running, looking) });
        timeout(PATIENCE, both).await.unwrap();
        for channel in [slow_channel.id, quick_channel.id] {
            assert!(matches!(world.log(channel).await[0].fate, Fate::Sent { .. }));
        }
    }

    async fn a_test_is_told_at_once_and_stands_in_the_log(store: Store) {
        let world = World::new(store).await;
        let receiver = WebhookReceiver::start().await;
        let channel = world.channel(&receiver, "Ops", true).await;
        let outcome = channels::test(&world.app, &world.actor, channel.id).await.unwrap();
        assert_eq!(outcome.unwrap(), "answered 204 No Content");
        receiver.answer([Answer::status(404)]);
        let outcome = channels::test(&world.app, &world.actor, channel.id).await.unwrap();
        assert_eq!(outcome.unwrap_err(), "answered 404 Not Found");
        let log = world.log(channel.id).await;
        assert_eq!(log.len(), 2);
        assert_eq!(log[0].attempts[0].detail, "answered 404 Not Found");
        assert!(world.seen(channel.id).await.health.disabled.is_none(), "a test switches nothing off");
    }
}
