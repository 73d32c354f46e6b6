//! What is said in a handshake, and what the answer tells of the server.

use bytes::Bytes;
use serde_json::{Value, json};

use super::notes::Notes;
use crate::domain::observation::{Era, ServerName};
use crate::domain::trouble::{HandshakeTrouble, RpcError, Trouble};
use crate::domain::untrusted::{MAX_NAME, line};

/// The revisions that begin with `initialize`, oldest first.
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// What is offered first: every SDK counters with what it has rather than refusing.
pub(super) const OFFERED: &str = "2025-11-25";
/// Most capabilities that are kept.
const MAX_CAPABILITIES: usize = 20;

/// What the answer to `initialize` told.
pub(super) struct Hello {
    pub(super) has_tools: bool,
    /// Neither tools nor prompts nor resources.
    pub(super) offers_nothing: bool,
    pub(super) version: String,
}

/// `initialize`, offering `version`. Name and version of the client only: every generation takes
/// that.
pub(super) fn initialize(id: u64, version: &str) -> Bytes {
    let params = json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "lifesign", "version": env!("CARGO_PKG_VERSION") },
    });
    json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": params})
        .to_string()
        .into()
}

/// `notifications/initialized`.
pub(super) fn initialized() -> Bytes {
    Bytes::from_static(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
}

/// `tools/list`, from `cursor` on.
pub(super) fn tools_list(id: u64, cursor: Option<&str>) -> Bytes {
    let mut request = json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"});
    if let Some(cursor) = cursor {
        request["params"] = json!({ "cursor": cursor });
    }
    request.to_string().into()
}

/// `ping`.
pub(super) fn ping(id: u64) -> Bytes {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
        .to_string()
        .into()
}

/// Reads the result of `initialize` into the notes.
pub(super) fn read(result: &Value, notes: &mut Notes<'_>) -> Result<Hello, Trouble> {
    let invalid = |member| {
        Err(Trouble::Handshake(HandshakeTrouble::ResultInvalid {
            member,
        }))
    };
    let Some(version) = result.get("protocolVersion").and_then(Value::as_str) else {
        return invalid("protocolVersion");
    };
    let shown = line(version, MAX_NAME);
    if !is_date(version) {
        notes.seen.server.version = Some(shown);
        return invalid("protocolVersion");
    }
    if !REVISIONS.contains(&version) {
        let unknown = HandshakeTrouble::VersionUnknown(shown.clone());
        notes.notice(Trouble::Handshake(unknown));
    }
    let facts = &mut notes.seen.server;
    facts.era = Some(Era::Legacy);
    facts.version = Some(shown);
    let Some(capabilities) = result.get("capabilities").and_then(Value::as_object) else {
        return invalid("capabilities");
    };
    let declares = |name| capabilities.get(name).is_some_and(|value| !value.is_null());
    let hello = Hello {
        has_tools: declares("tools"),
        offers_nothing: !["tools", "prompts", "resources"].into_iter().any(declares),
        version: version.to_owned(),
    };
    let mut names: Vec<String> = capabilities
        .iter()
        .filter(|(_, value)| !value.is_null())
        .take(MAX_CAPABILITIES)
        .map(|(name, _)| line(name, MAX_NAME))
        .collect();
    names.sort_unstable();
    facts.capabilities = Some(names);
    let info = result.get("serverInfo").and_then(Value::as_object);
    let text = |member| {
        let value = info
            .and_then(|info| info.get(member))
            .and_then(Value::as_str);
        value.map(|text| line(text, MAX_NAME))
    };
    let (name, version) = (text("name"), text("version"));
    let is_valid = name.is_some() && version.is_some();
    if info.is_some() {
        facts.server = Some(ServerName { name, version });
    }
    if !is_valid {
        notes.notice(Trouble::Handshake(HandshakeTrouble::ServerInfoInvalid));
    }
    Ok(hello)
}

/// The version to try once more with, after a refusal that names the ones it would take.
pub(super) fn counter_offer(trouble: &Trouble, offered: &str) -> Option<&'static str> {
    let error: &RpcError = match trouble {
        Trouble::Rpc(error) => error,
        Trouble::Status(seen) => seen.rpc.as_ref()?,
        _ => return None,
    };
    REVISIONS
        .into_iter()
        .rev()
        .find(|version| *version != offered && error.supported.iter().any(|s| s == version))
}

/// `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
