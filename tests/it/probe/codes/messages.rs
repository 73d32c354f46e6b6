//! JSON-RPC envelopes, the handshake and the session.

use fake_mcp::{
    Sessions, batch, body, healthy, message, not_json, not_jsonrpc, result, rpc_error, status,
    string_id, wrong_id, wrong_revision,
};
use lifesign::domain::failure::Code;
use serde_json::json;

use super::LeadsTo::{Degraded, Down, Finding};
use super::{Row, row, script};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    let no_version =
        result(&json!({"capabilities": {}, "serverInfo": {"name": "a", "version": "1"}}));
    let no_info = result(&json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}));
    let zero = message(r#"{"jsonrpc":"2.0","id":0,"result":{"tools":[]}}"#);
    let two =
        message(r#"[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}]"#);
    let no_code = message(r#"{"jsonrpc":"2.0","id":{{id}},"error":{"code":"E1","message":"no"}}"#);
    let no_label = message(r#"{"id":{{id}},"result":{"tools":[]}}"#);
    let old_only = message(
        r#"{"jsonrpc":"2.0","id":{{id}},"error":{"code":-32602,"message":"Unsupported protocol version","data":{"supported":["2024-11-05"]}}}"#,
    );
    let no_header = body(
        400,
        "text/plain",
        "Bad Request: Unsupported protocol version",
    );
    let expired = body(400, "text/plain", "no such session");
    let listed = r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}"#;
    let other_session = body(200, "application/json", listed).header("Mcp-Session-Id", "other");
    let nothing = healthy().capabilities(json!({}));
    vec![
        row(Code::JsonInvalid, Down, script(not_json())),
        row(Code::JsonrpcInvalid, Down, script(not_jsonrpc())),
        row(
            Code::JsonrpcInvalid,
            Degraded,
            script(healthy().on("tools/list", no_label)),
        ),
        row(Code::JsonrpcIdMismatch, Down, script(wrong_id())),
        row(
            Code::JsonrpcIdMismatch,
            Degraded,
            script(healthy().on("tools/list", zero)),
        ),
        row(Code::JsonrpcIdType, Finding, script(string_id())),
        row(Code::JsonrpcBatchResponse, Degraded, script(batch())),
        row(Code::JsonrpcBatchResponse, Down, script(two)),
        row(
            Code::JsonrpcErrorShape,
            Finding,
            script(healthy().on("tools/list", no_code)),
        ),
        row(
            Code::InitializeRejected,
            Down,
            script(rpc_error(-32603, "boom")),
        ),
        row(
            Code::InitializeResultInvalid,
            Down,
            script(healthy().on("initialize", no_version)),
        ),
        row(
            Code::InitializeResultInvalid,
            Degraded,
            script(healthy().on("initialize", no_info)),
        ),
        row(Code::VersionUnsupported, Down, script(old_only)),
        row(Code::VersionUnknown, Finding, script(wrong_revision())),
        row(
            Code::VersionHeaderRejected,
            Down,
            script(healthy().on("tools/list", no_header)),
        ),
        row(
            Code::InitializedRejected,
            Degraded,
            script(healthy().initialized_status(500)),
        ),
        row(
            Code::NotificationStatus,
            Finding,
            script(healthy().initialized_status(200)),
        ),
        row(
            Code::SessionIdInvalid,
            Degraded,
            script(
                healthy()
                    .stateless()
                    .on("initialize", healthy().header("Mcp-Session-Id", "a b")),
            ),
        ),
        row(
            Code::SessionLost,
            Down,
            script(healthy().sessions(Sessions::Lost(404))),
        ),
        row(
            Code::SessionLost,
            Finding,
            script(healthy().on("tools/list", status(404)).then(healthy())),
        ),
        row(
            Code::SessionExpired400,
            Finding,
            script(healthy().on("tools/list", expired).then(healthy())),
        ),
        row(
            Code::SessionInconsistent,
            Finding,
            script(healthy().on("tools/list", other_session)),
        ),
        row(
            Code::PingFailed,
            Degraded,
            script(nothing.on("ping", rpc_error(-32601, "no"))),
        ),
    ]
}
