//! One-time links: the first owner, invitations, new passwords.

use std::time::Duration;

use lifesign::app::accounts::{self, first_owner_link};
use lifesign::app::console;
use lifesign::app::refused::Refused;
use lifesign::domain::team::{Link, Role};

use super::{EMAIL, PASSWORD, fields, fresh, log_in, owner, secret, token_of, use_link, who};
use crate::support::engines::engines;

engines! {
    async fn the_owner_link_works_once(store: Store) {
        let app = fresh(store);
        let link = first_owner_link(&app).await.unwrap().unwrap();
        let token = token_of(&link);
        assert_eq!(accounts::link(&app, &token).await.unwrap(), Some(Link::Owner));
        assert_eq!(fields(use_link(&app, &token, "short").await), ["password"]);
        let no_address = accounts::use_link(&app, &token, "me", &secret(PASSWORD), None).await;
        assert_eq!(fields(no_address), ["email"]);

        let (one, other) =
            tokio::join!(use_link(&app, &token, PASSWORD), use_link(&app, &token, PASSWORD));
        let sessions: Vec<_> = [one, other].into_iter().filter_map(Result::ok).collect();
        assert_eq!(sessions.len(), 1);
        let actor = who(&app, &sessions[0]).await.unwrap();
        assert_eq!((actor.email.as_str(), actor.role), (EMAIL, Role::Owner));
        assert_eq!(app.store.members(actor.team, 9, None).await.unwrap().rows.len(), 1);

        assert!(accounts::link(&app, &token).await.unwrap().is_none());
        assert!(matches!(use_link(&app, &token, PASSWORD).await, Err(Refused::NotFound)));
        assert_eq!(first_owner_link(&app).await.unwrap(), None, "there is an owner");
    }

    async fn an_unused_owner_link_is_made_again_at_the_next_start(store: Store) {
        let app = fresh(store);
        let first = first_owner_link(&app).await.unwrap().unwrap();
        app.clock.advance(Duration::from_hours(24 * 365));
        assert!(accounts::link(&app, &token_of(&first)).await.unwrap().is_some(), "it waits");
        let second = first_owner_link(&app).await.unwrap().unwrap();
        assert!(accounts::link(&app, &token_of(&first)).await.unwrap().is_none());
        use_link(&app, &token_of(&second), PASSWORD).await.unwrap();
    }

    async fn the_owner_link_ends_with_the_first_account_from_the_console(store: Store) {
        let app = fresh(store);
        let link = first_owner_link(&app).await.unwrap().unwrap();
        let who = ("other@example.com", "Team", "viewer");
        console::add_user(&app.store, who, (&app.ids, app.clock.now())).await.unwrap();
        let outcome = use_link(&app, &token_of(&link), PASSWORD).await;
        assert!(matches!(outcome, Err(Refused::NotFound)));
        assert_eq!(first_owner_link(&app).await.unwrap(), None);
    }

    async fn an_invited_person_chooses_a_password_and_is_in(store: Store) {
        let app = fresh(store);
        let fresh_ids = (&app.ids, app.clock.now());
        let invite = ("New@Example.com", "Ops", "editor");
        let token = console::add_user(&app.store, invite, fresh_ids).await.unwrap();
        assert_eq!(fields(log_in(&app, "new@example.com", "").await), ["password"]);
        // Whatever address is typed: the link is for one.
        let session = use_link(&app, &token, PASSWORD).await.unwrap();
        let actor = who(&app, &session).await.unwrap();
        assert_eq!((actor.email.as_str(), actor.role), ("new@example.com", Role::Editor));
        log_in(&app, "new@example.com", PASSWORD).await.unwrap();
        assert!(matches!(use_link(&app, &token, PASSWORD).await, Err(Refused::NotFound)));
    }

    async fn an_invitation_does_not_open_an_account_that_has_a_password(store: Store) {
        let app = fresh(store);
        let home = who(&app, &owner(&app).await).await.unwrap().team;
        let fresh_ids = (&app.ids, app.clock.now());
        let invite = (EMAIL, "Another team", "viewer");
        let token = console::add_user(&app.store, invite, fresh_ids).await.unwrap();
        assert_eq!(fields(use_link(&app, &token, "of somebody else").await), ["password"]);
        let session = use_link(&app, &token, PASSWORD).await.unwrap();
        let actor = who(&app, &session).await.unwrap();
        assert_eq!(actor.role, Role::Viewer);
        assert_ne!(actor.team, home);
        let session = log_in(&app, EMAIL, PASSWORD).await.unwrap();
        assert_eq!(who(&app, &session).await.unwrap().team, home, "the team joined first");
    }

    async fn a_reset_sets_the_password_and_ends_every_session(store: Store) {
        let app = fresh(store);
        let session = owner(&app).await;
        let now = app.clock.now();
        let first = console::reset_password(&app.store, EMAIL, now).await.unwrap();
        let second = console::reset_password(&app.store, EMAIL, now).await.unwrap();
        assert!(accounts::link(&app, &first).await.unwrap().is_none(), "the last one counts");
        assert!(who(&app, &session).await.is_some(), "nothing has happened yet");
        let after = use_link(&app, &second, "battery staple").await.unwrap();
        assert!(who(&app, &session).await.is_none());
        assert!(who(&app, &after).await.is_some());
        assert_eq!(fields(log_in(&app, EMAIL, PASSWORD).await), ["password"]);
        log_in(&app, EMAIL, "battery staple").await.unwrap();
    }

    async fn a_link_expires(store: Store) {
        let app = fresh(store);
        owner(&app).await;
        let fresh_ids = (&app.ids, app.clock.now());
        let invite = ("new@example.com", "Team", "editor");
        let invited = console::add_user(&app.store, invite, fresh_ids).await.unwrap();
        let reset = console::reset_password(&app.store, EMAIL, app.clock.now()).await.unwrap();
        app.clock.advance(Duration::from_hours(24));
        assert!(matches!(use_link(&app, &reset, PASSWORD).await, Err(Refused::NotFound)));
        assert!(accounts::link(&app, &invited).await.unwrap().is_some());
        app.clock.advance(Duration::from_hours(6 * 24));
        assert!(matches!(use_link(&app, &invited, PASSWORD).await, Err(Refused::NotFound)));
    }
}
