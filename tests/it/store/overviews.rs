//! What lists show: broken first, found by status, tag and text, with the sums of the other pages.

use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::id::{ChannelId, MonitorId, TeamId};
use lifesign::domain::status::{MonitorStatus, State};
use lifesign::domain::uptime::{Bucket, Spent, over, window_ms};
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Addition, Finished, IncidentFilter, Overview, OverviewFilter, Store, WHOLE};

use super::channels::{self, webhook};
use super::incidents::{incident, open};
use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::engines;

async fn set(store: &Store, monitor: MonitorId, status: MonitorStatus) {
    let mut tx = store.begin().await.unwrap();
    let mut held = tx.states(&[monitor]).await.unwrap()[&monitor].clone();
    held.state = State {
        status,
        ..held.state
    };
    tx.save_states(&[(monitor, held)]).await.unwrap();
    tx.commit().await.unwrap();
}

fn numbers(rows: &[Overview]) -> Vec<u128> {
    rows.iter().map(|row| row.monitor.id.0.as_u128()).collect()
}

async fn found(store: &Store, team: TeamId, filter: OverviewFilter) -> Vec<u128> {
    numbers(
        &store
            .overviews(team, &filter, None, 50, NOW)
            .await
            .unwrap()
            .rows,
    )
}

/// Six monitors of a team, one in each status.
async fn scene(store: &Store) -> TeamId {
    use MonitorStatus::{Degraded, Down, Pending, Unknown, Up};
    let team = team(store, 1).await;
    for (n, status) in [
        (10, Up),
        (11, Down),
        (12, Pending),
        (13, Degraded),
        (14, Unknown),
        (15, Up),
    ] {
        let mut made = monitor(team, n);
        made.paused = n == 15;
        if n == 13 {
            made.spec.name = "100% Größe".to_owned();
            made.spec.tags = vec!["red".to_owned()];
        }
        add(store, &made).await;
        set(store, made.id, status).await;
    }
    team
}

