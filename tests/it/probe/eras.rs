//! The generations of MCP: 2026-07-28 alone, both at one address, found out without harm,
//! remembered at the least cost, judged each for itself.

use fake_mcp::{
    Delete, Era as Speaks, FakeMcp, Reply, Sessions, dual, healthy, modern, refusal, result,
    rpc_error, status,
};
use lifesign::domain::at::At;
use lifesign::domain::failure::Code;
use lifesign::domain::observation::{Era, ProbeMemory};
use lifesign::domain::verdict::CheckStatus::{Degraded, Down, Up};
use serde_json::json;

use super::{Checked, Probe, check};

/// Checks `server` once more, with what the last check learnt.
async fn again(server: &FakeMcp, before: &Checked) -> Checked {
    server.forget_requests();
    let memory = before.seen.memory.clone();
    Probe::of(&server.url()).memory(memory).run().await
}

fn era(checked: &Checked) -> Option<Era> {
    checked.report.protocol.as_ref()?.era
}

#[tokio::test]
async fn a_server_without_initialize_is_found_and_then_costs_one_request() {
    let (first, server) = check(modern().tools(["a", "b"])).await;
    first.is_up();
    assert!(first.findings().is_empty(), "{:?}", first.verdict);
    assert_eq!(
        server.asked(),
        ["initialize", "server/discover", "tools/list"]
    );
    let protocol = first.report.protocol.as_ref().unwrap();
    assert_eq!(protocol.era, Some(Era::Modern));
    assert_eq!(protocol.version.as_deref(), Some("2026-07-28"));
    assert_eq!(protocol.capabilities, Some(vec!["tools".to_owned()]));
    assert_eq!(protocol.session, Some(false));
    let name = protocol.server.as_ref().unwrap().name.as_deref();
    assert_eq!(name, Some("fake-mcp-modern"));

    let second = again(&server, &first).await;
    second.is_up();
    assert_eq!(server.asked(), ["tools/list"]);
    assert_eq!(second.report.protocol, first.report.protocol);
    let request = &server.requests()[0];
    for (name, value) in [
        ("mcp-protocol-version", Some("2026-07-28")),
        ("mcp-method", Some("tools/list")),
        ("mcp-session-id", None),
    ] {
        assert_eq!(request.header(name), value);
    }
    let meta = &request.json().unwrap()["params"]["_meta"];
    let version = &meta["io.modelcontextprotocol/protocolVersion"];
    assert_eq!(version, "2026-07-28");
    assert!(meta["io.modelcontextprotocol/clientInfo"]["name"].is_string());
    assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
}

#[tokio::test]
async fn what_a_modern_server_declares_is_asked_for_again_at_times_and_when_its_tools_change() {
    let (mut last, server) = check(modern()).await;
    let mut discovered = 0;
    for _ in 0..20 {
        last = again(&server, &last).await;
        last.is_up();
        let asked = server.asked();
        discovered += usize::from(asked.contains(&"server/discover".to_owned()));
        assert!(!asked.contains(&"initialize".to_owned()));
    }
    assert_eq!(discovered, 2);
    server.set(modern().tools(["another"]));
    last = again(&server, &last).await;
    last.is_up();
    assert_eq!(server.asked(), ["tools/list", "server/discover"]);
}

#[tokio::test]
async fn a_list_of_many_pages_is_followed_and_an_empty_cursor_is_one() {
    let (checked, _server) = check(modern().tools(["a", "b", "c"]).page_size(1)).await;
    checked.is_up();
    assert_eq!(checked.report.tools.as_ref().unwrap().count, 3);
    let page = |name: &str, cursor: Option<&str>| {
        let tool = json!({ "name": name, "inputSchema": { "type": "object" } });
        let page = json!({ "resultType": "complete", "tools": [tool], "nextCursor": cursor,
            "ttlMs": 0, "cacheScope": "public" });
        result(&page)
    };
    let pages = page("a", Some("")).then(page("b", None));
    let (checked, _server) = check(modern().on("tools/list", pages)).await;
    checked.is_up();
    assert_eq!(checked.report.tools.as_ref().unwrap().names, ["a", "b"]);
}

