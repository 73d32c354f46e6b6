//! Channels: sealed at rest, within their team, and heard by the right monitors.

use lifesign::domain::at::At;
use lifesign::domain::channel::{Channel, Health, Kind, Route, Settings, Words};
use lifesign::domain::id::{ChannelId, TeamId};
use lifesign::domain::notification::{Event, Notification};
use lifesign::domain::sensitive::Sensitive;
use lifesign::store::{Claim, Store};

use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

/// A webhook with all its secrets that hears every monitor.
pub(crate) fn webhook(team: TeamId, n: u128) -> Channel {
    let settings = settings(
        Kind::Webhook,
        "url",
        "https://hooks.example/x?key=url-secret",
    );
    let settings = settings.signed_with(Sensitive::new("whsec_before"));
    Channel {
        id: ChannelId(id(n)),
        team,
        name: format!("Hook {n}"),
        kind: Kind::Webhook,
        settings: settings.signed_with(Sensitive::new("whsec_now")),
        is_default: true,
        route: Route::default(),
        words: Words::default(),
        digest: None,
        health: Health::default(),
    }
}

fn settings(kind: Kind, name: &str, value: &'static str) -> Settings {
    Settings::read(kind, |asked| (asked == name).then_some(value), None).unwrap()
}

/// A channel, made.
pub(crate) async fn made(store: &Store, channel: Channel) -> Channel {
    let mut tx = store.begin().await.unwrap();
    tx.add_channel(&channel, NOW).await.unwrap();
    tx.commit().await.unwrap();
    channel
}

async fn heard_by(store: &Store, team: TeamId, monitor: u128) -> Vec<ChannelId> {
    let mut tx = store.begin().await.unwrap();
    let monitor = lifesign::domain::id::MonitorId(id(monitor));
    let channels = tx.channels_of(team, monitor).await.unwrap();
    channels.iter().map(|channel| channel.id).collect()
}

