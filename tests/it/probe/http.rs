//! Statuses, walls, redirects, and what is wrong with HTTP itself.

use fake_mcp::{
    FakeMcp, bad_chunks, body, close, close_mid_body, forbidden, garbage, healthy, needs_auth,
    needs_auth_opaque, rate_limited, raw_bytes, redirect, redirect_loop, reset, reset_mid_body,
    stall, stall_after_headers, status,
};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::ProbeMemory;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Unknown, Up};

use super::{Probe, check, check_briefly};

#[tokio::test]
async fn statuses_are_judged() {
    for (code, expected) in [
        (400, Code::Http400),
        (404, Code::Http404),
        (405, Code::Http405),
        (406, Code::Http406),
        (410, Code::Http410),
        (413, Code::Http413431),
        (415, Code::Http415),
        (421, Code::HostRejected),
        (500, Code::Http500),
        (501, Code::Http5xx),
        (502, Code::Http502),
        (503, Code::Http503),
        (504, Code::Http504),
        (522, Code::EdgeOriginError),
    ] {
        let (checked, _server) = check(status(code)).await;
        checked.is(Down, expected);
        let shown = checked.report.transcript.last().unwrap();
        assert!(
            shown
                .response
                .as_ref()
                .unwrap()
                .starts_with(&format!("HTTP/1.1 {code}"))
        );
    }
    let (checked, _server) = check(status(402)).await;
    checked.is(Up, Code::PaymentRequired);
    let (checked, _server) = check(body(403, "text/plain", "Invalid Host header")).await;
    checked.is(Down, Code::HostRejected);
    let (checked, _server) = check(body(403, "text/html", "<title>Just a moment...</title>")).await;
    checked.is(Degraded, Code::WafBlocked);
}

#[tokio::test]
async fn a_server_that_is_busy_is_not_down_and_says_how_long() {
    let (checked, server) = check(rate_limited("17")).await;
    checked.is(Unknown, Code::RateLimited);
    assert_eq!(checked.seen.retry_after_seconds(), Some(17));
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_wall_is_alive_to_strangers_and_down_to_who_has_a_key() {
    for (script, code) in [
        (needs_auth(), Code::AuthRequired),
        (needs_auth_opaque(), Code::AuthRequiredOpaque),
        (
            needs_auth().challenge("Basic realm=\"x\""),
            Code::AuthNonBearer,
        ),
        (forbidden(), Code::AuthRequired),
    ] {
        let (checked, _server) = check(script).await;
        checked.is(Up, code);
        assert!(checked.verdict.gated);
    }
    let server = FakeMcp::start(healthy().bearer("let-me-in")).unwrap();
    Probe::of(&server.url())
        .bearer("let-me-in")
        .run()
        .await
        .is_up();
    Probe::of(&server.url())
        .bearer("wrong")
        .run()
        .await
        .is(Down, Code::AuthInvalid);
    let server = FakeMcp::start(forbidden()).unwrap();
    let checked = Probe::of(&server.url()).bearer("token").run().await;
    checked.is(Degraded, Code::AuthInsufficientScope);
    let server = FakeMcp::start(healthy().on("tools/list", needs_auth())).unwrap();
    let checked = Probe::of(&server.url()).bearer("token").run().await;
    checked.is(Down, Code::AuthFlaky);
}

#[tokio::test]
async fn no_secret_is_told_even_when_the_server_repeats_it() {
    let script = body(500, "text/plain", "cannot use token hunter2-hunter2, sorry");
    let server = FakeMcp::start(script).unwrap();
    let url = format!("{}?key=query-secret", server.url());
    let checked = Probe::of(&url).bearer("hunter2-hunter2").run().await;
    checked.is(Down, Code::Http500);
    let told = serde_json::to_string(&checked.report).unwrap();
    assert!(
        !told.contains("hunter2") && !told.contains("query-secret"),
        "{told}"
    );
    assert!(checked.report.curl.unwrap().contains("Bearer $TOKEN"));
}

#[tokio::test]
async fn redirects_that_keep_method_and_origin_are_followed() {
    for code in [307, 308] {
        let (checked, server) = check(healthy().redirecting(code)).await;
        checked.is_up();
        assert_eq!(checked.findings(), [Code::Redirected]);
        assert_eq!(server.sessions_opened(), server.sessions_closed());
        assert_eq!(server.connections(), 1);
    }
    for (script, code) in [
        (redirect_loop(), Code::RedirectLoop),
        (redirect(302, "/elsewhere"), Code::RedirectPostUnsafe),
        (redirect(301, "/elsewhere"), Code::RedirectPostUnsafe),
        (
            redirect(307, "http://elsewhere.example/mcp"),
            Code::RedirectCrossOrigin,
        ),
    ] {
        let (checked, _server) = check(script).await;
        checked.is(Down, code);
    }
    let (checked, _server) = check(redirect(302, "/login")).await;
    checked.is(Degraded, Code::AuthRedirect);
}

#[tokio::test]
async fn broken_http_is_told_by_how_it_breaks() {
    for (script, code) in [
        (close(), Code::HttpProtocolError),
        (reset(), Code::TcpReset),
        (garbage(), Code::HttpProtocolError),
        (bad_chunks(), Code::HttpProtocolError),
        (close_mid_body(), Code::StreamTruncated),
        (reset_mid_body(), Code::StreamTruncated),
        (
            raw_bytes(&b"\x15\x03\x01\x00\x02\x02\x46"[..]),
            Code::HttpProtocolError,
        ),
    ] {
        let (checked, _server) = check(script).await;
        checked.is(Down, code);
    }
    let (checked, _server) = check_briefly(stall()).await;
    checked.is(Down, Code::HttpTimeoutHeaders);
    let (checked, _server) = check_briefly(stall_after_headers()).await;
    checked.is(Down, Code::HttpTimeoutBody);
    let (checked, _server) = check_briefly(healthy().on("tools/list", stall())).await;
    checked.is(Down, Code::ToolsListError);
}

#[tokio::test]
async fn the_fallback_is_asked_for_rarely_where_nothing_speaks_mcp() {
    let server = FakeMcp::start(status(404)).unwrap();
    let mut memory = ProbeMemory::default();
    for expected in [3, 4, 5, 6, 7, 8, 11] {
        let checked = Probe::of(&server.url()).memory(memory).run().await;
        checked.is(Down, Code::Http404);
        assert_eq!(server.request_count(), expected);
        memory = checked.seen.memory;
    }
}
