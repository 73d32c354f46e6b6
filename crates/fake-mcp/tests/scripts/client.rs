//! The plainest client: it writes a request and reads until the other side stops, so that nothing is
//! forgiven on its side.

use std::time::Duration;

use fake_mcp::FakeMcp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
pub(crate) const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let line = self.head.lines().find(|line| {
            line.split_once(':')
                .is_some_and(|(have, _)| have.eq_ignore_ascii_case(name))
        })?;
        Some(line.split_once(':')?.1.trim().to_owned())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// One request on a connection of its own; whatever came until the server closed.
pub(crate) async fn raw(server: &FakeMcp, request: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(server.address()).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("an end")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) async fn send(
    server: &FakeMcp,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Answer {
    let text = raw(server, &request(method, path, headers, body))
        .await
        .expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status");
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

pub(crate) async fn post(server: &FakeMcp, headers: &str, body: &str) -> Answer {
    send(server, "POST", "/mcp", headers, body).await
}
