//! What the report of a month is made of.

use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::budget::Target;
use lifesign::domain::digest::Period;
use lifesign::domain::histogram::Latency;
use lifesign::domain::month::Month;
use lifesign::domain::uptime::{Bucket, Spent};
use lifesign::store::{Addition, WHOLE};

use super::budgets::outage;
use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

engines! {
    async fn a_month_is_its_days_and_its_incidents(store: Store) {
        let owner = team(&store, 1).await;
        let month = Month::of(NOW);
        let period = Period { from: month.starts_at(), until: month.ends_at() };
        let (mut one, mut two) = (monitor(owner, 10), monitor(owner, 11));
        one.spec.name = "beta".to_owned();
        one.spec.target = Some(Target::of_percent(99.9).unwrap());
        two.spec.name = "Alpha".to_owned();
        two.spec.tags = vec![];
        add(&store, &one).await;
        add(&store, &two).await;
        let addition = |at: At, down_ms| {
            let mut latency = Latency::default();
            latency.add("total", 100.0);
            Addition {
                team: owner,
                monitor: one.id,
                location: WHOLE.to_owned(),
                at,
                bucket: Bucket {
                    spent: Spent { up_ms: HOUR_MS - down_ms, down_ms, ..Spent::default() },
                    latency,
                    ..Bucket::default()
                },
            }
        };
        let additions = [
            addition(At(period.from.0 - 1), 7),
            addition(period.from, 60_000),
            addition(At(period.until.0 - 1), 120_000),
            addition(period.until, 7),
        ];
        let mut tx = store.begin().await.unwrap();
        tx.add_to_rollups(&additions).await.unwrap();
        tx.commit().await.unwrap();
        // One that began before the month, one inside, one that ended as it began.
        let start = period.from.0;
        outage(&store, &one, 20, (At(start - DAY_MS), At(start))).await;
        outage(&store, &one, 21, (At(start - DAY_MS), At(start + 90_000))).await;
        outage(&store, &one, 22, (At(start + HOUR_MS), At(start + HOUR_MS + 60_000))).await;

        let (lines, has_more) = store.sla_lines(owner, None, period, NOW, 10).await.unwrap();
        let names: Vec<&str> = lines.iter().map(|line| &*line.name).collect();
        assert_eq!((names, has_more), (vec!["Alpha", "beta"], false));
        let line = &lines[1];
        assert_eq!((line.bucket.spent.down_ms, line.bucket.spent.up_ms), (180_000, 2 * HOUR_MS - 180_000));
        assert_eq!((line.incidents, line.longest_ms), (2, 90_000));
        assert_eq!((line.target, line.is_met()), (one.spec.target, Some(false)));
        assert!(line.latency(0.95).is_some());
        assert_eq!((lines[0].uptime(), lines[0].incidents), (None, 0));

        let (tagged, has_more) = store.sla_lines(owner, Some("blue"), period, NOW, 1).await.unwrap();
        assert_eq!((tagged.len(), tagged[0].monitor, has_more), (1, one.id, false));
        let (first, has_more) = store.sla_lines(owner, None, period, NOW, 1).await.unwrap();
        assert_eq!((first[0].monitor, has_more), (two.id, true));

        let (incidents, has_more) = store.sla_incidents(owner, None, period, 1).await.unwrap();
        assert_eq!((incidents[0].incident.0, has_more), (id(21), true));
        assert_eq!((&*incidents[0].name, &*incidents[0].message), ("beta", "refused"));
        let (tagged, _) = store.sla_incidents(owner, Some("blue"), period, 10).await.unwrap();
        assert_eq!(tagged.len(), 2);
        let (none, _) = store.sla_incidents(owner, Some("green"), period, 10).await.unwrap();
        assert_eq!(none, []);

        let stranger = team(&store, 2).await;
        assert_eq!(store.sla_lines(stranger, None, period, NOW, 10).await.unwrap().0, []);
        assert_eq!(store.sla_incidents(stranger, None, period, 10).await.unwrap().0, []);
    }
}
