//! Connections: accepted, served by hyper, and taken out of its hands where a script wants bytes or
//! silence that are no HTTP.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use crate::body::Body;
use crate::exchange::{Outcome, Shared};
use crate::habits::{After, RawReply};
use crate::journal::lock;
use crate::tls::Greeting;

/// After an accept that failed (no file descriptors left), others may end meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// A scripted silence is for ever; this only keeps forgotten connections from piling up.
const LONGEST_SILENCE: Duration = Duration::from_mins(10);

/// Accepts until it is dropped; all its connections end with it.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, greeting: Greeting) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    let number = shared.journal.connections.fetch_add(1, Ordering::SeqCst) + 1;
                    open.spawn(serve(tcp, number, Arc::clone(&shared), greeting.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = open.join_next(), if !open.is_empty() => {}
        }
    }
}

/// Counts a connection for as long as it lives, aborted ones too.
struct Open(Arc<Shared>);

impl Open {
    fn count(&self) -> &AtomicU64 {
        &self.0.journal.open_connections
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count().fetch_sub(1, Ordering::SeqCst);
        self.0.journal.arrived.notify_waiters();
    }
}

async fn serve(tcp: TcpStream, number: u64, shared: Arc<Shared>, greeting: Greeting) {
    let open = Open(Arc::clone(&shared));
    open.count().fetch_add(1, Ordering::SeqCst);
    shared.journal.arrived.notify_waiters();
    // Small answers in several writes: without this a client waits 40 ms for nothing.
    let _unsupported = tcp.set_nodelay(true);
    match greeting {
        Greeting::Plain => speak_http(tcp, number, &shared).await,
        Greeting::Tls(acceptor) => {
            if let Ok(tls) = acceptor.accept(tcp).await {
                speak_http(tls, number, &shared).await;
            }
        }
        Greeting::Bytes(bytes, after) => {
            if read_something(&tcp).await {
                finish(tcp, &RawReply { bytes, then: after }).await;
            }
        }
    }
}

/// Serves requests until one of them asks for bytes of its own.
async fn speak_http<S: Socket>(socket: S, number: u64, shared: &Arc<Shared>) {
    let raw: Arc<Mutex<Option<RawReply>>> = Arc::default();
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, raw) = (Arc::clone(shared), Arc::clone(&raw));
        let answer: Pin<Box<dyn Future<Output = Result<Response<Body>, OutOfHand>> + Send>> =
            Box::pin(async move {
                match shared.exchange(number, request).await {
                    Outcome::Respond(response) => Ok(response),
                    Outcome::Hang => std::future::pending().await,
                    Outcome::Raw(reply) => {
                        *lock(&raw) = Some(reply);
                        Err(OutOfHand)
                    }
                }
            });
        answer
    });
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    // An error is the client going away or our own `OutOfHand`; neither needs words.
    let _ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let socket = connection.into_parts().io.into_inner();
    let reply = lock(&raw).take();
    let close = RawReply {
        bytes: bytes::Bytes::new(),
        then: After::Close,
    };
    finish(socket, &reply.unwrap_or(close)).await;
}

async fn finish<S: Socket>(mut socket: S, reply: &RawReply) {
    if socket.write_all(&reply.bytes).await.is_err() || socket.flush().await.is_err() {
        return;
    }
    match reply.then {
        // The peer may be gone already.
        After::Close => drop(socket.shutdown().await),
        After::Reset => drop(socket.tcp().set_zero_linger()),
        After::Hang => tokio::time::sleep(LONGEST_SILENCE).await,
    }
}

async fn read_something(tcp: &TcpStream) -> bool {
    let mut first = [0; 1];
    matches!(tcp.peek(&mut first).await, Ok(1))
}

/// The service gives the connection away.
#[derive(Debug)]
struct OutOfHand;

impl std::fmt::Display for OutOfHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the script answers in raw bytes")
    }
}

impl std::error::Error for OutOfHand {}

/// A stream whose TCP socket can be reached.
trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}
