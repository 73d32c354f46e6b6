//! Every generation of the official SDKs, over whatever each offers, by itself and behind nginx and
//! Caddy: the report is right, nothing is left behind, and the official clients agree with it.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use lifesign::domain::status::CONFIRMATIONS;
use serde_json::{Value, json};

use super::proxies::Workshop;
use super::server::{FOLDER, Python, RealServer};
use super::{LATEST, probe};

/// The revision without a handshake.
const MODERN: &str = "2026-07-28";

/// One server and what a check report has to say about it.
#[derive(Clone, Copy)]
struct Row {
    start: fn(&str) -> RealServer,
    mode: &'static str,
    transport: &'static str,
    era: &'static str,
    version: &'static str,
    session: bool,
    /// Where it is found behind a proxy, if not where it is found without one.
    behind: Option<&'static str>,
    /// Clients of version 1 and of version 2 find their tools.
    clients: [bool; 2],
}

impl Row {
    /// A server of its generation that everybody can talk to.
    fn of(start: fn(&str) -> RealServer, mode: &'static str) -> Self {
        let is_sse = mode == "sse";
        Self {
            start,
            mode,
            transport: if is_sse { "sse" } else { "streamable_http" },
            era: "legacy",
            version: LATEST,
            session: matches!(mode, "session" | "json" | "sse"),
            behind: None,
            clients: [true, true],
        }
    }

    /// The same, which speaks 2026-07-28 as well: over HTTP+SSE nobody does.
    fn dual(start: fn(&str) -> RealServer, mode: &'static str) -> Self {
        let row = Self::of(start, mode);
        if mode == "sse" {
            return row;
        }
        Self {
            era: "dual",
            version: MODERN,
            ..row
        }
    }

    fn path(&self) -> &'static str {
        if self.transport == "sse" {
            "/sse"
        } else {
            "/mcp"
        }
    }

    /// The URL as the clients want it.
    fn for_clients(&self, url: &str) -> String {
        let kind = if self.transport == "sse" {
            "sse"
        } else {
            "http"
        };
        format!("{kind}={url}")
    }

    /// What the probe says; as in the service, it counts as down only when three checks agree:
    /// Caddy 2.6 loses the body of a stream once in some hundred answers.
    fn seen(url: &str, ca: &Path) -> (Output, Value) {
        let arguments = ["--ca-file", ca.to_str().unwrap()];
        let tries = (0..CONFIRMATIONS).map(|_| probe(url, &arguments));
        let mut last = None;
        for (output, report) in tries {
            let is_down = report["status"] == "down";
            last = Some((output, report));
            if !is_down {
                break;
            }
        }
        last.unwrap()
    }

    fn assert_right(&self, url: &str, ca: &Path) {
        let (output, report) = Self::seen(url, ca);
        let what = format!("{} at {url}: {report:#}", self.mode);
        assert_eq!(report["status"], "up", "{what}");
        assert_eq!(output.status.code(), Some(0), "{what}");
        let protocol = &report["protocol"];
        let said = ["transport", "era", "version"].map(|member| &protocol[member]);
        assert_eq!(said, [self.transport, self.era, self.version], "{what}");
        assert_eq!(report["tools"]["count"], 3, "{what}");
        let cost = &report["cost"];
        // The end of a session kills servers of this age that stand on newer libraries.
        let is_fragile = self.version < "2025-06-18" && self.transport == "streamable_http";
        let closed = if is_fragile {
            &json!(0)
        } else {
            &cost["sessions_opened"]
        };
        assert_eq!(&cost["sessions_closed"], closed, "{what}");
        // Some open one more for a request that they refuse.
        assert_eq!(cost["sessions_opened"] != 0, self.session, "{what}");
    }
}

