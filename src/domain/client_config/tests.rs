//! Every shape of a configuration, and what is not one.

use proptest::prelude::*;

use super::*;
use crate::domain::monitor::TransportChoice::{self, Auto, Sse, StreamableHttp};

fn read(text: &str) -> Listing {
    Listing::read(text).unwrap()
}

type Found = (String, String, TransportChoice, Vec<(String, String)>);

/// What was found: name, address, transport and headers.
fn found(text: &str) -> Vec<Found> {
    let listing = read(text);
    assert_eq!(listing.skipped, []);
    let specs = listing.specs.into_iter();
    let tell = |spec: MonitorSpec| {
        let headers = spec.endpoint.headers.iter();
        let headers = headers.map(|h| (h.name.clone(), h.value.expose().to_owned()));
        let url = spec.endpoint.url.as_str().to_owned();
        (spec.name, url, spec.endpoint.transport, headers.collect())
    };
    specs.map(tell).collect()
}

fn reason(text: &str) -> String {
    let listing = read(text);
    assert_eq!(listing.specs, []);
    listing.skipped.into_iter().next().unwrap().reason
}

fn plain(name: &str, url: &str, transport: TransportChoice) -> Vec<Found> {
    vec![(name.to_owned(), url.to_owned(), transport, vec![])]
}

