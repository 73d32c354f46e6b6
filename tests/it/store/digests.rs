//! Digests: due once, and told of what lies in their time.

use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::channel::{Channel, Kind, Settings};
use lifesign::domain::digest::{Digest, Every, Period};
use lifesign::domain::id::{ChannelId, MonitorId, TeamId};
use lifesign::domain::tools::{Class, SurfaceDiff};
use lifesign::domain::uptime::{Bucket, Spent};
use lifesign::domain::zone::Zone;
use lifesign::store::{Addition, Store, ToolsChange, WHOLE};
use serde_json::json;

use super::channels::{made, webhook};
use super::incidents::{incident, open};
use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

fn digest(every: Every) -> Digest {
    Digest {
        every,
        zone: Zone::parse("Europe/Berlin").unwrap(),
        hour: 8,
    }
}

fn mail(team: TeamId, n: u128, every: Option<Every>) -> Channel {
    let to = |name: &str| (name == "to").then_some("me@example.com");
    Channel {
        kind: Kind::Email,
        settings: Settings::read(Kind::Email, to, None).unwrap(),
        digest: every.map(digest),
        ..webhook(team, n)
    }
}

async fn due(store: &Store, now: At) -> Vec<(ChannelId, At)> {
    let due = store.digests_due(now, 10).await.unwrap();
    due.into_iter().map(|due| (due.channel, due.due)).collect()
}

async fn save(store: &Store, channel: &Channel, now: At) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.save_channel(channel, now).await.unwrap());
    tx.commit().await.unwrap();
}

