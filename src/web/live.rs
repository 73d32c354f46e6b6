//! Server-sent events: the names of fragments that have changed, for open pages to fetch.
//!
//! Names of a second are sent together, so that a busy team costs one message a second. A viewer
//! that lags is disconnected: it comes back and fetches everything. Streams end after a while, so
//! that a session which is over does not go on listening.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::error::WebError;
use super::session::Visitor;
use crate::app::events::Changed;
use crate::domain::id::TeamId;

/// Most viewers of one node at a time; the others reload once a minute.
const MAX_VIEWERS: usize = 1_000;
/// Names are gathered for this long.
const GATHER: Duration = Duration::from_secs(1);
/// A stream ends after this long; the browser comes back by itself.
const MAX_LIFE: Duration = Duration::from_mins(10);

/// The places for viewers.
#[derive(Clone, Debug)]
pub(crate) struct Viewers(Arc<Semaphore>);

impl Viewers {
    /// All places free.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_VIEWERS)))
    }
}

struct Viewer {
    changes: Receiver<Changed>,
    team: TeamId,
    end: Instant,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// `GET /live`
pub(super) async fn stream(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, WebError> {
    let place = Arc::clone(&shared.viewers.0);
    let viewer = Viewer {
        changes: shared.app.events.subscribe(),
        team: visitor.actor.team,
        end: Instant::now() + MAX_LIFE,
        stop: shared.stop.clone(),
        _place: place
            .try_acquire_owned()
            .map_err(|_| WebError::TooMany(60))?,
    };
    let events = stream::unfold(viewer, |mut viewer| async {
        let names = viewer.next().await?;
        Some((Ok(Event::default().data(names)), viewer))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Viewer {
    /// The names that changed, separated by spaces; `None` when the stream ends.
    async fn next(&mut self) -> Option<String> {
        let mut names = BTreeSet::from(["monitors".to_owned()]);
        names.insert(self.name_before(self.end).await?);
        let until = (Instant::now() + GATHER).min(self.end);
        while Instant::now() < until {
            match timeout_at(until, self.changes.recv()).await {
                Ok(Ok(changed)) => names.extend(self.name(changed)),
                Ok(Err(_)) => return None,
                Err(_) => break,
            }
        }
        Some(names.into_iter().collect::<Vec<_>>().join(" "))
    }

    async fn name_before(&mut self, end: Instant) -> Option<String> {
        loop {
            tokio::select! {
                () = sleep_until(end) => return None,
                () = self.stop.cancelled() => return None,
                changed = self.changes.recv() => {
                    if let Some(name) = self.name(changed.ok()?) {
                        return Some(name);
                    }
                }
            }
        }
    }

    fn name(&self, changed: Changed) -> Option<String> {
        (changed.team == self.team).then(|| format!("monitor:{}", changed.monitor))
    }
}
