//! Tool surfaces: kept once, current and accepted by era, their changes paged and forgotten.

use std::collections::HashSet;
use std::time::Duration;

use lifesign::domain::id::{MonitorId, TeamId};
use lifesign::domain::tools::SurfaceDiff;
use lifesign::store::{SeenTools, ToolsChange};
use serde_json::{Value, json};

use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

fn tools(name: &str) -> Vec<Value> {
    vec![json!({"name": name})]
}

fn seen(team: TeamId, hash: &str, minutes: u64) -> SeenTools {
    SeenTools {
        team,
        monitor: MonitorId(id(10)),
        era: "legacy".to_owned(),
        location: "local".to_owned(),
        at: NOW + Duration::from_secs(60 * minutes),
        hash: hash.to_owned(),
        tools: Value::Array(tools(hash)).to_string(),
    }
}

fn change(n: u64) -> ToolsChange {
    ToolsChange {
        at: NOW + Duration::from_secs(60 * n),
        era: "legacy".to_owned(),
        location: "local".to_owned(),
        before: "a".to_owned(),
        after: "b".to_owned(),
        diff: SurfaceDiff::between(&tools("a"), &tools("b")).unwrap(),
    }
}

engines! {
    async fn the_first_surface_is_accepted_and_the_next_one_waits_for_it(store: Store) {
        let owner = team(&store, 1).await;
        let other = team(&store, 2).await;
        let made = monitor(owner, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.shown_tools(made.id, "legacy").await.unwrap(), None);
        let (first, second) = (seen(owner, "a", 0), seen(owner, "b", 1));
        assert!(tx.shown_before(&[&first]).await.unwrap().is_empty());
        tx.show_tools(&[&first]).await.unwrap();
        let before = tx.shown_before(&[&second, &second]).await.unwrap();
        assert_eq!(before, HashSet::from([(made.id, "legacy".to_owned())]));
        tx.show_tools(&[&second]).await.unwrap();
        let shown = tx.shown_tools(made.id, "legacy").await.unwrap();
        assert_eq!(shown, Some(("b".to_owned(), tools("b"))));
        assert_eq!(tx.shown_tools(made.id, "modern").await.unwrap(), None);
        let accepted = tx.accepted_tools(made.id, "legacy").await.unwrap();
        assert_eq!(accepted, Some(("a".to_owned(), tools("a"))));
        assert_eq!(tx.accepted_tools(made.id, "modern").await.unwrap(), None);
        tx.commit().await.unwrap();
        let current = store.current_tools(owner, made.id).await.unwrap();
        assert_eq!((&*current[0].hash, &*current[0].accepted), ("b", "a"));
        assert_eq!(current[0].accepted_tools, Some(tools("a")));
        assert!(store.current_tools(other, made.id).await.unwrap().is_empty());
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.accept_tools(other, made.id, NOW).await.unwrap(), 0);
        assert_eq!(tx.accept_tools(owner, made.id, NOW).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let current = store.current_tools(owner, made.id).await.unwrap();
        assert_eq!((&*current[0].accepted, &current[0].accepted_tools), ("b", &None));
    }

    async fn changes_are_paged_newest_first_and_only_so_many_are_kept(store: Store) {
        let owner = team(&store, 1).await;
        let made = monitor(owner, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        for n in 0..205 {
            tx.add_tools_change(owner, made.id, &change(n)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let first = store.tools_changes(owner, made.id, None, 150).await.unwrap();
        assert_eq!(first.rows[0], change(204));
        let rest = store.tools_changes(owner, made.id, first.next.as_deref(), 150).await.unwrap();
        assert_eq!((first.rows.len() + rest.rows.len(), rest.next), (200, None));
        let other = team(&store, 2).await;
        assert!(store.tools_changes(other, made.id, None, 9).await.unwrap().rows.is_empty());
    }
}
