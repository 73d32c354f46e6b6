//! The agent, tried against a server whose clock and whose way are at hand.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::*;
use crate::domain::id::MonitorId;

const HOUR: Duration = Duration::from_hours(1);
const TAG: &str = "\"1\"";

/// A server whose clock and whose doorkeeper are at hand.
#[derive(Default)]
struct Fake {
    ahead: AtomicI64,
    /// Something before it lets no results through.
    is_barred: AtomicBool,
}

impl Fake {
    fn now(&self) -> At {
        At(Clock::system().now().0 + self.ahead.load(Ordering::SeqCst))
    }
}

fn monitor() -> MonitorId {
    MonitorId(Uuid::from_u128(7))
}

async fn watches(State(fake): State<Arc<Fake>>, headers: HeaderMap) -> Response {
    let date = fake.now().utc().format("%a, %d %b %Y %H:%M:%S GMT");
    let own = [(DATE, date.to_string()), (ETAG, TAG.to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag == TAG) {
        return (StatusCode::NOT_MODIFIED, own).into_response();
    }
    let watch = json!({
        "monitor": monitor(), "revision": 1, "url": "https://in.example/mcp",
        "transport": "auto", "headers": [], "bearer": null, "oauth": null,
        "interval_seconds": 60, "timeout_seconds": 5,
        "expectations": {"tools": [], "slow_ms": null}, "canary": null, "lint": false,
    });
    let all = json!({
        "team": Uuid::from_u128(1), "name": "Office", "location": "office", "watches": [watch],
    });
    (own, Json(all)).into_response()
}

async fn standings(State(fake): State<Arc<Fake>>) -> Json<Value> {
    let standing =
        json!({"monitor": monitor(), "due": fake.now(), "last_status": null, "memory": null});
    Json(json!({"now": fake.now(), "standings": [standing]}))
}

async fn results(State(fake): State<Arc<Fake>>) -> Response {
    if fake.is_barred.load(Ordering::SeqCst) {
        let page = [(CONTENT_TYPE, "text/html")];
        return (StatusCode::FORBIDDEN, page, "<h1>Forbidden</h1>").into_response();
    }
    let taken = json!({"now": fake.now(), "recorded": 1, "refused": [], "standings": []});
    Json(taken).into_response()
}

/// An agent with an empty folder, and its server; that ends with the set.
async fn stage() -> (Agent, Arc<Fake>, tempfile::TempDir, JoinSet<()>) {
    net::install_crypto_provider();
    let fake = Arc::new(Fake::default());
    let router = Router::new()
        .route("/api/v1/agent/watches", get(watches))
        .route("/api/v1/agent/standings", get(standings))
        .route("/api/v1/agent/results", post(results))
        .with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::of(&[
        ("agent_server", &server),
        ("agent_token", "ls_office"),
        ("agent_data", folder.path().to_str().unwrap()),
    ])
    .unwrap();
    (Agent::new(&settings).unwrap(), fake, folder, serving)
}

fn is_near(one: At, other: At) -> bool {
    one.ms_since(other).max(other.ms_since(one)) < DOUBT_MS
}

#[tokio::test]
async fn a_clock_that_was_ahead_is_set_right_and_nothing_waits_for_its_hour() {
    let (agent, fake, _folder, _serving) = stage().await;
    let truth = Clock::system();
    fake.ahead.store(3_600_000, Ordering::SeqCst);
    agent.begin().await.unwrap().unwrap();
    assert!(is_near(agent.clock.now(), truth.now() + HOUR));
    let errand = lock(&agent.book).take_due(agent.clock.now(), 9).remove(0);
    agent.postpone(&errand, POSTPONED);
    fake.ahead.store(0, Ordering::SeqCst);
    // What there is to check is the same: 304.
    assert_eq!(agent.begin().await.unwrap(), None);
    assert!(is_near(agent.clock.now(), truth.now()));
    let due = lock(&agent.book).take_due(agent.clock.now(), 9);
    assert!(is_near(due[0].slot, truth.now()));
}

#[tokio::test]
async fn a_proxy_that_bars_the_way_for_a_while_costs_no_result() {
    let (agent, fake, _folder, _serving) = stage().await;
    let line = json!({"monitor": monitor(), "slot": fake.now()}).to_string();
    lock(&agent.buffer).append(&line).unwrap();
    let oldest = agent.oldest().unwrap().unwrap();
    fake.is_barred.store(true, Ordering::SeqCst);
    let told = agent.tell(&oldest).await;
    assert!(matches!(told, Err(LinkError::Away(..))), "{told:?}");
    assert_eq!(lock(&agent.buffer).len(), 1);
    fake.is_barred.store(false, Ordering::SeqCst);
    agent.tell(&oldest).await.unwrap();
    assert_eq!(lock(&agent.buffer).len(), 0);
}
