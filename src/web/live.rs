//! Server-sent events: the names of fragments that have changed, for open pages to fetch.
//!
//! A viewer that lags is disconnected: it comes back and fetches everything. Streams end after a
//! while, so that a session which is over does not go on listening.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::error::WebError;
use super::session::Visitor;
use crate::app::events::Hearing;
use crate::domain::id::MonitorId;

/// Most viewers of one node at a time; the others reload once a minute.
const MAX_VIEWERS: usize = 10_000;
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
    changes: Hearing,
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
        changes: shared.app.events.subscribe(visitor.actor.team),
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
        tokio::select! {
            () = sleep_until(self.end) => None,
            () = self.stop.cancelled() => None,
            changed = self.changes.recv() => changed.ok().map(|changed| names(&changed)),
        }
    }
}

fn names(changed: &[MonitorId]) -> String {
    let mut names = "monitors".to_owned();
    for monitor in changed {
        let _ = write!(names, " monitor:{monitor}");
    }
    names
}
