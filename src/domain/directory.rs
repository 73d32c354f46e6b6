//! The public directory: monitors that teams show to everybody, by the host that they are on.

use serde_json::json;

use super::at::At;
use super::claim::OwnerWords;
use super::id::{MonitorId, TeamId};
use super::observation::Transport;

/// Most servers of the directory.
pub const MAX_LISTINGS: usize = 1_000;
/// Longest key of a server in a configuration, in characters.
const MAX_KEY: usize = 40;

/// A monitor that its team shows to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The monitor.
    pub monitor: MonitorId,
    /// Whose it is.
    pub team: TeamId,
    /// The host that it is on, and its port where that is not the usual one.
    pub host: String,
    /// Since when it is listed.
    pub listed_at: At,
}

/// A listing as the public meets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicListing {
    /// The listing.
    pub listing: Listing,
    /// What the owner of the host says, where they have proved that it is theirs.
    pub owner: Option<OwnerWords>,
}

/// A server on a host, as the owner of the host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnHost {
    /// The monitor.
    pub monitor: MonitorId,
    /// What the public calls it.
    pub name: String,
    /// Its address, without the values of its query.
    pub url: String,
    /// Whether the owner's own team lists it.
    pub is_own: bool,
}

/// What a client is configured with to use a server: the text of an `mcp.json`. `url` is shown as it
/// is: what was left out of it is for whoever copies it to fill in.
pub fn client_config(name: &str, url: &str, transport: Option<Transport>) -> String {
    let kind = match transport {
        Some(Transport::Sse) => "sse",
        Some(Transport::StreamableHttp) | None => "http",
    };
    let config = json!({ "mcpServers": { key(name): { "type": kind, "url": url } } });
    // A tree of texts always serialises.
    serde_json::to_string_pretty(&config).unwrap_or_default()
}

/// `Search server` becomes `search-server`.
fn key(name: &str) -> String {
    let mut key = String::new();
    for word in name
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if !key.is_empty() {
            key.push('-');
        }
        key.push_str(word);
    }
    key.truncate(MAX_KEY);
    match key.trim_end_matches('-') {
        "" => "server".to_owned(),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_json_whatever_the_server_is_called() {
        for (name, key) in [
            ("Search server", "search-server"),
            ("\"><script>", "script"),
            ("搜索", "server"),
            (
                &"long ".repeat(40),
                "long-long-long-long-long-long-long-long",
            ),
        ] {
            let text = client_config(name, "https://e.example/mcp?key=…", None);
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let server = &read["mcpServers"][key];
            assert_eq!(server["type"], "http", "{text}");
            assert_eq!(server["url"], "https://e.example/mcp?key=…");
        }
        let sse = client_config("a", "https://e.example/sse", Some(Transport::Sse));
        assert!(sse.contains("\"type\": \"sse\""), "{sse}");
    }
}
