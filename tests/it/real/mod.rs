//! `lifesign probe` against servers made with the official SDKs, over real processes.
//!
//! The servers are the scripts of `tests/real/`; their libraries are installed by
//! `tests/setup/tools.sh`. What is asserted is what a user reads: the check report.

mod conformance;
mod generations;
mod proxies;
mod server;

use std::process::{Command, Output};

use serde_json::Value;
use server::RealServer;

/// What every SDK here negotiates when it is offered.
const LATEST: &str = "2025-11-25";

/// What a check report has to say about a healthy server.
struct Expected<'a> {
    transport: &'a str,
    name: &'a str,
    /// The version that the server gives itself; SDKs without one say their own.
    version: Option<&'a str>,
    session: bool,
}

fn probe(url: &str, more: &[&str]) -> (Output, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifesign"));
    command
        .args(["probe", url, "--allow-private", "--json"])
        .args(more);
    let output = command.env("REAL_TOKEN", server::TOKEN).output().unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    (output, report)
}

fn assert_up(output: &Output, report: &Value, expected: &Expected<'_>) {
    let protocol = &report["protocol"];
    assert_eq!(report["status"], "up", "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report["failure"], Value::Null);
    assert_eq!(report["gated"], false);
    assert_eq!(protocol["transport"], expected.transport, "{report:#}");
    assert_eq!(protocol["era"], "legacy");
    assert_eq!(protocol["version"], LATEST);
    assert_eq!(protocol["server"]["name"], expected.name);
    if let Some(version) = expected.version {
        assert_eq!(protocol["server"]["version"], version);
    }
    assert_eq!(report["tools"]["count"], 3, "{report:#}");
    assert_eq!(report["tools"]["names"][0], "search");
    let cost = &report["cost"];
    assert_eq!(cost["sessions_opened"], cost["sessions_closed"]);
    // Some open one more for a request that they refuse.
    assert_eq!(cost["sessions_opened"] != 0, expected.session);
}

#[test]
fn python_sdk_over_http_sse() {
    let server = RealServer::python("sse.py", &[]);
    let (output, report) = probe(&server.url("/sse"), &[]);
    let expected = Expected {
        transport: "sse",
        name: "python-sse",
        version: None,
        session: true,
    };
    assert_up(&output, &report, &expected);
}

#[test]
fn python_sdk_mounted_in_fastapi_behind_a_bearer_token() {
    let server = RealServer::python("sse_in_fastapi.py", &[]);
    let url = server.url("/mcp/sse");

    let (output, report) = probe(&url, &[]);
    assert_eq!(
        (&report["status"], &report["gated"]),
        (&"up".into(), &true.into()),
        "{report:#}"
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report["tools"], Value::Null);

    let (output, report) = probe(&url, &["--bearer-env", "REAL_TOKEN"]);
    let name = "python-sse-in-fastapi";
    assert_up(
        &output,
        &report,
        &Expected {
            transport: "sse",
            name,
            version: None,
            session: true,
        },
    );
}

#[test]
fn python_sdk_over_streamable_http() {
    for (mode, session) in [("session", true), ("stateless", false), ("json", true)] {
        let server = RealServer::python("streamable.py", &[mode]);
        let (output, report) = probe(&server.url("/mcp"), &[]);
        let name = format!("python-{mode}");
        let transport = "streamable_http";
        assert_up(
            &output,
            &report,
            &Expected {
                transport,
                name: &name,
                version: None,
                session,
            },
        );
        assert_eq!(
            server.open_sessions(),
            0,
            "{mode}: a session was left behind"
        );
    }
}

#[test]
fn fastmcp_over_streamable_http() {
    let server = RealServer::python("fastmcp_http.py", &["session"]);
    let (output, report) = probe(&server.url("/mcp"), &[]);
    let version = Some("7.8.9");
    let transport = "streamable_http";
    assert_up(
        &output,
        &report,
        &Expected {
            transport,
            name: "fastmcp",
            version,
            session: true,
        },
    );
}

#[test]
fn typescript_sdk_over_http_sse() {
    let server = RealServer::node("sse.mjs", &[]);
    let (output, report) = probe(&server.url("/sse"), &[]);
    let (name, version) = ("typescript-sse", Some("1.2.3"));
    assert_up(
        &output,
        &report,
        &Expected {
            transport: "sse",
            name,
            version,
            session: true,
        },
    );
    server.until_no_session_is_open();
}

#[test]
fn typescript_sdk_over_streamable_http() {
    let server = RealServer::node("streamable.mjs", &[]);
    let (output, report) = probe(&server.url("/mcp"), &[]);
    let (name, version) = ("typescript-streamable", Some("1.2.3"));
    let transport = "streamable_http";
    assert_up(
        &output,
        &report,
        &Expected {
            transport,
            name,
            version,
            session: true,
        },
    );
    assert_eq!(server.open_sessions(), 0, "a session was left behind");
}
