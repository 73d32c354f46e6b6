//! Wakes whoever waits for work, on this node at once and on the others by a call through the database.
//!
//! Only hints: every loop looks by itself, too, a little later. What is called is gathered, so that
//! however much happens costs one statement at a time; hints for open pages go once a second, a bounded
//! number of them. A node that is alone calls nobody.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::App;
use super::events::Changed;
use crate::domain::id::{MonitorId, TeamId};
use crate::store::StoreError;

/// Time between two calls at least: what happens meanwhile goes into the next one.
const GAP: Duration = Duration::from_millis(50);
/// Time after which hints for pages are called, when nothing else was.
const TICK: Duration = Duration::from_secs(1);
/// Wait before we listen again where the database did not answer: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Wakes one kind of worker, here and on other nodes.
#[derive(Debug)]
pub struct Wake {
    here: Notify,
    is_called: AtomicBool,
    caller: Arc<Notify>,
}

impl Wake {
    /// One whose calls `caller` is woken for.
    pub fn new(caller: &Arc<Notify>) -> Self {
        Self {
            here: Notify::new(),
            is_called: AtomicBool::new(false),
            caller: Arc::clone(caller),
        }
    }

    /// Wakes the worker of this node, and soon those of the others.
    pub fn notify_one(&self) {
        self.notify_here();
        self.is_called.store(true, Ordering::Relaxed);
        self.caller.notify_one();
    }

    /// Wakes the worker of this node only.
    pub fn notify_here(&self) {
        self.here.notify_one();
    }

    /// Waits to be woken.
    pub async fn notified(&self) {
        self.here.notified().await;
    }

    fn take(&self) -> bool {
        self.is_called.swap(false, Ordering::Relaxed)
    }
}

/// The workers that are called, with their words.
fn wakes(app: &App) -> [(&'static str, &Wake); 3] {
    [
        ("due", &app.due),
        ("outbox", &app.outbox),
        ("letters", &app.letters),
    ]
}

/// Calls to the other nodes what has happened since; says whether there was anybody to call, and anything.
/// What cannot be called is lost.
pub async fn step(app: &App) -> Result<bool, StoreError> {
    let mut words = vec![origin(app)];
    let called = wakes(app).into_iter().filter(|(_, wake)| wake.take());
    words.extend(called.map(|(word, _)| word.to_owned()));
    let changed = app.events.take();
    words.extend(changed.iter().map(written));
    let (nodes, _) = app.nodes.word().nodes;
    if words.len() == 1 || nodes < 2 {
        return Ok(false);
    }
    app.store.call(&words.join(" ")).await?;
    Ok(true)
}

/// Does what another node has called. What it does not know, from a newer one, it leaves.
pub fn hear(app: &App, text: &str) {
    let mut words = text.split(' ');
    if words.next() == Some(&*origin(app)) {
        return;
    }
    for word in words {
        if let Some((_, wake)) = wakes(app).iter().find(|(known, _)| *known == word) {
            wake.notify_here();
        } else if let Some(changed) = read(word) {
            app.events.publish_here(changed);
        }
    }
}

/// What stands for this node among those that beat.
fn origin(app: &App) -> String {
    let mut hasher = DefaultHasher::new();
    let settings = &app.settings;
    let key = (
        &settings.node_name,
        &settings.location,
        settings.roles.to_string(),
    );
    key.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

fn written(changed: &Changed) -> String {
    let (team, monitor) = (changed.team.0.simple(), changed.monitor.0.simple());
    format!("{team}:{monitor}")
}

fn read(word: &str) -> Option<Changed> {
    let (team, monitor) = word.split_once(':')?;
    Some(Changed {
        team: TeamId(Uuid::try_parse(team).ok()?),
        monitor: MonitorId(Uuid::try_parse(monitor).ok()?),
    })
}

/// Calls until `stop`.
pub(super) async fn call(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = app.caller.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => {}
        }
        if let Err(error) = step(&app).await {
            tracing::debug!(%error, "failed to call other nodes");
        }
        tokio::select! {
            () = tokio::time::sleep(GAP) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Listens until `stop`.
pub(super) async fn listen(app: Arc<App>, stop: CancellationToken) {
    let (first, longest) = PAUSES;
    let mut pause = first;
    while !stop.is_cancelled() {
        let heard = async {
            let Some(mut ears) = app.store.listen().await? else {
                stop.cancelled().await;
                return Ok(());
            };
            // What was called before is found by looking.
            for (_, wake) in wakes(&app) {
                wake.notify_here();
            }
            pause = first;
            loop {
                hear(&app, &ears.next_call().await?);
            }
        };
        let heard: Result<(), StoreError> = tokio::select! {
            heard = heard => heard,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(error) = heard {
            tracing::debug!(%error, "failed to listen to other nodes");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        pause = (pause * 2).min(longest);
    }
}
