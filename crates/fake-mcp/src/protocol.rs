//! What a good MCP server says: the JSON-RPC side of a scripted server, the same for both transports.
//!
//! What requests of 2026-07-28 differ in is in `modern.rs`. Strict where the specification is: a client that
//! misbehaves shall notice here first.

use serde_json::{Value, json};

use crate::habits::{Act, Id, Server};
use crate::modern::{self, MODERN};
use crate::reply::Reply;

/// The JSON text that answers `request`, spelled as the reply wants it; none for a notification.
pub(crate) fn answer(reply: &Reply, request: &Value) -> Option<String> {
    let method = request.get("method").and_then(Value::as_str)?;
    let id = request.get("id").filter(|id| !id.is_null())?;
    if let Act::Message(text) = &reply.act {
        return Some(text.replace("{{id}}", &id.to_string()));
    }
    let version = request.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion");
    let is_modern = version
        .and_then(Value::as_str)
        .is_some_and(|version| version >= MODERN);
    let outcome = match method {
        "initialize" => Ok(initialize(&reply.server, request)),
        "ping" => Ok(json!({})),
        "server/discover" if is_modern => Ok(modern::discover(&reply.server)),
        "tools/list" if list_of(&reply.server, method).is_some() => {
            tools_list(&reply.server, request)
        }
        _ => match list_of(&reply.server, method) {
            Some(list) => Ok(json!({ list: [] })),
            None => Err((-32601, "Method not found")),
        },
    };
    let outcome = match outcome {
        Ok(result) if is_modern => Ok(modern::dress(reply, result)),
        other => other,
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

/// The member that `method` lists, if the server declares it.
pub(crate) fn list_of(server: &Server, method: &str) -> Option<&'static str> {
    let member = ["tools", "prompts", "resources"]
        .into_iter()
        .find(|member| method.strip_suffix("/list") == Some(member))?;
    server.capabilities.get(member)?;
    Some(member)
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
