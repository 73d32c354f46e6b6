//! The page of one monitor: latency closer and as a table, how the last check went, its checks as
//! files, its locations, and a change that is tested before it is saved.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};
use lifesign::domain::at::At;
use lifesign::domain::monitor::MonitorSpec;
use lifesign::domain::team::Role;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

engines! {
    async fn latency_is_a_picture_and_a_table_and_can_be_looked_at_closer(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}");
        let empty = owner.get(&path).await;
        assert!(empty.one("#latency").contains("Nothing was measured"), "{}", empty.one("#latency"));
        test.round().await;
        test.rounds(2, 60).await;

        let page = owner.get(&path).await;
        assert!(page.one("svg.chart title").contains("over 24h"));
        assert_eq!(page.all("svg.ends text"), ["p50", "p95", "p99"]);
        assert!(page.all(".chart .band").len() >= 2, "{}", page.text());
        let rows = page.all("#latency-table tbody tr");
        assert_eq!(rows.len(), 24);
        let last = page.all("#latency-table tbody tr:last-child td");
        assert!(last[0] == "3" && last[1].ends_with("ms"), "{last:?}");
        let closer = page.attribute("#latency-table tbody tr:last-child a", "href").unwrap();
        assert_eq!(owner.get(&closer).await.all(".folds tbody tr").len(), 3, "{closer}");

        let now = site.app.clock.now();
        let rfc = |at: i64| At(at).utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (from, until) = (rfc(now.0 - 8 * 3_600_000), rfc(now.0));
        let near = owner.get(&format!("{path}?window=30d&from={from}&until={until}")).await;
        assert!(near.one("#latency").contains("Back to 30 days"));
        assert_eq!(near.all("#latency-table tbody tr").len(), 9, "whole hours");
        let earlier = near.attribute("#latency .between .pills a", "href").unwrap();
        let earlier = owner.get(&format!("{path}{earlier}")).await;
        assert!(earlier.one("#latency").contains("Nothing was measured"));
        for nonsense in ["from=yesterday&until=now", "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"] {
            let page = owner.get(&format!("{path}?{nonsense}")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.one("#latency .pills a[aria-current]"), "24h");
        }
    }

    async fn it_says_how_the_last_check_went_and_what_checks_cost(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        let owner = site.owner().await;
        let page = owner.get(&format!("/monitors/{id}")).await;
        let steps = page.all("#checks .fall li");
        assert!(steps.iter().any(|step| step.contains("Say hello") && step.contains("ms")), "{steps:?}");
        assert_eq!(page.all("#checks .fall li .bar-of rect").len(), steps.len());
        let cost = page.all("#cost td");
        assert_eq!((&cost[..2], &cost[8..10]), (&["1".to_owned(), "1440".to_owned()][..], &["1".to_owned(), "1440".to_owned()][..]));
        assert!(page.one("#cost").contains("we are Lifesign/"), "{}", page.one("#cost"));
        assert!(page.all("#locations").is_empty());

        drop(server);
        test.rounds(4, 15).await;
        let page = owner.get(&format!("/monitors/{id}")).await;
        assert!(page.all("#checks .fall").is_empty(), "why it failed stands above");
        assert!(!page.all("#overview .fall .failed .bar-of").is_empty());
    }

    async fn checks_are_filtered_and_taken_away_as_files(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        test.rounds(2, 60).await;
        drop(server);
        test.rounds(4, 60).await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}/checks");
        let bad = owner.get(&format!("{path}?status=down")).await;
        let rows = bad.all(".folds tbody tr");
        assert!(rows.len() >= 3 && rows.iter().all(|row| row.starts_with("down")), "{rows:?}");
        assert!(owner.get(&format!("{path}?blip=true")).await.text().contains("No checks here"));
        let none = owner.get(&format!("{path}?day=2020-02-02")).await;
        assert!(none.one("h1").contains("on 2 Feb 2020"));
        assert_eq!(none.attribute("#day", "value").as_deref(), Some("2020-02-02"));

        let href = bad.all(".head .actions a");
        assert_eq!(href, ["CSV", "JSON"]);
        let href = bad.attribute(".head .actions a", "href").unwrap();
        let file = owner.get(&href).await;
        assert!(file.header("content-type").starts_with("text/csv"));
        assert!(file.header("content-disposition").contains("checks-"));
        let csv = file.text();
        let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
        assert!(lines[0].starts_with("slot,location,started_at,status,"), "{}", lines[0]);
        assert_eq!(lines.len(), rows.len() + 1);
        assert!(lines[1..].iter().all(|line| line.contains(",down,") && line.contains("tcp_refused")));

        let all: Vec<serde_json::Value> =
            serde_json::from_str(&owner.get(&format!("{path}.json")).await.text()).unwrap();
        assert_eq!(all.len(), rows.len() + 3);
        assert_eq!(all.last().unwrap()["status"], "up");
        assert!(all.last().unwrap()["timings_ms"]["total"].is_number());
        let empty = owner.get(&format!("{path}.json?day=2020-02-02")).await.text();
        assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&empty).unwrap().len(), 0);
    }

    async fn locations_stand_side_by_side(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let locations = Some(vec!["fra".to_owned(), "local".to_owned()]);
        let two = |spec: MonitorSpec| MonitorSpec { locations, ..spec };
        let id = test.watch_as(&server.url(), two).await;
        test.round().await;
        let page = site.owner().await.get(&format!("/monitors/{id}")).await;
        let fra = page.all("#locations tbody tr:first-child > *");
        assert_eq!(fra[..3], ["fra", "pending", "none yet"]);
        let local = page.all("#locations tbody tr:last-child > *");
        assert_eq!(local[..3], ["local", "up", "just now"]);
        assert!(local[3..6].iter().all(|ms| ms.ends_with("ms")), "it took, p50, p95: {local:?}");
    }

    /// A change is tested with what was typed and what is kept sealed; only Save saves it.
    async fn a_change_is_tested_before_it_is_saved(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        let owner = site.owner().await;
        let (edit, try_it) = (format!("/monitors/{id}/edit"), format!("/monitors/{id}/test"));
        let gone = FakeMcp::start(healthy()).unwrap();
        let gone_url = gone.url();
        drop(gone);
        let typed = [("url", gone_url.as_str()), ("name", "Renamed"), ("transport", "auto")];
        let shown = owner.post(&try_it, &typed).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.one("#outcome").contains("clients cannot use it"), "{}", shown.one("#outcome"));
        assert_eq!(shown.attribute("#url", "value"), Some(gone_url.clone()));
        assert_eq!(shown.attribute("#name", "value").as_deref(), Some("Renamed"));

        let url = server.url();
        let typed = [
            ("url", url.as_str()), ("transport", "auto"), ("bearer", "t0ken-secret"),
            ("headers", "X-Key: key-that-nobody-sees"), ("tags", "a, b"),
        ];
        let shown = owner.post(&try_it, &typed).await;
        assert!(shown.one("#outcome").contains("it is up"), "{}", shown.text());
        assert!(shown.text().contains("Nothing is saved yet"));
        for secret in ["t0ken-secret", "key-that-nobody-sees"] {
            assert!(!shown.text().contains(secret), "{secret}");
        }
        let last = server.requests().pop().unwrap();
        assert_eq!(last.header("authorization"), Some("Bearer t0ken-secret"));
        let saved = || async { site.app.store.monitor(site.owner.team, id).await.unwrap().unwrap().monitor };
        assert!(!saved().await.spec.endpoint.has_credentials(), "only Save saves");

        let sealed = shown.attribute("input[name=sealed]", "value").unwrap();
        let kept = [
            ("url", url.as_str()), ("transport", "auto"), ("sealed", sealed.as_str()),
            ("keep_header", "X-Key"), ("tags", "a, b"),
        ];
        let again = owner.post(&try_it, &kept).await;
        assert!(again.one("#outcome").contains("it is up"));
        let asked = server.requests().pop().unwrap();
        assert_eq!(asked.header("x-key"), Some("key-that-nobody-sees"));
        owner.post(&edit, &kept).await.location();
        let endpoint = saved().await.spec.endpoint;
        assert_eq!(endpoint.bearer.unwrap().expose(), "t0ken-secret");
        assert_eq!(endpoint.headers.len(), 1);

        let wrong = owner.post(&try_it, &[("url", "ftp://x"), ("name", "Kept")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.one("#url-error").contains("only http and https"));
        assert_eq!(wrong.attribute("#name", "value").as_deref(), Some("Kept"));
        let viewer = site.colleague(Role::Viewer).await;
        assert_eq!(viewer.post(&try_it, &kept).await.status, StatusCode::FORBIDDEN);
    }
}