#[tokio::test]
async fn faults_of_2026_07_28_have_codes_of_their_own() {
    let both = |status, code| {
        let refused = refusal(status, code, "missing _meta or header");
        modern().on("2026-07-28", refused)
    };
    let discover = |reply: Reply| modern().on("server/discover", reply);
    for (script, expected) in [
        (both(400, -32_020), (Down, Code::ModernHeadersStripped)),
        (both(400, -32_602), (Down, Code::ModernMetaRejected)),
        (
            modern().result_type("surprise"),
            (Down, Code::ResultTypeInvalid),
        ),
        (
            discover(refusal(404, -32_601, "Method not found")),
            (Degraded, Code::DiscoverMissing),
        ),
        (
            discover(refusal(400, -32_020, "Header mismatch")),
            (Degraded, Code::DiscoverMissing),
        ),
        (
            modern().modern_revisions(&["2025-01-01"]),
            (Down, Code::VersionUnsupported),
        ),
        (
            modern().on("tools/list", status(500)),
            (Down, Code::Http500),
        ),
    ] {
        let shown = format!("{script:?}");
        let (checked, _server) = check(script).await;
        let found = (checked.verdict.status, checked.code().unwrap());
        assert_eq!(found, expected, "{:?} {shown}", checked.verdict);
    }
    let (checked, _server) = check(modern().result_type("")).await;
    checked.is_up();
    assert!(checked.findings().contains(&Code::ResultTypeInvalid));
}

#[tokio::test]
async fn a_refused_version_is_tried_once_more_with_one_that_the_server_lists() {
    let (checked, server) = check(modern().modern_revisions(&["2026-10-01"])).await;
    assert_eq!(checked.verdict.status, Up, "{:?}", checked.verdict);
    assert!(checked.findings().contains(&Code::VersionUnknown));
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "server/discover",
            "server/discover",
            "tools/list"
        ]
    );
    let version = checked.report.protocol.unwrap().version;
    assert_eq!(version.as_deref(), Some("2026-10-01"));
}

#[tokio::test]
async fn somebody_may_insist_on_2026_07_28() {
    let server = FakeMcp::start(dual()).unwrap();
    let checked = Probe::of(&server.url()).offering("2026-07-28").run().await;
    checked.is_up();
    assert_eq!(server.asked(), ["server/discover", "tools/list"]);
    assert_eq!(era(&checked), Some(Era::Modern));
    let server = FakeMcp::start(healthy()).unwrap();
    let checked = Probe::of(&server.url()).offering("2026-07-28").run().await;
    checked.is(Down, Code::VersionUnsupported);
}

#[tokio::test]
async fn both_generations_at_one_address_are_checked_and_the_older_one_only_at_times() {
    let (first, server) = check(dual()).await;
    first.is_up();
    assert_eq!(
        server.asked(),
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "server/discover",
            "tools/list",
            "DELETE"
        ]
    );
    let protocol = first.report.protocol.as_ref().unwrap();
    assert_eq!(protocol.era, Some(Era::Dual));
    assert_eq!(protocol.version.as_deref(), Some("2026-07-28"));
    assert_eq!(protocol.legacy_version.as_deref(), Some("2025-11-25"));

    let second = again(&server, &first).await;
    second.is_up();
    assert_eq!(server.asked(), ["tools/list"]);
    assert_eq!(second.report.protocol, first.report.protocol);

    let mut third = second;
    third.seen.memory.pace.greeted_at = Some(At(0));
    let third = again(&server, &third).await;
    third.is_up();
    assert_eq!(
        server.asked(),
        [
            "tools/list",
            "initialize",
            "notifications/initialized",
            "tools/list",
            // On a connection of its own.
            "tools/list",
            "DELETE"
        ]
    );
    assert_eq!(third.report.protocol, first.report.protocol);
    assert_eq!(server.sessions_opened(), server.sessions_closed());
}

#[tokio::test]
async fn the_generation_that_vanished_is_named_with_those_who_suffer() {
    let (first, server) = check(dual()).await;
    server.set(dual().era(Speaks::Modern));
    let mut late = first;
    late.seen.memory.pace.greeted_at = Some(At(0));
    for _ in 0..2 {
        late = again(&server, &late).await;
        late.is(Degraded, Code::EraRegression);
        let message = &late.verdict.failure.as_ref().unwrap().message;
        assert!(message.starts_with("Clients that begin with initialize can no longer connect"));
        assert_eq!(era(&late), Some(Era::Dual));
        // Asked again at every check until it is back.
        assert!(server.asked().contains(&"initialize".to_owned()));
    }
    server.set(dual().era(Speaks::Legacy));
    let late = again(&server, &late).await;
    late.is(Degraded, Code::EraRegression);
    let message = &late.verdict.failure.as_ref().unwrap().message;
    assert!(
        message.starts_with("Clients of 2026-07-28 can no longer connect"),
        "{message}"
    );
    server.set(dual());
    again(&server, &late).await.is_up();
}

