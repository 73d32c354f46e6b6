//! The handle on a running scripted server: [`FakeMcp`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::connection;
use crate::exchange::Shared;
use crate::journal::{Journal, Recorded};
use crate::script::{Script, Stage};
use crate::tls::{Greeting, Tls};

const BACKLOG: u32 = 4096;

/// A scripted MCP server on 127.0.0.1. Started within a tokio runtime; it stops when it is dropped.
pub struct FakeMcp {
    address: SocketAddr,
    scheme: &'static str,
    path: &'static str,
    greeting: Greeting,
    shared: Arc<Shared>,
    state: State,
}

enum State {
    Listening(JoinSet<()>),
    /// Bound, not listening: connections are refused and the port stays ours.
    Stopped(TcpSocket),
}

/// Where and how a server listens; [`FakeMcp::start`] is the short way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listen {
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// What a client meets before HTTP; none for plain HTTP.
    pub tls: Option<Tls>,
}

impl FakeMcp {
    /// A server on any free port of 127.0.0.1, plain HTTP.
    pub fn start(script: impl Into<Script>) -> io::Result<Self> {
        Self::start_on(Listen::default(), script)
    }

    /// A server on any free port of 127.0.0.1 that is called by `https`.
    pub fn start_tls(tls: Tls, script: impl Into<Script>) -> io::Result<Self> {
        Self::start_on(
            Listen {
                tls: Some(tls),
                ..Listen::default()
            },
            script,
        )
    }

    /// A server on this port.
    pub fn start_on(listen: Listen, script: impl Into<Script>) -> io::Result<Self> {
        Self::start_routes(listen, [(String::new(), script.into())])
    }

    /// Many servers behind one port, told apart by the beginning of their path (`/slow` for
    /// `/slow/17/mcp`); the first that fits answers.
    pub fn start_routes(
        listen: Listen,
        routes: impl IntoIterator<Item = (String, Script)>,
    ) -> io::Result<Self> {
        let greeting = Greeting::new(listen.tls)?;
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port)))?;
        let address = socket.local_addr()?;
        let scheme = if listen.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let routes: Vec<_> = routes.into_iter().collect();
        let http_sse = routes
            .first()
            .is_some_and(|(_, script)| script.is_http_sse());
        let stages = routes
            .into_iter()
            .map(|(prefix, script)| (prefix, Stage::new(script)));
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://{address}"),
            journal: Journal::new(),
            stages: stages.collect(),
            sessions: std::sync::Mutex::default(),
            homes: std::sync::Mutex::default(),
            streams: std::sync::Mutex::default(),
        });
        let mut server = Self {
            address,
            scheme,
            path: if http_sse { "/sse" } else { "/mcp" },
            greeting,
            shared,
            state: State::Stopped(socket),
        };
        server.restart()?;
        Ok(server)
    }

    /// The URL of the endpoint: `/sse` if the script began as HTTP+SSE, else `/mcp`.
    pub fn url(&self) -> String {
        self.url_of(self.path)
    }

    /// The URL of a path on this server, `scheme://127.0.0.1:port/path`.
    pub fn url_of(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Swaps the script; it begins with its first reply. Open connections stay.
    pub fn set(&self, script: impl Into<Script>) {
        if let Some((_, stage)) = self.shared.stages.first() {
            stage.set(script.into());
        }
    }

    /// The server goes down: its connections end, new ones are refused, its port stays reserved.
    pub async fn stop(&mut self) -> io::Result<()> {
        if let State::Listening(mut tasks) =
            std::mem::replace(&mut self.state, State::Stopped(TcpSocket::new_v4()?))
        {
            tasks.shutdown().await;
        }
        self.state = State::Stopped(bind(self.address)?);
        Ok(())
    }

    /// The server is back on the same port, with the same script and journal. Does nothing if it
    /// was never stopped.
    pub fn restart(&mut self) -> io::Result<()> {
        let placeholder = State::Listening(JoinSet::new());
        match std::mem::replace(&mut self.state, placeholder) {
            State::Stopped(socket) => {
                let listener = socket.listen(BACKLOG)?;
                self.state = State::Listening(self.accepting(listener));
            }
            listening @ State::Listening(_) => self.state = listening,
        }
        Ok(())
    }

    fn accepting(&self, listener: TcpListener) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (shared, greeting) = (Arc::clone(&self.shared), self.greeting.clone());
        tasks.spawn(connection::accept(listener, shared, greeting));
        tasks
    }

    /// The requests so far, oldest first; the last [`KEPT`](crate::KEPT) of them.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.journal.all()
    }

    /// What was asked so far, in order: the JSON-RPC method, or the HTTP method where there is none.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.requests();
        requests
            .iter()
            .map(|request| request.rpc().unwrap_or(request.method.clone()))
            .collect()
    }

    /// Forgets the requests so far; the counts stay.
    pub fn forget_requests(&self) {
        self.shared.journal.forget();
    }

    /// All requests ever.
    pub fn request_count(&self) -> u64 {
        read(&self.shared.journal.total)
    }

    /// All connections ever.
    pub fn connections(&self) -> u64 {
        read(&self.shared.journal.connections)
    }

    /// The connections that are open now.
    pub fn open_connections(&self) -> u64 {
        read(&self.shared.journal.open_connections)
    }

    /// Sessions opened: issued by `initialize`, or streams of HTTP+SSE.
    pub fn sessions_opened(&self) -> u64 {
        read(&self.shared.journal.sessions_opened)
    }

    /// Sessions closed: by `DELETE`, or by the end of a stream of HTTP+SSE.
    pub fn sessions_closed(&self) -> u64 {
        read(&self.shared.journal.sessions_closed)
    }

    /// Returns as soon as `condition` holds; looked at whenever a request arrives, a session closes
    /// or a connection ends. Without a limit of its own: put a timeout around it.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let arrived = self.shared.journal.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if condition(self) {
                return;
            }
            arrived.await;
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::SeqCst)
}
