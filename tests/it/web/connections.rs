//! What becomes of visitors who send slowly, and of those who come when all places are taken.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use lifesign::cli::connections::{Bounds, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

struct Door {
    listener: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinSet<()>,
}

async fn door(bounds: Bounds) -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pages = Router::new().route("/", get(async || "hello"));
    let stop = CancellationToken::new();
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, pages, bounds, stop.clone()));
    Door {
        listener: address,
        stop,
        serving,
    }
}

/// What comes until the connection ends.
async fn rest(connection: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = connection.read_to_end(&mut text);
    // One that was cut off while it sent may be reset.
    let _ = tokio::time::timeout(PATIENCE, read).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn who_sends_slowly_is_cut_off() {
    let bounds = Bounds {
        head: Duration::from_millis(100),
        ..Bounds::default()
    };
    let door = door(bounds).await;
    let mut silent = TcpStream::connect(door.listener).await.unwrap();
    let mut slow = TcpStream::connect(door.listener).await.unwrap();
    slow.write_all(&ASK[..9]).await.unwrap();
    let mut idle = TcpStream::connect(door.listener).await.unwrap();
    idle.write_all(ASK).await.unwrap();
    assert!(!rest(&mut silent).await.contains("hello"));
    assert!(!rest(&mut slow).await.contains("hello"));
    assert!(rest(&mut idle).await.ends_with("hello"));
}

#[tokio::test]
async fn places_are_given_to_whoever_waits_and_a_stop_ends_them() {
    let bounds = Bounds {
        connections: 1,
        ..Bounds::default()
    };
    let door = door(bounds).await;
    let mut first = TcpStream::connect(door.listener).await.unwrap();
    first.write_all(ASK).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(door.listener).await.unwrap();
    second.write_all(ASK).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(50), second.read_exact(&mut answer));
    assert!(waits.await.is_err(), "there is one place");
    drop(first);
    let answered = tokio::time::timeout(PATIENCE, second.read_exact(&mut answer));
    answered.await.unwrap().unwrap();
    door.stop.cancel();
    assert!(rest(&mut second).await.ends_with("hello"));
    let ended = tokio::time::timeout(PATIENCE, door.serving.join_all());
    ended.await.unwrap();
}