#[tokio::test]
async fn the_worse_of_both_generations_is_the_verdict() {
    let (first, server) = check(dual()).await;
    server.set(dual().on("2026-07-28", status(500)));
    let second = again(&server, &first).await;
    second.is(Down, Code::Http500);
    let message = &second.verdict.failure.as_ref().unwrap().message;
    assert!(
        message.contains("Clients of 2026-07-28 suffer"),
        "{message}"
    );
    server.set(dual().on("notifications/initialized", status(404)));
    let mut late = second;
    late.seen.memory.pace.greeted_at = Some(At(0));
    let third = again(&server, &late).await;
    third.is(Down, Code::SessionLost);
    let message = &third.verdict.failure.as_ref().unwrap().message;
    assert!(
        message.contains("Clients that begin with initialize suffer"),
        "{message}"
    );
    server.set(status(500));
    let fourth = again(&server, &third).await;
    fourth.is(Down, Code::Http500);
    let message = &fourth.verdict.failure.as_ref().unwrap().message;
    assert!(!message.contains("suffer"), "{message}");
}

#[tokio::test]
async fn old_servers_are_never_asked_for_what_kills_them() {
    for last in ["2024-11-05", "2025-03-26"] {
        let (mut checked, server) = check(healthy().revisions(&[last])).await;
        checked.is_up();
        assert_eq!(
            server.asked(),
            ["initialize", "notifications/initialized", "tools/list"]
        );
        assert_eq!(era(&checked), Some(Era::Legacy));
        // Not even the end of a session: it is kept.
        for _ in 0..10 {
            checked = again(&server, &checked).await;
            checked.is_up();
            assert_eq!(server.asked(), ["tools/list"]);
        }
        assert_eq!(server.sessions_opened(), 1);
    }
}

