//! The lints: what ordinary traffic tells, beside a verdict that it leaves alone.

use fake_mcp::{Sse, body, healthy, http_sse, rpc_error, status};
use lifesign::domain::verdict::Severity;
use serde_json::json;

use super::check;

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
