//! The part of each channel in an incident: told, waiting for its hours, told as part of another.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::check::CheckResult;
use lifesign::domain::id::{ChannelId, IncidentId, NotificationId, TeamId};
use lifesign::domain::incident::Incident;
use lifesign::domain::notification::{Content, Event, Notification};
use lifesign::domain::plan::{Companion, Part, Way};
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Claim, Finished, Store};

use super::channels::{made, webhook};
use super::notifications::{incident, told};
use super::{NOW, id, team};
use crate::support::engines::engines;

const LEASE: Duration = Duration::from_secs(60);

async fn queue(store: &Store, notification: &Notification, way: Way) {
    let mut tx = store.begin().await.unwrap();
    tx.enqueue_by([(notification, way)].into_iter())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn claimed(store: &Store, n: u128, now: At) -> Vec<Event> {
    let claim = Claim {
        id: id(n),
        node: "a",
        now,
        until: now + LEASE,
    };
    let claimed = store
        .claim_notifications(&claim, (10, 1_000))
        .await
        .unwrap();
    claimed
        .queued
        .into_iter()
        .map(|queued| queued.notification.event)
        .collect()
}

fn at_once(told_as: Option<IncidentId>) -> Way {
    Way::From { at: NOW, told_as }
}

async fn parts(store: &Store, incident: &Incident) -> Vec<(ChannelId, Part)> {
    let mut tx = store.begin().await.unwrap();
    tx.parts(incident.id).await.unwrap()
}

/// Leaves a watch as a check of it found it.
async fn fails(store: &Store, result: &CheckResult) {
    let claim = Claim {
        id: id(80),
        node: "a",
        now: NOW,
        until: NOW + LEASE,
    };
    store.claim_due(&claim, "local", 9).await.unwrap();
    let finished = Finished {
        result,
        claim: claim.id,
        is_recorded: true,
        next_due: NOW + LEASE,
        attempt: 0,
        facts_hash: None,
    };
    let mut tx = store.begin().await.unwrap();
    tx.finish_watches(&[finished]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn world(store: &Store) -> (TeamId, ChannelId, ChannelId) {
    let team = team(store, 1).await;
    let one = made(store, webhook(team, 900)).await.id;
    let other = made(store, webhook(team, 901)).await.id;
    (team, one, other)
}

engines! {
    async fn what_waits_for_hours_is_not_claimed_and_taken_once(store: Store) {
        let (team, hook, other) = world(&store).await;
        let trouble = incident(&store, team, 10).await;
        let until = NOW + LEASE;
        queue(&store, &told(&trouble, hook, Event::Opened, 1), Way::Held { until }).await;
        queue(&store, &told(&trouble, other, Event::Opened, 2), at_once(None)).await;
        let waits = Part { is_told: false, told_as: None, failed: 0 };
        let is_told = Part { is_told: true, told_as: None, failed: 0 };
        assert_eq!(parts(&store, &trouble).await, [(hook, waits), (other, is_told)]);
        assert_eq!(claimed(&store, 70, NOW).await.len(), 1, "of the other channel");
        // It holds up nothing that is told at once.
        queue(&store, &told(&trouble, hook, Event::Worsened, 3), at_once(None)).await;
        assert_eq!(claimed(&store, 71, NOW).await, [Event::Worsened]);

        assert_eq!(store.channels_to_summarise(NOW, 10).await.unwrap(), []);
        let due = store.channels_to_summarise(until, 10).await.unwrap();
        assert_eq!(due, [(team, hook)]);
        let take = async || {
            let mut tx = store.begin().await.unwrap();
            let taken = tx.take_held(team, hook, until, 10).await.unwrap();
            tx.commit().await.unwrap();
            taken.into_iter().map(|n| n.event).collect::<Vec<_>>()
        };
        assert_eq!(take().await, [Event::Opened]);
        assert!(take().await.is_empty());
        assert_eq!(parts(&store, &trouble).await[0], (hook, is_told));
    }

    async fn an_incident_finds_its_companions(store: Store) {
        let (team, hook, other) = world(&store).await;
        let first = incident(&store, team, 10).await;
        let second = incident(&store, team, 11).await;
        queue(&store, &told(&first, hook, Event::Opened, 1), at_once(None)).await;
        let mut tx = store.begin().await.unwrap();
        let cause = lifesign::domain::cause::cause(&second.evidence).unwrap();
        let older = Companion { told_as: first.id, is_older: true, reminds: true };
        let found = tx.companion_by_cause(&second, &cause, hook, NOW).await.unwrap();
        assert_eq!(found, Some(older));
        let later = NOW + LEASE;
        assert_eq!(tx.companion_by_cause(&second, &cause, hook, later).await.unwrap(), None);
        assert_eq!(tx.companion_by_cause(&second, &cause, other, NOW).await.unwrap(), None);
        assert_eq!(tx.companion_by_cause(&second, "x", hook, NOW).await.unwrap(), None);
        drop(tx);

        let with = Way::With { told_as: first.id };
        queue(&store, &told(&second, hook, Event::Opened, 2), with).await;
        let joined = Part { is_told: true, told_as: Some(first.id), failed: 0 };
        assert_eq!(parts(&store, &second).await, [(hook, joined)]);
        assert_eq!(claimed(&store, 70, NOW).await.len(), 1, "the first alone is sent");
        let mut tx = store.begin().await.unwrap();
        let younger = Companion { told_as: first.id, is_older: false, reminds: true };
        let known_as = first.id;
        let of_first = tx.companion_known_as(&first, known_as, hook).await.unwrap();
        assert_eq!(of_first, Some(younger));
        let of_second = tx.companion_known_as(&second, known_as, hook).await.unwrap();
        assert_eq!(of_second, Some(older));
        let mut ended = tx.incident(team, first.id).await.unwrap().unwrap();
        ended.resolve(later, "Over.", None).unwrap();
        tx.save_incident(&ended).await.unwrap();
        assert_eq!(tx.companion_known_as(&second, known_as, hook).await.unwrap(), None);
        let told_of = tx.channels_told(team, second.id).await.unwrap();
        assert_eq!(told_of.iter().map(|channel| channel.id).collect::<Vec<_>>(), [hook]);
        tx.commit().await.unwrap();

        let which = (first.id, second.id);
        let (members, count) = store.told_together(hook, which, false, 10).await.unwrap();
        assert_eq!((members[0].incident_id, count), (first.id, 1));
        assert_eq!(members[0].status, "resolved");
        assert_eq!(store.told_together(hook, which, true, 10).await.unwrap().1, 0, "it is over");
        let which = (first.id, first.id);
        assert_eq!(store.told_together(hook, which, true, 10).await.unwrap().1, 1);
        assert_eq!(store.told_together(other, which, false, 10).await.unwrap().1, 0);
    }

    async fn what_could_not_be_told_is_told_instead_and_once(store: Store) {
        let (team, hook, other) = world(&store).await;
        let first = incident(&store, team, 10).await;
        let second = incident(&store, team, 11).await;
        let opened = told(&first, hook, Event::Opened, 1);
        queue(&store, &opened, at_once(None)).await;
        queue(&store, &told(&first, hook, Event::Worsened, 2), at_once(None)).await;
        let with = Way::With { told_as: first.id };
        queue(&store, &told(&second, hook, Event::Opened, 3), with).await;
        let content = Content::nothing(NOW);
        let news = Notification { content, turn: 0, ..told(&first, hook, Event::ToolsChanged, 4) };
        queue(&store, &news, at_once(None)).await;
        let instead = async |id: NotificationId, channel| {
            let mut tx = store.begin().await.unwrap();
            let new = tx.tell_instead(&[id], channel, NOW).await.unwrap();
            tx.commit().await.unwrap();
            new
        };
        assert_eq!(instead(opened.id, other).await, 2, "and what waits behind it");
        assert_eq!(instead(news.id, other).await, 1);
        for id in [opened.id, news.id] {
            assert_eq!(instead(id, other).await, 0, "once");
        }
        let is_told = Part { is_told: true, told_as: None, failed: 0 };
        assert_eq!(parts(&store, &first).await, [(hook, is_told), (other, is_told)]);
        let joined = Part { told_as: Some(first.id), ..is_told };
        assert_eq!(parts(&store, &second).await, [(hook, joined), (other, joined)]);
        let which = (first.id, first.id);
        assert_eq!(store.told_together(other, which, true, 10).await.unwrap().1, 1);
        let mut due = claimed(&store, 70, NOW).await;
        due.sort_by_key(|event| event.as_str());
        let (opened_twice, news_twice) = ([Event::Opened; 2], [Event::ToolsChanged; 2]);
        assert_eq!(due, [opened_twice, news_twice].concat());

        let mut tx = store.begin().await.unwrap();
        tx.delete_monitor(team, first.monitor).await.unwrap();
        tx.commit().await.unwrap();
        let third = made(&store, webhook(team, 902)).await.id;
        assert_eq!(instead(opened.id, third).await, 1, "also when its monitor is gone");
    }

    async fn who_is_about_to_fail_alike_is_found(store: Store) {
        let team = team(&store, 1).await;
        let trouble = incident(&store, team, 10).await;
        let suspect = super::monitor(team, 20);
        super::add(&store, &suspect).await;
        let asked = async |since: At| {
            let mut tx = store.begin().await.unwrap();
            let whose = (team, trouble.monitor);
            tx.suspected(whose, trouble.code.as_str(), since, 10).await.unwrap()
        };
        assert!(asked(NOW).await.is_empty());
        fails(&store, &super::check(team.0, suspect.id.0, NOW, CheckStatus::Down)).await;
        assert_eq!(asked(NOW).await, [suspect.spec.endpoint.url.redacted()]);
        assert!(asked(NOW + LEASE).await.is_empty(), "long ago");
        let mut tx = store.begin().await.unwrap();
        let escalates = tx.incident(team, trouble.id).await.unwrap().unwrap();
        let due = NOW + LEASE;
        let escalates = Incident { escalate_at: Some(due), ..escalates };
        tx.save_incident(&escalates).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.incidents_to_escalate(NOW, 10).await.unwrap(), []);
        let found = store.incidents_to_escalate(due, 10).await.unwrap();
        assert_eq!(found, [(team, trouble.id)]);
    }
}
