//! Ways in and out, through the pages.

use axum::http::StatusCode;
use lifesign::app::accounts;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::{Link, Role};
use lifesign::secret::hash_token;

use super::site::{NOON, Site};
use crate::support::engines::engines;

const PASSWORD: &str = "correct horse battery";

engines! {
    /// A link works once, a refused password loses nothing, and what the cookie opens closes with
    /// the log-out.
    async fn a_link_lets_in_once(store: Store) {
        let site = Site::new(store).await;
        let email = lifesign::domain::team::Email::parse("new@example.com").unwrap();
        let link = Link::Invite { team: site.owner.team, email, role: Role::Editor };
        let mut tx = site.app.store.begin().await.unwrap();
        tx.add_link(&hash_token("token"), &link, NOON, None).await.unwrap();
        tx.commit().await.unwrap();
        let stranger = site.stranger();
        let page = stranger.get("/setup/token").await;
        assert!(page.text().contains("new@example.com"));
        let refused = stranger.post("/setup/token", &[("password", "short")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.one("#password-error").contains("too short"));
        let entered = stranger.post("/setup/token", &[("password", PASSWORD)]).await;
        assert_eq!(entered.location(), "/");
        let cookie = entered.header("set-cookie").to_owned();
        assert!(cookie.contains("HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
        for again in [stranger.get("/setup/token").await, stranger.post("/setup/token", &[]).await] {
            assert_eq!(again.status, StatusCode::NOT_FOUND);
            assert!(again.text().contains("does not work any more"));
        }
        let person = stranger.with_cookie(&cookie);
        assert_eq!(person.get("/settings").await.status, StatusCode::OK);
        assert_eq!(person.post("/logout", &[]).await.location(), "/login");
        assert!(person.get("/settings").await.location().starts_with("/login"));
    }

    async fn logging_in_comes_back_to_where_one_wanted_to_go(store: Store) {
        let site = Site::new(store).await;
        let link = Link::Reset { email: site.owner.email.clone() };
        let mut tx = site.app.store.begin().await.unwrap();
        tx.add_link(&hash_token("token"), &link, NOON, None).await.unwrap();
        tx.commit().await.unwrap();
        let stranger = site.stranger();
        stranger.post("/setup/token", &[("password", PASSWORD)]).await.location();
        let form = |password, to| [("email", "owner@example.com"), ("password", password), ("to", to)];
        let wrong = stranger.post("/login", &form("not it at all", "/channels")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.attribute("#email", "value").as_deref(), Some("owner@example.com"));
        assert!(!wrong.text().contains("not it at all"));
        let right = stranger.post("/login", &form(PASSWORD, "/channels?x=1")).await;
        assert_eq!(right.location(), "/channels?x=1");
        let sent_away = stranger.post("/login", &form(PASSWORD, "//evil.example")).await;
        assert_eq!(sent_away.location(), "/");
    }

    /// A changed password ends every other session; a token is shown once and can be revoked.
    async fn settings_change_what_they_say(store: Store) {
        let site = Site::new(store).await;
        let link = Link::Reset { email: site.owner.email.clone() };
        let mut tx = site.app.store.begin().await.unwrap();
        tx.add_link(&hash_token("token"), &link, NOON, None).await.unwrap();
        tx.commit().await.unwrap();
        let stranger = site.stranger();
        let here = stranger.post("/setup/token", &[("password", PASSWORD)]).await;
        let here = stranger.with_cookie(here.header("set-cookie"));
        let there = stranger
            .post("/login", &[("email", "owner@example.com"), ("password", PASSWORD)])
            .await;
        let there = stranger.with_cookie(there.header("set-cookie"));
        assert_eq!(there.get("/settings").await.status, StatusCode::OK);

        let form = |current, new| [("current", current), ("password", new)];
        let wrong = here.post("/settings/password", &form("wrong", "a new long password")).await;
        assert!(wrong.one("#current-error").contains("not your present password"));
        here.post("/settings/password", &form(PASSWORD, "a new long password")).await.location();
        assert_eq!(here.get("/settings").await.status, StatusCode::OK);
        assert!(there.get("/settings").await.location().starts_with("/login"));

        let made = here.post("/settings/tokens", &[("name", "CI"), ("scope", "write")]).await;
        let token = made.one("code.secret");
        assert!(token.starts_with("ls_"));
        assert!(!here.get("/settings").await.text().contains(&token));
        let token = Sensitive::new(token);
        let known = accounts::visitor(&site.app, &token).await.unwrap();
        assert!(known.is_none(), "a token is no session");
        let page = here.get("/settings").await;
        let revoke = page.attribute("form[action$='/revoke']", "action").unwrap();
        here.post(&revoke, &[]).await.location();
        assert!(here.get("/settings").await.all("form[action$='/revoke']").is_empty());
        here.post("/settings/team", &[("team", "Platform")]).await.location();
        let name = here.get("/settings").await.attribute("#team", "value");
        assert_eq!(name.as_deref(), Some("Platform"));
    }
}
