//! The one shape of a worker: a step, again and again, until it is told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use crate::store::StoreError;

/// Makes a `round` every `tick` until `stop`. `what` follows "failed to" in the log when one fails;
/// the next one comes all the same.
pub(super) async fn every<T>(
    app: &App,
    tick: Duration,
    stop: &CancellationToken,
    what: &str,
    round: impl AsyncFn(&App) -> Result<T, StoreError>,
) {
    while !stop.is_cancelled() {
        if let Err(error) = round(app).await {
            failed(what, error);
        }
        tokio::select! {
            () = tokio::time::sleep(tick) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Writes into the log what a worker failed to do.
pub(super) fn failed(what: &str, error: StoreError) {
    let error = format!("{:#}", anyhow::Error::from(error));
    tracing::error!(error, "failed to {what}");
}

/// Gives a lease back at the end: another node need not wait until it is over.
pub(super) async fn give_back(app: &App, lease: &str) {
    let node = &app.settings.node_name;
    if let Err(error) = app.store.release_lease(lease, node).await {
        tracing::warn!(%error, "failed to give back a lease");
    }
}
