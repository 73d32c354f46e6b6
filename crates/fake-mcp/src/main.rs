//! The scripted server by hand: `fake-mcp SCENARIO`, `fake-mcp demo`, `fake-mcp fleet`.
//!
//! Prints the URLs, one per line, and serves until it is ended. Listens on 127.0.0.1 only.

mod scenarios;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use fake_mcp::{FakeMcp, Listen, Reply, Script, Tls, ca_pem, healthy, stall, status};

/// The ports of `demo`, fixed so that a demo database may name them.
const DEMO: &[(&str, u16, Option<Tls>)] = &[
    ("healthy", 7401, None),
    ("slow", 7402, None),
    ("flapping", 7403, None),
    ("down", 7404, None),
    ("expired", 7405, Some(Tls::Expired)),
    ("gated", 7406, None),
    ("sse", 7407, None),
];

/// A scripted MCP server on 127.0.0.1.
#[derive(Parser)]
#[command(after_help = scenario_list())]
struct Arguments {
    /// A scenario of the list below, or `demo` (several servers at fixed ports), or `fleet` (many
    /// servers behind one port).
    scenario: String,
    /// The port; 0 for any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What a client meets before HTTP.
    #[arg(long, value_enum)]
    tls: Option<Certificate>,
    /// Write the certificate of the test CA to this file.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// `fleet`: how many servers.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// `fleet`: how many of them accept and never answer.
    #[arg(long, default_value_t = 0)]
    hang: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Certificate {
    Valid,
    ExpiresSoon,
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
    UnknownCa,
    MutualTls,
}

impl From<Certificate> for Tls {
    fn from(certificate: Certificate) -> Self {
        match certificate {
            Certificate::Valid => Self::Valid,
            Certificate::ExpiresSoon => Self::ExpiresIn(7),
            Certificate::Expired => Self::Expired,
            Certificate::NotYetValid => Self::NotYetValid,
            Certificate::WrongName => Self::WrongName,
            Certificate::SelfSigned => Self::SelfSigned,
            Certificate::UnknownCa => Self::UnknownCa,
            Certificate::MutualTls => Self::ClientCertificate,
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if let Some(file) = &arguments.ca_out {
        std::fs::write(file, ca_pem()?)?;
    }
    let listen = Listen {
        port: arguments.port,
        tls: arguments.tls.map(Tls::from),
    };
    match arguments.scenario.as_str() {
        "demo" => demo().await,
        "fleet" => fleet(listen, arguments.count, arguments.hang).await,
        name => {
            let Some((name, _, reply)) = scenarios::find(name) else {
                let text = format!("no scenario {name:?}; --help lists them");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            };
            let server = FakeMcp::start_on(listen, reply())?;
            say(&server.url())?;
            play(name, &server).await
        }
    }
}

/// Several servers at fixed ports, one line `NAME URL` each.
async fn demo() -> io::Result<()> {
    let mut servers = Vec::new();
    for (name, port, tls) in DEMO {
        let script = scenarios::find(name).map_or_else(healthy, |(_, _, reply)| reply());
        let mut server = FakeMcp::start_on(
            Listen {
                port: *port,
                tls: *tls,
            },
            script.name(name),
        )?;
        if *name == "down" {
            server.stop().await?;
        }
        say(&format!("{name} {}", server.url()))?;
        servers.push((*name, server));
    }
    for (name, server) in &servers {
        if *name == "flapping" {
            play(name, server).await?;
        }
    }
    std::future::pending().await
}

/// `count` servers behind one port, `hang` of them dead, one URL per line. Further kinds answer
/// under their own paths: `/down/N/mcp`, `/sse/N/sse`.
async fn fleet(listen: Listen, count: usize, hang: usize) -> io::Result<()> {
    let routes: [(&str, Reply); 4] = [
        ("/healthy/", healthy()),
        ("/hang/", stall()),
        ("/down/", status(503)),
        ("/sse/", fake_mcp::http_sse()),
    ];
    let routes = routes.map(|(prefix, reply)| (prefix.to_owned(), Script::from(reply)));
    let server = FakeMcp::start_routes(listen, routes)?;
    let hanging = hang.min(count);
    let mut urls = String::new();
    for at in 0..count {
        let kind = if at < hanging { "hang" } else { "healthy" };
        urls.push_str(&server.url_of(&format!("/{kind}/{at}/mcp\n")));
    }
    say(urls.trim_end())?;
    std::future::pending().await
}

/// Serves for ever; a flapping server changes its script meanwhile.
async fn play(name: &str, server: &FakeMcp) -> io::Result<()> {
    if name != "flapping" {
        return std::future::pending().await;
    }
    let (up, down) = scenarios::FLAPPING;
    loop {
        tokio::time::sleep(up).await;
        server.set(status(503));
        tokio::time::sleep(down).await;
        server.set(healthy().name(name));
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn scenario_list() -> String {
    let lines = scenarios::SCENARIOS
        .iter()
        .map(|(name, what, _)| format!("  {name:<20} {what}"));
    format!("Scenarios:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
