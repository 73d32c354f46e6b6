//! Servers that send too much, too deep or for ever: the right code, in time, in little memory.

use fake_mcp::{Piece, deep_json, endless_body, endless_events, healthy, huge_headers, pieces};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::Down;

use super::check;

#[tokio::test]
async fn what_has_no_end_is_cut() {
    let (checked, _server) = check(endless_body()).await;
    checked.is(Down, Code::BodyTooLarge);
    let (checked, _server) = check(endless_events()).await;
    checked.is(Down, Code::BodyTooLarge);
    assert!(checked.report.cost.bytes_received < 20 * 1024 * 1024);
    let line = Piece::Endless("x".repeat(64 * 1024).into());
    let (checked, _server) = check(pieces(
        200,
        "text/event-stream",
        [Piece::text("data: "), line],
    ))
    .await;
    checked.is(Down, Code::BodyTooLarge);
}

#[tokio::test]
async fn what_is_too_deep_or_too_wide_is_refused() {
    let (checked, _server) = check(deep_json(200)).await;
    checked.is(Down, Code::JsonInvalid);
    assert!(
        checked
            .verdict
            .failure
            .unwrap()
            .message
            .contains("128 levels")
    );
    let (checked, _server) = check(huge_headers(70)).await;
    checked.is(Down, Code::HttpProtocolError);
}

#[tokio::test]
async fn what_is_encoded_unasked_is_refused() {
    let (checked, _server) = check(healthy().header("Content-Encoding", "gzip")).await;
    checked.is(Down, Code::EncodingUnsupported);
    let (checked, _server) = check(pieces(
        200,
        "application/json",
        [Piece::Bytes(b"{\"a\":\"\xff\"}"[..].into())],
    ))
    .await;
    checked.is(Down, Code::CharsetInvalid);
}
