//! The tool list: pages, faults, expectations.

use fake_mcp::{
    FakeMcp, Sse, duplicate_tool, healthy, pagination_loop, rpc_error, slow, tools_list_error,
    tools_not_array,
};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down};
use serde_json::json;

use super::{Probe, check};

#[tokio::test]
async fn pages_are_followed_to_their_end() {
    let (checked, server) = check(healthy().tools(["a", "b", "c", "d", "e"]).page_size(2)).await;
    checked.is_up();
    assert_eq!(
        checked.report.tools.unwrap().names,
        ["a", "b", "c", "d", "e"]
    );
    let listings = server
        .asked()
        .iter()
        .filter(|asked| *asked == "tools/list")
        .count();
    assert_eq!(listings, 3);
    let (whole, _server) = check(healthy().tools(["e", "d", "c", "b", "a"])).await;
    let (paged, _server) = check(healthy().tools(["a", "b", "c", "d", "e"]).page_size(2)).await;
    assert_eq!(
        whole.report.tools.unwrap().hash,
        paged.report.tools.unwrap().hash
    );
}

#[tokio::test]
async fn faults_of_the_list_are_named() {
    for (script, status, code) in [
        (pagination_loop(), Degraded, Code::PaginationLoop),
        (tools_list_error(), Down, Code::ToolsListError),
        (tools_not_array(), Down, Code::ToolsResultInvalid),
        (
            healthy().tool_values([json!(null)]),
            Down,
            Code::ToolsResultInvalid,
        ),
        (duplicate_tool(), Degraded, Code::ToolNameDuplicate),
        (
            healthy().tool_values([
                json!({"name": "a", "inputSchema": {"type": "object", "required": null}}),
            ]),
            Degraded,
            Code::ToolSchemaInvalid,
        ),
    ] {
        let (checked, server) = check(script).await;
        checked.is(status, code);
        assert_eq!(server.sessions_opened(), server.sessions_closed());
    }
    let (checked, _server) = check(healthy().tools::<&str>([])).await;
    checked.is_up();
    assert_eq!(checked.findings(), [Code::ToolsEmpty]);
    let pages = healthy().tools(["a", "b"]).page_size(1);
    let broken = pages.on(
        "tools/list",
        healthy().then(rpc_error(-32602, "invalid cursor")),
    );
    let (checked, _server) = check(broken).await;
    checked.is(Degraded, Code::PaginationError);
}

#[tokio::test]
async fn what_was_promised_is_held_against_what_is_listed() {
    let server = FakeMcp::start(healthy().tools(["search"])).unwrap();
    let mut probe = Probe::of(&server.url());
    probe.expected.tools = vec!["search".to_owned(), "fetch".to_owned()];
    let checked = probe.run().await;
    checked.is(Degraded, Code::ToolsMissing);
    assert!(checked.verdict.failure.unwrap().message.contains("fetch"));
    let mut probe = Probe::of(&server.url());
    probe.expected.tools = vec!["search".to_owned()];
    probe.run().await.is_up();
}

#[tokio::test]
async fn slower_than_allowed_is_degraded() {
    let server = FakeMcp::start(slow(150)).unwrap();
    let mut probe = Probe::of(&server.url());
    // Less than all answers take, and far more than the first one.
    probe.expected.slow_ms = Some(400);
    let checked = probe.run().await;
    checked.is(Degraded, Code::SlowTotal);
    let mut probe = Probe::of(&server.url());
    probe.expected.slow_ms = Some(5_000);
    probe.run().await.is_up();
}

#[tokio::test]
async fn what_a_server_calls_itself_cannot_deceive() {
    let evil = "\u{1b}[2Jroot\u{202e}gpj";
    let (checked, _server) = check(healthy().name(evil).tools([evil])).await;
    let told = serde_json::to_string(&checked.report).unwrap();
    assert!(
        !told.contains("\\u001b") && !told.contains('\u{202e}'),
        "{told}"
    );
    assert_eq!(checked.findings(), [Code::ToolNameInvalid]);
}

/// One prober, as the service has it: what it remembers of a list must not outlive the list.
#[tokio::test]
async fn a_list_that_was_read_before_is_recognised_until_a_byte_of_it_changes() {
    for style in [None, Some(Sse::new())] {
        let list = |names: &[&str]| match &style {
            None => healthy().tools(names),
            Some(style) => healthy().tools(names).sse(style.clone()),
        };
        let script = list(&["a", "b"])
            .then(list(&["a", "b"]))
            .then(list(&["a", "c"]))
            .then(list(&["a", "a"]));
        let server = FakeMcp::start(script).unwrap();
        let probe = Probe::of(&server.url());
        let prober = probe.prober();
        let mut seen = Vec::new();
        for _ in 0..5 {
            let tools = prober.probe(&probe.target, &()).await.tools.unwrap();
            seen.push((tools.names.join(" "), tools.duplicates.len()));
        }
        let expected = [("a b", 0), ("a b", 0), ("a c", 0), ("a a", 1), ("a a", 1)];
        assert_eq!(seen, expected.map(|(names, n)| (names.to_owned(), n)));
    }
}
