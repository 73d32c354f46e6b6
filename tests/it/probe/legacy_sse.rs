//! HTTP+SSE of 2024-11-05: found by itself, spoken in full, its own kinds of trouble.

use fake_mcp::{Endpoint, FakeMcp, Sse, StreamEnd, healthy, http_sse, rpc_error, stall, status};
use lifesign::domain::failure::Code;
use lifesign::domain::monitor::TransportChoice;
use lifesign::domain::observation::{Era, ProbeMemory, ServerFacts, Transport};
use lifesign::domain::verdict::CheckStatus::Down;

use super::{Probe, check, check_briefly};

#[tokio::test]
async fn it_is_found_at_first_contact_and_remembered() {
    let (first, server) = check(http_sse().tools(["a"])).await;
    first.is_up();
    let protocol = first.report.protocol.as_ref().unwrap();
    assert_eq!(protocol.transport, Some(Transport::Sse));
    assert_eq!(first.report.tools.as_ref().unwrap().names, ["a"]);
    assert_eq!(first.seen.memory.facts.transport, Some(Transport::Sse));
    assert_eq!(server.requests()[0].method, "POST");

    server.forget_requests();
    let second = Probe::of(&server.url())
        .memory(first.seen.memory)
        .run()
        .await;
    second.is_up();
    let methods: Vec<String> = server.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["GET", "POST", "POST", "POST"]);
    assert_eq!(
        second.step_names(),
        [
            "tcp",
            "open_stream",
            "initialize",
            "initialized",
            "tools_list"
        ]
    );
    assert_eq!(
        (
            second.report.cost.sessions_opened,
            second.report.cost.sessions_closed
        ),
        (1, 1)
    );
    assert!(second.report.timings_ms.open_stream.is_some());
}

#[tokio::test]
async fn the_stream_may_be_spelled_in_any_way() {
    for script in [
        http_sse().stream_style(Sse::new().crlf()),
        http_sse().post_status(200),
        http_sse().endpoint(Endpoint::Absolute),
    ] {
        let (checked, _server) = check(script).await;
        checked.is_up();
    }
}

#[tokio::test]
async fn a_stream_that_does_not_say_where_to_post() {
    for (endpoint, code) in [
        (Endpoint::Missing, Code::SseNoEndpointEvent),
        (Endpoint::OtherFirst, Code::SseNoEndpointEvent),
        (
            Endpoint::Text("{\"uri\":\"/messages\"}".to_owned()),
            Code::SseEndpointInvalid,
        ),
        (
            Endpoint::Text("https://evil.example/messages".to_owned()),
            Code::SseEndpointCrossOrigin,
        ),
        (
            Endpoint::Text("/nowhere".to_owned()),
            Code::SseEndpointUnreachable,
        ),
    ] {
        let server = FakeMcp::start(http_sse().endpoint(endpoint.clone())).unwrap();
        let probe = Probe::of(&server.url())
            .transport(TransportChoice::Sse)
            .timeout(400);
        let checked = probe.run().await;
        checked.is(Down, code);
        assert!(checked.report.curl.is_some(), "{endpoint:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_told_from_a_stream_that_ends() {
    let (missing, _server) = check_briefly(http_sse().response_missing()).await;
    missing.is(Down, Code::SseResponseMissing);
    let (closed, _server) = check(http_sse().stream_end(StreamEnd::AfterEndpoint)).await;
    closed.is(Down, Code::SseStreamClosedEarly);
    let (listing, _server) = check(http_sse().on("tools/list", rpc_error(-32603, "boom"))).await;
    listing.is(Down, Code::ToolsListError);
    let (stalled, _server) = check_briefly(http_sse().on("GET", stall())).await;
    stalled.is(Down, Code::SseStalled);
}

#[tokio::test]
async fn a_wall_before_the_stream_is_a_wall() {
    let (checked, _server) = check(http_sse().bearer("let-me-in")).await;
    assert!(checked.verdict.gated, "{:?}", checked.verdict);
    let server = FakeMcp::start(http_sse().bearer("let-me-in")).unwrap();
    let checked = Probe::of(&server.url()).bearer("let-me-in").run().await;
    checked.is_up();
    let checked = Probe::of(&server.url()).bearer("somebody-else").run().await;
    checked.is(Down, Code::AuthInvalid);
}

#[tokio::test]
async fn a_remembered_transport_is_forgotten_after_two_misses() {
    let server = FakeMcp::start(healthy().on("GET", status(405))).unwrap();
    let memory = ProbeMemory {
        facts: ServerFacts {
            transport: Some(Transport::Sse),
            era: Some(Era::Legacy),
            version: Some("2024-11-05".to_owned()),
            ..ServerFacts::default()
        },
        is_known: true,
        ..ProbeMemory::default()
    };
    let first = Probe::of(&server.url()).memory(memory).run().await;
    first.is(Down, Code::Http405);
    let second = Probe::of(&server.url())
        .memory(first.seen.memory)
        .run()
        .await;
    second.is(Down, Code::Http405);
    let third = Probe::of(&server.url())
        .memory(second.seen.memory)
        .run()
        .await;
    third.is_up();
    assert_eq!(
        third.seen.memory.facts.transport,
        Some(Transport::StreamableHttp)
    );
}
