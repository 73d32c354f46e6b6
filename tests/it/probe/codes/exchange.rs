//! Requests, statuses, redirects, bodies and event streams.

use std::io::Write;
use std::time::Duration;

use fake_mcp::{
    Endpoint, FakeMcp, Piece, Reply, Sse, StreamEnd, Tls, accepted, bad_chunks, body, close,
    close_mid_body, endless_body, endless_events, garbage, healthy, html, http_sse, huge_headers,
    pieces, rate_limited, redirect, redirect_loop, stall, stall_after_headers, status,
    wrong_content_type,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use lifesign::domain::failure::Code;
use lifesign::domain::monitor::TransportChoice;
use lifesign::domain::observation::ProbeMemory;

use super::LeadsTo::{Degraded, Down, Finding, Gated, Unknown};
use super::{Checked, Probe, Row, row, script, script_briefly};

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"a","version":"1"}}}"#;
const EVENTS: &str = "text/event-stream";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    let challenge = "<title>Just a moment...</title>";
    let not_utf8 = [Piece::Bytes(b"{\"a\":\"\xff\"}"[..].into())];
    vec![
        row(
            Code::EncodingUnsupported,
            Degraded,
            script(healthy().stateless().on("initialize", gzip(ANSWER, 1))),
        ),
        row(
            Code::DecompressionBomb,
            Down,
            script(gzip(&" ".repeat(64 * 1024), 512)),
        ),
        row(Code::SseBuffered, Degraded, script(held_back())),
        row(Code::StreamNotClosed, Finding, left_open()),
        row(Code::HttpTimeoutHeaders, Down, script_briefly(stall())),
        row(
            Code::HttpTimeoutBody,
            Down,
            script_briefly(stall_after_headers()),
        ),
        row(Code::HttpProtocolError, Down, script(garbage())),
        row(Code::HttpProtocolError, Down, script(bad_chunks())),
        row(Code::HttpProtocolError, Down, script(close())),
        row(Code::HttpProtocolError, Down, script(huge_headers(70))),
        row(Code::Http400, Down, script(status(400))),
        row(Code::Http404, Down, script(status(404))),
        row(Code::Http405, Down, script(status(405))),
        row(Code::Http406, Down, script(status(406))),
        row(Code::Http410, Down, script(status(410))),
        row(Code::Http413431, Down, script(status(431))),
        row(Code::Http415, Down, script(status(415))),
        row(Code::Http4xx, Down, script(status(418))),
        row(Code::Http500, Down, script(status(500))),
        row(Code::Http502, Down, script(status(502))),
        row(Code::Http503, Down, script(status(503))),
        row(Code::Http504, Down, script(status(504))),
        row(Code::Http5xx, Down, script(status(508))),
        row(Code::EdgeOriginError, Down, script(status(522))),
        row(Code::HostRejected, Down, script(status(421))),
        row(
            Code::WafBlocked,
            Degraded,
            script(body(403, "text/html", challenge)),
        ),
        row(Code::RateLimited, Unknown, script(rate_limited("17"))),
        row(Code::PaymentRequired, Gated, script(status(402))),
        row(Code::RedirectLoop, Down, script(redirect_loop())),
        row(
            Code::RedirectTooMany,
            Down,
            script(healthy().redirecting_to(307, "{path}/x")),
        ),
        row(
            Code::Redirected,
            Finding,
            script(healthy().redirecting(308)),
        ),
        row(Code::RedirectDowngrade, Down, downgrading()),
        row(
            Code::RedirectCrossOrigin,
            Down,
            script(redirect(307, "http://b.example/mcp")),
        ),
        row(
            Code::RedirectPostUnsafe,
            Down,
            script(redirect(302, "/elsewhere")),
        ),
        row(
            Code::AuthRedirect,
            Degraded,
            script(redirect(302, "/login")),
        ),
        row(Code::HtmlAt200, Down, script(html())),
        row(Code::BodyEmpty, Down, script(accepted())),
        row(
            Code::ContentTypeMissing,
            Degraded,
            script(wrong_content_type("")),
        ),
        row(
            Code::ContentTypeMissing,
            Down,
            script(pieces(200, "", [Piece::text("hello")])),
        ),
        row(
            Code::ContentTypeWrong,
            Degraded,
            script(wrong_content_type("text/plain")),
        ),
        row(
            Code::ContentTypeWrong,
            Down,
            script(body(200, "text/plain", "hello")),
        ),
        row(Code::BodyTooLarge, Down, script(endless_body())),
        row(Code::BodyTooLarge, Down, script(endless_events())),
        row(
            Code::EncodingUnsupported,
            Down,
            script(healthy().header("Content-Encoding", "br")),
        ),
        row(
            Code::CharsetInvalid,
            Down,
            script(pieces(200, "application/json", not_utf8)),
        ),
        row(
            Code::SseMalformed,
            Down,
            script(body(200, EVENTS, "{\"id\":1}")),
        ),
        row(
            Code::SseStalled,
            Down,
            script_briefly(healthy().sse(Sse::new().silent())),
        ),
        row(
            Code::SseNoEndpointEvent,
            Down,
            announcing(Endpoint::Missing),
        ),
        row(
            Code::SseEndpointInvalid,
            Down,
            announcing(Endpoint::Text("{}".to_owned())),
        ),
        row(
            Code::SseEndpointCrossOrigin,
            Down,
            announcing(Endpoint::Text("https://b.example/m".to_owned())),
        ),
        row(
            Code::SseEndpointUnreachable,
            Down,
            announcing(Endpoint::Text("/nowhere".to_owned())),
        ),
        row(
            Code::SseResponseMissing,
            Down,
            script_briefly(http_sse().response_missing()),
        ),
        row(
            Code::SseStreamClosedEarly,
            Down,
            script(http_sse().stream_end(StreamEnd::AfterEndpoint)),
        ),
        row(Code::StreamTruncated, Down, script(close_mid_body())),
        row(
            Code::StreamTruncated,
            Down,
            script(healthy().sse(Sse::new().truncated())),
        ),
        row(
            Code::SseUnterminatedEvent,
            Finding,
            script(healthy().sse(Sse::new().unterminated())),
        ),
        row(
            Code::ResponseCached,
            Degraded,
            script(healthy().header("Age", "30")),
        ),
    ]
}

