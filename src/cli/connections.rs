//! Connections of visitors: so many at once, none for longer than it is used. Who sends slowly or takes
//! nothing is cut off; whoever comes beyond the bound waits in the queue of the system.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most connections at once.
    pub connections: usize,
    /// Longest time until the whole head of a request is there, from the beginning of a connection or
    /// from the answer before; so long may a connection be idle.
    pub head: Duration,
    /// Longest time in which nothing of an answer is taken.
    pub taken: Duration,
    /// Wait after the system has no connection to give: it has no more files, say.
    pub pause: Duration,
}

/// Largest head of a request, in bytes.
const MOST_HEAD: usize = 64 << 10;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 20_000,
            head: Duration::from_secs(30),
            taken: Duration::from_secs(30),
            pause: Duration::from_millis(200),
        }
    }
}

/// Serves until `stop`, then finishes the requests that are being answered.
pub async fn serve(listener: TcpListener, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let open = TaskTracker::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let (pages, stop) = (pages.clone(), stop.clone());
                open.spawn(async move {
                    talk(stream, address, pages, bounds, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "failed to take a connection");
                tokio::time::sleep(bounds.pause).await;
            }
        }
    }
    open.close();
    open.wait().await;
}

async fn talk(
    stream: TcpStream,
    address: SocketAddr,
    pages: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let socket = SockRef::from(&stream);
    // Where a system knows no such thing, connections end by its own patience.
    let _ = socket.set_tcp_user_timeout(Some(bounds.taken));
    let _ = socket.set_tcp_nodelay(true);
    let named = pages.map_request(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(ConnectInfo(address));
        request
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head)
            .max_buf_size(MOST_HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(named))
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
