//! The receivers of all channels behind one port of loopback: they take, refuse, hang up, or are
//! the last thing that a process sees.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{RngExt as _, rngs::StdRng};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Most bytes of one request.
const MAX_REQUEST: usize = 1 << 20;
/// Most times that one message is not taken: fewer than it takes to be given up.
const MAX_REFUSALS: u32 = 5;

/// What a receiver did with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has it, and said so.
    Taken,
    /// It has it, and the sender died before it could hear so.
    Struck,
    /// It said no.
    Refused,
    /// It closed the connection without a word.
    HungUp,
}

impl Fate {
    /// Whether it said, or would have said, that it has it.
    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::Taken | Self::Struck)
    }
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// Which channel it came to.
    pub(super) channel: usize,
    /// Its `webhook-id`.
    pub(super) id: String,
    /// What it says.
    pub(super) body: String,
    /// In which round of telling.
    pub(super) round: usize,
    /// What became of it.
    pub(super) fate: Fate,
}

impl Arrival {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How receivers behave.
pub(super) struct Mood {
    /// `None` when they take everything.
    pub(super) chance: Option<StdRng>,
    /// Which round of telling it is.
    pub(super) round: usize,
}

struct Shared {
    mood: Mood,
    arrivals: Vec<Arrival>,
    refusals: HashMap<String, u32>,
    /// Connections that are being read.
    open: usize,
}

/// The receivers; they stop when this is dropped.
pub(super) struct Receivers {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    /// Kills who is telling.
    pub(super) strike: Arc<Notify>,
    _tasks: JoinSet<()>,
}

impl Receivers {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            mood: Mood {
                chance: None,
                round: 0,
            },
            arrivals: vec![],
            refusals: HashMap::new(),
            open: 0,
        }));
        let strike = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let (theirs, lightning) = (Arc::clone(&shared), Arc::clone(&strike));
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (shared, strike) = (Arc::clone(&theirs), Arc::clone(&lightning));
                lock(&shared).open += 1;
                open.spawn(async move {
                    // Whoever sends may die at any moment.
                    let _gone = answer(socket, &shared, &strike).await;
                    lock(&shared).open -= 1;
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            shared,
            strike,
            _tasks: tasks,
        }
    }

    /// Where the messages of a channel go.
    pub(super) fn url(&self, channel: usize) -> String {
        format!("http://{}/{channel}", self.address)
    }

    /// Forgets everything and changes the mood.
    pub(super) fn begin(&self, chance: StdRng) {
        let mut shared = lock(&self.shared);
        shared.arrivals.clear();
        shared.refusals.clear();
        shared.mood = Mood {
            chance: Some(chance),
            round: 0,
        };
    }

    /// Changes how they behave.
    pub(super) fn mood(&self, change: impl FnOnce(&mut Mood)) {
        change(&mut lock(&self.shared).mood);
    }

    /// Waits for what is on its way from somebody who has died: it belongs to the round of the death.
    pub(super) async fn drain(&self) {
        // What came before this connection is accepted before it.
        let mut last = TcpStream::connect(self.address).await.unwrap();
        last.shutdown().await.unwrap();
        let _closed = last.read(&mut [0]).await;
        while lock(&self.shared).open > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Everything that arrived, oldest first.
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.shared).arrivals.clone()
    }
}

impl Shared {
    /// Takes note of a message and decides what becomes of it.
    fn take(&mut self, channel: usize, id: String, body: String) -> Fate {
        let refusals = self.refusals.entry(id.clone()).or_default();
        let fate = match &mut self.mood.chance {
            Some(chance) if *refusals < MAX_REFUSALS => match chance.random_range(0..100) {
                0..70 => Fate::Taken,
                70..82 => Fate::Struck,
                82..92 => Fate::Refused,
                _ => Fate::HungUp,
            },
            _ => Fate::Taken,
        };
        *refusals += u32::from(!fate.is_taken());
        self.arrivals.push(Arrival {
            channel,
            id,
            body,
            round: self.mood.round,
            fate,
        });
        fate
    }
}

async fn answer(
    mut socket: TcpStream,
    shared: &Mutex<Shared>,
    strike: &Notify,
) -> std::io::Result<()> {
    let Some((path, id, body)) = read(&mut socket).await? else {
        return Ok(());
    };
    let fate = lock(shared).take(path.trim_start_matches('/').parse().unwrap(), id, body);
    let status = match fate {
        Fate::Taken => "200 OK",
        Fate::Refused => "500 Internal Server Error",
        Fate::HungUp => return Ok(()),
        Fate::Struck => {
            strike.notify_waiters();
            return Ok(());
        }
    };
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.write_all(text.as_bytes()).await
}

/// Path, `webhook-id` and body of a request; `None` when it broke off.
async fn read(socket: &mut TcpStream) -> std::io::Result<Option<(String, String, String)>> {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_REQUEST {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let header = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                lines
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_owned())
            };
            let length: usize = header("content-length").unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                return Ok(Some((path, header("webhook-id").unwrap(), body)));
            }
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    Ok(None)
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
