//! What the MCP registry publishes: `server.json`, one listed server, or a page of them.
//!
//! The transport that it names is a hint that is wrong at times, so it is found out again.

use serde_json::{Map, Value};

use super::entry::{Left, add_header};
use super::{Listing, text};
use crate::domain::monitor::{Endpoint, EndpointUrl, TransportChoice};

/// The member in which the registry says how it stands with a server.
const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// Adds what a listing names; false if it is none.
pub(super) fn read(root: &Value, listing: &mut Listing) -> bool {
    if let Some(page) = root.get("servers").and_then(Value::as_array)
        && page.iter().any(|listed| listed.get("server").is_some())
    {
        for listed in page {
            add_listed(listed, listing);
        }
        return true;
    }
    if root.get("server").is_some_and(is_server) {
        add_listed(root, listing);
        return true;
    }
    let is_one = is_server(root);
    if is_one {
        add_server(root, listing);
    }
    is_one
}

fn is_server(value: &Value) -> bool {
    let holds = |key| value.get(key).is_some_and(Value::is_array);
    holds("remotes") || holds("packages")
}

fn add_listed(listed: &Value, listing: &mut Listing) {
    let Some(server) = listed.get("server") else {
        return;
    };
    let official = listed.get("_meta").and_then(|meta| meta.get(OFFICIAL));
    let said = |key| official.and_then(|official| official.get(key));
    let is_old = said("isLatest") == Some(&Value::Bool(false));
    let status = said("status").and_then(Value::as_str).unwrap_or("active");
    if is_old {
        return;
    }
    if status == "active" {
        add_server(server, listing);
    } else {
        let reason = format!("the registry calls it {status}");
        listing.add(name(server), Err(Left(reason)));
    }
}

fn name(server: &Value) -> &str {
    let named = |key| server.get(key).and_then(Value::as_str);
    named("title").or_else(|| named("name")).unwrap_or_default()
}

fn add_server(server: &Value, listing: &mut Listing) {
    let remotes = server.get("remotes").and_then(Value::as_array);
    let remotes = remotes.map_or(&[][..], Vec::as_slice);
    if remotes.is_empty() {
        let reason = "is only a package; only a server with an address can be watched";
        listing.add(name(server), Err(Left(reason.to_owned())));
    }
    for remote in remotes {
        listing.add(name(server), endpoint(remote));
    }
}

fn endpoint(remote: &Value) -> Result<Endpoint, Left> {
    let Some(remote) = remote.as_object() else {
        return Err(Left("its address is not described by an object".to_owned()));
    };
    let url = text(remote, "url").unwrap_or_default();
    let mut endpoint = Endpoint {
        url: EndpointUrl::parse(&expand("its url", url, remote)?)?,
        transport: TransportChoice::Auto,
        headers: Vec::new(),
        bearer: None,
        oauth: None,
    };
    let headers = remote.get("headers").and_then(Value::as_array);
    for header in headers.into_iter().flatten().filter_map(Value::as_object) {
        let name = text(header, "name").unwrap_or_default();
        let value = text(header, "value").or_else(|| text(header, "default"));
        let is_required = header.get("isRequired") == Some(&Value::Bool(true));
        match value.map(|value| expand(&format!("its header '{name}'"), value, header)) {
            Some(Ok(value)) => add_header(&mut endpoint, name, &value)?,
            Some(Err(left)) if is_required => return Err(left),
            None if is_required => {
                let reason = format!("its header '{name}' has to be given; add it by hand");
                return Err(Left(reason));
            }
            None | Some(Err(_)) => {}
        }
    }
    Ok(endpoint)
}

/// Fills in `{name}` from the variables beside the template that have a value of their own.
fn expand(what: &str, template: &str, beside: &Map<String, Value>) -> Result<String, Left> {
    let variables = beside.get("variables");
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let variable = variables.and_then(|all| all.get(name)?.as_object());
        let value = variable.and_then(|v| text(v, "value").or_else(|| text(v, "default")));
        let value = value.ok_or_else(|| {
            Left(format!(
                "{what} wants {{{name}}}, which the listing does not hold; add it by hand"
            ))
        })?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
