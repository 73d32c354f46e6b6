//! What was told of the error budgets: of monitors with a target, once, whoever looks.

use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::budget::{Burn, Target};
use lifesign::domain::id::{IncidentId, MonitorId, TeamId};
use lifesign::domain::incident::Incident;
use lifesign::domain::monitor::Monitor;
use lifesign::domain::status::{MonitorStatus, Transition};
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::Store;

use super::{NOW, add, check, id, monitor, team};
use crate::support::engines::engines;

/// A monitor that should reach three nines.
fn promised(owner: TeamId, n: u128) -> Monitor {
    let mut monitor = monitor(owner, n);
    monitor.spec.target = Some(Target::of_percent(99.9).unwrap());
    monitor
}

/// An outage that was over at `end`.
pub(super) async fn outage(store: &Store, monitor: &Monitor, n: u128, (from, end): (At, At)) {
    let transition = Transition {
        from: MonitorStatus::Up,
        to: MonitorStatus::Down,
        since: from,
    };
    let whose = (monitor.team, monitor.id);
    let report = check(whose.0.0, whose.1.0, from, CheckStatus::Down).report;
    let opened = Incident::open(IncidentId(id(n)), whose, &transition, *report, None);
    let mut incident = opened.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.open_incident(&incident).await.unwrap();
    incident.resolve(end, "Back.", None).unwrap();
    tx.save_incident(&incident).await.unwrap();
    tx.commit().await.unwrap();
}

async fn seen(store: &Store, since: At) -> Vec<(MonitorId, Option<Burn>)> {
    let found = store.budgets_to_look_at(since, None, 10).await.unwrap();
    found.iter().map(|seen| (seen.monitor, seen.told)).collect()
}

engines! {
    async fn only_recent_trouble_of_a_promise_is_looked_at(store: Store) {
        let owner = team(&store, 1).await;
        let (mut one, two, calm) = (promised(owner, 10), monitor(owner, 11), promised(owner, 12));
        for monitor in [&one, &two, &calm] {
            add(&store, monitor).await;
        }
        let end = At(NOW.0 - HOUR_MS);
        outage(&store, &one, 20, (At(end.0 - 60_000), end)).await;
        outage(&store, &two, 21, (At(end.0 - 60_000), end)).await;
        assert_eq!(seen(&store, end).await, [(one.id, None)]);
        assert_eq!(seen(&store, At(end.0 + 1)).await, []);
        let after = store.budgets_to_look_at(end, Some(one.id), 10).await.unwrap();
        assert_eq!(after, []);

        let first = store.budgets_to_look_at(end, None, 10).await.unwrap()[0];
        let mut tx = store.begin().await.unwrap();
        assert!(tx.note_burn(&first, Some(Burn::Fast), NOW).await.unwrap());
        assert!(!tx.note_burn(&first, Some(Burn::Slow), NOW).await.unwrap(), "noted meanwhile");
        tx.commit().await.unwrap();
        // What was told stays in sight until it is over, and through a change of the target.
        assert_eq!(seen(&store, NOW).await, [(one.id, Some(Burn::Fast))]);
        one.spec.target = Some(Target::of_percent(99.0).unwrap());
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_monitor(&one, 1, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(seen(&store, NOW).await, [(one.id, Some(Burn::Fast))]);

        let mut tx = store.begin().await.unwrap();
        tx.set_paused(owner, one.id, true, NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(seen(&store, end).await, [], "paused");
        let mut tx = store.begin().await.unwrap();
        tx.set_paused(owner, one.id, false, NOW).await.unwrap();
        one.spec.target = None;
        assert!(tx.save_monitor(&one, 2, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(seen(&store, end).await, [], "no target any more");
    }
}