#[tokio::test]
async fn an_older_server_is_asked_for_the_newer_generation_once_a_week_and_not_blamed() {
    let lenient = json!({ "tools": [], "supportedVersions": ["2025-11-25"] });
    for answer in [
        refusal(404, -32_601, "Method not found"),
        refusal(400, -32_600, "Missing session ID").header("Mcp-Session-Id", "minted"),
        status(405),
        status(500),
        fake_mcp::empty_body(),
        fake_mcp::html(),
        result(&lenient),
        result(&json!({})),
    ] {
        let shown = format!("{answer:?}");
        let script = healthy().stateless().on("server/discover", answer);
        let (first, server) = check(script).await;
        first.is_up();
        assert!(first.findings().is_empty(), "{:?} {shown}", first.verdict);
        assert_eq!(era(&first), Some(Era::Legacy), "{shown}");
        assert!(server.asked().contains(&"server/discover".to_owned()));
        let mut second = again(&server, &first).await;
        second.is_up();
        assert!(!server.asked().contains(&"server/discover".to_owned()));
        second.seen.memory.asked_modern_at = Some(At(0));
        again(&server, &second).await.is_up();
        assert!(server.asked().contains(&"server/discover".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_moved_on_is_followed_in_the_same_check() {
    let (first, server) = check(healthy()).await;
    server.set(modern());
    let second = again(&server, &first).await;
    second.is_up();
    assert_eq!(era(&second), Some(Era::Modern));
    server.set(healthy());
    let mut last = second;
    for _ in 0..2 {
        last = again(&server, &last).await;
        assert_eq!(last.verdict.status, Down, "{:?}", last.verdict);
    }
    let last = again(&server, &last).await;
    last.is_up();
    assert_eq!(era(&last), Some(Era::Legacy));
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_kept() {
    let script = || healthy().delete(Delete::Status(405));
    let (first, mut server) = check(script()).await;
    first.is_up();
    assert_eq!(server.sessions_opened(), 1);
    let mut last = first;
    for _ in 0..5 {
        last = again(&server, &last).await;
        last.is_up();
        assert_eq!(server.asked(), ["tools/list"]);
        assert_eq!(last.report.cost.sessions_opened, 0);
    }
    assert_eq!(server.sessions_opened(), 1);
    // A restart ends it: a new one is opened in the same check, and nobody is told.
    server.stop().await.unwrap();
    let server = FakeMcp::start(script()).unwrap();
    let memory = last.seen.memory.clone();
    let mut last = Probe::of(&server.url()).memory(memory).run().await;
    last.is_up();
    assert!(last.findings().is_empty(), "{:?}", last.verdict);
    assert_eq!(server.sessions_opened(), 1);
    last.seen.memory.pace.greeted_at = Some(At(0));
    let last = again(&server, &last).await;
    last.is_up();
    assert!(server.asked().contains(&"initialize".to_owned()));
}

#[tokio::test]
async fn a_server_without_tools_is_asked_for_what_it_has() {
    for (capabilities, asked) in [
        (json!({ "prompts": {}, "resources": {} }), "prompts/list"),
        (json!({ "resources": {} }), "resources/list"),
    ] {
        for script in [healthy(), modern()] {
            let (checked, server) = check(script.capabilities(capabilities.clone())).await;
            checked.is_up();
            assert!(server.asked().contains(&asked.to_owned()));
            assert!(!server.asked().contains(&"tools/list".to_owned()));
        }
        let broken = healthy()
            .capabilities(capabilities)
            .on(asked, rpc_error(-32_603, "boom"));
        let (checked, _server) = check(broken).await;
        checked.is(Down, Code::ToolsListError);
    }
    let (checked, server) = check(modern().capabilities(json!({}))).await;
    checked.is_up();
    assert_eq!(server.asked(), ["initialize", "server/discover"]);
    again(&server, &checked).await.is_up();
    assert_eq!(server.asked(), ["server/discover"]);
}

#[tokio::test]
async fn where_redirects_led_is_remembered_and_used() {
    let (first, server) = check(healthy().redirecting(308)).await;
    assert_eq!(first.findings(), [Code::Redirected]);
    let second = again(&server, &first).await;
    assert_eq!(second.verdict.status, Up);
    assert_eq!(second.findings(), [Code::Redirected]);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.path.starts_with("/moved"))
    );
}

#[tokio::test]
async fn walls_and_waiting_say_nothing_about_the_generation() {
    let (first, server) = check(modern()).await;
    let known: ProbeMemory = first.seen.memory.clone();
    let mut last = first;
    for trouble in [
        status(401),
        status(403),
        status(429),
        status(500),
        status(503),
    ] {
        server.set(trouble);
        last = again(&server, &last).await;
        last = again(&server, &last).await;
        last = again(&server, &last).await;
        assert!(last.seen.memory.is_known);
        assert_eq!(last.seen.memory.facts, known.facts);
    }
    server.set(modern());
    again(&server, &last).await.is_up();
    assert!(!server.asked().contains(&"initialize".to_owned()));
}

#[tokio::test]
async fn a_session_that_only_one_connection_knows_is_found_within_ten_checks() {
    let rarely = |sessions| healthy().sessions(sessions);
    for (sessions, code) in [
        (Sessions::Sticky(404), Code::SessionLost),
        (Sessions::Sticky(400), Code::SessionLost),
        (Sessions::ByCookie(404), Code::SessionCookieAffinity),
    ] {
        let (mut last, server) = check(rarely(sessions)).await;
        last.is_up();
        for _ in 0..9 {
            if last.verdict.status == Up {
                last = again(&server, &last).await;
            }
        }
        last.is(Degraded, code);
        // Confirmed at every check from now on, and over at once when it is mended.
        last = again(&server, &last).await;
        last.is(Degraded, code);
        assert_eq!(server.sessions_opened(), server.sessions_closed());
        server.set(healthy());
        again(&server, &last).await.is_up();
    }
    let (mut last, server) = check(healthy()).await;
    let mut connections = 0;
    for _ in 0..20 {
        last = again(&server, &last).await;
        last.is_up();
        assert!(last.findings().is_empty());
        let asked = server.asked();
        connections += asked.iter().filter(|asked| *asked == "tools/list").count() - 1;
    }
    assert_eq!(
        connections, 2,
        "every tenth check looks on another connection"
    );
}
