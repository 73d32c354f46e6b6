//! The lints: what ordinary traffic tells, and a few extra requests for those who want them, beside
//! a verdict that they leave alone.
//!
//! Every row of the table of lints has a server that provokes it in `table.rs`; to add a lint, add
//! one there. What no good server provokes is here, with what the extra requests do to a server.

mod table;

use std::time::Duration;

use fake_mcp::{
    FakeMcp, Reply, Sse, body, dual, healthy, http_sse, modern, rate_limited, rpc_error, status,
};
use lifesign::clock::Clock;
use lifesign::domain::at::{At, DAY_MS};
use lifesign::domain::lint::{Lint, LintMemory};
use lifesign::domain::memory::is_fragile;
use lifesign::domain::verdict::Severity;
use serde_json::json;

use super::{Checked, Probe, check};

#[tokio::test]
async fn a_lint_is_told_and_leaves_the_status_alone() {
    let (checked, _server) = check(http_sse().tools(["a"]).version("")).await;
    checked.is_up();
    assert!(checked.findings().is_empty());
    assert_eq!(
        checked.lints(),
        ["deprecated_transport", "server_info_blank"]
    );
    let refusing = healthy().tools(["a"]).on("DELETE", status(500));
    let (checked, _server) = check(refusing).await;
    checked.is_up();
    assert_eq!(checked.lints(), ["delete_405_or_ok"]);
    let finding = &checked.verdict.findings[0];
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(finding.level.unwrap().as_str(), "MAY");
    assert_eq!(finding.spec.as_deref(), Some("2025-11-25 basic/transports"));
}

#[tokio::test]
async fn ordinary_traffic_tells_its_lints() {
    let (checked, _server) = check(healthy().sse(Sse::new().priming())).await;
    assert_eq!(checked.lints(), [""; 0]);
    let (checked, _server) = check(healthy().sse(Sse::new())).await;
    checked.is_up();
    assert_eq!(checked.lints(), ["sse_priming"]);
    let (checked, _server) = check(healthy().sse(Sse::new().priming().held_open())).await;
    assert_eq!(checked.lints(), ["sse_ends_after_reply"]);
    let wordy = healthy().on(
        "notifications/initialized",
        body(202, "application/json", "{}"),
    );
    let (checked, _server) = check(wordy).await;
    assert_eq!(checked.lints(), ["notif_202_empty"]);
    let (checked, _server) =
        check(healthy().capabilities(json!({"tools": {"listChanged": 1}}))).await;
    assert_eq!(checked.lints(), ["caps_shape"]);
    let missing = healthy().on("tools/list", rpc_error(-32601, "Method not found"));
    let (checked, _server) = check(missing).await;
    assert_eq!(checked.lints(), ["caps_vs_behaviour"]);
    let odd = json!({"name": "a", "inputSchema": {"type": "object"}, "icons": [{"src": "http://x.example/"}],
        "outputSchema": {"type": "array"}, "execution": {"taskSupport": "maybe"}});
    let (checked, _server) = check(healthy().tool_values([odd])).await;
    checked.is_up();
    assert_eq!(
        checked.lints(),
        ["output_schema_root", "task_support_value", "icon_scheme"]
    );
}

/// Good servers of every kind.
fn good() -> Vec<Reply> {
    let unbuffered = modern().header("X-Accel-Buffering", "no");
    vec![
        healthy(),
        healthy().stateless(),
        healthy().sse(Sse::new().priming()),
        healthy().stateless().page_size(2),
        healthy().capabilities(json!({"prompts": {}})),
        healthy().capabilities(json!({})),
        healthy().revisions(&["2024-11-05"]),
        healthy().revisions(&["2025-03-26"]),
        healthy().revisions(&["2025-06-18"]),
        modern(),
        unbuffered.sse(Sse::new()),
        modern().capabilities(json!({})),
        dual(),
    ]
}

#[tokio::test]
async fn a_good_server_provokes_no_lint() {
    let mut tried: Vec<Lint> = Vec::new();
    let mut held: Vec<Lint> = Vec::new();
    for reply in good() {
        let server = FakeMcp::start(reply).unwrap();
        let first = Probe::of(&server.url()).lint().run().await;
        first.is_up();
        let version = first.seen.server.version.clone();
        assert!(first.verdict.findings.is_empty(), "{:?}", first.verdict);
        let is_new = LintMemory::default();
        let has_tools = first.seen.tools.is_some();
        let due = is_new.due(&first.seen.server, has_tools, At(0));
        let step = first
            .seen
            .steps
            .iter()
            .find(|step| step.name.as_str() == "lints");
        assert_eq!(step.is_some(), !due.is_empty(), "{version:?}");
        if !is_fragile(&first.seen.server) {
            assert_eq!(server.sessions_opened(), server.sessions_closed());
        }
        tried.extend(due);
        held.extend(Lint::ALL.iter().filter(|l| l.holds_for(version.as_deref())));
        let memory = first.seen.memory;
        let second = Probe::of(&server.url()).lint().memory(memory).run().await;
        assert!(second.verdict.findings.is_empty(), "{:?}", second.verdict);
    }
    for lint in Lint::ALL {
        assert!(held.contains(lint), "{lint:?} holds for no good server");
    }
    for lint in Lint::ACTIVE {
        assert!(tried.contains(lint), "{lint:?} was tried at no good server");
    }
}

