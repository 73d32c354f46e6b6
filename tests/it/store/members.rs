//! Who belongs to a team, who is invited, and which team a session looks at.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::id::{TeamId, UserId};
use lifesign::domain::team::{Email, Link, Role, User};
use lifesign::store::{Store, StoreError};

use super::{NOW, id, team};
use crate::support::engines::engines;

const LATER: At = At(NOW.0 + 3_600_000);

fn email(n: u128) -> Email {
    Email::parse(&format!("user{n}@example.com")).unwrap()
}

/// A person, made, who belongs to no team.
async fn person(store: &Store, n: u128) -> UserId {
    let user = User {
        id: UserId(id(n)),
        email: email(n),
        password_hash: None,
    };
    let mut tx = store.begin().await.unwrap();
    tx.add_user(&user, NOW).await.unwrap();
    tx.commit().await.unwrap();
    user.id
}

async fn join(store: &Store, team: TeamId, user: UserId, role: Role) -> bool {
    let mut tx = store.begin().await.unwrap();
    tx.hold_team(team).await.unwrap();
    let joined = tx.join_team(team, user, role, NOW).await.unwrap();
    tx.commit().await.unwrap();
    joined
}

engines! {
    async fn members_join_once_and_are_listed_a_page_at_a_time(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        for n in 5..8 {
            let user = person(&store, n).await;
            assert!(join(&store, ours, user, Role::Viewer).await);
        }
        assert!(!join(&store, ours, UserId(id(5)), Role::Owner).await, "one is a member once");
        let first = store.members(ours, 2, None).await.unwrap();
        let names = |rows: &[lifesign::domain::team::Member]| {
            rows.iter().map(|member| member.email.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&first.rows), [email(5), email(6)]);
        let rest = store.members(ours, 2, first.next.as_deref()).await.unwrap();
        assert_eq!((names(&rest.rows), rest.next), (vec![email(7)], None));
        assert!(store.members(theirs, 2, None).await.unwrap().rows.is_empty());
        assert!(matches!(store.members(ours, 2, Some("x")).await, Err(StoreError::Cursor)));
        let known = store.member(ours, UserId(id(5))).await.unwrap().unwrap();
        assert_eq!((known.role, known.since), (Role::Viewer, NOW));
        assert_eq!(store.member(theirs, UserId(id(5))).await.unwrap(), None);
    }

    async fn roles_are_counted_changed_and_lost_within_the_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let (one, other) = (person(&store, 5).await, person(&store, 6).await);
        join(&store, ours, one, Role::Owner).await;
        join(&store, ours, other, Role::Viewer).await;
        join(&store, theirs, one, Role::Owner).await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.member_count(ours, None).await.unwrap(), 2);
        assert_eq!(tx.member_count(ours, Some(Role::Owner)).await.unwrap(), 1);
        assert!(!tx.set_role(theirs, other, Role::Owner).await.unwrap());
        assert!(tx.set_role(ours, other, Role::Owner).await.unwrap());
        assert_eq!(tx.member_count(ours, Some(Role::Owner)).await.unwrap(), 2);
        assert!(!tx.remove_member(theirs, other).await.unwrap());
        assert!(tx.remove_member(ours, one).await.unwrap());
        assert!(!tx.remove_member(ours, one).await.unwrap());
        assert_eq!(tx.member(ours, one).await.unwrap(), None);
        assert!(tx.member(theirs, one).await.unwrap().is_some());
        tx.commit().await.unwrap();
    }

    async fn invitations_are_open_until_they_are_used_taken_back_or_too_old(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let mut tx = store.begin().await.unwrap();
        for (n, team) in [(5, ours), (6, ours), (7, ours), (8, theirs)] {
            let link = Link::Invite { team, email: email(n), role: Role::Editor };
            let until = if n == 7 { NOW } else { LATER };
            tx.add_link(&format!("hash {n}"), &link, NOW, Some(until)).await.unwrap();
        }
        tx.add_link("reset", &Link::Reset { email: email(9) }, NOW, Some(LATER)).await.unwrap();
        tx.commit().await.unwrap();
        let open = store.invitations(ours, NOW, 10).await.unwrap();
        let who: Vec<_> = open.iter().map(|one| one.email.clone()).collect();
        assert_eq!(who, [email(5), email(6)]);
        assert_eq!((open[0].role, open[0].made_at, open[0].expires_at), (Role::Editor, NOW, LATER));
        assert_eq!(store.invitations(ours, NOW, 1).await.unwrap().len(), 1);
        let mut tx = store.begin().await.unwrap();
        tx.use_link("hash 5", NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.invitations(ours, NOW, 10).await.unwrap().len(), 1);
        let later = LATER + Duration::from_millis(1);
        assert!(store.invitations(ours, later, 10).await.unwrap().is_empty());
    }

    async fn a_session_looks_at_one_team_of_its_person(store: Store) {
        let (ours, second, theirs) =
            (team(&store, 1).await, team(&store, 2).await, team(&store, 3).await);
        let user = person(&store, 5).await;
        join(&store, ours, user, Role::Owner).await;
        join(&store, second, user, Role::Viewer).await;
        let mut tx = store.begin().await.unwrap();
        for hash in ["a", "b"] {
            tx.add_session(hash, (ours, user), NOW, LATER).await.unwrap();
        }
        assert!(!tx.move_session("a", (theirs, user)).await.unwrap());
        assert!(!tx.move_session("a", (second, UserId(id(9)))).await.unwrap());
        assert!(!tx.move_session("c", (second, user)).await.unwrap());
        assert!(tx.move_session("a", (second, user)).await.unwrap());
        tx.commit().await.unwrap();
        let seen = store.session("a", NOW).await.unwrap().unwrap();
        assert_eq!((seen.team, seen.role), (second, Role::Viewer));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.end_sessions_in(ours, user).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(store.session("b", NOW).await.unwrap().is_none());
        assert!(store.session("a", NOW).await.unwrap().is_some());
    }
}
