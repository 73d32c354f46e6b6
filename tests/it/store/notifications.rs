//! The outbox: told once, in order, by one node at a time, and kept until it is done.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::channel::Channel;
use lifesign::domain::id::{ChannelId, DeliveryId, IncidentId, NotificationId, TeamId};
use lifesign::domain::incident::Incident;
use lifesign::domain::notification::{Content, Event, IncidentFacts, MonitorFacts, Notification};
use lifesign::domain::status::{MonitorStatus, Transition};
use lifesign::domain::verdict::CheckStatus;
use lifesign::secret::SealingKey;
use lifesign::store::{Attempt, Claim, Fate, QueueHealth, Queued, Store, Ticket};

use super::channels::{made, webhook};
use super::{NOW, add, check, id, monitor, team};
use crate::support::engines::{Database, Engine, engines};

/// How long the claims of these tests hold.
const LEASE: Duration = Duration::from_secs(120);

fn later(seconds: u64) -> At {
    NOW + Duration::from_secs(seconds)
}

/// An incident of a monitor, both made.
pub(crate) async fn incident(store: &Store, team: TeamId, n: u128) -> Incident {
    let monitor = monitor(team, n);
    add(store, &monitor).await;
    let transition = Transition {
        from: MonitorStatus::Up,
        to: MonitorStatus::Down,
        since: NOW,
    };
    let report = check(team.0, monitor.id.0, NOW, CheckStatus::Down).report;
    let whose = (team, monitor.id);
    let id = IncidentId(id(n + 1_000));
    let incident = Incident::open(id, whose, &transition, *report, None).unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.open_incident(&incident).await.unwrap();
    tx.commit().await.unwrap();
    incident
}

/// What is told of an incident.
pub(crate) fn told(incident: &Incident, channel: ChannelId, event: Event, n: u128) -> Notification {
    let content = Content {
        incident: Some(IncidentFacts::of(incident, NOW)),
        monitor: Some(MonitorFacts::of(&monitor(
            incident.team,
            incident.monitor.0.as_u128(),
        ))),
        check: Some(incident.evidence.clone()),
        ..Content::nothing(NOW)
    };
    let id = NotificationId(id(n));
    let turn = match event {
        Event::Opened => 1,
        Event::Worsened => 2,
        Event::Acknowledged => 3,
        _ => 4,
    };
    Notification {
        id,
        team: incident.team,
        channel,
        event,
        turn,
        content,
        created_at: NOW,
    }
}

/// What is told of a channel to itself.
pub(crate) fn of_channel(channel: &Channel, event: Event, n: u128) -> Notification {
    Notification {
        id: NotificationId(id(n)),
        team: channel.team,
        channel: channel.id,
        event,
        turn: 1,
        content: Content::of_channel(channel, NOW),
        created_at: NOW,
    }
}

async fn enqueue(store: &Store, notifications: &[Notification]) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let new = tx.enqueue(notifications).await.unwrap();
    tx.commit().await.unwrap();
    new
}

async fn claim(store: &Store, n: u128, now: At) -> Vec<Queued> {
    let claim = Claim {
        id: id(n),
        node: "node",
        now,
        until: now + LEASE,
    };
    let to_tell = store
        .claim_notifications(&claim, (100, 1_000))
        .await
        .unwrap();
    assert!(to_tell.unreadable.is_empty());
    to_tell.queued
}

fn ids(queued: &[Queued]) -> Vec<u128> {
    queued
        .iter()
        .map(|queued| queued.notification.id.0.as_u128())
        .collect()
}

fn attempt(n: u128, at: At, detail: &str) -> Attempt<'_> {
    Attempt {
        id: DeliveryId(id(n)),
        at,
        detail,
    }
}

