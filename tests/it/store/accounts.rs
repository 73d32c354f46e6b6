//! People, sessions, one-time links and tokens: let in who may, once where it says once, and
//! nobody into another team.

use std::time::Duration;

use lifesign::domain::at::At;
use lifesign::domain::id::{TeamId, TokenId, UserId};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::{Actor, ApiToken, Email, Link, Role, Scope, Team, User};
use lifesign::store::{Store, StoreError};

use super::{NOW, id, team};
use crate::support::engines::engines;

const LATER: At = At(NOW.0 + 3_600_000);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// A person, made, who belongs to `team`.
pub(super) async fn user(store: &Store, team: TeamId, n: u128, role: Role) -> User {
    let user = User {
        id: UserId(id(n)),
        email: email(&format!("user{n}@example.com")),
        password_hash: Some(Sensitive::new("hash")),
    };
    let mut tx = store.begin().await.unwrap();
    tx.add_user(&user, NOW).await.unwrap();
    tx.put_member(team, user.id, role, NOW).await.unwrap();
    tx.commit().await.unwrap();
    user
}

fn actor(team: TeamId, user: &User, role: Role) -> Actor {
    Actor {
        team,
        user: user.id,
        email: user.email.clone(),
        role,
        token: None,
    }
}

/// Somebody with the token of [`token`].
fn by_token(team: TeamId, user: &User, role: Role, n: u128) -> Actor {
    Actor {
        token: Some(format!("Token {n}")),
        ..actor(team, user, role)
    }
}

