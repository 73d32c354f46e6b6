//! Streamable HTTP: JSON and event streams, with and without session, revisions.

use fake_mcp::{
    Delete, FakeMcp, Id, Reply, Sessions, Sse, batch, healthy, message, not_json, not_jsonrpc,
    rpc_error, status, string_id, wrong_content_type, wrong_id, wrong_revision,
};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::StepName;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Up};
use serde_json::json;

use super::{Probe, check, check_briefly};

#[tokio::test]
async fn a_healthy_server_is_up_with_everything_told() {
    let (checked, _server) = check(healthy().name("acme").version("1.4.0").tools(["a", "b"])).await;
    checked.is_up();
    let report = &checked.report;
    let protocol = report.protocol.as_ref().unwrap();
    assert_eq!(protocol.transport.unwrap().as_str(), "streamable_http");
    assert_eq!(protocol.version.as_deref(), Some("2025-11-25"));
    let server = protocol.server.as_ref().unwrap();
    assert_eq!(
        (server.name.as_deref(), server.version.as_deref()),
        (Some("acme"), Some("1.4.0"))
    );
    assert_eq!(protocol.session, Some(true));
    assert_eq!(protocol.capabilities, Some(vec!["tools".to_owned()]));
    assert_eq!(report.tools.as_ref().unwrap().names, ["a", "b"]);
    assert_eq!(
        checked.step_names(),
        [
            "tcp",
            "initialize",
            "initialized",
            "tools_list",
            "discover",
            "end_session"
        ]
    );
    assert!(report.timings_ms.total.unwrap() >= report.timings_ms.initialize.unwrap());
    assert!(report.timings_ms.tls.is_none() && report.tls.is_none());
    let cost = report.cost;
    assert_eq!(
        (cost.requests, cost.sessions_opened, cost.sessions_closed),
        (5, 1, 1)
    );
    assert!(cost.bytes_sent > 500 && cost.bytes_received > 500);
    assert!(report.transcript.is_empty() && report.curl.is_none());
}

