//! For operators and their machines: is the process alive, can it work, what is it doing.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use url::{Host, Url};

use super::Shared;
use super::error::WebError;
use super::path::{Peer, Query};
use crate::app::status_domains;
use crate::app::system::{self, Figures, LATE_MS};
use crate::domain::at::At;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /internal/domain?domain=status.example.com`: whether that is the host name of a status page.
/// A proxy asks it before it gets a certificate for the name.
pub(super) async fn domain(
    State(shared): State<Shared>,
    query: Query,
) -> Result<&'static str, WebError> {
    let name = query.get("domain").ok_or(WebError::NotFound)?;
    let page = status_domains::page_at(&shared.app, name).await;
    page.map(|_| "ok\n").ok_or(WebError::NotFound)
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    scheduler_lag_ms: Option<i64>,
    network: &'static str,
    network_troubled_since: Option<At>,
}

/// `GET /readyz`: the database answers and checks are made in time. A network that has trouble is told
/// and no reason to take a node away: it judges what it cannot reach unknown.
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    let trouble = shared.app.network.trouble();
    let network = if trouble.is_some() { "troubled" } else { "ok" };
    let network_troubled_since = trouble.map(|trouble| trouble.since);
    let readiness = match system::scheduler_lag_ms(&shared.app).await {
        Ok(lag) => Readiness {
            ready: lag.is_none_or(|ms| ms < LATE_MS),
            database: "ok",
            scheduler_lag_ms: lag,
            network,
            network_troubled_since,
        },
        Err(_) => Readiness {
            ready: false,
            database: "away",
            scheduler_lag_ms: None,
            network,
            network_troubled_since,
        },
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

/// `GET /metrics`: for this machine, or with the token of the setting. For anybody else it does
/// not exist. A proxy on this machine is near, too: it gives itself away by what it adds, or by the
/// name that others asked for.
pub(super) async fn metrics(
    State(shared): State<Shared>,
    Peer(peer): Peer,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let is_near = peer.is_some_and(|peer| peer.is_loopback());
    let is_direct = !headers.contains_key("x-forwarded-for") && !headers.contains_key("forwarded");
    let expected = shared.app.settings.metrics_token.as_ref();
    let is_allowed = match expected {
        Some(token) => bearer(&headers)
            .is_some_and(|given| given.as_bytes().ct_eq(token.expose().as_bytes()).into()),
        None => is_near && is_direct && is_asked_by_loopback(&headers),
    };
    if !is_allowed {
        return Err(WebError::NotFound);
    }
    let mut registry = Registry::with_prefix("lifesign");
    registry.register_collector(Box::new(Snapshot(system::figures(&shared.app).await?)));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| WebError::Internal(error.into()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Whether a request came to a name or an address that only this machine has.
fn is_asked_by_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let url = host.and_then(|host| Url::parse(&format!("http://{host}")).ok());
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

/// The figures of one moment.
#[derive(Debug)]
struct Snapshot(Figures);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, value) in self.0.all() {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