/// Probes every row by itself and behind both proxies, then lets the clients try.
fn hold(rows: &[Row]) {
    let servers: Vec<RealServer> = thread::scope(|scope| {
        let starting: Vec<_> = rows
            .iter()
            .map(|row| scope.spawn(|| (row.start)(row.mode)))
            .collect();
        starting
            .into_iter()
            .map(|starting| starting.join().unwrap())
            .collect()
    });
    let workshop = Workshop::new();
    let addresses: Vec<&str> = servers.iter().map(RealServer::address).collect();
    let proxies = [workshop.nginx(&addresses), workshop.caddy(&addresses)];
    let mut urls = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        urls.push((row, servers[place].url(row.path())));
        for proxy in &proxies {
            let path = row.behind.unwrap_or(row.path());
            urls.push((row, format!("{}{path}", proxy.origins[place])));
        }
    }
    for (row, url) in &urls {
        row.assert_right(url, &workshop.ca());
    }
    let versions: [[fn() -> Command; 2]; 2] = [
        [|| Python::One.command("client.py"), || node("client.mjs")],
        [
            || Python::Two.command("client2.py"),
            || node("v2/client.mjs"),
        ],
    ];
    for (version, clients) in versions.into_iter().enumerate() {
        for client in clients {
            let mut left: Vec<_> = urls.iter().filter(|(row, _)| row.asks(version)).collect();
            let mut said = Vec::new();
            // As for the probe: what a proxy loses once is no disagreement.
            for _ in 0..CONFIRMATIONS {
                let found = ask(client(), &left, &workshop.ca());
                let asked = left.into_iter().zip(found);
                (left, said) = asked
                    .filter(|((row, _), found)| (found["tools"] == 3) != row.clients[version])
                    .unzip();
            }
            let urls: Vec<_> = left.iter().map(|(_, url)| url).collect();
            assert!(
                urls.is_empty(),
                "client {}: {urls:?}: {said:?}",
                version + 1
            );
        }
    }
}

impl Row {
    /// Clients of version 2 begin with a method that kills the oldest servers.
    fn asks(&self, version: usize) -> bool {
        version == 0 || self.version == LATEST || self.version == MODERN
    }
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script);
    command
}

/// What a client says of each URL.
fn ask(mut client: Command, urls: &[&(&Row, String)], ca: &Path) -> Vec<Value> {
    if urls.is_empty() {
        return Vec::new();
    }
    client
        .args(urls.iter().map(|(row, url)| row.for_clients(url)))
        .current_dir(FOLDER)
        .env("SSL_CERT_FILE", ca)
        .env("NODE_EXTRA_CA_CERTS", ca);
    let output = client.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(found.len(), urls.len(), "{client:?}: {said}");
    found
}

#[test]
fn python_1_9() {
    let start = |mode: &str| match mode {
        "sse" => RealServer::of(Python::OneNine, "sse.py", &[]),
        mode => RealServer::of(Python::OneNine, "streamable.py", &[mode]),
    };
    // It redirects /mcp to http://…/mcp/, which nobody follows from https.
    let rows = ["session", "stateless", "json", "sse"].map(|mode| Row {
        version: "2025-03-26",
        behind: (mode != "sse").then_some("/mcp/"),
        ..Row::of(start, mode)
    });
    hold(&rows);
}

#[test]
fn python_1() {
    let start = |mode: &str| match mode {
        "sse" => RealServer::of(Python::One, "sse.py", &[]),
        mode => RealServer::of(Python::One, "streamable.py", &[mode]),
    };
    hold(&["session", "stateless", "json", "sse"].map(|mode| Row::of(start, mode)));
}

#[test]
fn python_2() {
    let start = |mode: &str| RealServer::of(Python::Two, "python2.py", &[mode]);
    hold(&["session", "stateless", "json", "sse"].map(|mode| Row::dual(start, mode)));
}

#[test]
fn fastmcp_2() {
    let start = |mode: &str| RealServer::of(Python::FastMcp2, "fastmcp_http.py", &[mode]);
    hold(&["session", "stateless", "json", "sse"].map(|mode| Row::of(start, mode)));
}

#[test]
fn fastmcp_3() {
    let start = |mode: &str| RealServer::of(Python::One, "fastmcp_http.py", &[mode]);
    hold(&["session", "stateless", "json", "sse"].map(|mode| Row::of(start, mode)));
}

#[test]
fn fastmcp_4() {
    let start = |mode: &str| RealServer::of(Python::Two, "fastmcp_http.py", &[mode]);
    hold(&["session", "stateless", "json", "sse"].map(|mode| Row::dual(start, mode)));
}

#[test]
fn typescript_1() {
    let start = |mode: &str| match mode {
        "sse" => RealServer::node("sse.mjs", &[]),
        "session" => RealServer::node("streamable.mjs", &[]),
        mode => RealServer::node("stateless.mjs", &[mode]),
    };
    hold(&[
        Row::of(start, "session"),
        Row::of(start, "stream"),
        Row {
            session: false,
            ..Row::of(start, "json")
        },
        Row::of(start, "sse"),
    ]);
}

#[test]
fn typescript_2() {
    let start = |mode: &str| RealServer::node("v2/server.mjs", &[mode]);
    hold(&[
        Row::dual(start, "dual"),
        Row {
            era: "modern",
            clients: [false, true],
            ..Row::dual(start, "modern")
        },
    ]);
}