#[tokio::test]
async fn every_spelling_of_an_event_stream_is_an_answer() {
    for style in [
        Sse::new(),
        Sse::new().crlf(),
        Sse::new().bom(),
        Sse::new().priming(),
        Sse::new().comments(3),
        Sse::new().notifications(2),
        Sse::new().server_ping(),
        Sse::new().several_lines(),
        Sse::new()
            .byte_by_byte()
            .crlf()
            .bom()
            .priming()
            .several_lines(),
        Sse::new().held_open(),
    ] {
        let (checked, server) = check(healthy().sse(style.clone())).await;
        checked.is_up();
        assert!(
            checked.findings().is_empty(),
            "{style:?}: {:?}",
            checked.verdict
        );
        assert_eq!(
            server.sessions_opened(),
            server.sessions_closed(),
            "{style:?}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_is_left_open_costs_a_connection_but_no_time() {
    let (checked, server) = check(healthy().sse(Sse::new().held_open())).await;
    checked.is_up();
    assert!(server.connections() > 1);
    assert!(checked.seen.total_ms < 100.0, "{}", checked.seen.total_ms);
    let (checked, server) = check(healthy().sse(Sse::new())).await;
    checked.is_up();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn event_streams_that_break_are_told_apart() {
    let (unterminated, _server) = check(healthy().sse(Sse::new().unterminated())).await;
    unterminated.is_up();
    assert_eq!(unterminated.findings(), [Code::SseUnterminatedEvent]);
    let (truncated, _server) = check(healthy().sse(Sse::new().truncated())).await;
    truncated.is(Down, Code::StreamTruncated);
    let (silent, _server) = check_briefly(healthy().sse(Sse::new().silent())).await;
    silent.is(Down, Code::SseStalled);
    let events = "text/event-stream";
    let json = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let (no_lines, _server) = check(fake_mcp::body(200, events, json)).await;
    no_lines.is(Down, Code::SseMalformed);
    let (nothing, _server) = check(fake_mcp::body(200, events, "")).await;
    nothing.is(Down, Code::BodyEmpty);
    let (garbage, _server) = check(fake_mcp::body(200, events, "data: {oops\n\n")).await;
    garbage.is(Down, Code::JsonInvalid);
    let stranger = "data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n";
    let (stranger, _server) = check(fake_mcp::body(200, events, stranger)).await;
    stranger.is(Down, Code::JsonrpcIdMismatch);
}

#[tokio::test]
async fn a_server_without_sessions_is_as_good() {
    let (checked, server) = check(healthy().stateless()).await;
    checked.is_up();
    assert_eq!(checked.report.protocol.unwrap().session, Some(false));
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "server/discover"
        ]
    );
}

#[tokio::test]
async fn the_version_that_the_server_offers_is_taken_and_named() {
    for (revision, header) in [
        ("2024-11-05", None),
        ("2025-03-26", None),
        ("2025-06-18", Some("2025-06-18")),
        ("2025-11-25", Some("2025-11-25")),
    ] {
        let (checked, server) = check(healthy().revisions(&[revision])).await;
        checked.is_up();
        assert_eq!(
            checked.report.protocol.unwrap().version.as_deref(),
            Some(revision)
        );
        let requests = server.requests();
        assert_eq!(requests[0].header("mcp-protocol-version"), None);
        for request in &requests[1..] {
            if request.header("mcp-method") == Some("server/discover") {
                continue;
            }
            assert_eq!(request.header("mcp-protocol-version"), header);
        }
    }
    let (checked, _server) = check(wrong_revision()).await;
    checked.is_up();
    assert_eq!(checked.findings(), [Code::VersionUnknown]);
}

#[tokio::test]
async fn a_refusal_that_names_a_version_is_answered_with_it_once() {
    let refusal = r#"{"jsonrpc":"2.0","id":{{id}},"error":{"code":-32602,"message":"Unsupported protocol version","data":{"supported":["2024-11-05"],"requested":"2025-11-25"}}}"#;
    let script = healthy().on("initialize", message(refusal));
    let (checked, server) = check(script.then(healthy().revisions(&["2024-11-05"]))).await;
    checked.is_up();
    assert_eq!(server.asked()[..2], ["initialize", "initialize"]);
    let (stubborn, server) = check(message(refusal)).await;
    stubborn.is(Down, Code::VersionUnsupported);
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "initialize",
            "server/discover",
            "DELETE",
            "DELETE"
        ]
    );
    let modern = refusal.replace("2024-11-05", "2026-07-28");
    let (modern, _server) = check(message(&modern)).await;
    modern.is(Down, Code::VersionUnsupported);
    let server = FakeMcp::start(healthy()).unwrap();
    let checked = Probe::of(&server.url()).offering("2025-03-26").run().await;
    assert_eq!(
        checked.report.protocol.unwrap().version.as_deref(),
        Some("2025-03-26")
    );
}

#[tokio::test]
async fn messages_are_read_strictly() {
    let zero = r#"{"jsonrpc":"2.0","id":0,"result":{"tools":[]}}"#;
    for (reply, status, code) in [
        (not_json(), Down, Code::JsonInvalid),
        (not_jsonrpc(), Down, Code::JsonrpcInvalid),
        (wrong_id(), Down, Code::JsonrpcIdMismatch),
        (healthy().id(Id::Missing), Down, Code::JsonrpcIdMismatch),
        (
            healthy().on("tools/list", message(zero)),
            Degraded,
            Code::JsonrpcIdMismatch,
        ),
        (batch(), Degraded, Code::JsonrpcBatchResponse),
        (rpc_error(-32603, "boom"), Down, Code::InitializeRejected),
        (rpc_error(-32001, "Unauthorized"), Up, Code::AuthInJsonrpc),
    ] {
        let (checked, _server) = check(reply).await;
        checked.is(status, code);
    }
    let (checked, _server) = check(string_id()).await;
    checked.is_up();
    assert_eq!(checked.findings()[0], Code::JsonrpcIdType);
}

#[tokio::test]
async fn a_label_that_lies_degrades_what_still_works() {
    let (checked, _server) = check(wrong_content_type("text/plain")).await;
    checked.is(Degraded, Code::ContentTypeWrong);
    let (checked, _server) = check(wrong_content_type("")).await;
    checked.is(Degraded, Code::ContentTypeMissing);
    let (checked, _server) = check(fake_mcp::body(200, "text/plain", "hello")).await;
    checked.is(Down, Code::ContentTypeWrong);
    let (checked, _server) = check(fake_mcp::html()).await;
    checked.is(Down, Code::HtmlAt200);
    let (checked, _server) = check(fake_mcp::empty_body()).await;
    checked.is(Down, Code::BodyEmpty);
    let (checked, _server) = check(fake_mcp::accepted()).await;
    checked.is(Down, Code::BodyEmpty);
    let (checked, _server) = check(healthy().header("Age", "30")).await;
    checked.is(Degraded, Code::ResponseCached);
}