async fn sent(store: &Store, ticket: &Ticket, attempt: &Attempt<'_>) -> bool {
    let mut tx = store.begin().await.unwrap();
    let done = tx.mark_sent(ticket, attempt).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn failed(store: &Store, ticket: &Ticket, attempt: &Attempt<'_>, again: At) -> bool {
    let mut tx = store.begin().await.unwrap();
    let done = tx.mark_failed(ticket, attempt, again).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn dead(store: &Store, ticket: &Ticket, attempt: &Attempt<'_>) -> bool {
    let mut tx = store.begin().await.unwrap();
    let done = tx.mark_dead(ticket, attempt).await.unwrap();
    tx.commit().await.unwrap();
    done
}

engines! {
    async fn what_happened_is_told_once_to_a_channel(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let hook = made(&store, webhook(ours, 10)).await;
        let incident = incident(&store, ours, 20).await;
        let first = told(&incident, hook.id, Event::Opened, 30);
        assert_eq!(enqueue(&store, std::slice::from_ref(&first)).await, 1);
        let again = told(&incident, hook.id, Event::Opened, 31);
        assert_eq!(enqueue(&store, &[again]).await, 0);
        assert_eq!(store.notification(ours, first.id).await.unwrap().as_ref(), Some(&first));
        assert!(store.notification(theirs, first.id).await.unwrap().is_none());
        let claimed = claim(&store, 40, NOW).await;
        assert_eq!((&claimed[0].notification, &claimed[0].channel), (&first, &hook));
        assert_eq!(claimed[0].ticket, Ticket {
            id: first.id, team: ours, channel: hook.id, claim: id(40), attempts: 0,
        });
        assert!(sent(&store, &claimed[0].ticket, &attempt(50, NOW, "200 OK")).await);
        assert!(!sent(&store, &claimed[0].ticket, &attempt(51, NOW, "200 OK")).await);
        let again = told(&incident, hook.id, Event::Opened, 32);
        assert_eq!(enqueue(&store, &[again]).await, 0, "also when it was sent already");
        assert!(claim(&store, 41, later(9_999)).await.is_empty());
        assert_eq!(store.channel(ours, hook.id).await.unwrap().unwrap().health.last_success_at, Some(NOW));
    }

    async fn one_channel_hears_of_one_incident_in_order(store: Store) {
        let team = team(&store, 1).await;
        let slow = made(&store, webhook(team, 10)).await;
        let quick = made(&store, webhook(team, 11)).await;
        let (one, other) = (incident(&store, team, 20).await, incident(&store, team, 21).await);
        enqueue(&store, &[
            told(&one, slow.id, Event::Resolved, 30),
            told(&one, slow.id, Event::Acknowledged, 31),
            told(&one, slow.id, Event::Worsened, 32),
            told(&one, slow.id, Event::Opened, 33),
            told(&one, quick.id, Event::Resolved, 34),
            told(&other, slow.id, Event::Resolved, 35),
        ]).await;
        let first = claim(&store, 40, NOW).await;
        assert_eq!(ids(&first), [33, 34, 35]);
        assert!(claim(&store, 41, NOW).await.is_empty(), "what is being told has not been told");
        assert!(failed(&store, &first[0].ticket, &attempt(50, NOW, "503"), later(5)).await);
        assert!(claim(&store, 42, NOW).await.is_empty(), "nor has what failed");
        for (seconds, n, event) in [(5, 43, 33), (6, 44, 32), (7, 45, 31), (8, 46, 30)] {
            let next = claim(&store, n, later(seconds)).await;
            assert_eq!(ids(&next), [event]);
            assert!(sent(&store, &next[0].ticket, &attempt(n + 10, later(seconds), "200")).await);
        }
    }

    async fn what_was_given_up_stops_nobody(store: Store) {
        let team = team(&store, 1).await;
        let hook = made(&store, webhook(team, 10)).await;
        let incident = incident(&store, team, 20).await;
        let (opened, resolved) = (
            told(&incident, hook.id, Event::Opened, 30),
            told(&incident, hook.id, Event::Resolved, 31),
        );
        enqueue(&store, &[opened, resolved]).await;
        let first = claim(&store, 40, NOW).await;
        assert!(dead(&store, &first[0].ticket, &attempt(50, NOW, "404")).await);
        assert_eq!(ids(&claim(&store, 41, NOW).await), [31]);
    }

    async fn a_claim_that_ends_is_taken_over_and_marks_nothing(store: Store) {
        let team = team(&store, 1).await;
        let hook = made(&store, webhook(team, 10)).await;
        enqueue(&store, &[of_channel(&hook, Event::ChannelFailing, 30)]).await;
        let lost = claim(&store, 40, NOW).await.remove(0).ticket;
        assert!(claim(&store, 41, later(119)).await.is_empty());
        let taken = claim(&store, 42, later(120)).await.remove(0).ticket;
        assert_eq!((taken.id, taken.attempts), (lost.id, 0));
        assert!(!sent(&store, &lost, &attempt(50, NOW, "late")).await);
        assert!(!failed(&store, &lost, &attempt(51, NOW, "late"), NOW).await);
        assert!(!dead(&store, &lost, &attempt(52, NOW, "late")).await);
        let page = store.deliveries(team, hook.id, None, 9).await.unwrap();
        assert!(page.rows[0].attempts.is_empty());
        assert_eq!(store.channel(team, hook.id).await.unwrap().unwrap().health, hook.health);
        assert!(sent(&store, &taken, &attempt(53, later(121), "200")).await);
    }

    async fn each_notification_is_claimed_by_one_node(store: Store) {
        let team = team(&store, 1).await;
        let hook = made(&store, webhook(team, 10)).await;
        let all: Vec<Notification> =
            (0..200).map(|n| of_channel(&hook, Event::ChannelFailing, 1_000 + n)).collect();
        enqueue(&store, &all).await;
        let nodes = (0..8_u128).map(|node| {
            let store = store.clone();
            async move {
                let mut mine = Vec::new();
                for round in 0..40 {
                    let claim = Claim { id: id(100 * node + round), node: "node", now: NOW, until: NOW + LEASE };
                    let to_tell = store.claim_notifications(&claim, (7, 1_000)).await.unwrap();
                    assert!(to_tell.queued.len() <= 7, "no more than asked for");
                    mine.extend(ids(&to_tell.queued));
                }
                mine
            }
        });
        let mut claimed = futures_util::future::join_all(nodes).await.concat();
        claimed.sort_unstable();
        assert_eq!(claimed, (1_000..1_200).collect::<Vec<_>>());
    }

    async fn a_channel_that_hangs_keeps_no_other_waiting(store: Store) {
        let team = team(&store, 1).await;
        let hangs = made(&store, webhook(team, 10)).await;
        let other = made(&store, webhook(team, 11)).await;
        let mut all: Vec<Notification> =
            (0..20).map(|n| of_channel(&hangs, Event::ChannelFailing, 1_000 + n)).collect();
        all.push(of_channel(&other, Event::ChannelFailing, 2_000));
        enqueue(&store, &all).await;
        let next = async |n, now| {
            let claim = Claim { id: id(n), node: "node", now, until: now + LEASE };
            ids(&store.claim_notifications(&claim, (9, 4)).await.unwrap().queued)
        };
        assert_eq!(next(40, NOW).await, [1_000, 1_001, 1_002, 1_003, 2_000]);
        assert_eq!(next(41, NOW).await, [0; 0], "its four are under way");
        assert_eq!(next(42, NOW + LEASE).await.len(), 5, "as many again when they have ended");
    }

    async fn what_was_given_up_or_sent_can_be_replayed(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let hook = made(&store, webhook(ours, 10)).await;
        let notification = of_channel(&hook, Event::ChannelFailing, 30);
        enqueue(&store, std::slice::from_ref(&notification)).await;
        let key = notification.id;
        assert!(!store.replay(ours, key, NOW).await.unwrap(), "it waits already");
        let first = claim(&store, 40, NOW).await.remove(0).ticket;
        assert!(failed(&store, &first, &attempt(50, NOW, "503"), later(5)).await);
        let second = claim(&store, 41, later(5)).await.remove(0).ticket;
        assert_eq!(second.attempts, 1);
        assert!(dead(&store, &second, &attempt(51, later(5), "503")).await);
        let health = store.queue_health(later(60)).await.unwrap();
        assert_eq!(health, QueueHealth { queued: 0, dead: 1, oldest_unsent_ms: None });

        assert!(!store.replay(theirs, key, later(60)).await.unwrap());
        assert!(store.replay(ours, key, later(60)).await.unwrap());
        let health = store.queue_health(later(60)).await.unwrap();
        assert_eq!(health, QueueHealth { queued: 1, dead: 0, oldest_unsent_ms: Some(60_000) });
        let third = claim(&store, 42, later(60)).await.remove(0).ticket;
        assert_eq!(third.attempts, 0, "all its attempts lie before it again");
        assert!(sent(&store, &third, &attempt(52, later(60), "200")).await);
        assert!(store.replay(ours, key, later(61)).await.unwrap());
    }

    async fn a_channel_that_is_switched_off_gives_up_what_waits_for_it(store: Store) {
        let team = team(&store, 1).await;
        let (hook, other) = (made(&store, webhook(team, 10)).await, made(&store, webhook(team, 11)).await);
        enqueue(&store, &[of_channel(&hook, Event::ChannelFailing, 30)]).await;
        let under_way = claim(&store, 40, NOW).await.remove(0).ticket;
        enqueue(&store, &[
            of_channel(&hook, Event::ChannelFailing, 31),
            of_channel(&other, Event::ChannelFailing, 32),
        ]).await;
        let mut tx = store.begin().await.unwrap();
        let off = tx.disable_channel(team, hook.id, "it answers 410", NOW).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert_eq!(off.iter().map(|waited| waited.id.0.as_u128()).collect::<Vec<_>>(), [31]);
        assert_eq!(ids(&claim(&store, 41, NOW).await), [32]);
        assert!(sent(&store, &under_way, &attempt(50, NOW, "200")).await);
        let page = store.deliveries(team, hook.id, None, 9).await.unwrap();
        let fates: Vec<Fate> = page.rows.iter().map(|delivery| delivery.fate).collect();
        assert_eq!(fates, [Fate::Dead { at: NOW }, Fate::Sent { at: NOW }]);
    }

    async fn a_channel_shows_what_was_tried_newest_first(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let hook = made(&store, webhook(ours, 10)).await;
        let incident = incident(&store, ours, 20).await;
        let opened = told(&incident, hook.id, Event::Opened, 30);
        enqueue(&store, std::slice::from_ref(&opened)).await;
        let ticket = claim(&store, 40, NOW).await.remove(0).ticket;
        assert!(failed(&store, &ticket, &attempt(50, NOW, "503"), later(5)).await);
        let health = store.channel(ours, hook.id).await.unwrap().unwrap().health;
        assert_eq!(health.last_error, Some((NOW, "503".to_owned())));
        let ticket = claim(&store, 41, later(5)).await.remove(0).ticket;
        assert!(sent(&store, &ticket, &attempt(51, later(5), "200 OK")).await);
        let mut tx = store.begin().await.unwrap();
        for (n, ok) in [(31, true), (32, false)] {
            let test = Notification { created_at: later(n), ..of_channel(&hook, Event::Test, n.into()) };
            let attempt = attempt(u128::from(n) + 50, later(n), "tested");
            tx.log_delivery(&test, &attempt, ok).await.unwrap();
        }
        tx.commit().await.unwrap();

        let first = store.deliveries(ours, hook.id, None, 2).await.unwrap();
        let fates: Vec<_> = first.rows.iter().map(|row| (row.event, row.fate)).collect();
        let tests = [Fate::Dead { at: later(32) }, Fate::Sent { at: later(31) }];
        assert_eq!(fates, tests.map(|fate| (Event::Test, fate)));
        let second = store.deliveries(ours, hook.id, first.next.as_deref(), 2).await.unwrap();
        let [row] = &*second.rows else { panic!("{second:?}") };
        assert_eq!((row.id, row.event, row.fate), (opened.id, Event::Opened, Fate::Sent { at: later(5) }));
        assert_eq!(row.incident, Some(incident.id));
        assert_eq!(row.monitor, Some((incident.monitor, "Server 20".to_owned())));
        let tried: Vec<_> = row.attempts.iter().map(|a| (a.at, a.ok, &*a.detail)).collect();
        assert_eq!(tried, [(NOW, false, "503"), (later(5), true, "200 OK")]);
        assert_eq!(second.next, None);
        assert!(store.deliveries(theirs, hook.id, None, 9).await.unwrap().rows.is_empty());
        let health = store.queue_health(NOW).await.unwrap();
        assert_eq!(health.dead, 0, "a test that failed is nothing to be replayed");
        assert!(store.deliveries(ours, hook.id, Some("nonsense"), 9).await.is_err());
    }

    async fn a_test_of_a_channel_that_is_deleted_meanwhile_leaves_nothing(store: Store) {
        let team = team(&store, 1).await;
        let hook = webhook(team, 10);
        let mut tx = store.begin().await.unwrap();
        let test = of_channel(&hook, Event::Test, 30);
        tx.log_delivery(&test, &attempt(50, NOW, "200"), true).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.notification(team, test.id).await.unwrap().is_none());
    }
}

/// A channel that was sealed with another key, and one that was not, each with something to hear.
async fn what_cannot_be_read_is_named_and_stops_nobody(engine: Engine) {
    let database = Database::new(engine).await;
    let store = database.store().await;
    let strange = Store::connect(&database.url, SealingKey::random())
        .await
        .unwrap();
    let team = team(&store, 1).await;
    let broken = made(&strange, webhook(team, 10)).await;
    let fine = made(&store, webhook(team, 11)).await;
    enqueue(
        &store,
        &[
            of_channel(&broken, Event::ChannelFailing, 30),
            of_channel(&fine, Event::ChannelFailing, 31),
        ],
    )
    .await;
    let node = Claim {
        id: id(40),
        node: "node",
        now: NOW,
        until: NOW + LEASE,
    };
    let to_tell = store.claim_notifications(&node, (9, 1_000)).await.unwrap();
    assert_eq!(ids(&to_tell.queued), [31]);
    let [(ticket, error)] = &*to_tell.unreadable else {
        panic!("{to_tell:?}")
    };
    assert!(
        error.to_string().contains(&broken.id.to_string()),
        "{error}"
    );
    assert!(claim(&store, 41, NOW).await.is_empty(), "it does not spin");
    assert!(dead(&store, ticket, &attempt(50, NOW, "it cannot be read")).await);

    let mut tx = store.begin().await.unwrap();
    let readable = tx.channels_of(team, monitor(team, 20).id).await.unwrap();
    assert_eq!(
        readable
            .iter()
            .map(|channel| channel.id)
            .collect::<Vec<_>>(),
        [fine.id]
    );
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn what_cannot_be_read_stops_nobody_sqlite() {
    what_cannot_be_read_is_named_and_stops_nobody(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_cannot_be_read_stops_nobody_postgres() {
    what_cannot_be_read_is_named_and_stops_nobody(Engine::Postgres).await;
}
