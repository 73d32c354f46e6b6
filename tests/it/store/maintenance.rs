//! Maintenance windows: read back by their team only, and whom they cover when.

use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::id::{MonitorId, TeamId, WindowId};
use lifesign::domain::incident::HeldBack;
use lifesign::domain::maintenance::{Cron, Schedule, Scope, Window};
use lifesign::domain::zone::Zone;
use lifesign::store::{HeldIncident, Store};

use super::incidents::{incident, open};
use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

fn hour(n: i64) -> At {
    At(NOW.0 + n * HOUR_MS)
}

/// A window of one hour that begins `n` hours after [`NOW`].
fn window(team: TeamId, n: u128, begins: i64, scope: Scope) -> Window {
    Window {
        id: WindowId(id(n)),
        team,
        name: format!("Window {n}"),
        schedule: Schedule::Once {
            starts_at: hour(begins),
            ends_at: hour(begins + 1),
        },
        zone: Zone::parse("Europe/Berlin").unwrap(),
        scope,
        is_excluded: true,
        ended_at: None,
        created_at: NOW,
    }
}

fn some(monitors: &[u128], tags: &[&str]) -> Scope {
    Scope::Some {
        monitors: monitors.iter().map(|n| MonitorId(id(*n))).collect(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

async fn declare(store: &Store, window: &Window) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.add_maintenance(window).await.unwrap());
    tx.commit().await.unwrap();
}

/// The windows that cover a monitor at an instant, asked of the store and in a transaction.
async fn covers(store: &Store, team: TeamId, monitor: u128, at: At) -> Option<String> {
    let whose = [(team, MonitorId(id(monitor)))];
    let until = At(at.0 + 1);
    let coverage = store.coverage(&whose, at, until).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.coverage(&whose, at, until).await.unwrap(), coverage);
    coverage.at(whose[0].1, at).map(|run| run.name)
}