engines! {
    async fn broken_ones_come_first_page_by_page(store: Store) {
        use MonitorStatus::{Degraded, Down, Paused, Pending, Unknown, Up};
        let team = scene(&store).await;
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let filter = OverviewFilter::default();
            let page = store.overviews(team, &filter, cursor.as_deref(), 2, NOW).await.unwrap();
            seen.extend(numbers(&page.rows));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [11, 13, 14, 12, 10, 15]);
        let stranger = super::team(&store, 2).await;
        assert!(found(&store, stranger, OverviewFilter::default()).await.is_empty());
        assert!(store.overview(stranger, MonitorId(id(10)), NOW).await.unwrap().is_none());
        let all = [Down, Degraded, Unknown, Pending, Up, Paused].map(|status| (status, 1));
        assert_eq!(store.status_counts(team).await.unwrap(), all);
        let names = store.monitor_names(team).await.unwrap();
        assert_eq!(names.len(), 6);
        assert_eq!(names[0], (MonitorId(id(13)), "100% Größe".to_owned()));
    }

    async fn monitors_are_found_by_status_tag_and_text(store: Store) {
        let team = scene(&store).await;
        let all = OverviewFilter::default;
        let by_status = |status| found(&store, team, OverviewFilter { status: Some(status), ..all() });
        assert_eq!(by_status(MonitorStatus::Up).await, [10]);
        assert_eq!(by_status(MonitorStatus::Paused).await, [15]);
        let by_tag = |tag: &str| found(&store, team, OverviewFilter { tag: Some(tag.to_owned()), ..all() });
        assert_eq!(by_tag("red").await, [13]);
        assert!(by_tag("green").await.is_empty());
        let by_text = |text: &str| found(&store, team, OverviewFilter { text: Some(text.to_owned()), ..all() });
        assert_eq!(by_text("GRÖSSE").await, Vec::<u128>::new());
        assert_eq!(by_text("größe").await, [13]);
        assert_eq!(by_text("00% G").await, [13]);
        assert_eq!(by_text("%").await, [13], "no sign is special");
        assert_eq!(by_text("SERVER12.example").await, [12]);
        assert!(by_text("k12").await.is_empty(), "keys in an address are not searched");
    }

    async fn an_overview_has_everything_beside_its_monitor(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        channels::made(&store, webhook(team, 30)).await;
        open(&store, &incident(50, team, made.id, 0)).await.unwrap();
        let result = check(id(1), id(10), NOW, CheckStatus::Down);
        let mut tx = store.begin().await.unwrap();
        tx.name_channels(team, made.id, &[ChannelId(id(30))]).await.unwrap();
        added(&mut tx, [&result]).await.unwrap();
        tx.finish_watches(&[Finished {
            result: &result, claim: id(9), is_recorded: true, next_due: NOW, attempt: 0,
            facts_hash: Some("facts".to_owned()),
        }]).await.unwrap();
        tx.commit().await.unwrap();
        let seen = store.overview(team, made.id, NOW).await.unwrap().unwrap();
        assert_eq!((&seen.monitor, seen.created_at, seen.next_check_at), (&made, NOW, Some(NOW)));
        assert_eq!(seen.channels, [ChannelId(id(30))]);
        assert_eq!(store.channels_named_by(team, made.id).await.unwrap(), seen.channels);
        let last = seen.last_check().unwrap();
        assert_eq!((last.status, last.message.as_deref()), (CheckStatus::Down, Some("refused")));
        assert_eq!(last.slot, NOW);
        let incident = seen.open_incident.as_ref().unwrap();
        assert_eq!((incident.id.0, incident.is_acknowledged), (id(50), false));
        assert_eq!((seen.days.len(), seen.status()), (90, MonitorStatus::Pending));
        let stranger = super::team(&store, 2).await;
        let both = [made.id, MonitorId(id(77))];
        assert_eq!(store.overviews_of(team, &both, NOW).await.unwrap(), [seen]);
        assert!(store.overviews_of(stranger, &both, NOW).await.unwrap().is_empty());
        let good = store.good_reports_of(team, &both).await.unwrap();
        assert_eq!(good[&made.id], *result.report);
        assert!(store.good_reports_of(stranger, &both).await.unwrap().is_empty());
        let told = store.incidents_of(team, &both, NOW, 5).await.unwrap();
        let all = IncidentFilter::default();
        assert_eq!(told, store.incidents(team, &all, None, 5).await.unwrap().rows);
        let all = (At(0), At(i64::MAX));
        let between = store.incidents_between(team, &both, all, 5).await.unwrap();
        let first = between.iter().map(|incident| incident.started_at).min().unwrap();
        assert!(between.len() >= told.len());
        let before = store.incidents_between(team, &both, (At(0), first), 5).await.unwrap();
        assert!(before.is_empty(), "it begins with what comes before the end");
        assert!(store.incidents_of(stranger, &both, NOW, 5).await.unwrap().is_empty());
        assert!(store.incidents_of(team, &both, NOW, 0).await.unwrap().is_empty());
    }

    async fn a_list_tells_the_same_uptime_as_all_the_hours(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        // Every third hour of a hundred days, a little worse each.
        let additions: Vec<Addition> = (1..800).map(|n| {
            let at = At(NOW.0 - n * 3 * HOUR_MS);
            let down_ms = n * 1_000;
            let spent = Spent { up_ms: HOUR_MS - down_ms, down_ms, ..Spent::default() };
            let bucket = Bucket { spent, checks: 60, ..Bucket::default() };
            Addition { team, monitor: made.id, location: WHOLE.to_owned(), at, bucket }
        }).collect();
        let mut tx = store.begin().await.unwrap();
        tx.add_to_rollups(&additions).await.unwrap();
        tx.commit().await.unwrap();
        let seen = store.overview(team, made.id, NOW).await.unwrap().unwrap();
        let hours = store.rollup_hours(team, made.id, At(NOW.0 - 91 * DAY_MS), NOW).await.unwrap();
        for (name, spent) in &seen.windows {
            let expected = over(&hours, &[], NOW, window_ms(name).unwrap());
            assert_eq!((*spent, seen.spent(name)), (expected, expected), "{name}");
            assert!(spent.down_ms > 0);
        }
        assert_eq!(seen.windows.len(), 4);
        assert_eq!(seen.hours.len(), 7);
        assert_eq!(seen.days.iter().filter(|day| day.spent.known_ms() > 0).count(), 90);
    }

    /// Each monitor stands in the group of each of its tags, broken first within it; those without a
    /// tag come last, and pages go on in the middle of a group.
    async fn a_list_in_groups_holds_each_monitor_once_for_each_tag(store: Store) {
        let team = scene(&store).await;
        for (n, tags) in [(10, vec!["blue", "red"]), (11, vec!["red"]), (12, vec!["blue"]), (14, vec![]), (15, vec![])] {
            let mut tx = store.begin().await.unwrap();
            let mut known = tx.monitor(team, MonitorId(id(n))).await.unwrap().unwrap();
            known.monitor.spec.tags = tags.into_iter().map(str::to_owned).collect();
            assert!(tx.save_tags(&known.monitor, known.revision).await.unwrap());
            assert!(!tx.save_tags(&known.monitor, known.revision).await.unwrap(), "a lost update");
            tx.commit().await.unwrap();
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let filter = OverviewFilter::default();
            let page = store.overviews_by_tag(team, &filter, cursor.as_deref(), 2, NOW).await;
            let page = page.unwrap();
            let row = |(tag, row): &(String, Overview)| (tag.clone(), row.monitor.id.0.as_u128());
            seen.extend(page.rows.iter().map(row));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected = [
            ("blue", 12), ("blue", 10), ("red", 11), ("red", 13), ("red", 10), ("", 14), ("", 15),
        ];
        assert_eq!(seen, expected.map(|(tag, n)| (tag.to_owned(), n)));
        assert_eq!(store.tags(team).await.unwrap(), ["blue", "red"]);
        let found = found(&store, team, OverviewFilter { text: Some("blue".into()), ..OverviewFilter::default() }).await;
        assert_eq!(found, [12, 10], "a tag can be searched for at once");
        let filter = OverviewFilter { tag: Some("red".into()), status: Some(MonitorStatus::Down), text: None };
        let page = store.overviews_by_tag(team, &filter, None, 9, NOW).await.unwrap();
        assert_eq!(page.rows.len(), 1);
    }

    /// What is done to many is asked for by id and name only, of one team.
    async fn many_are_known_by_id_and_name(store: Store) {
        let team = scene(&store).await;
        let stranger = super::team(&store, 2).await;
        let mut tx = store.begin().await.unwrap();
        tx.open_incident(&incident(50, team, MonitorId(id(11)), 1)).await.unwrap();
        tx.commit().await.unwrap();
        let all = store.monitor_ids(team, &OverviewFilter::default(), 4).await.unwrap();
        assert_eq!(all, [10, 11, 12, 13].map(|n| MonitorId(id(n))));
        let red = OverviewFilter { tag: Some("red".into()), ..OverviewFilter::default() };
        assert_eq!(store.monitor_ids(team, &red, 4).await.unwrap(), [MonitorId(id(13))]);
        assert!(store.monitor_ids(stranger, &red, 4).await.unwrap().is_empty());
        let named = store.names_of(team, &[MonitorId(id(11)), MonitorId(id(13)), MonitorId(id(99))]).await.unwrap();
        let named: Vec<_> = named.iter().map(|n| (n.id.0.as_u128(), n.has_incident)).collect();
        assert_eq!(named, [(13, false), (11, true)]);
        assert!(store.names_of(stranger, &[MonitorId(id(11))]).await.unwrap().is_empty());
    }
}
