//! What changed about servers: read newest first, page by page; only the newest are kept. And what
//! a probe remembers: a session in it is sealed.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::change::{Change, ChangeKind};
use lifesign::domain::id::TeamId;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Claim, Finished};

use super::{NOW, add, check, id, monitor, team};
use crate::support::engines::engines;

fn change(kind: ChangeKind, after: &str) -> Change {
    Change {
        kind,
        before: "before".to_owned(),
        after: after.to_owned(),
    }
}

engines! {
    async fn changes_are_read_newest_first_and_the_oldest_go(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        for n in 0..3 {
            let mut seen = check(id(1), id(10), At(NOW.0 + n), CheckStatus::Up);
            seen.changes = vec![
                change(ChangeKind::Era, &format!("era {n}")),
                change(ChangeKind::Server, &format!("server {n}")),
            ];
            for _ in 0..2 {
                let mut tx = store.begin().await.unwrap();
                tx.add_changes(&[&seen]).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        let mut told = Vec::new();
        let mut cursor = None;
        loop {
            let page = store.changes(team, made.id, cursor.as_deref(), 4).await.unwrap();
            told.extend(page.rows.into_iter().map(|past| past.change.after));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(told, ["server 2", "era 2", "server 1", "era 1", "server 0", "era 0"]);
        let stranger = store.changes(TeamId(id(7)), made.id, None, 9).await.unwrap();
        assert!(stranger.rows.is_empty());
        assert_eq!(store.drop_changes(4, 1).await.unwrap(), 1);
        assert_eq!(store.drop_changes(4, 9).await.unwrap(), 1);
        assert_eq!(store.drop_changes(4, 9).await.unwrap(), 0);
        let left = store.changes(team, made.id, None, 9).await.unwrap().rows;
        assert_eq!(left.len(), 4);
        assert_eq!(left[0].change, change(ChangeKind::Server, "server 2"));
    }

    async fn what_a_probe_remembers_comes_back_with_the_session_that_it_keeps(store: Store) {
        let team = team(&store, 1).await;
        add(&store, &monitor(team, 10)).await;
        let claim = |n: i64| Claim {
            id: id(u128::try_from(n).unwrap()), node: "n", now: At(NOW.0 + n), until: At(NOW.0 + n),
        };
        let mut sessions = Vec::new();
        for n in 1..=3 {
            let due = store.claim_due(&claim(n), "local", 9).await.unwrap().checks.pop().unwrap();
            sessions.push(due.memory.session.clone());
            let mut seen = check(id(1), id(10), At(NOW.0 + n), CheckStatus::Up);
            seen.memory.session = Some(format!("session {n}"));
            let finished = Finished {
                result: &seen, is_recorded: true, attempt: 0, facts_hash: None,
                claim: due.claim,
                next_due: NOW + Duration::from_millis(1),
            };
            let mut tx = store.begin().await.unwrap();
            tx.finish_watches(&[finished]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let kept = |n| Some(format!("session {n}"));
        assert_eq!(sessions, [None, kept(1), kept(2)]);
    }
}
