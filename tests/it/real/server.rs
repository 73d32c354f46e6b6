//! A real MCP server as a child process: started on a free port, asked for its sessions, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What the guarded server wants to hear.
pub(super) const TOKEN: &str = "a token of the tests";

/// Two cores that compile at the same time make Python slow to start.
const START: Duration = Duration::from_secs(200);
const ANSWER: Duration = Duration::from_secs(10);
/// Where the programs are.
pub(super) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real");
const CACHE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/.cache");

/// The Pythons of `tests/setup/tools.sh`.
#[derive(Clone, Copy)]
pub(super) enum Python {
    /// `mcp` 1.9.
    OneNine,
    /// The latest `mcp` 1 and FastMCP 3.
    One,
    /// FastMCP 2.
    FastMcp2,
    /// `mcp` 2 and FastMCP 4.
    Two,
}

impl Python {
    /// A script of `tests/real/`.
    pub(super) fn command(self, script: &str) -> Command {
        let folder = match self {
            Self::OneNine => "venv-mcp19",
            Self::One => "venv",
            Self::FastMcp2 => "venv-fastmcp2",
            Self::Two => "venv-mcp2",
        };
        let mut command = Command::new(format!("{CACHE}/{folder}/bin/python"));
        command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The process ends with its handle.
pub(super) struct RealServer {
    address: String,
    process: Child,
}

impl RealServer {
    /// A script of `tests/real/` under the Python with the latest SDK of the first version.
    pub(super) fn python(script: &str, arguments: &[&str]) -> Self {
        Self::of(Python::One, script, arguments)
    }

    /// A script of `tests/real/` under a Python.
    pub(super) fn of(python: Python, script: &str, arguments: &[&str]) -> Self {
        let mut command = python.command(script);
        command.args(arguments);
        Self::start(command)
    }

    /// A script of `tests/real/` under Node.
    pub(super) fn node(script: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("node");
        command.arg(script).args(arguments);
        Self::start(command)
    }

    /// Every server takes port 0 and says on standard error which one it got.
    fn start(mut command: Command) -> Self {
        command
            .current_dir(FOLDER)
            .env("TOKEN", TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = command
            .spawn()
            .expect("tests/setup/tools.sh installs what this needs");
        let log = BufReader::new(process.stderr.take().unwrap());
        let (found, address) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut said = String::new();
            // To the end: a full pipe would stop the server.
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("running on http://") {
                    let address = address.split_whitespace().next().unwrap_or_default();
                    let _only_the_first = found.try_send(Ok(address.to_owned()));
                }
                if said.len() < 10_000 {
                    said.push_str(&line);
                    said.push('\n');
                }
            }
            let _running = found.try_send(Err(said));
        });
        let address = match address.recv_timeout(START) {
            Ok(Ok(address)) => address,
            Ok(Err(said)) => panic!("the server ended:\n{said}"),
            Err(late) => panic!("the server does not say where it listens: {late}"),
        };
        Self { address, process }
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many sessions the SDK holds, by its own account.
    pub(super) fn open_sessions(&self) -> u64 {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(ANSWER)).unwrap();
        let request = format!("GET /sessions HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let sessions: serde_json::Value = serde_json::from_str(body).unwrap();
        sessions["open"].as_u64().unwrap()
    }

    /// Asks until nothing is open: the end of a stream takes a moment to reach the server.
    pub(super) fn until_no_session_is_open(&self) {
        let start = Instant::now();
        while self.open_sessions() > 0 {
            assert!(start.elapsed() < ANSWER, "a session was left behind");
            thread::yield_now();
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
