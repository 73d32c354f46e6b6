//! What the servers have to say about us: nothing that a good client would not do.

use fake_mcp::{
    FakeMcp, Recorded, Sse, close, healthy, http_sse, modern, reset, rpc_error, status,
};

use super::{Probe, check};

fn ids(requests: &[Recorded]) -> Vec<serde_json::Value> {
    requests
        .iter()
        .filter_map(|request| request.json()?.get("id").cloned())
        .collect()
}

#[tokio::test]
async fn a_check_is_one_polite_conversation() {
    let (checked, server) = check(healthy()).await;
    checked.is_up();
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "server/discover",
            "DELETE"
        ]
    );
    assert_eq!(server.connections(), 1);
    let mut requests = server.requests();
    for request in &requests {
        assert_eq!(
            request.header("user-agent"),
            Some(concat!(
                "Lifesign/",
                env!("CARGO_PKG_VERSION"),
                " (+https://lifesign.example/bot)"
            ))
        );
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert_eq!(request.header("origin"), None);
        assert_eq!(request.header("cookie"), None);
        if request.method == "POST" {
            assert_eq!(
                request.header("accept"),
                Some("application/json, text/event-stream")
            );
            assert_eq!(request.header("content-type"), Some("application/json"));
            assert!(request.json().unwrap().is_object());
        }
    }
    // Asked once a week and outside of the session.
    let discover = requests.remove(3);
    assert_eq!(discover.header("mcp-session-id"), None);
    assert_eq!(requests[0].header("mcp-session-id"), None);
    assert_eq!(requests[0].header("mcp-protocol-version"), None);
    let session = requests[1].header("mcp-session-id").unwrap().to_owned();
    for request in &requests[1..] {
        assert_eq!(request.header("mcp-session-id"), Some(session.as_str()));
        assert_eq!(request.header("mcp-protocol-version"), Some("2025-11-25"));
    }
    assert!(ids(&requests).iter().all(serde_json::Value::is_u64));
    let params = &requests[0].json().unwrap()["params"];
    assert_eq!(params["clientInfo"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn every_session_is_ended_however_the_check_goes() {
    for script in [
        healthy(),
        healthy().sse(Sse::new().held_open()),
        healthy().on("tools/list", status(500)),
        healthy().on("tools/list", rpc_error(-32603, "boom")),
        healthy().on("tools/list", close()),
        healthy().on("tools/list", fake_mcp::stall()),
        healthy().on("notifications/initialized", status(500)),
        healthy().on("tools/list", fake_mcp::garbage()),
    ] {
        let server = FakeMcp::start(script).unwrap();
        let checked = Probe::of(&server.url()).timeout(400).run().await;
        assert_eq!(server.sessions_opened(), 1);
        assert_eq!(server.sessions_closed(), 1, "{:?}", checked.verdict);
        assert!(!server.asked().contains(&"GET".to_owned()));
    }
}

#[tokio::test]
async fn a_session_named_in_a_refusal_is_ended_too() {
    let refusal = status(400).header("Mcp-Session-Id", "leaked");
    let (_checked, server) = check(refusal).await;
    let deletes: Vec<Recorded> = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "DELETE")
        .collect();
    assert_eq!(deletes.len(), 1);
    assert_eq!(deletes[0].header("mcp-session-id"), Some("leaked"));
}

#[tokio::test]
async fn a_stream_of_http_sse_is_closed_with_the_check() {
    let server = FakeMcp::start(http_sse()).unwrap();
    let checked = Probe::of(&server.url()).run().await;
    checked.is_up();
    let closed =
        server.until(|server| server.sessions_closed() == 1 && server.open_connections() == 0);
    tokio::time::timeout(std::time::Duration::from_secs(5), closed)
        .await
        .unwrap();
    assert_eq!(server.sessions_opened(), 1);
}

#[tokio::test]
async fn nothing_is_received_twice_where_a_connection_breaks() {
    for (script, broken) in [
        (healthy(), "notifications/initialized"),
        (healthy(), "tools/list"),
        (healthy(), "DELETE"),
        (http_sse(), "notifications/initialized"),
        (http_sse(), "tools/list"),
        (modern(), "server/discover"),
        (modern(), "tools/list"),
    ] {
        for breaks in [close(), reset()] {
            let (checked, server) = check(script.clone().on(broken, breaks)).await;
            let asked = server.asked();
            let times = asked.iter().filter(|asked| *asked == broken).count();
            assert_eq!(times, 1, "{broken} in {asked:?}");
            assert_eq!(
                checked.seen.cost.requests as usize,
                asked.len(),
                "{asked:?}"
            );
        }
    }
}
