//! What the public sees, and what it does not.

use axum::http::StatusCode;
use lifesign::app::status_pages::PageSpec;
use lifesign::domain::status_page::Component;

use super::pages::furnish;
use super::site::Site;
use crate::support::engines::engines;

const PUBLIC: [&str; 9] = [
    "/status/acme",
    "/status/acme/history",
    "/status/acme/feed.atom",
    "/status/acme/history?month=2026-11",
    "/status/acme/calendar.ics",
    "/status/acme/widget.js",
    "/badge/acme.svg",
    "/badge/acme.json",
    "/badge/acme/search.svg",
];

engines! {
    async fn the_public_sees_page_feed_and_badges(store: Store) {
        let site = Site::new(store).await;
        furnish(&site, "Search").await;
        let stranger = site.stranger();
        for path in PUBLIC {
            let answer = stranger.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            let cache = answer.header("cache-control");
            assert_eq!(cache, "public, max-age=30, stale-while-revalidate=300", "{path}");
            let etag = answer.header("etag").to_owned();
            let again = stranger.get_with(path, &[("if-none-match", &etag)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        }
        for (path, count) in [("/status/acme", 1), ("/status/acme/history", 1), ("/status/acme/subscribe", 0)] {
            let again = stranger.get(path).await.all("[data-again]").len();
            assert_eq!(again, count, "{path}: a form is not fetched again under who fills it in");
        }
        let page = stranger.get("/status/acme").await;
        assert_eq!(page.one(".hero h2"), "Nothing has been measured yet");
        assert_eq!(page.all(".comp .day").len(), 90);
        let badge = stranger.get("/badge/acme/search.svg?metric=uptime-30d&style=for-the-badge").await;
        assert_eq!(badge.header("content-type"), "image/svg+xml; charset=utf-8");
        assert!(badge.text().contains("<title>SEARCH: – (30D)</title>"), "{}", badge.text());
        let shield: serde_json::Value =
            serde_json::from_slice(&stranger.get("/badge/acme.json").await.body).unwrap();
        assert_eq!((&shield["schemaVersion"], &shield["label"]), (&1.into(), &"Search".into()));
        assert!(stranger.get("/status/acme/feed.atom").await.text().contains("<title>Search</title>"));
    }

    /// A page that is not public answers, to the byte, like one that does not exist; at once.
    async fn a_page_that_is_not_public_does_not_exist(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let (owner, stranger) = (site.owner().await, site.stranger());
        assert_eq!(stranger.get("/status/acme").await.status, StatusCode::OK);
        let id = furnished.monitor.to_string();
        let form = [("title", "Search"), ("slug", "acme"), ("visibility", "hidden"), ("components", &*id)];
        owner.post(&format!("/status-pages/{}/edit", furnished.page), &form).await.location();
        for path in PUBLIC {
            for person in [&stranger, &owner] {
                let hidden = person.get(path).await;
                let absent = person.get(&path.replace("acme", "emca")).await;
                assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
                assert_eq!(hidden.body, absent.body, "{path}");
            }
        }
    }

    /// The cause of now is told where it was found, and not as that of what was before.
    async fn an_entry_is_told_with_its_own_cause(store: Store) {
        let test = crate::support::app::TestApp::new(store).await;
        let site = Site::around(&test);
        let server = fake_mcp::FakeMcp::start(fake_mcp::healthy()).unwrap();
        let lacks = |mut spec: lifesign::domain::monitor::MonitorSpec| {
            spec.expectations.tools = vec!["absent".to_owned()];
            spec
        };
        let monitor = test.watch_as(&server.url(), lacks).await;
        let spec = PageSpec::public("acme", "Acme", [Component::of(monitor)]);
        lifesign::app::status_pages::create(&site.app, &site.owner, spec).await.unwrap();
        test.rounds(8, 60).await;
        drop(server);
        test.rounds(8, 60).await;
        let lines = site.stranger().get("/status/acme").await.all(".line li");
        assert!(lines[1].ends_with("Confirmed."), "{lines:?}");
        assert!(lines[2].contains("Changed: "), "{lines:?}");
    }

    /// An incident is told without what the team keeps for itself.
    async fn the_public_is_not_told_what_is_internal(store: Store) {
        let test = crate::support::app::TestApp::new(store).await;
        let site = Site::around(&test);
        let server = fake_mcp::FakeMcp::start(fake_mcp::healthy()).unwrap();
        let url = server.url();
        let address = url.split('/').nth(2).unwrap().to_owned();
        let monitor = test.watch(&url).await;
        let search = Component { name: Some("Search".to_owned()), ..Component::of(monitor) };
        let spec = PageSpec::public("acme", "Acme", [search]);
        lifesign::app::status_pages::create(&site.app, &site.owner, spec).await.unwrap();
        test.round().await;
        drop(server);
        test.rounds(8, 15).await;
        let incident = test.incidents().await.remove(0).id;
        let owner = site.owner().await;
        let path = format!("/incidents/{incident}");
        owner.post(&format!("{path}/notes"), &[("text", "the pod in rack 7")]).await.location();
        owner.post(&format!("{path}/acknowledge"), &[]).await.location();
        test.advance(30);
        let stranger = site.stranger();
        for path in ["/status/acme", "/status/acme/history", "/status/acme/feed.atom"] {
            let shown = stranger.get(path).await.text();
            assert!(shown.contains("Search"), "{path}");
            for internal in ["rack 7", "owner@example.com", &*address] {
                assert!(!shown.contains(internal), "{internal} on {path}");
            }
        }
        let page = stranger.get("/status/acme").await;
        assert_eq!(page.one(".hero h2"), "All servers are down");
        assert!(page.text().contains("Somebody is looking at it."));
        assert_eq!(stranger.get("/badge/acme/search.svg").await.one("title"), "Search: down");
    }
}
