//! Making an account by oneself, where the operator lets everybody.

use axum::http::StatusCode;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

engines! {
    async fn a_signup_makes_an_account_and_a_refused_one_comes_back(store: Store) {
        let test = TestApp::with(store, &[("signups", "open")]).await;
        let site = Site::around(&test);
        let stranger = site.stranger();
        assert!(stranger.get("/login").await.text().contains("/signup"));
        assert_eq!(stranger.get("/signup").await.status, StatusCode::OK);
        let form = |password| [("email", "a@example.com"), ("team", "<b>A"), ("password", password)];
        let refused = stranger.post("/signup", &form("short")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.attribute("#team", "value").as_deref(), Some("<b>A"));
        assert!(refused.one("#password-error").contains("too short"));
        let foreign = [("origin", "https://evil.example")];
        let foreign = stranger.post_from("/signup", &form("correct horse battery"), &foreign).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN);
        let made = stranger.post("/signup", &form("correct horse battery")).await;
        assert_eq!(made.location(), "/");
        let person = stranger.with_cookie(made.header("set-cookie"));
        assert_eq!(person.get("/team").await.one("h1"), "<b>A");
        let again = stranger.post("/signup", &form("correct horse battery")).await;
        assert!(again.one("#email-error").contains("already"));
    }
}
