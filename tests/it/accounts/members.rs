//! Who is let into a team by its owners, and out of it again.

use lifesign::app::members::{self, Invited, MAX_INVITATIONS};
use lifesign::app::sign_up::{self, SignUp};
use lifesign::app::teams;
use lifesign::domain::id::TeamId;
use lifesign::domain::team::{Email, Link, Role};

use super::*;
use crate::support::engines::engines;

/// An application with more settings, where there is nobody yet.
fn fresh_with(store: Store, more: &[(&str, &str)]) -> Arc<App> {
    lifesign::net::install_crypto_provider();
    let usual = [("secret_key", SECRET_KEY)];
    let settings = Settings::of(&[&usual, more].concat()).unwrap();
    let clock = Clock::manual(At(1_795_327_200_000));
    Arc::new(App::new(settings, store, clock, Ids::random()).unwrap())
}

async fn invite(app: &App, actor: &Actor, email: &str, role: &str) -> Result<Invited, Refused> {
    members::invite(app, actor, (email, role)).await
}

/// Somebody who came into the team of `actor` by an invitation; gives their session.
async fn guest(app: &App, actor: &Actor, email: &str, role: &str) -> Sensitive {
    let invited = invite(app, actor, email, role).await.unwrap();
    use_link(app, &token_of(invited.link.expose()), PASSWORD)
        .await
        .unwrap()
}

/// The owner of a team beside the operator's.
async fn other_owner(app: &App) -> Actor {
    let fresh = (&app.ids, app.clock.now());
    let who_else = ("other@example.com", "Others", "owner");
    let token = lifesign::app::console::add_user(&app.store, who_else, fresh)
        .await
        .unwrap();
    who(app, &use_link(app, &token, PASSWORD).await.unwrap())
        .await
        .unwrap()
}

fn words<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> String {
    outcome.unwrap_err().to_string()
}

async fn sign(app: &App, email: &str, address: Option<IpAddr>) -> Result<Sensitive, Refused> {
    let password = secret(PASSWORD);
    let wish = SignUp {
        email,
        team: "Mine",
        password: &password,
    };
    sign_up::sign_up(app, &wish, address).await
}

