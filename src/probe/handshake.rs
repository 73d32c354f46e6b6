//! What is said in a handshake, and what the answer tells of the server.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::notes::Notes;
use crate::domain::lint::Fact;
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
    pub(super) functional: Functional,
    pub(super) version: String,
}

/// What shows that a server does more than greet (mcp.md §1.6). What it does not declare may not be
/// asked for: some die of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Functional {
    Tools,
    Prompts,
    Resources,
    /// It declares none of them.
    Nothing,
}

impl Functional {
    /// What these capabilities allow.
    pub(super) fn of(capabilities: &Map<String, Value>) -> Self {
        let declared = capabilities.iter().filter(|(_, value)| !value.is_null());
        Self::among(&declared.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    }

    /// What capabilities of these names allow.
    pub(super) fn among(names: &[&str]) -> Self {
        let has = |name| names.contains(&name);
        if has("tools") {
            Self::Tools
        } else if has("prompts") {
            Self::Prompts
        } else if has("resources") {
            Self::Resources
        } else {
            Self::Nothing
        }
    }
}

/// A request.
pub(super) fn request(id: u64, method: &str, params: Option<Value>) -> Bytes {
    let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
    if let Some(params) = params {
        request["params"] = params;
    }
    request.to_string().into()
}

/// Who we are. Name and version only: every generation takes that.
pub(super) fn client_info() -> Value {
    json!({ "name": "lifesign", "version": env!("CARGO_PKG_VERSION") })
}

/// What we can do: nothing but what a machine has to say that gets its own tokens.
pub(super) fn client_capabilities(gets_tokens: bool) -> Value {
    if gets_tokens {
        json!({ "extensions": { "io.modelcontextprotocol/oauth-client-credentials": {} } })
    } else {
        json!({})
    }
}

/// The parameters of `initialize`, offering `version`.
pub(super) fn initialize(version: &str, gets_tokens: bool) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": client_capabilities(gets_tokens),
        "clientInfo": client_info(),
    })
}

/// `notifications/initialized`.
pub(super) fn initialized() -> Bytes {
    Bytes::from_static(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
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
    let hello = Hello {
        functional: Functional::of(capabilities),
        version: version.to_owned(),
    };
    facts.capabilities = Some(names(capabilities));
    for (name, value) in capabilities {
        if let Some(what) = oddity(value) {
            let name = line(name, MAX_NAME);
            notes.fact(Fact::OddCapability { name, what });
        }
    }
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
        notes.seen.server.server = Some(ServerName { name, version });
    }
    if !is_valid {
        notes.notice(Trouble::Handshake(HandshakeTrouble::ServerInfoInvalid));
    }
    Ok(hello)
}

/// The names of capabilities, sorted.
pub(super) fn names(capabilities: &Map<String, Value>) -> Vec<String> {
    let declared = capabilities.iter().filter(|(_, value)| !value.is_null());
    let mut names: Vec<String> = declared
        .take(MAX_CAPABILITIES)
        .map(|(name, _)| line(name, MAX_NAME))
        .collect();
    names.sort_unstable();
    names
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

/// What of a capability is not as the schema says.
fn oddity(capability: &Value) -> Option<&'static str> {
    let members = match capability {
        Value::Object(members) => members,
        Value::Null => return None,
        _ => return Some("is not an object"),
    };
    let is_odd = |flag| members.get(flag).is_some_and(|value| !value.is_boolean());
    (is_odd("listChanged") || is_odd("subscribe")).then_some("has a flag that is not a boolean")
}

/// `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