engines! {
    async fn a_window_is_read_back_by_its_team_only(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        add(&store, &monitor(ours, 11)).await;
        add(&store, &monitor(ours, 12)).await;
        add(&store, &monitor(theirs, 21)).await;
        let mut made = window(ours, 50, 0, some(&[11, 12], &["blue", "prod"]));
        declare(&store, &made).await;
        let recurring = Window {
            schedule: Schedule::Cron { cron: Cron::parse("30 2 * * 0").unwrap(), minutes: 90 },
            is_excluded: false,
            ..window(ours, 51, 0, Scope::All)
        };
        declare(&store, &recurring).await;
        assert_eq!(store.maintenance_window(ours, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(store.maintenance_window(theirs, made.id).await.unwrap(), None);
        let all = store.maintenance_windows(ours, None, NOW, None, 10).await.unwrap();
        assert_eq!(all.rows, [recurring.clone(), made.clone()]);
        let first = store.maintenance_windows(ours, None, NOW, None, 1).await.unwrap();
        let next = store.maintenance_windows(ours, None, NOW, first.next.as_deref(), 1).await.unwrap();
        assert_eq!((first.rows, next.rows, next.next), (vec![recurring.clone()], vec![made.clone()], None));
        let over = store.maintenance_windows(ours, Some(true), hour(1), None, 10).await.unwrap();
        assert_eq!(over.rows, [made.clone()]);
        let not_over = store.maintenance_windows(ours, Some(false), hour(1), None, 10).await.unwrap();
        assert_eq!(not_over.rows, [recurring]);
        assert!(store.maintenance_windows(theirs, None, NOW, None, 10).await.unwrap().rows.is_empty());

        made.name = "Another".to_owned();
        made.scope = some(&[12], &[]);
        made.ended_at = Some(At(NOW.0 + 1_000));
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_maintenance(&made).await.unwrap());
        let stolen = Window { team: theirs, ..made.clone() };
        assert!(!tx.save_maintenance(&stolen).await.unwrap());
        assert!(!tx.delete_maintenance(theirs, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.maintenance_window(ours, made.id).await.unwrap(), Some(made.clone()));
        let foreign = window(ours, 52, 0, some(&[11, 21], &[]));
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.add_maintenance(&foreign).await.unwrap(), "a monitor of another team");
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_maintenance(ours, made.id).await.unwrap());
        assert!(!tx.delete_maintenance(ours, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.maintenance_window(ours, made.id).await.unwrap(), None);
    }

    async fn a_window_covers_its_monitors_its_tags_or_all_of_its_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let plain = |n| {
            let mut plain = monitor(ours, n);
            plain.spec.tags = vec![];
            plain
        };
        add(&store, &plain(11)).await;
        add(&store, &plain(12)).await;
        add(&store, &monitor(ours, 13)).await;
        add(&store, &monitor(theirs, 21)).await;
        declare(&store, &window(ours, 50, 0, some(&[11], &[]))).await;
        declare(&store, &window(ours, 51, 2, some(&[], &["prod"]))).await;
        declare(&store, &window(ours, 52, 4, Scope::All)).await;
        let told = |n: u128| Some(format!("Window {n}"));
        for (at, covered) in [(0, [told(50), None, None]), (2, [None, None, told(51)]), (3, [None, None, None]), (4, [told(52), told(52), told(52)])] {
            for (n, expected) in [11, 12, 13].into_iter().zip(covered) {
                assert_eq!(covers(&store, ours, n, hour(at)).await, expected, "{n} at {at}");
            }
            assert_eq!(covers(&store, theirs, 21, hour(at)).await, None);
        }
        assert_eq!(covers(&store, ours, 11, At(NOW.0 - 1)).await, None);
        assert_eq!(covers(&store, ours, 11, At(hour(1).0 - 1)).await, told(50));
        let mut tx = store.begin().await.unwrap();
        tx.delete_monitor(ours, MonitorId(id(11))).await.unwrap();
        tx.commit().await.unwrap();
        let left = store.maintenance_window(ours, WindowId(id(50))).await.unwrap().unwrap();
        assert_eq!(left.scope, some(&[], &[]));
    }

    async fn windows_are_forgotten_long_after_they_are_over(store: Store) {
        let ours = team(&store, 1).await;
        for (n, begins) in [(50, 0), (51, 1), (52, 2)] {
            declare(&store, &window(ours, n, begins, Scope::All)).await;
        }
        assert_eq!(store.drop_maintenance(hour(1), 9).await.unwrap(), 0);
        assert_eq!(store.drop_maintenance(hour(9), 2).await.unwrap(), 2);
        assert_eq!(store.drop_maintenance(hour(9), 2).await.unwrap(), 1);
    }

    async fn what_is_held_back_is_found_until_it_is_over(store: Store) {
        let ours = team(&store, 1).await;
        let mut made = Vec::new();
        for n in [11, 12, 13] {
            add(&store, &monitor(ours, n)).await;
            let mut incident = incident(n + 50, ours, MonitorId(id(n)), 0);
            if n != 12 {
                incident.hold(NOW, "Nobody is told.");
            }
            open(&store, &incident).await.unwrap();
            assert_eq!(store.incident(ours, incident.id).await.unwrap(), Some(incident.clone()));
            made.push(incident);
        }
        let held = |n: usize| HeldIncident { id: made[n].id, team: ours, monitor: made[n].monitor };
        assert_eq!(store.held_incidents(None, 9).await.unwrap(), [held(0), held(2)]);
        assert_eq!(store.held_incidents(None, 1).await.unwrap(), [held(0)]);
        assert_eq!(store.held_incidents(Some(made[0].id), 9).await.unwrap(), [held(2)]);
        let mut tx = store.begin().await.unwrap();
        let mut over = made[0].clone();
        over.resolve(NOW, "Back.", None).unwrap();
        tx.save_incident(&over).await.unwrap();
        let mut released = made[2].clone();
        assert_eq!(released.release(NOW), Some(HeldBack::Opening));
        tx.save_incident(&released).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.held_incidents(None, 9).await.unwrap().is_empty());
        let over = store.incident(ours, over.id).await.unwrap().unwrap();
        assert_eq!(over.held, Some(HeldBack::Opening), "history knows");
    }
}