engines! {
    async fn a_digest_is_due_at_its_time_and_taken_once(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        made(&store, webhook(ours, 10)).await;
        let daily = made(&store, mail(ours, 11, Some(Every::Daily))).await;
        let weekly = made(&store, mail(theirs, 12, Some(Every::Weekly))).await;
        assert_eq!(store.channel(ours, daily.id).await.unwrap(), Some(daily.clone()));
        let first = digest(Every::Daily).next(NOW).unwrap();
        let monday = digest(Every::Weekly).next(NOW).unwrap();
        assert!(due(&store, At(first.0 - 1)).await.is_empty());
        assert_eq!(due(&store, first).await, [(daily.id, first)]);
        let later = At(NOW.0 + 8 * DAY_MS);
        assert_eq!(due(&store, later).await, [(daily.id, first), (weekly.id, monday)]);
        assert_eq!(store.digests_due(later, 1).await.unwrap().len(), 1);
        let seen = store.digests_due(first, 1).await.unwrap().remove(0);
        assert_eq!((seen.team, seen.is_off), (ours, false));
        assert_eq!(seen.digest.unwrap(), digest(Every::Daily));

        let next = digest(Every::Daily).next(first);
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.take_digest(theirs, daily.id, first, next).await.unwrap());
        assert!(tx.take_digest(ours, daily.id, first, next).await.unwrap());
        assert!(!tx.take_digest(ours, daily.id, first, next).await.unwrap(), "taken");
        tx.commit().await.unwrap();
        assert!(due(&store, first).await.is_empty());
        assert_eq!(due(&store, next.unwrap()).await, [(daily.id, next.unwrap())]);

        let mut tx = store.begin().await.unwrap();
        tx.disable_channel(ours, daily.id, "gone", NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.digests_due(next.unwrap(), 1).await.unwrap()[0].is_off);
    }

    async fn saving_a_channel_moves_its_digest_only_when_that_is_changed(store: Store) {
        let ours = team(&store, 1).await;
        let daily = made(&store, mail(ours, 11, Some(Every::Daily))).await;
        let first = digest(Every::Daily).next(NOW).unwrap();
        let late = At(first.0 + HOUR_MS);
        save(&store, &Channel { name: "Renamed".to_owned(), ..daily.clone() }, late).await;
        assert_eq!(due(&store, late).await, [(daily.id, first)], "it is still to be told");
        save(&store, &Channel { digest: Some(digest(Every::Weekly)), ..daily.clone() }, late).await;
        assert!(due(&store, late).await.is_empty());
        save(&store, &Channel { digest: None, ..daily.clone() }, late).await;
        assert!(due(&store, At(i64::MAX)).await.is_empty());
        save(&store, &daily, late).await;
        let next = digest(Every::Daily).next(late).unwrap();
        assert_eq!(due(&store, At(i64::MAX)).await, [(daily.id, next)]);
    }

    async fn the_incidents_of_a_time_are_told_as_they_were_at_its_end(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let minute = |n: i64| At(NOW.0 + n * 60_000);
        let period = Period { from: NOW, until: minute(100) };
        // From when to when, in minutes.
        for (n, from, until) in [
            (10, -50, Some(-10)), (11, -50, Some(10)), (12, 20, Some(30)), (13, 40, Some(300)),
            (14, 50, None), (15, 200, None),
        ] {
            let watched = monitor(ours, n);
            add(&store, &watched).await;
            let mut bad = incident(n + 100, ours, watched.id, from);
            open(&store, &bad).await.unwrap();
            if let Some(until) = until {
                bad.resolve(minute(until), "Back.", None).unwrap();
                let mut tx = store.begin().await.unwrap();
                tx.save_incident(&bad).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        let told = store.incidents_in(ours, period).await.unwrap();
        let seen: Vec<_> = told.first.iter()
            .map(|line| (&*line.name, line.resolved_at, line.duration_seconds / 60)).collect();
        assert_eq!(seen, [
            ("Server 14", None, 50), ("Server 13", None, 60),
            ("Server 12", Some(minute(30)), 10), ("Server 11", Some(minute(10)), 60),
        ]);
        assert_eq!(told.more, 0);
        assert_eq!(store.incidents_in(theirs, period).await.unwrap().count(), 0);
    }

    async fn long_lists_are_cut_and_say_how_much_is_left(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let watched = monitor(ours, 10);
        add(&store, &watched).await;
        let (old, new) = (json!({"name": "a"}), json!({"name": "b"}));
        let mut tx = store.begin().await.unwrap();
        for n in 0..15 {
            let change = ToolsChange {
                at: At(NOW.0 + n * 60_000),
                era: "legacy".to_owned(),
                location: "local".to_owned(),
                before: "a".to_owned(),
                after: "b".to_owned(),
                diff: SurfaceDiff::between(std::slice::from_ref(&old), std::slice::from_ref(&new)).unwrap(),
            };
            tx.add_tools_change(ours, watched.id, &change).await.unwrap();
        }
        tx.commit().await.unwrap();
        let period = Period { from: At(NOW.0 + 60_000), until: At(NOW.0 + 14 * 60_000) };
        let told = store.tools_changes_in(ours, period).await.unwrap();
        assert_eq!((told.first.len(), told.more), (10, 3));
        let newest = &told.first[0];
        assert_eq!((newest.at, newest.class), (At(NOW.0 + 13 * 60_000), Class::Breaking));
        assert_eq!((&*newest.name, &*newest.message), ("Server 10", "Removed a; added b"));
        assert_eq!(store.tools_changes_in(theirs, period).await.unwrap().count(), 0);
    }

    async fn the_hours_of_several_monitors_come_in_order(store: Store) {
        let ours = team(&store, 1).await;
        let ids: Vec<MonitorId> = [10, 11].map(|n| MonitorId(id(n))).to_vec();
        for n in [10, 11] {
            add(&store, &monitor(ours, n)).await;
        }
        let addition = |monitor: MonitorId, hour: i64| Addition {
            team: ours,
            monitor,
            location: WHOLE.to_owned(),
            at: At(NOW.0 + hour * HOUR_MS),
            bucket: Bucket {
                spent: Spent { up_ms: hour, ..Spent::default() },
                ..Bucket::default()
            },
        };
        let additions: Vec<Addition> = [3, 1, 2].map(|hour| addition(ids[0], hour)).to_vec();
        let mut tx = store.begin().await.unwrap();
        tx.states(&ids).await.unwrap();
        tx.add_to_rollups(&additions).await.unwrap();
        tx.commit().await.unwrap();
        let hours = store.hours_since(&ids, At(NOW.0 + 2 * HOUR_MS + 1)).await.unwrap();
        let seen: Vec<i64> = hours[&ids[0]].iter().map(|hour| hour.bucket.spent.up_ms).collect();
        assert_eq!(seen, [2, 3]);
        assert!(!hours.contains_key(&ids[1]));
    }
}
