//! What operators and their machines ask.

use axum::http::StatusCode;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

engines! {
    async fn the_process_and_its_readiness_are_told(store: Store) {
        let site = Site::new(store).await;
        let stranger = site.stranger();
        assert_eq!(stranger.get("/healthz").await.text(), "ok\n");
        let ready = stranger.get("/readyz").await;
        assert_eq!(ready.status, StatusCode::OK);
        let told: serde_json::Value = serde_json::from_slice(&ready.body).unwrap();
        assert_eq!((&told["ready"], &told["database"]), (&true.into(), &"ok".into()));
        assert_eq!((&told["network"], &told["network_troubled_since"]), (&"ok".into(), &().into()));

        site.monitor("Search").await;
        site.app.clock.advance(std::time::Duration::from_mins(5));
        let late = stranger.get("/readyz").await;
        assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE, "nobody checks what is due");
        assert!(late.text().contains("\"scheduler_lag_ms\":300000"), "{}", late.text());
    }

    async fn a_node_without_pages_answers_operators_and_their_machines_only(store: Store) {
        let test = TestApp::with(store, &[("roles", "probe,alert")]).await;
        let stranger = Site::around(&test).stranger();
        let near = stranger.at("127.0.0.1:4000".parse().unwrap());
        for path in ["/healthz", "/readyz", "/metrics"] {
            let answer = near.get_with(path, &[("host", "localhost:8080")]).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
        for path in ["/", "/login", "/explore", "/status/acme", "/api", "/api/v1/monitors", "/internal/domain"] {
            assert_eq!(near.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }

    /// Figures are for this machine; for anybody else they do not exist.
    async fn figures_are_for_this_machine(store: Store) {
        let site = Site::new(store).await;
        let stranger = site.stranger();
        assert_eq!(stranger.get("/metrics").await.status, StatusCode::NOT_FOUND);
        let far = stranger.at("192.0.2.1:4000".parse().unwrap());
        assert_eq!(far.get("/metrics").await.status, StatusCode::NOT_FOUND);
        let near = stranger.at("127.0.0.1:4000".parse().unwrap());
        for (host, more) in [
            ("127.0.0.1:8080", ("x-forwarded-for", "192.0.2.1")),
            ("127.0.0.1:8080", ("forwarded", "for=192.0.2.1")),
            ("status.example.com", ("x-nothing", "")),
            ("localhost.example.com", ("x-nothing", "")),
            ("192.0.2.1:8080", ("x-nothing", "")),
            ("", ("x-nothing", "")),
        ] {
            let proxied = near.get_with("/metrics", &[("host", host), more]).await;
            assert_eq!(proxied.status, StatusCode::NOT_FOUND, "{host} {more:?}");
        }
        for host in ["127.0.0.1:8080", "localhost", "[::1]:8080", "127.0.1.1"] {
            let figures = near.get_with("/metrics", &[("host", host)]).await;
            assert_eq!(figures.status, StatusCode::OK, "{host}");
        }
        let figures = near.get_with("/metrics", &[("host", "localhost:8080")]).await.text();
        assert!(figures.contains("lifesign_scheduler_lag_seconds 0"), "{figures}");
        for name in ["notifications_queued", "checks_in_flight", "network_trouble", "nodes_silent"] {
            assert!(figures.contains(&format!("lifesign_{name} 0")), "{name}: {figures}");
        }
        assert!(figures.ends_with("# EOF\n"));
    }
}
