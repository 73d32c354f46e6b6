//! `lifesign serve`: everything in one process, until a signal ends it.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::events::Events;
use crate::app::{App, Workers, accounts};
use crate::clock::{Clock, Ids};
use crate::config::Settings;
use crate::notify::Notifier;
use crate::{api, web};

use super::open;

/// Serves until the first signal, finishes what is in flight, and ends; a second signal ends it
/// at once. A worker that ends by itself is an error.
pub async fn run(mut settings: Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("setting LIFESIGN_LISTEN: cannot listen on {}", settings.listen))?;
    settings.listens_on(listener.local_addr()?);
    let store = open::store(&settings).await?;
    let ids = Ids::random();
    let clock = Clock::system();
    let owner_link = accounts::first_owner_link(&store, clock.now()).await?;
    let prober = open::prober(&settings)?;
    let notifier = Notifier::new(&settings)?;
    let events = Events::new();
    let app = Arc::new(App::new(store, prober, notifier, clock, ids, events, settings));
    announce(&app.settings, owner_link.as_deref())?;
    serve(app, listener).await
}