#[test]
fn every_client_writes_it_in_its_own_way() {
    let url = "https://mcp.example.com/mcp";
    for (text, transport) in [
        (r#"{"mcpServers": {"a": {"url": "URL"}}}"#, Auto),
        (
            r#"{"mcpServers": {"a": {"type": "http", "url": "URL"}}}"#,
            StreamableHttp,
        ),
        (
            r#"{"mcpServers": {"a": {"type": "streamableHttp", "url": "URL"}}}"#,
            StreamableHttp,
        ),
        (
            r#"{"mcpServers": {"a": {"transport": "sse", "url": "URL"}}}"#,
            Sse,
        ),
        (r#"{"mcpServers": {"a": {"serverUrl": "URL"}}}"#, Auto),
        (
            r#"{"mcpServers": {"a": {"httpUrl": "URL"}}}"#,
            StreamableHttp,
        ),
        (r#"{"mcpServers": [{"name": "a", "url": "URL"}]}"#, Auto),
        (
            r#"{"servers": {"a": {"type": "http", "url": "URL"}}, "inputs": []}"#,
            StreamableHttp,
        ),
        (r#"{"mcp": {"servers": {"a": {"url": "URL"}}}}"#, Auto),
        (r#"{"mcp.servers": {"a": {"url": "URL"}}}"#, Auto),
        (r#"{"context_servers": {"a": {"url": "URL"}}}"#, Auto),
        (r#"{"a": {"url": "URL"}}"#, Auto),
        (
            r#"{"mcpServers": {"a": {"command": "npx", "args": ["-y", "mcp-remote@latest", "URL"]}}}"#,
            Auto,
        ),
        (
            r#"{"mcpServers": {"a": {"command": "npx", "args": ["mcp-remote", "URL", "--transport", "sse-only"]}}}"#,
            Sse,
        ),
        (
            r#"{"mcpServers": {"a": {"command": ["npx", "supergateway", "--streamableHttp", "URL"]}}}"#,
            StreamableHttp,
        ),
        (
            "{\n// mine\n\"mcpServers\": {\"a\": {\"url\": \"URL\", /* , */},},}",
            Auto,
        ),
    ] {
        let text = text.replace("URL", url);
        assert_eq!(found(&text), plain("a", url, transport), "{text}");
    }
}

#[test]
fn headers_come_along_and_those_of_the_protocol_do_not() {
    let text = r#"{"mcpServers": {
        "a": {"url": "https://a.example/", "headers": {"X-Key": "k", "Content-Type": "application/json"}},
        "b": {"url": "https://b.example/", "auth": "t0ken"},
        "c": {"url": "https://c.example/", "auth": "oauth"},
        "d": {"command": "npx", "args": ["mcp-remote", "https://d.example/", "--header", "Authorization:${AUTH}"],
              "env": {"AUTH": "Bearer t", "OTHER": "not taken"}},
        "e": {"url": "https://e.example/", "headers": {"X-Region": "${REGION:-eu}"}}
    }}"#;
    let headers: Vec<_> = found(text)
        .into_iter()
        .map(|(.., headers)| headers)
        .collect();
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let bearer = |token: &str| one("Authorization", token);
    let expected = [
        one("X-Key", "k"),
        bearer("Bearer t0ken"),
        vec![],
        bearer("Bearer t"),
        one("X-Region", "eu"),
    ];
    assert_eq!(headers, expected);
}

#[test]
fn what_cannot_be_watched_is_left_out_with_the_reason() {
    for (server, part) in [
        (
            r#"{"command": "uvx", "args": ["mcp-server-git"]}"#,
            "started by a command",
        ),
        (
            r#"{"url": "https://a.example/", "disabled": true}"#,
            "switched off",
        ),
        (
            r#"{"url": "https://a.example/", "headers": {"X-Key": "${input:key}"}}"#,
            "header 'X-Key' wants ${input:key}",
        ),
        (
            r#"{"url": "https://a.example/", "headers": {"X-Key": "${HOME}"}}"#,
            "wants ${HOME}",
        ),
        (r#"{"url": "https://{tenant}.example/"}"#, "url"),
        (r#"{"url": "ftp://a.example/"}"#, "'ftp'"),
        (
            r#"{"url": "http://a.example/", "headers": {"X-Key": "k"}}"#,
            "plain http",
        ),
        ("7", "not described by an object"),
    ] {
        let text = format!(r#"{{"mcpServers": {{"a": {server}}}}}"#);
        let reason = reason(&text);
        assert!(reason.contains(part), "{server}: {reason}");
    }
}

#[test]
fn a_listing_of_the_registry_is_read_by_its_remotes() {
    let listed = |server: &str, status: &str, latest: bool| {
        format!(
            r#"{{"server": {server}, "_meta": {{"io.modelcontextprotocol.registry/official": {{"status": "{status}", "isLatest": {latest}}}}}}}"#
        )
    };
    let one = r#"{"name": "io.example/one", "title": "One", "remotes": [
        {"type": "sse", "url": "https://{host}/mcp", "variables": {"host": {"default": "one.example"}},
         "headers": [{"name": "X-Plan", "default": "free"}, {"name": "X-Optional", "isSecret": true}]},
        {"type": "streamable-http", "url": "https://one.example/mcp", "headers": [{"name": "X-Plan", "value": "free"}]}]}"#;
    let locked = r#"{"name": "io.example/locked", "remotes": [
        {"type": "sse", "url": "https://l.example/", "headers": [{"name": "X-Key", "isRequired": true}]},
        {"type": "sse", "url": "https://{tenant}.example/"}]}"#;
    let package = r#"{"name": "io.example/package", "packages": [{}]}"#;
    let gone =
        r#"{"name": "io.example/gone", "remotes": [{"type": "sse", "url": "https://g.example/"}]}"#;
    let page = format!(
        r#"{{"servers": [{}, {}, {}, {}, {}], "metadata": {{"count": 5}}}}"#,
        listed(one, "active", true),
        listed(one, "active", false),
        listed(locked, "active", true),
        listed(package, "active", true),
        listed(gone, "deleted", true),
    );
    let listing = read(&page);
    let [spec] = &listing.specs[..] else {
        panic!("{listing:?}");
    };
    assert_eq!(
        (&*spec.name, spec.endpoint.url.as_str()),
        ("One", "https://one.example/mcp")
    );
    assert_eq!(spec.endpoint.transport, Auto, "the type is a hint");
    let reasons: Vec<&str> = listing
        .skipped
        .iter()
        .map(|skipped| &*skipped.reason)
        .collect();
    for (reason, part) in reasons.iter().zip([
        "'X-Key' has to be given",
        "wants {tenant}",
        "only a package",
        "deleted",
    ]) {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(reasons.len(), 4);
    for text in [one.to_owned(), listed(one, "active", true)] {
        assert_eq!(read(&text).specs.len(), 1);
    }
}

#[test]
fn a_file_that_names_no_servers_is_refused() {
    for (text, part) in [
        ("", "names no servers"),
        ("{", "not JSON"),
        ("[]", "names no servers"),
        (r#"{"theme": "dark"}"#, "names no servers"),
        (&"[".repeat(100_000), "not JSON"),
        (&" ".repeat(MAX_BYTES + 1), "longer than"),
    ] {
        let fault = Listing::read(text).unwrap_err();
        assert_eq!(fault.field, "file");
        assert!(fault.message.contains(part), "{}", fault.message);
    }
}

#[test]
fn only_so_many_are_taken() {
    let servers: Vec<String> = (0..MAX_SERVERS * 3)
        .map(|n| format!(r#"{{"url": "https://{n}.example/"}}"#))
        .collect();
    let listing = read(&format!(r#"{{"mcpServers": [{}]}}"#, servers.join(",")));
    assert_eq!(
        (listing.specs.len(), listing.skipped.len()),
        (MAX_SERVERS, MAX_SERVERS)
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", name in ".{0,50}", url in ".{0,50}") {
        let _ = Listing::read(&text);
        let server = serde_json::json!({"mcpServers": {name: {"url": url, "headers": {"X-Key": text}}}});
        for spec in read(&server.to_string()).specs {
            prop_assert_eq!(spec.faults(), []);
        }
    }
}
