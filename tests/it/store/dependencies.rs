//! What depends on what: written with the monitor, read from both ends, refused where it makes no
//! sense, and gone with either of the two.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::dependency::Unfit;
use lifesign::domain::id::{MonitorId, TeamId};
use lifesign::domain::monitor::Monitor;
use lifesign::domain::status::{MonitorStatus, State};
use lifesign::store::Store;

use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

fn on(team: TeamId, n: u128, depends_on: &[u128]) -> Monitor {
    let mut made = monitor(team, n);
    made.spec.depends_on = ids(depends_on);
    made
}

fn ids(all: &[u128]) -> Vec<MonitorId> {
    all.iter().map(|n| MonitorId(id(*n))).collect()
}

async fn unfit(store: &Store, team: TeamId, n: Option<u128>, on: &[u128]) -> Option<Unfit> {
    let mut tx = store.begin().await.unwrap();
    let monitor = n.map(|n| MonitorId(id(n)));
    tx.unfit_dependency(team, monitor, &ids(on)).await.unwrap()
}

async fn move_to(store: &Store, monitor: MonitorId, status: MonitorStatus) {
    let mut tx = store.begin().await.unwrap();
    let mut held = tx.states(&[monitor]).await.unwrap()[&monitor].clone();
    held.state = State {
        status,
        last_check_at: Some(NOW),
        ..held.state
    };
    let saved = tx.save_states(&[(monitor, held)]).await;
    assert!(saved.unwrap());
    tx.commit().await.unwrap();
}

engines! {
    async fn what_a_monitor_depends_on_is_read_from_both_ends_by_its_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        add(&store, &monitor(ours, 10)).await;
        add(&store, &monitor(ours, 11)).await;
        let made = on(ours, 12, &[11, 10]);
        add(&store, &made).await;
        add(&store, &on(ours, 13, &[10])).await;
        let kept = store.monitor(ours, made.id).await.unwrap().unwrap();
        assert_eq!(kept.monitor, made);
        let found = store.dependencies(ours, made.id).await.unwrap();
        let names: Vec<&str> = found.iter().map(|on| &*on.name).collect();
        assert_eq!(names, ["Server 10", "Server 11"]);
        let first = &found[0];
        assert_eq!((first.monitor, first.paused), (ids(&[10])[0], false));
        assert_eq!((first.interval, first.status()), (Duration::from_mins(1), MonitorStatus::Pending));
        assert!(store.dependencies(theirs, made.id).await.unwrap().is_empty());
        let gateway = ids(&[10])[0];
        let all = store.dependents(ours, gateway, 9).await.unwrap();
        assert_eq!(all, [(made.id, "Server 12".to_owned()), (ids(&[13])[0], "Server 13".to_owned())]);
        assert_eq!(store.dependents(ours, gateway, 1).await.unwrap().len(), 1);
        assert!(store.dependents(theirs, gateway, 9).await.unwrap().is_empty());

        let mut tx = store.begin().await.unwrap();
        let changed = on(ours, 12, &[11]);
        assert!(tx.save_monitor(&changed, kept.revision, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.dependencies(ours, made.id).await.unwrap().len(), 1);
    }

    async fn a_dependency_of_a_monitor_that_is_deleted_is_gone(store: Store) {
        let ours = team(&store, 1).await;
        add(&store, &monitor(ours, 10)).await;
        add(&store, &monitor(ours, 11)).await;
        let made = on(ours, 12, &[10, 11]);
        add(&store, &made).await;
        let before = store.monitor(ours, made.id).await.unwrap().unwrap();
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_monitor(ours, MonitorId(id(10))).await.unwrap());
        tx.commit().await.unwrap();
        let kept = store.monitor(ours, made.id).await.unwrap().unwrap();
        assert_eq!(kept.monitor, on(ours, 12, &[11]));
        assert_eq!(store.dependencies(ours, made.id).await.unwrap().len(), 1);
        // Who changed it meanwhile knows nothing of that, and is told.
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.save_monitor(&made, before.revision, NOW).await.unwrap());
        assert!(tx.delete_monitor(ours, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(store.dependents(ours, MonitorId(id(11)), 9).await.unwrap().is_empty());
    }

    async fn what_makes_no_sense_is_found(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        add(&store, &monitor(ours, 10)).await;
        add(&store, &on(ours, 11, &[10])).await;
        add(&store, &on(ours, 12, &[11])).await;
        add(&store, &monitor(ours, 13)).await;
        add(&store, &monitor(theirs, 20)).await;
        let circle = |name: &str| Some(Unfit::Circle { name: name.to_owned() });
        for (monitor, on, expected) in [
            (None, vec![], None),
            (None, vec![10, 12], None),
            (Some(13), vec![10, 11, 12], None),
            (Some(12), vec![10, 11], None),
            (None, vec![10, 99], Some(Unfit::Unknown)),
            (Some(10), vec![20], Some(Unfit::Unknown)),
            (Some(10), vec![13, 10], Some(Unfit::Itself)),
            (Some(10), vec![13, 11], circle("Server 11")),
            (Some(10), vec![12], circle("Server 12")),
        ] {
            assert_eq!(unfit(&store, ours, monitor, &on).await, expected, "{monitor:?} on {on:?}");
        }
    }

    async fn the_reasons_not_to_tell_are_windows_and_dependencies(store: Store) {
        let ours = team(&store, 1).await;
        let gateway = monitor(ours, 10);
        add(&store, &gateway).await;
        let made = on(ours, 11, &[10]);
        add(&store, &made).await;
        let whose = [(ours, made.id), (ours, gateway.id)];
        let until = At(NOW.0 + 1);
        let none = store.reasons(&whose, NOW, until).await.unwrap();
        assert_eq!(none.why(made.id, NOW, NOW), None);
        move_to(&store, gateway.id, MonitorStatus::Down).await;
        let reasons = store.reasons(&whose, NOW, until).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.reasons(&whose, NOW, until).await.unwrap(), reasons);
        drop(tx);
        let why = reasons.why(made.id, NOW, NOW).unwrap();
        assert_eq!(why, "Nobody is told: it depends on Server 10, which is down.");
        assert_eq!(reasons.why(gateway.id, NOW, NOW), None);
        let mut tx = store.begin().await.unwrap();
        tx.set_paused(ours, gateway.id, true, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let paused = store.reasons(&whose, NOW, until).await.unwrap();
        assert_eq!(paused.why(made.id, NOW, NOW), None);
    }
}
