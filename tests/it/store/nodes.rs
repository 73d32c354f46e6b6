//! Nodes: what they say of themselves stays apart from what was told of them, and each thing is told
//! by one.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::node::{Node, NodeKey, NodeNews};
use lifesign::domain::notification::Event;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::Store;

use super::channels::{made, webhook};
use super::notifications::of_channel;
use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::engines;

fn node(name: &str, seen_at: At) -> Node {
    Node {
        key: NodeKey {
            name: name.to_owned(),
            location: "fra".to_owned(),
            roles: "probe".to_owned(),
        },
        version: "0.1.0".to_owned(),
        started_at: NOW,
        seen_at,
        lag_ms: Some(120),
        in_flight: 7,
        troubled_since: None,
        silent_since: None,
        told_trouble: None,
    }
}

fn later(seconds: u64) -> At {
    NOW + Duration::from_secs(seconds)
}

async fn note(store: &Store, node: &Node, news: NodeNews) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_news = tx.note_of_node(node, news).await.unwrap();
    tx.commit().await.unwrap();
    is_news
}

engines! {
    async fn a_node_beats_until_it_says_goodbye_or_is_forgotten(store: Store) {
        let (a, b) = (node("a", NOW), node("b", later(1)));
        store.beat(&b).await.unwrap();
        store.beat(&a).await.unwrap();
        assert_eq!(store.nodes(10).await.unwrap(), [a.clone(), b.clone()]);
        assert_eq!(store.nodes(1).await.unwrap(), std::slice::from_ref(&a));
        let next = Node { lag_ms: None, troubled_since: Some(NOW), ..node("a", later(15)) };
        store.beat(&next).await.unwrap();
        let elsewhere = NodeKey { location: "nyc".to_owned(), ..a.key.clone() };
        store.drop_node(&elsewhere).await.unwrap();
        assert_eq!(store.nodes(10).await.unwrap(), [next.clone(), b]);
        assert_eq!(store.drop_silent_nodes(later(2)).await.unwrap(), 1);
        assert_eq!(store.nodes(10).await.unwrap(), std::slice::from_ref(&next));
        store.drop_node(&next.key).await.unwrap();
        assert!(store.nodes(10).await.unwrap().is_empty());
    }

    async fn what_is_told_of_a_node_is_told_once(store: Store) {
        let first = node("a", NOW);
        store.beat(&first).await.unwrap();
        assert!(!note(&store, &first, NodeNews::Back).await);
        assert!(note(&store, &first, NodeNews::Silent).await);
        assert!(!note(&store, &first, NodeNews::Silent).await, "another one told it");
        let again = Node { troubled_since: Some(later(100)), ..node("a", later(200)) };
        store.beat(&again).await.unwrap();
        let held = store.nodes(1).await.unwrap().remove(0);
        assert_eq!(held.silent_since, Some(NOW), "a sign of life leaves what was told");
        assert!(note(&store, &held, NodeNews::Back).await);
        assert!(!note(&store, &held, NodeNews::Back).await);
        assert!(!note(&store, &first, NodeNews::Silent).await, "it was heard of meanwhile");

        assert!(note(&store, &held, NodeNews::Troubled).await);
        assert!(!note(&store, &held, NodeNews::Troubled).await);
        assert!(!note(&store, &held, NodeNews::Calm).await, "it still has trouble");
        store.beat(&node("a", later(215))).await.unwrap();
        let calm = store.nodes(1).await.unwrap().remove(0);
        assert_eq!(calm.told_trouble, Some(later(100)));
        assert!(note(&store, &calm, NodeNews::Calm).await);
        assert!(!note(&store, &calm, NodeNews::Calm).await);
    }

    async fn the_operator_is_the_oldest_team(store: Store) {
        assert_eq!(store.operator_team().await.unwrap(), None);
        let (first, second) = (team(&store, 1).await, team(&store, 2).await);
        assert_eq!(store.operator_team().await.unwrap(), Some(first));
        let ours = made(&store, webhook(first, 10)).await;
        let mut quiet = webhook(first, 11);
        quiet.is_default = false;
        made(&store, quiet).await;
        made(&store, webhook(second, 12)).await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.operator_channels().await.unwrap(), [ours]);
    }

    async fn each_team_is_told_of_its_own_messages_that_wait(store: Store) {
        let (first, second) = (team(&store, 1).await, team(&store, 2).await);
        let mut waiting = Vec::new();
        for (team, n) in [(first, 10), (second, 11)] {
            let hook = made(&store, webhook(team, n)).await;
            waiting.push(of_channel(&hook, Event::ChannelFailing, n + 20));
        }
        waiting[1].created_at = later(60);
        let mut tx = store.begin().await.unwrap();
        tx.enqueue(&waiting).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.unsent_since(NOW).await.unwrap().is_empty());
        assert_eq!(store.unsent_since(later(60)).await.unwrap(), [(first, NOW)]);
        let both = [(first, NOW), (second, later(60))];
        assert_eq!(store.unsent_since(later(61)).await.unwrap(), both);
    }

    async fn size_and_work_are_counted(store: Store) {
        assert!(store.size().await.unwrap() > 10_000);
        let owner = team(&store, 1).await;
        for n in [10, 11] {
            add(&store, &monitor(owner, n)).await;
        }
        let mut tx = store.begin().await.unwrap();
        for seconds in [0, 60, 120] {
            let made = check(id(1), id(10), later(seconds), CheckStatus::Up);
            added(&mut tx, std::slice::from_ref(&made)).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(store.work_since(later(60)).await.unwrap(), (2, 2));
        assert!(store.is_checked_from("local").await.unwrap());
        assert!(!store.is_checked_from("fra").await.unwrap());
    }
}
