//! Streamable HTTP of 2026-07-28: no handshake, no session; every request names its version, its
//! method and us, in headers and in `_meta`, and is a complete conversation (mcp.md §1.3).

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::answer::{self, Asked};
use super::handshake::{self, Functional, client_capabilities, client_info, request};
use super::recognised::Reply;
use super::redirect::follow;
use super::streamable_http::{VERSION, post};
use super::visit::Visit;
use crate::domain::modern::MODERN;
use crate::domain::observation::{Era, ServerFacts, ServerName, Transport};
use crate::domain::trouble::{HandshakeTrouble, ModernTrouble, RpcError, Trouble};
use crate::domain::untrusted::{MAX_NAME, line};

const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// What the members of `_meta` begin with.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// A conversation of requests that stand alone.
pub(super) struct Modern {
    version: String,
    is_told: bool,
}

impl Modern {
    /// In this version.
    pub(super) fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            is_told: false,
        }
    }

    /// Whether a result betrayed this generation by more than its success: a lenient server of an
    /// older one answers whatever it is asked.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    /// Asks and waits for the result. Refused for its version it asks once more in the newest one
    /// that the server lists, and goes on in that.
    pub(super) async fn ask(
        &mut self,
        visit: &mut Visit<'_>,
        ids: [u64; 2],
        method: &'static str,
        params: Option<Value>,
    ) -> Result<Value, Trouble> {
        let refused = match self.ask_once(visit, ids[0], method, params.clone()).await {
            Err(Trouble::Modern(ModernTrouble::VersionRefused { supported })) => supported,
            other => return other,
        };
        let Some(version) = newest(&refused) else {
            let supported = refused;
            return Err(Trouble::Modern(ModernTrouble::VersionRefused { supported }));
        };
        if version != MODERN {
            let unknown = HandshakeTrouble::VersionUnknown(line(version, MAX_NAME));
            visit.notes.notice(Trouble::Handshake(unknown));
        }
        version.clone_into(&mut self.version);
        self.ask_once(visit, ids[1], method, params).await
    }

    async fn ask_once(
        &mut self,
        visit: &mut Visit<'_>,
        id: u64,
        method: &'static str,
        params: Option<Value>,
    ) -> Result<Value, Trouble> {
        let mut params = params.unwrap_or_else(|| json!({}));
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": self.version,
            "io.modelcontextprotocol/clientCapabilities": client_capabilities(visit.gets_tokens),
            "io.modelcontextprotocol/clientInfo": client_info(),
        });
        let name = params.get("name").or_else(|| params.get("uri"));
        let name = name.and_then(Value::as_str).map(header_value);
        let mut call = post(request(id, method, Some(params)));
        let headers = &mut call.headers;
        if let Ok(version) = HeaderValue::try_from(&self.version) {
            headers.insert(VERSION, version);
        }
        headers.insert(METHOD, HeaderValue::from_static(method));
        if let Some(Ok(name)) = name {
            headers.insert(NAME, name);
        }
        if method == "tools/call" {
            headers.extend(visit.arguments.clone());
        }
        let response = follow(visit, &call).await?;
        let asked = Asked {
            id,
            in_session: false,
            is_list: false,
        };
        let result = match answer::result(visit, response, &asked).await {
            Ok(Reply::Read(result)) => result,
            Ok(Reply::Recognised(_)) => {
                let what = "a list came where none was asked for".to_owned();
                return Err(Trouble::Own { what });
            }
            Err(trouble) => return Err(recognised(trouble)),
        };
        self.is_told |= is_telling(&result);
        match result.get("resultType") {
            None => visit
                .notes
                .notice(Trouble::Modern(ModernTrouble::ResultTypeMissing)),
            Some(Value::String(kind)) if kind == "complete" => {}
            // A tool may ask back; nothing else may.
            Some(Value::String(kind)) if kind == "input_required" && method == "tools/call" => {}
            Some(kind) => {
                let kind = kind
                    .as_str()
                    .map_or_else(|| kind.to_string(), str::to_owned);
                let kind = line(&kind, MAX_NAME);
                return Err(Trouble::Modern(ModernTrouble::ResultType(kind)));
            }
        }
        if let Some(server) = server(&result) {
            visit.notes.seen.server.server = Some(server);
        }
        Ok(result)
    }

    /// What is known of a server that has answered a request of this generation.
    pub(super) fn identify(&self, facts: &mut ServerFacts) {
        facts.transport = Some(Transport::StreamableHttp);
        facts.era = Some(Era::Modern);
        facts.version = Some(line(&self.version, MAX_NAME));
        facts.session = Some(false);
    }
}

/// What the answer to `server/discover` told.
pub(super) enum Discovered {
    /// It serves this generation, and offers this.
    Modern(Functional),
    /// It names older versions only.
    LegacyOnly,
}

