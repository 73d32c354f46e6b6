//! Streamable HTTP of 2026-07-28 as a good server speaks it: every request names its version, its
//! method and its client, and stands alone. Strict, so that a client that forgets something
//! notices here first.

use hyper::Response;
use serde_json::{Value, json};

use crate::body::Body;
use crate::exchange::{Asked, typed};
use crate::habits::{Era, Server};
use crate::reply::Reply;

/// The first revision without `initialize`.
pub(crate) const MODERN: &str = "2026-07-28";
const PREFIX: &str = "io.modelcontextprotocol/";

/// Whether the server reads `asked` as a request of this generation: what a header or the body says.
pub(crate) fn is_for(server: &Server, asked: &Asked) -> bool {
    let header = asked.header("mcp-protocol-version");
    server.era != Era::Legacy
        && (server.era == Era::Modern || header.is_some_and(|version| version >= MODERN))
}

/// Why the server does not take the request, as status and error; none if it does.
pub(crate) fn refusal(server: &Server, asked: &Asked) -> Option<Response<Body>> {
    let refuse = |status, code, text: &str, data: Option<Value>| {
        let mut error = json!({ "code": code, "message": text });
        if let Some(data) = data {
            error["data"] = data;
        }
        let id = asked.json.as_ref().and_then(|json| json.get("id"));
        let body = json!({ "jsonrpc": "2.0", "id": id, "error": error });
        Some(typed(status, "application/json", &body.to_string()))
    };
    let meta = |member: &str| {
        let meta = asked.json.as_ref()?.pointer("/params/_meta")?;
        meta.get(format!("{PREFIX}{member}"))
    };
    let named = meta("protocolVersion").and_then(Value::as_str);
    let header = asked.header("mcp-protocol-version");
    let wanted = named.or(header).unwrap_or("2025-11-25");
    if !server.modern.iter().any(|version| version == wanted) {
        let data = json!({ "supported": server.modern, "requested": wanted });
        return refuse(400, -32022, "Unsupported protocol version", Some(data));
    }
    if header != named {
        return refuse(400, -32020, "MCP-Protocol-Version differs from _meta", None);
    }
    if asked.header("mcp-method") != Some(asked.rpc()) {
        return refuse(400, -32020, "Mcp-Method is missing or differs", None);
    }
    let name = asked
        .json
        .as_ref()
        .and_then(|json| json.pointer("/params/name")?.as_str());
    if name.is_some() && asked.header("mcp-name") != name {
        return refuse(400, -32020, "Mcp-Name is missing or differs", None);
    }
    if !meta("clientCapabilities").is_some_and(Value::is_object) {
        return refuse(400, -32602, "_meta lacks clientCapabilities", None);
    }
    if asked.header("mcp-session-id").is_some() {
        return refuse(400, -32600, "There are no sessions in this revision", None);
    }
    let is_known = match asked.rpc() {
        "server/discover" | "tools/call" => true,
        other => crate::protocol::list_of(server, other).is_some(),
    };
    if is_known {
        None
    } else {
        refuse(404, -32601, "Method not found", None)
    }
}

/// What `result` looks like in this generation.
pub(crate) fn dress(reply: &Reply, mut result: Value) -> Value {
    let server = &reply.server;
    if let Some(kind) = &server.result_type {
        result["resultType"] = json!(kind);
    }
    result["ttlMs"] = json!(0);
    result["cacheScope"] = json!("public");
    result["_meta"] = json!({
        format!("{PREFIX}serverInfo"): { "name": server.name, "version": server.version },
    });
    result
}

/// The result of `server/discover`.
pub(crate) fn discover(server: &Server) -> Value {
    json!({ "supportedVersions": server.listed, "capabilities": server.capabilities })
}
