//! Real proxies in front of scripted servers: Debian's nginx and Caddy, as people run them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use fake_mcp::{FakeMcp, Piece, Reply, healthy, http_sse, pieces, stall};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down};

use super::{Checked, Probe};
use crate::support::process::{Process, free_ports};

/// A handshake for a server that offers nothing, so that only a ping follows it.
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"a","version":"1"}}}"#;

/// Runs `start` aside: it waits for a process.
async fn aside<T: Send + 'static>(start: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// One nginx with a port for each server behind it, which gets these lines of its own.
async fn nginx<const N: usize>(behind: [(SocketAddr, &str); N]) -> (Process, [u16; N]) {
    let ports: [u16; N] = free_ports(N).try_into().unwrap();
    let mut servers = String::new();
    for ((address, lines), port) in behind.iter().zip(ports) {
        let _ = writeln!(
            servers,
            "server {{ listen 127.0.0.1:{port}; location / {{
                 proxy_pass http://{address}; {lines} }} }}"
        );
    }
    let process = aside(move || {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;
             events {{ }}
             http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy;
                     fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                     {servers} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr", "-c", "nginx.conf"]);
        Process::listening(command, &ports, folder)
    });
    (process.await, ports)
}

async fn caddy(port: u16, sites: String) -> Process {
    aside(move || {
        let folder = tempfile::tempdir().unwrap();
        let config = format!("{{\nadmin off\nauto_https off\n}}\n{sites}\n");
        std::fs::write(folder.path().join("Caddyfile"), config).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, folder.path());
        }
        Process::listening(command, &[port], folder)
    })
    .await
}

async fn through(port: u16, path: &str, timeout: u64) -> Checked {
    let probe = Probe::of(&format!("http://127.0.0.1:{port}{path}"));
    probe.timeout(timeout).run().await
}

/// A server that opens its stream at once, with this header, and answers late.
fn late_answer(name: &str, value: &str) -> Reply {
    let body = [
        Piece::text("id: 0\ndata:\n\n"),
        Piece::Wait(Duration::from_millis(2_200)),
        Piece::text(format!("event: message\ndata: {HELLO}\n\n")),
    ];
    let stream = pieces(200, "text/event-stream", body).header(name, value);
    healthy().stateless().on("initialize", stream)
}

#[tokio::test]
async fn nginx_holds_back_streams_unless_it_is_told_not_to() {
    let sse = FakeMcp::start(http_sse()).unwrap();
    let late = FakeMcp::start(late_answer("Cache-Control", "no-store")).unwrap();
    let unbuffered = FakeMcp::start(late_answer("X-Accel-Buffering", "no")).unwrap();
    let (_nginx, [held, open, late_held, late_open]) = nginx([
        (sse.address(), "proxy_ignore_headers X-Accel-Buffering;"),
        (sse.address(), ""),
        (late.address(), ""),
        (unbuffered.address(), ""),
    ])
    .await;
    let (held, open, late_held, late_open) = tokio::join!(
        through(held, "/sse", 2_500),
        through(open, "/sse", 10_000),
        through(late_held, "/mcp", 10_000),
        through(late_open, "/mcp", 10_000),
    );
    held.is(Down, Code::SseStalled);
    open.is_up();
    late_held.is(Degraded, Code::SseBuffered);
    late_open.is_up();
}

#[tokio::test]
async fn what_nginx_says_by_itself_has_its_code() {
    let mut gone = FakeMcp::start(healthy()).unwrap();
    let hung = FakeMcp::start(stall()).unwrap();
    let small = FakeMcp::start(healthy()).unwrap();
    let (_nginx, [bad_gateway, timeout, too_large, fine]) = nginx([
        (gone.address(), ""),
        (hung.address(), "proxy_read_timeout 1s;"),
        (small.address(), "client_max_body_size 10;"),
        (small.address(), ""),
    ])
    .await;
    gone.stop().await.unwrap();
    through(bad_gateway, "/mcp", 10_000)
        .await
        .is(Down, Code::Http502);
    through(timeout, "/mcp", 10_000)
        .await
        .is(Down, Code::Http504);
    through(too_large, "/mcp", 10_000)
        .await
        .is(Down, Code::Http413431);
    through(fine, "/mcp", 10_000).await.is_up();
}

#[tokio::test]
async fn caddy_passes_streams_on_and_has_nothing_to_say_for_a_host_that_it_does_not_know() {
    let sse = FakeMcp::start(http_sse()).unwrap();
    let port = free_ports(1)[0];
    let site = format!(
        "http://127.0.0.1:{port} {{\nreverse_proxy {}\n}}",
        sse.address()
    );
    let _caddy = caddy(port, site).await;
    through(port, "/sse", 10_000).await.is_up();
    let stranger = Probe::of(&format!("http://localhost:{port}/mcp"))
        .run()
        .await;
    stranger.is(Down, Code::BodyEmpty);
}