async fn add_session(store: &Store, hash: &str, team: TeamId, user: &User) {
    let mut tx = store.begin().await.unwrap();
    tx.add_session(hash, (team, user.id), NOW, LATER)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn add_link(store: &Store, hash: &str, link: &Link) {
    let mut tx = store.begin().await.unwrap();
    tx.add_link(hash, link, NOW, Some(LATER)).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) fn token(team: TeamId, user: &User, n: u128, scope: Scope) -> ApiToken {
    ApiToken {
        id: TokenId(id(n)),
        team,
        user: user.id,
        email: user.email.clone(),
        name: format!("Token {n}"),
        scope,
        created_at: NOW,
        last_used_at: None,
        revoked_at: None,
    }
}

pub(super) async fn add_token(store: &Store, token: &ApiToken, hash: &str) {
    let mut tx = store.begin().await.unwrap();
    tx.add_token(token, hash).await.unwrap();
    tx.commit().await.unwrap();
}

engines! {
    async fn a_person_is_found_by_address_and_may_change_the_password(store: Store) {
        let team = team(&store, 1).await;
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.has_users().await.unwrap());
        drop(tx);
        let made = user(&store, team, 5, Role::Owner).await;
        assert_eq!(store.user(&email("USER5@example.com")).await.unwrap(), Some(made.clone()));
        assert_eq!(store.user(&email("other@example.com")).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.has_users().await.unwrap());
        assert!(tx.hold_password(made.id, &Sensitive::new("hash")).await.unwrap());
        assert!(tx.set_password(made.id, &Sensitive::new("other hash")).await.unwrap());
        assert!(!tx.hold_password(made.id, &Sensitive::new("hash")).await.unwrap());
        assert!(!tx.set_password(UserId(id(6)), &Sensitive::new("x")).await.unwrap());
        let changed = tx.user(&made.email).await.unwrap().unwrap();
        assert_eq!(changed.password_hash, Some(Sensitive::new("other hash")));
        let twin = User { id: UserId(id(6)), ..made };
        assert!(matches!(tx.add_user(&twin, NOW).await, Err(StoreError::Conflict)));
    }

    async fn a_person_has_a_role_in_each_team(store: Store) {
        let (first, second) = (team(&store, 1).await, team(&store, 2).await);
        let made = user(&store, second, 5, Role::Viewer).await;
        let other = user(&store, second, 6, Role::Editor).await;
        let mut tx = store.begin().await.unwrap();
        tx.put_member(first, made.id, Role::Editor, LATER).await.unwrap();
        tx.put_member(second, made.id, Role::Owner, LATER).await.unwrap();
        let named = |id| Team { id, name: "Team".to_owned() };
        let expected = [(named(second), Role::Owner), (named(first), Role::Editor)];
        assert_eq!(tx.teams_of(made.id).await.unwrap(), expected, "the one joined first leads");
        assert_eq!(tx.teams_named("Team").await.unwrap(), [first, second]);
        assert_eq!(tx.teams_named("Other").await.unwrap(), []);
        assert!(!tx.rename_team(TeamId(id(9)), "Other").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.teams_of(made.id).await.unwrap(), expected);
        let mut all = [named(first), named(second)];
        all.sort_by_key(|team| team.id != first);
        assert_eq!(store.teams().await.unwrap(), all);
        let members = store.members(second, 9, None).await.unwrap().rows;
        let shown: Vec<_> = members.iter().map(|m| (m.user, m.email.as_str(), m.role)).collect();
        assert_eq!(
            shown,
            [
                (made.id, "user5@example.com", Role::Owner),
                (other.id, "user6@example.com", Role::Editor),
            ]
        );
        assert_eq!(members[0].since, NOW);
        assert_eq!(store.members(first, 9, None).await.unwrap().rows.len(), 1);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.rename_team(first, "Other").await.unwrap());
        assert_eq!(tx.teams_named("Team").await.unwrap(), [second]);
        assert_eq!(tx.teams_named("Other").await.unwrap(), [first]);
    }

    async fn a_session_lets_in_until_it_ends(store: Store) {
        let team = team(&store, 1).await;
        let made = user(&store, team, 5, Role::Editor).await;
        add_session(&store, "cookie", team, &made).await;
        let found = store.session("cookie", NOW).await.unwrap();
        assert_eq!(found, Some(actor(team, &made, Role::Editor)));
        assert_eq!(store.session("cookie", LATER).await.unwrap(), None, "it has expired");
        assert_eq!(store.session("another", NOW).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.end_session("cookie").await.unwrap());
        assert!(!tx.end_session("cookie").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.session("cookie", NOW).await.unwrap(), None);
    }

    async fn all_other_sessions_of_a_person_end_together(store: Store) {
        let team = team(&store, 1).await;
        let made = user(&store, team, 5, Role::Editor).await;
        let other = user(&store, team, 6, Role::Editor).await;
        for hash in ["a", "b", "c"] {
            add_session(&store, hash, team, &made).await;
        }
        add_session(&store, "theirs", team, &other).await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.end_sessions(made.id, Some("b")).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert!(store.session("a", NOW).await.unwrap().is_none());
        assert!(store.session("b", NOW).await.unwrap().is_some());
        assert!(store.session("theirs", NOW).await.unwrap().is_some());
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.end_sessions(made.id, None).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(store.purge_sessions(NOW).await.unwrap(), 0);
        assert_eq!(store.purge_sessions(LATER).await.unwrap(), 1);
    }

    async fn a_link_is_used_exactly_once_whoever_tries(store: Store) {
        let team = team(&store, 1).await;
        let link = Link::Invite { team, email: email("new@example.com"), role: Role::Viewer };
        add_link(&store, "link", &link).await;
        assert_eq!(store.link("link", NOW).await.unwrap(), Some(link.clone()));
        assert_eq!(store.link("link", LATER).await.unwrap(), None, "it has expired");
        assert_eq!(store.link("other", NOW).await.unwrap(), None);
        let use_it = async || {
            let mut tx = store.begin().await.unwrap();
            let used = tx.use_link("link", NOW).await.unwrap();
            tx.commit().await.unwrap();
            used
        };
        let tries = tokio::join!(use_it(), use_it(), use_it(), use_it());
        let used: Vec<Link> =
            [tries.0, tries.1, tries.2, tries.3].into_iter().flatten().collect();
        assert_eq!(used, [link]);
        assert_eq!(store.link("link", NOW).await.unwrap(), None);
    }

    async fn a_link_takes_the_place_of_older_ones_like_it(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let reset = |text: &str| Link::Reset { email: email(text) };
        let invite = |team, text: &str| {
            Link::Invite { team, email: email(text), role: Role::Editor }
        };
        add_link(&store, "owner 1", &Link::Owner).await;
        add_link(&store, "owner 2", &Link::Owner).await;
        add_link(&store, "reset a 1", &reset("a@example.com")).await;
        add_link(&store, "reset b", &reset("b@example.com")).await;
        add_link(&store, "reset a 2", &reset("a@example.com")).await;
        add_link(&store, "invite ours 1", &invite(ours, "a@example.com")).await;
        add_link(&store, "invite theirs", &invite(theirs, "a@example.com")).await;
        add_link(&store, "invite ours 2", &invite(ours, "a@example.com")).await;
        for (hash, link) in [
            ("owner 1", None),
            ("owner 2", Some(Link::Owner)),
            ("reset a 1", None),
            ("reset a 2", Some(reset("a@example.com"))),
            ("reset b", Some(reset("b@example.com"))),
            ("invite ours 1", None),
            ("invite ours 2", Some(invite(ours, "a@example.com"))),
            ("invite theirs", Some(invite(theirs, "a@example.com"))),
        ] {
            assert_eq!(store.link(hash, NOW).await.unwrap(), link, "{hash}");
        }
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.drop_links(&Link::Owner).await.unwrap(), 1);
        tx.add_link("for ever", &Link::Owner, NOW, None).await.unwrap();
        tx.commit().await.unwrap();
        let year = Duration::from_hours(24 * 365);
        assert_eq!(store.link("for ever", NOW + year).await.unwrap(), Some(Link::Owner));
        assert_eq!(store.purge_links(LATER).await.unwrap(), 0);
        assert_eq!(store.purge_links(NOW + year).await.unwrap(), 4, "all but the one for ever");
    }

    async fn a_token_acts_for_its_maker_within_its_scope(store: Store) {
        let team = team(&store, 1).await;
        let made = user(&store, team, 5, Role::Owner).await;
        add_token(&store, &token(team, &made, 20, Scope::Read), "reads").await;
        add_token(&store, &token(team, &made, 21, Scope::Write), "writes").await;
        assert_eq!(
            store.bearer("reads", NOW).await.unwrap(),
            Some((by_token(team, &made, Role::Viewer, 20), Scope::Read))
        );
        assert_eq!(
            store.bearer("writes", NOW).await.unwrap(),
            Some((by_token(team, &made, Role::Owner, 21), Scope::Write))
        );
        assert_eq!(store.bearer("other", NOW).await.unwrap(), None);
    }

    async fn the_last_use_of_a_token_is_known_to_the_minute(store: Store) {
        let team = team(&store, 1).await;
        let made = user(&store, team, 5, Role::Owner).await;
        add_token(&store, &token(team, &made, 20, Scope::Read), "hash").await;
        let last_used = async || {
            store.tokens(team, 10, None).await.unwrap().rows[0].last_used_at
        };
        assert_eq!(last_used().await, None);
        for (seconds, seen) in [(0, 0), (59, 0), (60, 60), (119, 60), (500, 500)] {
            let now = NOW + Duration::from_secs(seconds);
            assert!(store.bearer("hash", now).await.unwrap().is_some());
            assert_eq!(last_used().await, Some(NOW + Duration::from_secs(seen)), "at {seconds}");
        }
    }

    async fn all_tokens_of_a_person_are_revoked_in_one_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = user(&store, ours, 5, Role::Owner).await;
        let other = user(&store, ours, 6, Role::Owner).await;
        let mut tx = store.begin().await.unwrap();
        tx.put_member(theirs, made.id, Role::Owner, NOW).await.unwrap();
        tx.commit().await.unwrap();
        for (n, team, user) in [(20, ours, &made), (21, ours, &made), (22, theirs, &made), (23, ours, &other)] {
            add_token(&store, &token(team, user, n, Scope::Write), &format!("hash {n}")).await;
        }
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.revoke_tokens_of(ours, made.id, LATER).await.unwrap(), 2);
        assert_eq!(tx.revoke_tokens_of(ours, made.id, LATER).await.unwrap(), 0);
        tx.commit().await.unwrap();
        for (n, is_open) in [(20, false), (21, false), (22, true), (23, true)] {
            let known = store.bearer(&format!("hash {n}"), LATER).await.unwrap();
            assert_eq!(known.is_some(), is_open, "{n}");
        }
    }

    async fn a_token_is_listed_and_revoked_within_its_team(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = user(&store, ours, 5, Role::Owner).await;
        let tokens: Vec<ApiToken> =
            (20..23).map(|n| token(ours, &made, n, Scope::Write)).collect();
        for token in &tokens {
            add_token(&store, token, &token.name).await;
        }
        let first = store.tokens(ours, 2, None).await.unwrap();
        assert_eq!(first.rows, [tokens[2].clone(), tokens[1].clone()]);
        let rest = store.tokens(ours, 2, first.next.as_deref()).await.unwrap();
        assert_eq!((&rest.rows[..], rest.next), (&tokens[..1], None));
        assert!(store.tokens(theirs, 2, None).await.unwrap().rows.is_empty());
        assert!(matches!(store.tokens(ours, 2, Some("x")).await, Err(StoreError::Cursor)));

        let gone = tokens[1].id;
        assert_eq!(store.team_of_token(gone).await.unwrap(), Some(ours));
        assert_eq!(store.team_of_token(TokenId(id(99))).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.revoke_token(theirs, gone, LATER).await.unwrap(), None);
        assert_eq!(tx.revoke_token(ours, gone, LATER).await.unwrap(), Some(tokens[1].name.clone()));
        assert_eq!(tx.revoke_token(ours, gone, LATER).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(store.bearer(&tokens[1].name, LATER).await.unwrap(), None);
        assert!(store.bearer(&tokens[0].name, LATER).await.unwrap().is_some());
        let listed = store.tokens(ours, 10, None).await.unwrap().rows;
        assert_eq!(listed[1].revoked_at, Some(LATER));
        let valid = store.valid_tokens(ours, 2).await.unwrap();
        assert_eq!(valid, [tokens[2].clone(), listed[2].clone()], "the revoked one takes no place");
        assert_eq!(store.valid_tokens(ours, 1).await.unwrap(), [tokens[2].clone()]);
        assert!(store.valid_tokens(theirs, 2).await.unwrap().is_empty());
    }
}
