//! Monitors: what is written is read back, sealed at rest, and stays within its team.

use lifesign::domain::id::{MonitorId, TeamId};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Claim, Finished, Kept, Store};

use super::{NOW, add, check, id, monitor, team};
use crate::support::engines::engines;

async fn read(store: &Store, team: TeamId, n: u128) -> Option<Kept> {
    store.monitor(team, MonitorId(id(n))).await.unwrap()
}

engines! {
    async fn a_monitor_is_read_back_by_its_team_only(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = monitor(ours, 10);
        add(&store, &made).await;
        let kept = read(&store, ours, 10).await.unwrap();
        assert_eq!((&kept.monitor, kept.created_at), (&made, NOW));
        assert!(read(&store, theirs, 10).await.is_none());
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.monitor(ours, made.id).await.unwrap(), Some(kept));
        assert!(!tx.delete_monitor(theirs, made.id).await.unwrap());
        assert!(!tx.set_paused(theirs, made.id, true, NOW).await.unwrap());
        assert_eq!(store.tags(ours).await.unwrap(), ["blue", "prod"]);
        assert!(store.tags(theirs).await.unwrap().is_empty());
    }

    async fn a_change_is_lost_when_somebody_else_was_first(store: Store) {
        let team = team(&store, 1).await;
        let mut changed = monitor(team, 10);
        add(&store, &changed).await;
        let revision = read(&store, team, 10).await.unwrap().revision;
        changed.spec.name = "Other".to_owned();
        changed.spec.tags = vec!["red".to_owned()];
        changed.spec.locations = Some(vec!["fra".to_owned(), "iad".to_owned()]);
        changed.spec.endpoint.bearer = None;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_monitor(&changed, revision, NOW).await.unwrap());
        assert!(!tx.save_monitor(&changed, revision, NOW).await.unwrap());
        tx.commit().await.unwrap();
        let kept = read(&store, team, 10).await.unwrap();
        assert_eq!(kept.monitor, changed);
        assert_eq!(store.tags(team).await.unwrap(), ["red"]);
        assert_eq!(store.next_due_at("fra").await.unwrap(), Some(NOW));
        assert_eq!(store.next_due_at("local").await.unwrap(), None, "it is watched from there no more");
    }

    async fn another_address_or_key_is_another_server_to_learn_about(store: Store) {
        let team = team(&store, 1).await;
        let mut changed = monitor(team, 10);
        add(&store, &changed).await;
        let claim = |n| Claim { id: id(n), node: "n", now: NOW, until: NOW };
        let mut misses = Vec::new();
        for n in 1..=3 {
            let due = store.claim_due(&claim(n), "local", 9).await.unwrap().checks.pop().unwrap();
            misses.push(due.memory.misses);
            let mut result = check(id(1), id(10), due.slot, CheckStatus::Up);
            result.memory.misses = 3;
            let finished = Finished {
                result: &result, claim: due.claim, is_recorded: true, next_due: NOW, attempt: 0, facts_hash: None,
            };
            let revision = read(&store, team, 10).await.unwrap().revision;
            let mut tx = store.begin().await.unwrap();
            tx.finish_watches(&[finished]).await.unwrap();
            changed.spec.name = format!("Name {n}");
            if n == 2 {
                changed.spec.endpoint.oauth = None;
            }
            assert!(tx.save_monitor(&changed, revision, NOW).await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(misses, [0, 3, 0]);
    }

    async fn another_monitor_of_the_same_endpoint_is_found(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = monitor(ours, 10);
        add(&store, &made).await;
        let mut endpoint = made.spec.endpoint.clone();
        let found = store.same_endpoint(ours, &endpoint, None).await.unwrap();
        assert_eq!(found, [(made.id, "Server 10".to_owned())]);
        assert!(store.same_endpoint(ours, &endpoint, Some(made.id)).await.unwrap().is_empty());
        assert!(store.same_endpoint(theirs, &endpoint, None).await.unwrap().is_empty());
        endpoint.oauth.as_mut().unwrap().scope = None;
        assert!(store.same_endpoint(ours, &endpoint, None).await.unwrap().is_empty());
        endpoint.clone_from(&made.spec.endpoint);
        endpoint.bearer = Some(Sensitive::new("another"));
        assert!(store.same_endpoint(ours, &endpoint, None).await.unwrap().is_empty());
    }

    async fn a_paused_monitor_is_not_due_until_it_is_resumed(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.set_paused(team, made.id, true, NOW).await.unwrap());
        assert!(!tx.set_paused(team, made.id, true, NOW).await.unwrap(), "it was so already");
        tx.commit().await.unwrap();
        assert_eq!(store.next_due_at("local").await.unwrap(), None);
        assert!(read(&store, team, 10).await.unwrap().monitor.paused);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.set_paused(team, made.id, false, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.next_due_at("local").await.unwrap(), Some(NOW));
    }

    async fn a_deleted_monitor_is_gone(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_monitor(team, made.id).await.unwrap());
        assert!(!tx.delete_monitor(team, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(read(&store, team, 10).await.is_none());
        assert_eq!(store.next_due_at("local").await.unwrap(), None);
    }
}
