//! What pages say while the database is away: never an old green as if it were new.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use fake_mcp::{FakeMcp, healthy};
use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::status_page::Component;
use serde_json::Value;
use tower::ServiceExt as _;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

/// The public JSON of the page.
async fn json(site: &Site) -> Value {
    let request = Request::get("/api/v1/status/acme").body(Body::empty());
    let router = lifesign::api::router(&site.app);
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

engines! {
    async fn the_public_is_told_the_last_that_is_known_as_what_it_is(store: Store) {
        let test = TestApp::new(store.clone()).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let monitor = test.watch(&server.url()).await;
        let spec = PageSpec::public("acme", "Acme", [Component::of(monitor)]);
        status_pages::create(&site.app, &site.owner, spec).await.unwrap();
        test.round().await;
        let stranger = site.stranger();
        assert_eq!(stranger.get("/status/acme").await.one(".hero h2"), "All servers are up");
        assert_eq!(json(&site).await["is_current"], true);

        store.close().await;
        test.advance(5);
        let page = stranger.get("/status/acme").await;
        assert!(page.one("main .note").contains("database is away"));
        assert!(page.one("main .note").contains("5 s ago"), "{}", page.one("main .note"));
        assert_eq!(page.one(".hero h2"), "All servers are up", "it was a moment ago");
        assert_eq!(json(&site).await["is_current"], false);

        test.advance(60);
        let page = stranger.get("/status/acme").await;
        assert!(page.one("main .note").contains("1 min ago"));
        assert_eq!(page.one(".hero h2"), "Nobody can say how it is at the moment");
        assert_eq!(page.all(".hero.unknown").len(), 1, "no green");
        assert_eq!(stranger.get("/badge/acme.svg").await.one("title"), "Acme: unknown");
        let told = json(&site).await;
        assert_eq!((&told["status"], &told["age_seconds"]), (&"unknown".into(), &65.into()));
        assert_eq!(told["components"][0]["status"], "unknown");
    }

    /// A form that nobody can save now comes back as it was typed.
    async fn what_was_typed_is_not_lost(store: Store) {
        let site = Site::new(store.clone()).await;
        let monitor = site.monitor("Search").await;
        let spec = PageSpec::public("acme", "Acme", [Component::of(monitor)]);
        status_pages::create(&site.app, &site.owner, spec).await.unwrap();
        let stranger = site.stranger();
        assert_eq!(stranger.get("/status/acme").await.status, StatusCode::OK);
        store.close().await;
        let hook = [("kind", "webhook"), ("url", "https://hooks.example.com/in")];
        let login = [("email", "me@example.com"), ("password", "a few words will do")];
        for (path, typed, field) in [
            ("/status/acme/subscribe", hook, "#url"),
            ("/login", login, "#email"),
        ] {
            let page = stranger.post(path, &typed).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(page.one("main .note.bad").contains("our database is away"), "{path}");
            let kept = page.attribute(field, "value");
            assert!(typed.iter().any(|(_, value)| kept.as_deref() == Some(*value)), "{path}: {kept:?}");
        }
    }

    async fn people_are_told_that_it_is_our_trouble(store: Store) {
        let site = Site::new(store.clone()).await;
        let monitor = site.monitor("Search").await;
        let owner = site.owner().await;
        store.close().await;
        for path in ["/".to_owned(), format!("/monitors/{monitor}"), "/incidents".to_owned()] {
            let page = owner.get(&path).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert_eq!(page.one("h1"), "The database is away", "{path}");
        }
        let ready = site.stranger().get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(ready.text().contains("\"database\":\"away\""));
    }
}