/// Reads the result of `server/discover` into the notes.
pub(super) fn read_discover(
    result: &Value,
    visit: &mut Visit<'_>,
) -> Result<Discovered, ModernTrouble> {
    let versions = result.get("supportedVersions").and_then(Value::as_array);
    let Some(versions) = versions else {
        return Err(ModernTrouble::DiscoverInvalid("supportedVersions"));
    };
    if !versions.iter().filter_map(Value::as_str).any(is_modern) {
        return Ok(Discovered::LegacyOnly);
    }
    let Some(capabilities) = result.get("capabilities").and_then(Value::as_object) else {
        return Err(ModernTrouble::DiscoverInvalid("capabilities"));
    };
    visit.notes.seen.server.capabilities = Some(handshake::names(capabilities));
    Ok(Discovered::Modern(Functional::of(capabilities)))
}

fn is_telling(result: &Value) -> bool {
    ["resultType", "ttlMs", "cacheScope"]
        .iter()
        .any(|member| result.get(member).is_some())
        || result
            .pointer("/_meta")
            .is_some_and(|meta| meta.get(SERVER_INFO).is_some())
}

/// The errors that this generation defines, with the statuses that it demands of them.
fn recognised(trouble: Trouble) -> Trouble {
    let (status, error): (u16, &RpcError) = match &trouble {
        Trouble::Status(seen) => match &seen.rpc {
            Some(error) => (seen.status, error),
            None => return trouble,
        },
        Trouble::Rpc(error) => (200, error),
        _ => return trouble,
    };
    let said = error.message.clone();
    Trouble::Modern(match (status, error.code) {
        (_, Some(-32_022)) => ModernTrouble::VersionRefused {
            supported: error.supported.clone(),
        },
        (_, Some(-32_020)) => ModernTrouble::HeadersStripped(said),
        (_, Some(-32_021)) => ModernTrouble::CapabilityWanted(said),
        (400, Some(-32_602)) => ModernTrouble::MetaRejected(said),
        (404, Some(-32_601)) => ModernTrouble::MethodUnknown(said),
        _ => return trouble,
    })
}

/// The version to ask in, of those that a server lists: ours, or the newest of this generation.
fn newest(listed: &[String]) -> Option<&str> {
    let modern = listed.iter().map(String::as_str).filter(|v| is_modern(v));
    if listed.iter().any(|version| version == MODERN) {
        return Some(MODERN);
    }
    modern.max()
}

fn is_modern(version: &str) -> bool {
    handshake::is_date(version) && version >= MODERN
}

/// A text as a header value: as it is, or encoded where it could not travel so.
pub(super) fn header_value(text: &str) -> Result<HeaderValue, hyper::header::InvalidHeaderValue> {
    use base64::Engine as _;
    let is_plain = text.bytes().all(|b| matches!(b, b'\t' | 0x20..=0x7e))
        && text.trim() == text
        && !text.starts_with("=?base64?");
    if is_plain {
        return HeaderValue::try_from(text);
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    HeaderValue::try_from(format!("=?base64?{encoded}?="))
}

/// What the server calls itself: in `_meta`, or in the body as release candidates do.
fn server(result: &Value) -> Option<ServerName> {
    let info = result
        .pointer("/_meta")
        .and_then(|meta| meta.get(SERVER_INFO))
        .or_else(|| result.get("serverInfo"))?
        .as_object()?;
    let text = |member| {
        let text = info.get(member).and_then(Value::as_str);
        text.map(|text| line(text, MAX_NAME))
    };
    Some(ServerName {
        name: text("name"),
        version: text("version"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_to_ask_in_is_ours_or_the_newest_of_its_kind() {
        for (listed, expected) in [
            (&["2026-07-28"][..], Some("2026-07-28")),
            (&["2027-01-01", "2026-07-28"], Some("2026-07-28")),
            (
                &["2025-11-25", "2027-01-01", "2026-09-01"],
                Some("2027-01-01"),
            ),
            (&["2025-11-25", "draft"], None),
            (&[], None),
        ] {
            let listed: Vec<String> = listed.iter().map(|&v| v.to_owned()).collect();
            assert_eq!(newest(&listed), expected);
        }
    }

    #[test]
    fn a_name_that_cannot_travel_in_a_header_is_encoded() {
        for (name, expected) in [
            ("search", "search"),
            ("two words", "two words"),
            (" edge", "=?base64?IGVkZ2U=?="),
            ("größe", "=?base64?Z3LDtsOfZQ==?="),
            ("=?base64?x?=", "=?base64?PT9iYXNlNjQ/eD89?="),
        ] {
            assert_eq!(header_value(name).unwrap(), expected);
        }
    }
}
