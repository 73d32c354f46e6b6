//! What a good MCP server says: the JSON-RPC side of a scripted server, the same for both transports.
//!
//! Legacy revisions (those with `initialize`). Strict where the specification is: a client that
//! misbehaves shall notice here first.

use serde_json::{Value, json};

use crate::habits::{Act, Id, Server};
use crate::reply::Reply;

/// The JSON text that answers `request`, spelled as the reply wants it; none for a notification.
pub(crate) fn answer(reply: &Reply, request: &Value) -> Option<String> {
    let method = request.get("method").and_then(Value::as_str)?;
    let id = request.get("id").filter(|id| !id.is_null())?;
    if let Act::Message(text) = &reply.act {
        return Some(text.replace("{{id}}", &id.to_string()));
    }
    let outcome = match method {
        "initialize" => Ok(initialize(&reply.server, request)),
        "ping" => Ok(json!({})),
        "tools/list" if reply.server.capabilities.get("tools").is_some() => {
            tools_list(&reply.server, request)
        }
        _ => Err((-32601, "Method not found")),
    };
    let mut message = json!({ "jsonrpc": "2.0" });
    match outcome {
        Ok(result) => message["result"] = result,
        Err((code, text)) => message["error"] = json!({ "code": code, "message": text }),
    }
    match reply.id {
        Id::Same => message["id"] = id.clone(),
        Id::Other => message["id"] = json!(id.as_i64().unwrap_or(0) + 1000),
        Id::Text => message["id"] = json!(id.to_string().trim_matches('"')),
        Id::Null => message["id"] = Value::Null,
        Id::Missing => {}
    }
    if reply.batch {
        message = json!([message]);
    }
    Some(message.to_string())
}

/// Whether `revision` is one that the server speaks.
pub(crate) fn speaks(server: &Server, revision: &str) -> bool {
    server.revisions.iter().any(|known| known == revision)
}

fn initialize(server: &Server, request: &Value) -> Value {
    let offered = request
        .pointer("/params/protocolVersion")
        .and_then(Value::as_str);
    let revision = offered
        .filter(|offered| speaks(server, offered))
        .or(server.revisions.last().map(String::as_str));
    json!({
        "protocolVersion": revision,
        "capabilities": server.capabilities,
        "serverInfo": { "name": server.name, "version": server.version },
    })
}

fn tools_list(server: &Server, request: &Value) -> Result<Value, (i64, &'static str)> {
    let size = server.page_size.unwrap_or(server.tools.len()).max(1);
    let from = match request.pointer("/params/cursor") {
        _ if server.cursor_loops => 0,
        None => 0,
        Some(cursor) => cursor
            .as_str()
            .and_then(|cursor| cursor.strip_prefix("from-"))
            .and_then(|at| at.parse().ok())
            .filter(|at| *at < server.tools.len())
            .ok_or((-32602, "Invalid cursor"))?,
    };
    let upto = (from + size).min(server.tools.len());
    let mut page = json!({ "tools": server.tools[from..upto] });
    if server.cursor_loops {
        page["nextCursor"] = json!("again");
    } else if upto < server.tools.len() {
        page["nextCursor"] = json!(format!("from-{upto}"));
    }
    Ok(page)
}
