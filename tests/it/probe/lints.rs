//! The lints: what ordinary traffic tells, beside a verdict that it leaves alone.

use fake_mcp::{healthy, http_sse, status};

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
    assert_eq!(finding.level.unwrap().as_str(), "MAY");
    assert_eq!(finding.spec.as_deref(), Some("2025-11-25 basic/transports"));
}