/// This text under gzip, so often, whatever was asked for.
fn gzip(text: &str, times: usize) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let body = encoder.finish().unwrap().repeat(times);
    pieces(200, "application/json", [Piece::Bytes(body.into())]).header("Content-Encoding", "gzip")
}

/// What opens a stream comes together with the answer, late, through a proxy.
fn held_back() -> Reply {
    let late = Sse::new().priming().pause(Duration::from_millis(2_100));
    healthy().sse(late).header("Server", "nginx/1.22.1")
}

/// A server that leaves its streams open, at a check that looks for it.
async fn left_open() -> Checked {
    let server = FakeMcp::start(healthy().sse(Sse::new().held_open())).unwrap();
    let mut memory = ProbeMemory::default();
    memory.pace.habits.checks = 9;
    Probe::of(&server.url()).memory(memory).run().await
}

async fn downgrading() -> Checked {
    let server = FakeMcp::start_tls(Tls::Valid, healthy()).unwrap();
    let to = server.url().replace("https:", "http:");
    server.set(redirect(307, &to));
    Probe::of(&server.url()).trusting_the_test_ca().run().await
}

/// HTTP+SSE whose first event announces this.
async fn announcing(endpoint: Endpoint) -> Checked {
    let server = FakeMcp::start(http_sse().endpoint(endpoint)).unwrap();
    let probe = Probe::of(&server.url()).transport(TransportChoice::Sse);
    probe.timeout(super::BRIEFLY).run().await
}