engines! {
    async fn every_kind_is_kept(store: Store) {
        let team = team(&store, 1).await;
        for (n, kind) in (10..).zip(Kind::ALL.iter().copied()) {
            let filled = |field: &str| match field {
                "to" => Some("me@example.com"),
                "url" | "server" => Some("https://chat.example.com/x"),
                _ => Some("word"),
            };
            let channel = Channel {
                kind,
                settings: Settings::read(kind, filled, None).unwrap(),
                ..webhook(team, n)
            };
            let kept = made(&store, channel).await;
            assert_eq!(store.channel(team, kept.id).await.unwrap(), Some(kept), "{kind:?}");
        }
    }

    async fn a_channel_is_read_back_by_its_team_only(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let hook = made(&store, webhook(ours, 10)).await;
        let mail = Channel {
            kind: Kind::Email,
            settings: settings(Kind::Email, "to", "me@example.com"),
            is_default: false,
            ..webhook(ours, 11)
        };
        let mail = made(&store, mail).await;
        assert_eq!(store.channels(ours).await.unwrap(), [hook.clone(), mail.clone()]);
        assert_eq!(store.channel(ours, mail.id).await.unwrap(), Some(mail));
        assert!(store.channels(theirs).await.unwrap().is_empty());
        assert!(store.channel(theirs, hook.id).await.unwrap().is_none());
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.save_channel(&Channel { team: theirs, ..hook.clone() }, NOW).await.unwrap());
        assert!(!tx.delete_channel(theirs, hook.id).await.unwrap());
        assert!(tx.disable_channel(theirs, hook.id, "gone", NOW).await.unwrap().is_none());
        assert!(tx.channels_of(theirs, monitor(ours, 20).id).await.unwrap().is_empty());
        assert!(tx.team_channels(theirs).await.unwrap().is_empty());
        assert_eq!(tx.team_channels(ours).await.unwrap().len(), 2);
    }

    async fn a_change_keeps_what_was_heard_and_switches_on_again(store: Store) {
        let team = team(&store, 1).await;
        let hook = made(&store, webhook(team, 10)).await;
        let mut tx = store.begin().await.unwrap();
        tx.channel_heard(team, hook.id, NOW, Err("it answers 410")).await.unwrap();
        assert!(tx.disable_channel(team, hook.id, "it answers 410", NOW).await.unwrap().is_some());
        assert!(tx.disable_channel(team, hook.id, "again", NOW).await.unwrap().is_none(), "it was off");
        tx.commit().await.unwrap();
        let off = store.channel(team, hook.id).await.unwrap().unwrap();
        assert_eq!(off.health, Health {
            disabled: Some("it answers 410".to_owned()),
            last_success_at: None,
            last_error: Some((NOW, "it answers 410".to_owned())),
        });

        let mut changed = Channel { name: "Other".to_owned(), is_default: false, ..hook.clone() };
        changed.settings = settings(Kind::Webhook, "url", "https://hooks.example/y");
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_channel(&changed, NOW).await.unwrap());
        tx.commit().await.unwrap();
        changed.health.last_error = off.health.last_error;
        assert_eq!(store.channel(team, hook.id).await.unwrap(), Some(changed));

        let mut tx = store.begin().await.unwrap();
        tx.channel_heard(team, hook.id, NOW, Ok(())).await.unwrap();
        tx.commit().await.unwrap();
        let health = store.channel(team, hook.id).await.unwrap().unwrap().health;
        let fine = Health { last_success_at: Some(NOW), ..Health::default() };
        assert_eq!(health, fine, "a success forgets the error before it");
    }

    async fn the_words_of_a_channel_are_kept_wherever_it_is_read(store: Store) {
        let team = team(&store, 1).await;
        let words = Words::read(Kind::Email, "{status} {monitor}", "{{ {reason}\n{link}").unwrap();
        let mail = Channel {
            kind: Kind::Email,
            settings: settings(Kind::Email, "to", "me@example.com"),
            words: words.clone(),
            ..webhook(team, 10)
        };
        let mail = made(&store, mail).await;
        assert_eq!(store.channels(team).await.unwrap(), std::slice::from_ref(&mail));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.team_channels(team).await.unwrap()[0].words, words);
        assert_eq!(tx.channels_of(team, monitor(team, 20).id).await.unwrap()[0].words, words);
        let notification = crate::notify::samples::of_channel(30, Event::Test, &mail);
        let notification = Notification { team, channel: mail.id, ..notification };
        tx.enqueue(&[notification]).await.unwrap();
        tx.commit().await.unwrap();
        let claim = Claim { id: id(40), node: "n", now: NOW, until: At(NOW.0 + 60_000) };
        let told = store.claim_notifications(&claim, (10, 1_000)).await.unwrap();
        assert_eq!(told.queued[0].channel, mail);

        let plain = Channel { words: Words::default(), ..mail };
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_channel(&plain, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.channel(team, plain.id).await.unwrap(), Some(plain));
    }

    async fn a_monitor_is_told_to_its_own_channels_or_to_the_default_ones(store: Store) {
        let team = team(&store, 1).await;
        for n in [20, 21] {
            add(&store, &monitor(team, n)).await;
        }
        let default = made(&store, webhook(team, 10)).await;
        let own = made(&store, Channel { is_default: false, ..webhook(team, 11) }).await;
        let mut tx = store.begin().await.unwrap();
        tx.name_channels(team, monitor(team, 20).id, &[own.id]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(heard_by(&store, team, 20).await, [own.id]);
        let named = store.channels_named_by(team, monitor(team, 20).id).await.unwrap();
        assert_eq!(named, [own.id]);
        assert_eq!(heard_by(&store, team, 21).await, [default.id]);

        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_channel(team, own.id).await.unwrap());
        assert!(!tx.delete_channel(team, own.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(heard_by(&store, team, 20).await, [default.id], "nobody is left without a channel");
    }
}
