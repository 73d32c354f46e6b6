//! The public directory: what strangers find, what they do not, and who puts it there.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};
use lifesign::app::{listings, monitors};
use lifesign::clock::Ids;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::MonitorSpec;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::Role;
use serde_json::json;

use super::site::{Answer, Site, endpoint};
use crate::support::app::TestApp;
use crate::support::engines::engines;
use crate::support::world::node;

/// What a hostile owner of a server would write.
const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}\u{1b}[31m";

/// Names in the list that a stranger finds there.
async fn found(site: &Site, query: &str) -> Vec<String> {
    let page = site.stranger().get(&format!("/explore{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{query}");
    page.all(".servers a.strong")
}

/// The answers for a server: its page and its badge.
async fn of(site: &Site, id: MonitorId) -> [Answer; 2] {
    let stranger = site.stranger();
    let page = stranger.get(&format!("/explore/{id}")).await;
    [
        page,
        stranger.get(&format!("/explore/{id}/badge.svg")).await,
    ]
}

/// A monitor of an address whose name needs not be looked up.
async fn monitor(site: &Site, name: &str) -> MonitorId {
    let spec = MonitorSpec {
        name: name.to_owned(),
        ..MonitorSpec::of(endpoint("http://127.0.0.1:9/mcp"))
    };
    let made = monitors::create(&site.app, &site.owner, spec, &[]).await;
    made.unwrap().id
}

async fn list(site: &Site, id: MonitorId) {
    listings::list(&site.app, &site.owner, id).await.unwrap();
}

engines! {
    async fn strangers_find_what_is_listed_and_nothing_else(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy().tools(["search", "fetch"])).unwrap();
        let id = test.watch_as(&server.url(), |spec| MonitorSpec { name: "Search".to_owned(), ..spec }).await;
        let other = test.watch_as(&server.url(), |spec| MonitorSpec { name: "Hidden".to_owned(), ..spec }).await;
        test.round().await;
        let owner = site.owner().await;
        assert!(site.stranger().get("/explore").await.text().contains("No server is listed yet"));
        assert!(!site.stranger().get("/bot").await.text().contains("/explore"));
        let done = owner.post(&format!("/monitors/{id}/list"), &[]).await;
        assert_eq!(done.location(), format!("/monitors/{id}?done=listed"));
        assert!(owner.get(&format!("/monitors/{id}")).await.one("#directory").contains("Everybody sees it"));
        assert!(site.stranger().get("/bot").await.text().contains("/explore"));

        let page = site.stranger().get("/explore").await;
        assert_eq!(page.all(".servers a.strong"), ["Search"]);
        let row = page.all(".servers tbody td");
        assert_eq!((&*row[0], &*row[3], &*row[4]), ("up", "2025-11-25", "2"));
        assert!(row[1].contains("127.0.0.1:"), "{row:?}");
        assert!(page.text().contains("1 public MCP server: 1 up"));
        for (query, names) in [
            ("?q=SEAR", vec!["Search"]), ("?q=127.0.0", vec!["Search"]), ("?q=hidden", vec![]),
            ("?status=up", vec!["Search"]), ("?status=down", vec![]),
            ("?version=2025-11-25", vec!["Search"]), ("?version=2024-11-05", vec![]),
            ("?page=7", vec!["Search"]), ("?page=0", vec!["Search"]),
        ] {
            assert_eq!(found(&site, query).await, names, "{query}");
        }
        let [page, badge] = of(&site, id).await;
        assert_eq!(page.one("h1"), "Search");
        assert!(page.one(".hero h2").starts_with("Up for"));
        assert_eq!(page.all("#tools dt"), ["fetch", "search"]);
        assert!(page.one("#connect pre").contains(&format!("\"url\": \"{}\"", server.url())));
        assert_eq!(page.attribute("link[rel=canonical]", "href").unwrap(), format!("{}/explore/{id}", site.app.settings.public_url));
        assert!(page.attribute("meta[name=description]", "content").unwrap().contains("2 tools"));
        assert_eq!(badge.one("title"), "Search: up");
        for path in ["/explore".to_owned(), format!("/explore/{id}"), format!("/explore/{id}/badge.svg")] {
            let answer = site.stranger().get(&path).await;
            assert_eq!(answer.header("cache-control"), "public, max-age=30, stale-while-revalidate=300", "{path}");
            test.advance(7);
            let etag = answer.header("etag").to_owned();
            let again = site.stranger().get_with(&path, &[("if-none-match", &etag)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        }

        let done = owner.post(&format!("/monitors/{id}/unlist"), &[]).await;
        assert_eq!(done.location(), format!("/monitors/{id}?done=unlisted"));
        assert_eq!(found(&site, "").await, Vec::<String>::new());
        let nobody = MonitorId(uuid::Uuid::from_u128(7));
        let absent = of(&site, nobody).await;
        for hidden in [id, other] {
            for (hidden, absent) in of(&site, hidden).await.iter().zip(&absent) {
                assert_eq!(hidden.status, StatusCode::NOT_FOUND);
                assert_eq!(hidden.body, absent.body, "to the byte");
            }
        }
    }

    /// Neither keys in the address nor credentials nor what the team keeps for itself.
    async fn nothing_internal_is_told(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let url = format!("{}?key=s3cret", server.url());
        let id = test.watch_as(&url, |mut spec| {
            spec.endpoint.bearer = Some(Sensitive::new("b3arer"));
            MonitorSpec { name: "Search".to_owned(), tags: vec!["rack-7".to_owned()], ..spec }
        }).await;
        list(&site, id).await;
        test.round().await;
        drop(server);
        test.rounds(8, 15).await;
        let incident = test.incidents().await.remove(0).id;
        let owner = site.owner().await;
        let path = format!("/incidents/{incident}");
        owner.post(&format!("{path}/notes"), &[("text", "the pod in the cellar")]).await.location();
        owner.post(&format!("{path}/acknowledge"), &[]).await.location();
        test.advance(31);
        let [page, badge] = of(&site, id).await;
        assert!(page.one(".hero h2").starts_with("Down for"));
        assert!(page.text().contains("Somebody is looking at it."));
        assert_eq!(badge.one("title"), "Search: down");
        assert!(page.one("#connect").contains("?key=…"));
        assert_eq!(found(&site, "?status=down").await, ["Search"]);
        let listed = site.stranger().get("/explore").await.text();
        for internal in ["s3cret", "b3arer", "rack-7", "cellar", "owner@example.com", "refused"] {
            assert!(!page.text().contains(internal), "{internal}");
            assert!(!listed.contains(internal), "{internal} in the list");
        }
    }

    async fn hostile_names_and_tools_do_nothing(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let tool = |name: &str| json!({ "name": name, "description": HOSTILE.repeat(100), "inputSchema": { "type": "object" } });
        let tools: Vec<_> = (0..200).map(|n| tool(&format!("{n}{HOSTILE}"))).collect();
        let server = FakeMcp::start(healthy().tool_values(tools)).unwrap();
        let name = "\"><script>alert(1)</script>\u{202e}";
        let id = test.watch_as(&server.url(), |spec| MonitorSpec { name: name.to_owned(), ..spec }).await;
        test.round().await;
        list(&site, id).await;
        let [page, badge] = of(&site, id).await;
        for answer in [&page, &badge, &site.stranger().get("/explore").await] {
            let shown = answer.text();
            assert!(!shown.contains("<script>"), "{shown}");
            assert!(!shown.contains(['\u{202e}', '\u{1b}']), "{shown}");
        }
        assert_eq!(page.all("#tools dt").len(), 60);
        assert!(page.one("#tools").contains("and 140 more"));
        let zipped = site.stranger().get_with(&format!("/explore/{id}"), &[("accept-encoding", "gzip")]).await;
        assert!(zipped.body.len() < 20_000, "{}", zipped.body.len());
    }

    /// A full page is small; the rest is on the next ones, by name.
    async fn many_servers_come_page_by_page(store: Store) {
        let site = Site::new(store).await;
        for n in 0..60 {
            let id = monitor(&site, &format!("Server {n:02}")).await;
            list(&site, id).await;
        }
        let page = site.stranger().get("/explore").await;
        let names = page.all(".servers a.strong");
        assert_eq!((names.len(), &*names[0], &*names[49]), (50, "Server 00", "Server 49"));
        let next = page.attribute("a[rel=next]", "href").unwrap();
        let last = site.stranger().get(&next).await;
        assert_eq!(last.all(".servers a.strong").len(), 10);
        assert!(last.attribute("a[rel=next]", "href").is_none());
        assert_eq!(last.attribute("a[rel=prev]", "href").unwrap(), "/explore?page=1");
        let zipped = site.stranger().get_with("/explore", &[("accept-encoding", "gzip")]).await;
        assert!(zipped.body.len() < 10_000, "{}", zipped.body.len());
    }

    /// An address inside is listed only where the operator has opened it, and still does.
    async fn an_address_inside_is_not_listed(store: Store) {
        let opened = [("allow_targets", "loopback 10.0.0.0/8")];
        let test = TestApp::with(store.clone(), &opened).await;
        let site = Site::around(&test);
        let inside = test.watch("http://localhost:9/mcp").await;
        let near = test.watch("http://10.1.2.3/mcp").await;
        let fewer = [("allow_targets", "10.0.0.0/8")];
        let node = node(store, test.app.clock.clone(), Ids::random(), &fewer);
        let refused = listings::list(&node, &site.owner, inside).await.unwrap_err();
        assert!(refused.to_string().contains("LIFESIGN_ALLOW_TARGETS"), "{refused}");
        listings::list(&node, &site.owner, near).await.unwrap();
        assert_eq!(found(&site, "").await, ["10.1.2.3"]);
        list(&site, inside).await;
        assert_eq!(found(&site, "?q=localhost").await, ["localhost:9"]);
    }

    async fn a_monitor_that_moves_or_goes_leaves_the_directory(store: Store) {
        let site = Site::new(store).await;
        let id = monitor(&site, "Search").await;
        list(&site, id).await;
        let spec = |url: &str| MonitorSpec { name: "Search".to_owned(), ..MonitorSpec::of(endpoint(url)) };
        let moved = async |url: &str| {
            monitors::change(&site.app, &site.owner, id, spec(url), &[]).await.unwrap();
            found(&site, "").await
        };
        assert_eq!(moved("http://127.0.0.1:9/v2?key=abc").await, ["Search"]);
        assert_eq!(moved("http://127.0.0.2:9/mcp").await, Vec::<String>::new());
        list(&site, id).await;
        assert_eq!(found(&site, "?q=127.0.0.2").await, ["Search"]);
        monitors::delete(&site.app, &site.owner, id).await.unwrap();
        assert_eq!(found(&site, "").await, Vec::<String>::new());
        assert_eq!(of(&site, id).await[0].status, StatusCode::NOT_FOUND);
    }

    async fn only_editors_of_its_team_list_a_monitor(store: Store) {
        let site = Site::new(store).await;
        let id = monitor(&site, "Search").await;
        let viewer = site.colleague(Role::Viewer).await;
        let (rival, _) = site.rival().await;
        let path = format!("/monitors/{id}/list");
        assert_eq!(viewer.post(&path, &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(rival.post(&path, &[]).await.status, StatusCode::NOT_FOUND);
        assert!(site.stranger().post(&path, &[]).await.location().starts_with("/login"));
        list(&site, id).await;
        let path = format!("/monitors/{id}/unlist");
        assert_eq!(viewer.post(&path, &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(rival.post(&path, &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(found(&site, "").await, ["Search"]);
    }

    /// Never an old green as if it were new.
    async fn the_last_that_is_known_is_told_as_what_it_is(store: Store) {
        let test = TestApp::new(store.clone()).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        list(&site, id).await;
        assert!(of(&site, id).await[0].one(".hero h2").starts_with("Up for"));
        assert_eq!(found(&site, "?status=up").await.len(), 1);
        store.close().await;
        test.advance(40);
        assert!(of(&site, id).await[0].one("main .note").contains("40 s ago"));
        assert_eq!(found(&site, "?status=up").await.len(), 1, "it was a moment ago");
        test.advance(30);
        let [page, badge] = of(&site, id).await;
        assert_eq!(page.one(".hero h2"), "Nobody can say how it is at the moment");
        assert!(badge.one("title").ends_with(": unknown"));
        assert_eq!(found(&site, "?status=up").await.len(), 0);
        assert_eq!(found(&site, "?status=unknown").await.len(), 1);
    }
}
