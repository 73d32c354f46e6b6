//! One connection that a check owns: dialled to a guarded address, encrypted, driven by whoever
//! waits on it. Nothing is pooled, shared or spawned.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ProtocolVersion;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use url::Url;

use super::failure;
use crate::domain::observation::TlsFacts;
use crate::domain::trouble::{ConnectTrouble, TlsTrouble, Trouble};
use crate::net::{Guard, Trust};

/// Most bytes of the head of an answer.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// How long a saying of goodbye may take.
const FAREWELL: Duration = Duration::from_millis(20);
/// How long an address may take while there is another one to try.
const NEXT_ADDRESS: Duration = Duration::from_secs(2);
/// Most addresses that are tried.
const MAX_ADDRESSES: usize = 4;

/// What went over the wire, encryption included.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
    /// The first byte that came, plus one; zero for none.
    first: AtomicU64,
}

impl Traffic {
    /// Bytes sent and received.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (
            self.sent.load(Ordering::Relaxed),
            self.received.load(Ordering::Relaxed),
        )
    }

    fn first_byte(&self) -> Option<u8> {
        u8::try_from(self.first.load(Ordering::Relaxed).checked_sub(1)?).ok()
    }
}

/// A connected socket, before encryption.
pub(super) struct Socket {
    stream: TcpStream,
    pub(super) address: SocketAddr,
    traffic: Arc<Traffic>,
}

/// Connects to the first of `addresses` that lets us. Otherwise gives the first failure that is of the
/// server rather than of our way to it, and where that was: a host without IPv6 cannot speak for one with it.
pub(super) async fn connect(
    guard: &Guard,
    addresses: &[IpAddr],
    port: u16,
    budget: Duration,
) -> Result<Socket, (Trouble, Option<SocketAddr>)> {
    let end = Instant::now() + budget;
    let open: Vec<IpAddr> = addresses
        .iter()
        .copied()
        .filter(|address| guard.check(*address).is_ok())
        .take(MAX_ADDRESSES)
        .collect();
    if open.is_empty() {
        let trouble = addresses
            .iter()
            .find_map(|address| guard.check(*address).err());
        let trouble = trouble.map_or(
            Trouble::Own {
                what: "there is no address".to_owned(),
            },
            failure::refused,
        );
        return Err((trouble, None));
    }
    let mut failed = None;
    for (place, address) in open.iter().enumerate() {
        let address = SocketAddr::new(*address, port);
        let is_last = place + 1 == open.len();
        let until = if is_last {
            end
        } else {
            end.min(Instant::now() + NEXT_ADDRESS)
        };
        match dial(guard, address, until, budget).await {
            Ok(socket) => return Ok(socket),
            Err(trouble) => match &failed {
                Some((known, _))
                    if failure::is_of_server(known) || !failure::is_of_server(&trouble) => {}
                _ => failed = Some((trouble, address)),
            },
        }
    }
    let (trouble, address) = failed.unzip();
    let nothing = || Trouble::Own {
        what: "there is no address".to_owned(),
    };
    Err((trouble.unwrap_or_else(nothing), address))
}

/// Whether a connection comes about, which is closed at once.
pub(super) async fn reaches(
    guard: &Guard,
    address: SocketAddr,
    budget: Duration,
) -> Result<(), Trouble> {
    let end = Instant::now() + budget;
    dial(guard, address, end, budget).await.map(drop)
}

/// The only place that opens a socket for a probe.
async fn dial(
    guard: &Guard,
    address: SocketAddr,
    end: Instant,
    budget: Duration,
) -> Result<Socket, Trouble> {
    guard.check(address.ip()).map_err(failure::refused)?;
    let stream = match timeout_at(end, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
            return Err(timed_out(budget));
        }
        Ok(Err(error)) => return Err(failure::connect(&error)),
        Err(_) => return Err(timed_out(budget)),
    };
    // Without it, small requests wait for acknowledgements. A socket that refuses is no worse.
    let _ = stream.set_nodelay(true);
    Ok(Socket {
        stream,
        address,
        traffic: Arc::default(),
    })
}

fn timed_out(budget: Duration) -> Trouble {
    Trouble::Connect(ConnectTrouble::TimedOut {
        seconds: seconds(budget),
    })
}

/// Host, and port where it is not the usual one.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A budget in whole seconds, for a sentence.
pub(super) fn seconds(budget: Duration) -> u64 {
    budget
        .as_millis()
        .div_ceil(1_000)
        .try_into()
        .unwrap_or(u64::MAX)
}

