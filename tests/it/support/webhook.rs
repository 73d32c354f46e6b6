//! An HTTP receiver on loopback: keeps what it is sent and answers as it was told.
//!
//! Bounded in requests and bytes; answers with 413 and 507 beyond that.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const MAX_REQUESTS: usize = 10_000;
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Received {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What the receiver says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    delay: Duration,
}

impl Answer {
    /// A status and nothing more.
    pub(crate) fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self {
            status,
            headers: HeaderMap::new(),
            body: String::new(),
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// Says it only after this time.
    pub(crate) fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// The running receiver; it stops when it is dropped.
pub(crate) struct WebhookReceiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<Answer>>,
    arrived: Notify,
}

impl WebhookReceiver {
    /// A receiver on any free port of 127.0.0.1 that answers 204.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            answers: Mutex::new(VecDeque::from([Answer::status(204)])),
            arrived: Notify::new(),
        });
        let app = axum::Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    /// Where to send to; every path of this host is taken.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on these answers one by one; the last one repeats.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        let answers: VecDeque<_> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "a script needs an answer");
        *lock(&self.shared.answers) = answers;
    }

    /// Everything received so far, oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until at least `count` requests arrived. Put a timeout around it.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            arrived.await;
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body,
        at,
    };
    {
        let mut all = lock(&shared.received);
        if all.len() >= MAX_REQUESTS {
            return StatusCode::INSUFFICIENT_STORAGE.into_response();
        }
        all.push(received);
    }
    shared.arrived.notify_waiters();
    let answer = {
        let mut answers = lock(&shared.answers);
        let next = answers.pop_front();
        if let (true, Some(last)) = (answers.is_empty(), &next) {
            answers.push_back(last.clone());
        }
        next.unwrap_or_else(|| Answer::status(500))
    };
    tokio::time::sleep(answer.delay).await;
    (answer.status, answer.headers, Body::from(answer.body)).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn send(receiver: &WebhookReceiver) -> String {
        let mut socket = tokio::net::TcpStream::connect(receiver.address)
            .await
            .unwrap();
        let request = "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nWebhook-Id: a\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_keeps_requests_and_answers_as_told() {
        let receiver = WebhookReceiver::start().await;
        assert!(send(&receiver).await.starts_with("HTTP/1.1 204"));
        let busy = Answer::status(503).header("retry-after", "7").body("busy");
        receiver.answer([busy.delayed(Duration::from_millis(1)), Answer::status(200)]);
        let refused = send(&receiver).await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 7"));
        assert!(refused.ends_with("busy"));
        for _ in 0..2 {
            assert!(send(&receiver).await.starts_with("HTTP/1.1 200"));
        }
        let all = receiver.wait_for(4).await;
        assert_eq!(all[0].json()["a"], 1);
        assert_eq!(
            (all[0].method.as_str(), all[0].path.as_str()),
            ("POST", "/hook")
        );
        assert_eq!(all[0].header("webhook-id"), Some("a"));
        assert!(all[0].at < all[3].at && receiver.url().ends_with("/hook"));
    }
}
