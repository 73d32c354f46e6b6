//! The audit log: of one team, newest first, a page at a time, forgotten in bites.

use std::time::Duration;

use lifesign::domain::audit::{AuditEntry, By, Deed};
use lifesign::domain::id::{AuditId, TeamId};
use lifesign::domain::team::Email;
use lifesign::store::{Store, StoreError};

use super::{NOW, id, team};
use crate::support::engines::engines;

/// An entry of the `n`th second, by whomever.
fn entry(team: TeamId, n: u128, deed: Deed, by: By) -> AuditEntry {
    AuditEntry {
        id: AuditId(id(n)),
        team,
        at: NOW + Duration::from_secs(u64::try_from(n).unwrap()),
        by,
        deed: deed.as_str().to_owned(),
        kind: deed.kind().to_owned(),
        thing: n.is_multiple_of(2).then(|| id(n + 100)),
        name: format!("Thing {n}"),
        fields: vec!["name".to_owned(), "url".to_owned()],
    }
}

async fn add(store: &Store, entries: &[AuditEntry]) {
    let mut tx = store.begin().await.unwrap();
    for entry in entries {
        tx.add_audit_entry(entry).await.unwrap();
    }
    tx.commit().await.unwrap();
}

engines! {
    async fn an_audit_log_is_read_by_team_and_kind_newest_first(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let email = Email::parse("me@example.com").unwrap();
        let token = By::Token { name: "CI".to_owned(), email: email.clone() };
        let entries = [
            entry(ours, 1, Deed::MonitorCreated, By::Page(email.clone())),
            entry(ours, 2, Deed::ChannelCreated, token),
            entry(ours, 3, Deed::MonitorDeleted, By::Link(email)),
            entry(ours, 4, Deed::MemberJoined, By::Console),
        ];
        add(&store, &entries).await;
        add(&store, &[entry(theirs, 5, Deed::MonitorCreated, By::Console)]).await;
        let first = store.audit_log(ours, None, 3, None).await.unwrap();
        assert_eq!(first.rows, [entries[3].clone(), entries[2].clone(), entries[1].clone()]);
        let rest = store.audit_log(ours, None, 3, first.next.as_deref()).await.unwrap();
        assert_eq!((&rest.rows[..], rest.next), (&entries[..1], None));
        let monitors = store.audit_log(ours, Some("monitor"), 1, None).await.unwrap();
        assert_eq!(monitors.rows, entries[2..3]);
        let more = store.audit_log(ours, Some("monitor"), 1, monitors.next.as_deref()).await;
        assert_eq!(more.unwrap().rows, entries[..1]);
        let wrong = store.audit_log(ours, None, 1, Some("x")).await;
        assert!(matches!(wrong, Err(StoreError::Cursor)));
    }

    async fn old_entries_of_an_audit_log_go_in_bites(store: Store) {
        let ours = team(&store, 1).await;
        let entries: Vec<_> =
            (1..6).map(|n| entry(ours, n, Deed::MonitorChanged, By::Console)).collect();
        add(&store, &entries).await;
        let before = NOW + Duration::from_secs(4);
        assert_eq!(store.drop_audit_entries(before, 2).await.unwrap(), 2);
        assert_eq!(store.drop_audit_entries(before, 2).await.unwrap(), 1);
        assert_eq!(store.drop_audit_entries(before, 2).await.unwrap(), 0);
        let left = store.audit_log(ours, None, 10, None).await.unwrap().rows;
        assert_eq!(left, [entries[4].clone(), entries[3].clone()]);
    }
}