/// Checks of `server` with the extra requests, each with what the one before remembered.
async fn checked(server: &FakeMcp, clock: &Clock, memory: Option<Checked>) -> Checked {
    let memory = memory
        .map(|checked| checked.seen.memory)
        .unwrap_or_default();
    let probe = Probe::of(&server.url()).lint().clock(clock).memory(memory);
    probe.run().await
}

#[tokio::test]
async fn extra_requests_are_made_once_a_week_and_stay_told_until_then() {
    let server = FakeMcp::start(healthy().any_origin()).unwrap();
    let clock = Clock::manual(At(1_795_675_260_000));
    let first = checked(&server, &clock, None).await;
    first.is_up();
    assert_eq!(first.lints(), ["origin_403"]);
    let finding = &first.verdict.findings[0];
    assert_eq!(finding.level.unwrap().as_str(), "MUST");
    assert_eq!(finding.spec.as_deref(), Some("2025-11-25 basic/transports"));
    assert!(
        finding
            .message
            .ends_with("; instead 200 came, as for any request.")
    );
    // Five of the check; version, origin and cursor; the session that has ended.
    assert_eq!((first.seen.cost.requests, server.requests().len()), (9, 9));
    clock.advance(Duration::from_secs(60));
    let second = checked(&server, &clock, Some(first)).await;
    assert_eq!(second.lints(), ["origin_403"]);
    assert_eq!(second.seen.cost.requests, 4);

    // Who does not want them any more hears no more of them, and turning round does not repeat them.
    let probe = Probe::of(&server.url())
        .memory(second.seen.memory)
        .clock(&clock);
    let without = probe.run().await;
    assert_eq!((without.lints(), without.seen.cost.requests), (vec![], 4));
    let again = checked(&server, &clock, Some(without)).await;
    assert_eq!(
        (again.lints(), again.seen.cost.requests),
        (vec!["origin_403"], 4)
    );

    server.set(healthy());
    clock.advance(Duration::from_millis(7 * DAY_MS.unsigned_abs()));
    let later = checked(&server, &clock, Some(again)).await;
    assert_eq!((later.lints(), later.seen.cost.requests), (vec![], 9));
    assert_eq!(server.sessions_opened(), server.sessions_closed());
}

#[tokio::test]
async fn nothing_extra_is_asked_of_who_might_not_survive_it_or_is_not_well() {
    for reply in [
        healthy().revisions(&["2024-11-05"]),
        healthy().revisions(&["2025-03-26"]),
        http_sse(),
        status(503),
        healthy().on("tools/list", rpc_error(-32603, "no")),
        healthy().bearer("secret"),
        dual().on("tools/list", healthy().then(status(500))),
    ] {
        let server = FakeMcp::start(reply).unwrap();
        let plain = Probe::of(&server.url()).run().await.seen.cost.requests;
        let checked = Probe::of(&server.url()).lint().run().await;
        assert_eq!(checked.seen.cost.requests, plain, "{:?}", checked.verdict);
        assert_eq!(checked.seen.memory.lints.tried_at, None);
    }
}

#[tokio::test]
async fn a_stateful_server_never_gets_a_get() {
    for (reply, gets) in [
        (healthy(), 0),
        (healthy().stateless(), 1),
        (dual(), 0),
        (modern(), 1),
    ] {
        let server = FakeMcp::start(reply).unwrap();
        Probe::of(&server.url()).lint().run().await.is_up();
        let requests = server.requests();
        let seen = requests
            .iter()
            .filter(|request| request.method == "GET")
            .count();
        assert_eq!(seen, gets);
    }
}

#[tokio::test]
async fn a_server_that_is_busy_is_left_alone_for_the_rest_of_the_round() {
    let busy = healthy().on("tools/list", healthy().then(rate_limited("600")));
    let server = FakeMcp::start(busy).unwrap();
    let checked = Probe::of(&server.url()).lint().run().await;
    checked.is_up();
    assert!(checked.lints().is_empty());
    assert_eq!(checked.seen.cost.requests, 6);
    assert!(checked.seen.memory.lints.tried_at.is_some());
    assert_eq!(
        checked.seen.retry_after_seconds(),
        Some(600),
        "as long as it asked"
    );
}