#[tokio::test]
async fn a_handshake_that_lacks_something_is_named_by_it() {
    let hello = |result: serde_json::Value| -> Reply {
        let text = json!({"jsonrpc": "2.0", "id": "ID", "result": result}).to_string();
        healthy().on("initialize", message(&text.replace("\"ID\"", "{{id}}")))
    };
    let info = json!({"name": "a", "version": "1"});
    for (result, status) in [
        (json!({"capabilities": {}, "serverInfo": info}), Down),
        (
            json!({"protocolVersion": 7, "capabilities": {}, "serverInfo": info}),
            Down,
        ),
        (
            json!({"protocolVersion": "latest", "capabilities": {}, "serverInfo": info}),
            Down,
        ),
        (
            json!({"protocolVersion": "2025-11-25", "serverInfo": info}),
            Down,
        ),
        (
            json!({"protocolVersion": "2025-11-25", "capabilities": []}),
            Down,
        ),
        (
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}),
            Degraded,
        ),
        (
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "a"}}),
            Degraded,
        ),
    ] {
        let (checked, _server) = check(hello(result)).await;
        checked.is(status, Code::InitializeResultInvalid);
    }
}

#[tokio::test]
async fn the_notification_may_be_answered_oddly() {
    for status in [200, 204] {
        let (checked, _server) = check(healthy().initialized_status(status)).await;
        checked.is_up();
        assert_eq!(checked.findings(), [Code::NotificationStatus]);
    }
    let (checked, _server) = check(healthy().initialized_status(500)).await;
    checked.is(Degraded, Code::InitializedRejected);
    assert_eq!(checked.report.tools.unwrap().count, 3);
}

#[tokio::test]
async fn what_offers_nothing_is_pinged() {
    let (checked, server) = check(healthy().capabilities(json!({}))).await;
    checked.is_up();
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "notifications/initialized",
            "ping",
            "server/discover",
            "DELETE"
        ]
    );
    let (checked, _server) = check(
        healthy()
            .capabilities(json!({}))
            .on("ping", rpc_error(-32601, "no")),
    )
    .await;
    checked.is(Degraded, Code::PingFailed);
    let (checked, server) = check(healthy().capabilities(json!({"prompts": {}}))).await;
    checked.is_up();
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "notifications/initialized",
            "prompts/list",
            "server/discover",
            "DELETE"
        ]
    );
}

#[tokio::test]
async fn a_session_that_is_lost_once_is_opened_again_and_twice_is_a_fault() {
    let lost = healthy().on("tools/list", status(404));
    let (checked, server) = check(lost).await;
    checked.is(Down, Code::SessionLost);
    assert_eq!(server.sessions_opened(), 2);
    for status in [404, 400] {
        let (checked, server) = check(healthy().sessions(Sessions::Lost(status))).await;
        checked.is(Down, Code::SessionLost);
        assert_eq!(server.sessions_opened(), 2);
    }
    let once = healthy().on("tools/list", status(404)).then(healthy());
    let (checked, server) = check(once).await;
    checked.is_up();
    assert_eq!(checked.findings(), [Code::SessionLost]);
    assert_eq!(server.sessions_opened(), server.sessions_closed());
}

#[tokio::test]
async fn the_end_of_a_session_never_changes_the_verdict() {
    for delete in [
        Delete::Status(405),
        Delete::Status(404),
        Delete::Status(500),
    ] {
        let (checked, _server) = check(healthy().delete(delete)).await;
        checked.is_up();
        assert!(checked.findings().is_empty());
    }
    let started = std::time::Instant::now();
    let (checked, _server) = check(healthy().delete(Delete::Hang)).await;
    checked.is_up();
    assert!(started.elapsed().as_secs() < 4);
    assert!(checked.seen.total_ms < 1_000.0);
    assert_eq!(
        checked.seen.steps.last().unwrap().name,
        StepName::EndSession
    );
}
