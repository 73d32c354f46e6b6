//! `lifesign serve`: everything in one process, until a signal ends it.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Workers, accounts, retention};
use crate::clock::{Clock, Ids};
use crate::config::Settings;

use super::connections::{self, Bounds};
use super::open;

/// Serves until the first signal, finishes what is in flight, and ends; a second signal ends it
/// at once. A worker that ends by itself is an error.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let (app, listener) = tokio::select! {
        begun = begin(settings) => begun?,
        () = signals.next() => return Ok(()),
    };
    let workers = app.start();
    serve(app, listener, workers, signals).await
}

/// Brings the database up to date, and says where we listen.
async fn begin(mut settings: Settings) -> anyhow::Result<(Arc<App>, TcpListener)> {
    let listen = settings.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("setting LIFESIGN_LISTEN: cannot listen on {listen}"))?;
    settings.listens_on(listener.local_addr()?);
    let store = open::store(&settings).await?;
    let app = Arc::new(App::new(settings, store, Clock::system(), Ids::random())?);
    retention::prepare(&app).await;
    // A fresh link ends the one before: only who serves its page may make one.
    let owner_link = if app.settings.roles.web {
        accounts::first_owner_link(&app).await?
    } else {
        None
    };
    announce(&app.settings, owner_link.as_deref())?;
    Ok((app, listener))
}

/// One line with the address; on a fresh database one with the link that makes the owner.
fn announce(settings: &Settings, owner_link: Option<&str>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Lifesign listens on {}", settings.public_url)?;
    if let Some(link) = owner_link {
        writeln!(out, "Become the owner, once: {link}")?;
    }
    Ok(out.flush()?)
}

/// Pages and API as they are served; a node of other roles answers operators and their machines only.
pub fn router(app: &Arc<App>, stop: CancellationToken) -> axum::Router {
    if !app.settings.roles.web {
        return crate::web::operations(Arc::clone(app), stop);
    }
    let pages = crate::web::router(Arc::clone(app), stop);
    crate::web::before(Arc::clone(app), pages.merge(crate::api::router(app)))
}

async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    workers: Workers,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let pages = router(&app, stop.clone());
    let bounds = Bounds::default();
    let server = connections::serve(listener, pages, bounds, stop.clone());
    let mut server = std::pin::pin!(server);
    let is_failed = tokio::select! {
        () = &mut server => true,
        () = workers.failed() => true,
        () = signals.next() => false,
    };
    stop.cancel();
    tokio::select! {
        ((), (), ()) = async { tokio::join!(server, workers.stop(), app.trials.finish()) } => {}
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    anyhow::ensure!(!is_failed, "a worker ended by itself");
    Ok(())
}

/// The signals that end a process: the first in order, the second at once.
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
