//! The API, asked through its router without a socket.

mod access;
mod agents;
mod announcements;
mod audit;
mod channels;
mod dependencies;
mod incidents;
mod maintenance;
mod members;
mod monitors;
mod openapi;
mod probing;
mod reports;
mod seen;
mod status;
mod status_pages;
mod strangers;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use lifesign::app::check::Checked;
use lifesign::app::record::record;
use lifesign::app::{App, accounts, scheduler};
use lifesign::domain::at::At;
use lifesign::domain::check::CheckResult;
use lifesign::domain::id::{TeamId, UserId};
use lifesign::domain::observation::ProbeMemory;
use lifesign::domain::team::{Actor, Email, Role, User};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::notify::samples::{NOW, report};
use crate::support::engines::{Database, Engine};
use crate::support::world;

const MAX_ANSWER: usize = 4 << 20;

/// An answer of the API.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// The body; null where there is none.
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body of an answer with this status.
    #[track_caller]
    fn is(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    /// The fields that were refused.
    #[track_caller]
    fn refused_fields(&self) -> Vec<(String, String)> {
        let problem = self.is(422);
        assert_eq!(problem["code"], "invalid_fields");
        let errors = problem["errors"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        errors
            .map(|error| (text(&error["field"]), text(&error["message"])))
            .collect()
    }
}

/// An application with an owner who has a token, on a clock that stands still.
struct World {
    app: Arc<App>,
    actor: Actor,
    token: String,
    router: Router,
    _database: Database,
}

impl World {
    async fn new() -> Self {
        Self::with_limit(10_000).await
    }

    async fn with_limit(per_minute: u32) -> Self {
        let database = Database::new(Engine::Sqlite).await;
        let (app, actor) = world::app(database.store().await, NOW).await;
        let token = token(&app, &actor, "write").await;
        let per_minute = NonZeroU32::new(per_minute).unwrap();
        let router = lifesign::api::limited_router(&app, per_minute);
        Self {
            app,
            actor,
            token,
            router,
            _database: database,
        }
    }

    async fn ask(&self, token: &str, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let path = if path.starts_with("/api") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, MAX_ANSWER).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&self.token, "GET", path, Body::empty()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&self.token, "POST", path, body.to_string()).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(&self.token, "PATCH", path, body.to_string()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.ask(&self.token, "DELETE", path, Body::empty()).await
    }

    /// Makes a monitor; gives its id.
    async fn watch(&self, url: &str) -> String {
        let made = self.post("/monitors", json!({"url": url})).await.is(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A check of everything that is due, as a probe would have seen it.
    async fn checked(&self, is_down: bool) {
        let mut checks = Vec::new();
        for due in scheduler::step(&self.app, 100).await.unwrap() {
            let mut report = report(self.app.clock.now(), is_down);
            report.location.clone_from(&due.watch.location);
            let result = CheckResult {
                watch: due.watch,
                slot: due.slot,
                attempt: due.attempt,
                report: Box::new(report),
                memory: Box::default(),
                has_learnt: false,
                changes: Vec::new(),
            };
            checks.push(Checked {
                are_tools_untold: false,
                expiring: vec![],
                gate: vec![],
                result,
                claim: due.claim,
                interval: due.monitor.spec.interval(),
                timeout: due.monitor.spec.timeout(),
                locations: due.locations,
                quorum: due.monitor.spec.quorum,
                facts_hash: due.facts_hash,
                tools: None,
            });
        }
        record(&self.app, &checks).await.unwrap();
    }

    /// Rounds of checks, `seconds` apart.
    async fn rounds(&self, count: usize, seconds: u64, is_down: bool) {
        for _ in 0..count {
            self.app
                .clock
                .advance(std::time::Duration::from_secs(seconds));
            self.checked(is_down).await;
        }
    }

    /// Somebody in a team of their own, or with another role in this one; gives their token.
    async fn somebody(&self, name: &str, team: Option<TeamId>, role: Role) -> (Actor, String) {
        let user = UserId(self.app.ids.next());
        let email = Email::parse(&format!("{name}@example.com")).unwrap();
        let mut tx = self.app.store.begin().await.unwrap();
        let member = User {
            id: user,
            email: email.clone(),
            password_hash: None,
        };
        tx.add_user(&member, NOW).await.unwrap();
        let id = team.unwrap_or_else(|| TeamId(self.app.ids.next()));
        if team.is_none() {
            tx.add_team(id, name, NOW).await.unwrap();
        }
        tx.put_member(id, user, Role::Owner, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let mut actor = Actor {
            team: id,
            user,
            email,
            role: Role::Owner,
            token: None,
        };
        let token = token(&self.app, &actor, "write").await;
        let mut tx = self.app.store.begin().await.unwrap();
        tx.put_member(id, user, role, NOW).await.unwrap();
        tx.commit().await.unwrap();
        actor.role = role;
        (actor, token)
    }
}

async fn token(app: &App, actor: &Actor, scope: &str) -> String {
    let made = accounts::add_token(app, actor, "test", scope)
        .await
        .unwrap();
    made.value.expose().to_owned()
}

/// JSON without what is different in every run: ids become `[1]`, `[2]` … in their order.
fn tamed(value: &Value) -> Value {
    let mut seen = Vec::new();
    let mut value = value.clone();
    tame(&mut value, &mut seen);
    value
}

fn tame(value: &mut Value, seen: &mut Vec<String>) {
    match value {
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => {
            let place = seen
                .iter()
                .position(|known| known == text)
                .unwrap_or_else(|| {
                    seen.push(text.clone());
                    seen.len() - 1
                });
            *text = format!("[{}]", place + 1);
        }
        Value::Array(list) => list.iter_mut().for_each(|value| tame(value, seen)),
        Value::Object(fields) => fields.values_mut().for_each(|value| tame(value, seen)),
        _ => {}
    }
}

/// An instant so many seconds after the beginning.
fn after(seconds: i64) -> String {
    At(NOW.0 + seconds * 1_000).rfc3339()
}