impl Socket {
    /// What goes over it.
    pub(super) fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// Speaks HTTP/1.1 without encryption.
    pub(super) async fn plain(self) -> Result<Wire, Trouble> {
        let traffic = Arc::clone(&self.traffic);
        Wire::over(Counted(self), traffic, true).await
    }

    /// Encrypts, then speaks HTTP/1.1. What the server identified itself with comes back even
    /// when it was refused.
    pub(super) async fn encrypted(
        self,
        trust: &Trust,
        name: ServerName<'static>,
        budget: Duration,
    ) -> (Result<Wire, Trouble>, Shown) {
        let (config, witness) = trust.witnessed();
        let traffic = Arc::clone(&self.traffic);
        let connector = TlsConnector::from(config);
        let shaken = timeout(budget, connector.connect(name, Counted(self))).await;
        let mut presented = witness.take();
        let mut shown = Shown::default();
        if let Some(presented) = &mut presented {
            shown.chain = std::mem::take(&mut presented.chain);
            shown.facts = presented.certificate.clone().map(|certificate| TlsFacts {
                version: None,
                certificate,
            });
        }
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (Err(failure::handshake(&error, presented.as_ref())), shown),
            Err(_) => {
                let seconds = seconds(budget);
                return (Err(Trouble::Tls(TlsTrouble::TimedOut { seconds })), shown);
            }
        };
        if let Some(facts) = &mut shown.facts {
            facts.version = match stream.get_ref().1.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => Some("TLSv1.3"),
                Some(ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
                _ => None,
            };
        }
        (Wire::over(stream, traffic, false).await, shown)
    }
}

/// What a server identified itself with.
#[derive(Default)]
pub(super) struct Shown {
    /// What its certificate says, where it could be read.
    pub(super) facts: Option<TlsFacts>,
    /// The chain as it came.
    pub(super) chain: Vec<CertificateDer<'static>>,
}

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection that speaks HTTP/1.1.
pub(super) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    driver: Option<Driver>,
    traffic: Arc<Traffic>,
    is_plain: bool,
    /// Requests sent over it.
    pub(super) requests: u32,
}

impl Wire {
    async fn over<S>(stream: S, traffic: Arc<Traffic>, is_plain: bool) -> Result<Self, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Trouble::Own {
                what: error.to_string(),
            })?;
        Ok(Self {
            sender,
            driver: Some(Box::pin(connection)),
            traffic,
            is_plain,
            requests: 0,
        })
    }

    /// Waits for `work` while moving bytes over this connection.
    pub(super) async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        drive(&mut self.driver, work).await
    }

    /// Bytes sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.traffic.bytes().0
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Trouble> {
        self.requests += 1;
        let answer = self.sender.send_request(request);
        drive(&mut self.driver, answer)
            .await
            .map_err(|error| failure::head(&error, self.traffic.first_byte(), self.is_plain))
    }

    /// Whether another request can be sent; the last answer must have been read to its end.
    pub(super) async fn is_reusable(&mut self) -> bool {
        let sender = &mut self.sender;
        let ready = poll_fn(|cx| sender.poll_ready(cx));
        // Everything that makes it ready has happened already, or it will not be.
        matches!(
            timeout(FAREWELL, drive(&mut self.driver, ready)).await,
            Ok(Ok(()))
        )
    }

    /// Closes it in order, so that the server need not take it for a fault.
    pub(super) async fn close(self) {
        drop(self.sender);
        if let Some(driver) = self.driver {
            let _ = timeout(FAREWELL, driver).await;
        }
    }
}

async fn drive<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        let moved = driver.as_mut().map(|driver| driver.as_mut().poll(cx));
        if matches!(moved, Some(Poll::Ready(_))) {
            // How it ended is told to whoever waits for an answer.
            *driver = None;
        }
        // What just came may be all that is waited for: saves being woken once more.
        work.as_mut().poll(cx)
    })
    .await
}

/// Counts what goes over a socket.
struct Counted(Socket);

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0.stream).poll_read(cx, buffer))?;
        if let Some(first) = buffer.filled().get(before) {
            let traffic = &self.0.traffic;
            let count = (buffer.filled().len() - before) as u64;
            if traffic.received.fetch_add(count, Ordering::Relaxed) == 0 {
                traffic
                    .first
                    .store(u64::from(*first) + 1, Ordering::Relaxed);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.0.stream).poll_write(cx, bytes))?;
        self.0
            .traffic
            .sent
            .fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.0.stream).poll_write_vectored(cx, slices))?;
        self.0
            .traffic
            .sent
            .fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stream).poll_shutdown(cx)
    }
}