engines! {
    async fn an_owner_invites_and_the_link_lets_one_person_in(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let wrong = invite(&app, &actor, "nobody", "king").await;
        assert_eq!(fields(wrong), ["email", "role"]);
        let first = invite(&app, &actor, "new@example.com", "viewer").await.unwrap();
        assert_eq!(first.mail, None, "mail is not set up");
        let second = invite(&app, &actor, "New@example.com", "editor").await.unwrap();
        let open = app.store.invitations(actor.team, app.clock.now(), 9).await.unwrap();
        assert_eq!(open, std::slice::from_ref(&second.invitation), "the last one counts");
        let gone = use_link(&app, &token_of(first.link.expose()), PASSWORD).await;
        assert!(matches!(gone, Err(Refused::NotFound)));
        let session = use_link(&app, &token_of(second.link.expose()), PASSWORD).await.unwrap();
        let member = who(&app, &session).await.unwrap();
        assert_eq!((member.team, member.role.as_str()), (actor.team, "editor"));
        assert_eq!(fields(invite(&app, &actor, "new@example.com", "owner").await), ["email"]);
        let refused = invite(&app, &member, "third@example.com", "viewer").await;
        assert!(matches!(refused, Err(Refused::Forbidden("owner"))));
    }

    async fn an_invitation_opens_no_account_that_waits_for_its_first_password(store: Store) {
        let app = fresh(store);
        owner(&app).await;
        let stranger = other_owner(&app).await;
        let made = (&app.ids, app.clock.now());
        let boss = ("boss@example.com", "Ops", "owner");
        let first = lifesign::app::console::add_user(&app.store, boss, made).await.unwrap();
        let theirs = invite(&app, &stranger, boss.0, "viewer").await.unwrap();
        let theirs = token_of(theirs.link.expose());
        let told = words(use_link(&app, &theirs, "chosen by a stranger").await);
        assert!(told.contains("the operator gave"), "{told}");
        let session = use_link(&app, &first, PASSWORD).await.unwrap();
        assert_eq!(who(&app, &session).await.unwrap().role, Role::Owner);
        let session = use_link(&app, &theirs, PASSWORD).await.unwrap();
        assert_eq!(who(&app, &session).await.unwrap().team, stranger.team);
    }

    async fn an_invitation_that_was_taken_back_opens_nothing(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let invited = invite(&app, &actor, "new@example.com", "viewer").await.unwrap();
        let rival = other_owner(&app).await;
        let theirs = members::withdraw(&app, &rival, "new@example.com").await;
        assert!(matches!(theirs, Err(Refused::NotFound)));
        members::withdraw(&app, &actor, "new@example.com").await.unwrap();
        let gone = use_link(&app, &token_of(invited.link.expose()), PASSWORD).await;
        assert!(matches!(gone, Err(Refused::NotFound)));
    }

    async fn a_team_keeps_an_owner_whoever_tries_at_once(store: Store) {
        let app = fresh(store);
        let first = who(&app, &owner(&app).await).await.unwrap();
        assert_eq!(fields(members::change_role(&app, &first, first.user, "viewer").await), ["role"]);
        assert_eq!(fields(members::remove(&app, &first, first.user).await), ["role"]);
        assert!(words(members::remove(&app, &first, first.user).await).contains("last owner"));
        let session = guest(&app, &first, "second@example.com", "owner").await;
        let second = who(&app, &session).await.unwrap();
        let (one, other) = tokio::join!(
            members::change_role(&app, &first, second.user, "viewer"),
            members::change_role(&app, &second, first.user, "viewer"),
        );
        assert_eq!([&one, &other].iter().filter(|done| done.is_ok()).count(), 1);
    }

    async fn who_is_removed_is_out_at_once_and_a_token_of_theirs_too(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let session = guest(&app, &actor, "second@example.com", "owner").await;
        let second = who(&app, &session).await.unwrap();
        let token = accounts::add_token(&app, &second, "CI", "write").await.unwrap();
        let hash = lifesign::secret::hash_token(token.value.expose());
        let now = app.clock.now();
        assert!(app.store.bearer(&hash, now).await.unwrap().is_some());
        members::remove(&app, &actor, second.user).await.unwrap();
        assert!(who(&app, &session).await.is_none());
        assert!(app.store.bearer(&hash, now).await.unwrap().is_none());
        let again = guest(&app, &actor, "second@example.com", "viewer").await;
        assert!(who(&app, &again).await.is_some());
        assert!(who(&app, &session).await.is_none(), "what ended stays so");
        assert!(app.store.bearer(&hash, now).await.unwrap().is_none());
    }

    async fn who_leaves_goes_on_in_another_team(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let rival = other_owner(&app).await;
        let session = guest(&app, &actor, "other@example.com", "viewer").await;
        let viewer = who(&app, &session).await.unwrap();
        assert_eq!(viewer.team, actor.team);
        let nowhere = teams::switch(&app, &viewer, &session, TeamId(app.ids.next())).await;
        assert!(matches!(nowhere, Err(Refused::NotFound)));
        teams::switch(&app, &viewer, &session, rival.team).await.unwrap();
        assert_eq!(who(&app, &session).await.unwrap().team, rival.team);
        teams::switch(&app, &viewer, &session, actor.team).await.unwrap();
        assert!(members::leave(&app, &viewer, &session).await.unwrap());
        assert_eq!(who(&app, &session).await.unwrap().team, rival.team);
    }

    async fn closed_lets_only_the_operator_team_invite_new_people(store: Store) {
        let app = fresh(store);
        let operator = who(&app, &owner(&app).await).await.unwrap();
        let rival = other_owner(&app).await;
        let refused = words(invite(&app, &rival, "new@example.com", "viewer").await);
        for part in ["email", "LIFESIGN_SIGNUPS", "lifesign user add new@example.com"] {
            assert!(refused.contains(part), "{refused}");
        }
        invite(&app, &rival, EMAIL, "viewer").await.unwrap();
        invite(&app, &operator, "new@example.com", "viewer").await.unwrap();
        assert!(matches!(sign(&app, "a@example.com", None).await, Err(Refused::NotFound)));
    }

    async fn invite_lets_every_owner_invite_new_people(store: Store) {
        let app = fresh_with(store, &[("signups", "invite")]);
        owner(&app).await;
        let rival = other_owner(&app).await;
        invite(&app, &rival, "new@example.com", "viewer").await.unwrap();
        assert!(matches!(sign(&app, "a@example.com", None).await, Err(Refused::NotFound)));
    }

    async fn open_lets_everybody_sign_up_with_a_team_of_their_own(store: Store) {
        let app = fresh_with(store, &[("signups", "open")]);
        let first = sign(&app, "a@example.com", None).await;
        assert!(matches!(first, Err(Refused::Conflict(_))), "the operator comes first");
        let operator = who(&app, &owner(&app).await).await.unwrap();
        let session = sign(&app, "A@example.com", None).await.unwrap();
        let actor = who(&app, &session).await.unwrap();
        assert_eq!((actor.email.as_str(), actor.role.as_str()), ("a@example.com", "owner"));
        assert_ne!(actor.team, operator.team);
        assert_eq!(fields(sign(&app, "a@example.com", None).await), ["email"]);
        let nothing = SignUp { email: "", team: "", password: &secret("short") };
        let wrong = sign_up::sign_up(&app, &nothing, None).await;
        assert_eq!(fields(wrong), ["email", "team", "password"]);
    }

    async fn one_address_cannot_sign_up_for_ever(store: Store) {
        let app = fresh_with(store, &[("signups", "open")]);
        owner(&app).await;
        let address: IpAddr = "203.0.113.9".parse().unwrap();
        // A taken address is refused before a password is hashed, and counted all the same.
        for _ in 0..30 {
            assert_eq!(fields(sign(&app, EMAIL, Some(address)).await), ["email"]);
        }
        assert!(matches!(sign(&app, EMAIL, Some(address)).await, Err(Refused::TooMany(_))));
        let elsewhere = Some("203.0.113.10".parse().unwrap());
        assert_eq!(fields(sign(&app, EMAIL, elsewhere).await), ["email"]);
    }

    async fn a_team_has_a_bounded_number_of_open_invitations(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let mut tx = app.store.begin().await.unwrap();
        for n in 0..MAX_INVITATIONS {
            let email = Email::parse(&format!("guest{n}@example.com")).unwrap();
            let link = Link::Invite { team: actor.team, email, role: Role::Viewer };
            let until = app.clock.now() + std::time::Duration::from_hours(1);
            tx.add_link(&format!("hash {n}"), &link, app.clock.now(), Some(until)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let refused = invite(&app, &actor, "new@example.com", "viewer").await;
        assert!(matches!(refused, Err(Refused::Conflict(_))));
        invite(&app, &actor, "guest1@example.com", "viewer").await.unwrap();
    }
}
