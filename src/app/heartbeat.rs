//! Says to a watcher outside that this node is alive and does its work: the dead man's switch.
//!
//! A watcher of another house (`LIFESIGN_HEARTBEAT_URL`) raises the alarm when it hears nothing.
//! So it hears nothing, too, while the database is away or checks are late.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::Method;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::App;
use super::system::{LATE_MS, scheduler_lag_ms};
use crate::domain::sensitive::Sensitive;
use crate::net::Deliveries;

/// Time between two signs of life.
const EVERY: Duration = Duration::from_secs(60);

/// Where to give signs of life.
pub struct Heartbeat {
    url: Url,
    client: Deliveries,
}

impl Heartbeat {
    /// To this address, by a client that may reach it. Fails where it is none.
    pub fn new(url: &Sensitive, client: Deliveries) -> anyhow::Result<Self> {
        let url = Url::parse(url.expose()).context("is not a URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("must begin with http:// or https://");
        }
        Ok(Self { url, client })
    }
}

/// Gives one sign of life where one is wanted and all is well; says whether it was given. The
/// answer only has to be a success; its body is not read.
pub async fn step(app: &App) -> anyhow::Result<bool> {
    let Some(heartbeat) = &app.heartbeat else {
        return Ok(false);
    };
    let lag = scheduler_lag_ms(app).await?;
    if let Some(lag) = lag.filter(|lag| *lag >= LATE_MS) {
        bail!("checks are {} seconds late", lag / 1_000);
    }
    let request = heartbeat
        .client
        .request(Method::GET, heartbeat.url.clone())?;
    // The address may hold a key.
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    if !answer.status().is_success() {
        bail!("it answered {}", answer.status());
    }
    Ok(true)
}

/// Gives signs of life until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = step(&app).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "failed to give a sign of life"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
