//! An application and its owner on a fresh store.

use std::sync::Arc;

use lifesign::app::App;
use lifesign::clock::{Clock, Ids};
use lifesign::config::Settings;
use lifesign::domain::at::At;
use lifesign::domain::id::{TeamId, UserId};
use lifesign::domain::team::{Actor, Email, Role, User};
use lifesign::store::Store;

use super::engines::SECRET_KEY;

/// The production `App` with its clock standing at `at`, and the owner of its only team.
pub(crate) async fn app(store: Store, at: At) -> (Arc<App>, Actor) {
    app_with(store, at, &[]).await
}

/// The same with some more settings.
pub(crate) async fn app_with(store: Store, at: At, more: &[(&str, &str)]) -> (Arc<App>, Actor) {
    let ids = Ids::random();
    let actor = owner(&store, &ids, at).await;
    let app = node(store, Clock::manual(at), ids, more);
    (Arc::new(app), actor)
}

/// The owner of the only team of a fresh store.
pub(crate) async fn owner(store: &Store, ids: &Ids, at: At) -> Actor {
    let (team, user) = (TeamId(ids.next()), UserId(ids.next()));
    let email = Email::parse("owner@example.com").unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.add_team(team, "Team", at).await.unwrap();
    tx.add_user(
        &User {
            id: user,
            email: email.clone(),
            password_hash: None,
        },
        at,
    )
    .await
    .unwrap();
    tx.put_member(team, user, Role::Owner, at).await.unwrap();
    tx.commit().await.unwrap();
    Actor {
        team,
        user,
        email,
        role: Role::Owner,
        token: None,
    }
}

/// The production `App` of one process, by a clock that others may share.
pub(crate) fn node(store: Store, clock: Clock, ids: Ids, more: &[(&str, &str)]) -> App {
    lifesign::net::install_crypto_provider();
    let usual = [("allow_targets", "loopback"), ("secret_key", SECRET_KEY)];
    let settings = Settings::of(&[&usual, more].concat()).unwrap();
    App::new(settings, store, clock, ids).unwrap()
}
