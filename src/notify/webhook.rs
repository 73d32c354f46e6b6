//! Telling by webhook: JSON, signed as Standard Webhooks says.
//!
//! Redirects are not followed: whoever moved must say so to the owner of the channel. What the
//! receiver answers is read up to a bound and kept as an excerpt. `404` and `410` are refusals for
//! good; everything else may pass.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use sha2::Sha256;
use url::Url;

use super::{Delivered, DeliveryError};
use crate::domain::at::At;
use crate::domain::incident::Change;
use crate::domain::notification::{ChannelFacts, IncidentFacts, MonitorFacts, Notification};
use crate::domain::report::CheckReport;
use crate::domain::sensitive::Sensitive;
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::net::Deliveries;

/// How long the receiver may take until it answers.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long is waited for the body of an answer: the status has decided already.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 4_096;

/// What a receiver gets.
#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: At,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    incident: Option<&'a IncidentFacts>,
    monitor: Option<&'a MonitorFacts>,
    check: Option<&'a CheckReport>,
    changed: &'a [Change],
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a ChannelFacts>,
}

/// Sends one notification, signed with every secret that is valid now.
pub(super) async fn send<'a>(
    deliveries: &Deliveries,
    url: &Url,
    secrets: impl Iterator<Item = &'a Sensitive>,
    notification: &Notification,
    now: At,
) -> Result<Delivered, DeliveryError> {
    let id = notification.id.to_string();
    let timestamp = (now.0 / 1_000).to_string();
    let body = body(notification)
        .map_err(|error| DeliveryError::passing(format!("cannot write JSON: {error}")))?;
    let signature = signature(secrets, &id, &timestamp, &body)?;
    let request = deliveries
        .request(Method::POST, url.clone())
        .map_err(|refused| DeliveryError::passing(refused.to_string()))?
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(body);
    let answer = tokio::time::timeout(DELIVERY_TIMEOUT, request.send()).await;
    let mut response = answer
        .map_err(|_| late())?
        .map_err(|error| unanswered(&error))?;
    let excerpt = excerpt(&mut response).await;
    judge(&response, &excerpt)
}

/// The JSON for a notification; the same bytes for every attempt.
fn body(notification: &Notification) -> serde_json::Result<String> {
    let content = &notification.content;
    serde_json::to_string(&Payload {
        r#type: notification.event.webhook_type(),
        timestamp: content.at,
        data: Data {
            incident: content.incident.as_ref(),
            monitor: content.monitor.as_ref(),
            check: content.check.as_ref(),
            changed: &content.changed,
            channel: content.channel.as_ref(),
        },
    })
}

/// `v1,…` once for every secret (Standard Webhooks, "Signature scheme").
fn signature<'a>(
    secrets: impl Iterator<Item = &'a Sensitive>,
    id: &str,
    timestamp: &str,
    body: &str,
) -> Result<String, DeliveryError> {
    let mut signatures = Vec::new();
    for secret in secrets {
        let text = secret.expose();
        let key = STANDARD
            .decode(text.strip_prefix("whsec_").unwrap_or(text))
            .ok()
            .and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
        let mut mac = key.ok_or_else(|| DeliveryError {
            permanent: true,
            detail: "the secret of this channel is not whsec_ and base64; make a new one"
                .to_owned(),
        })?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        signatures.push(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ));
    }
    Ok(signatures.join(" "))
}

async fn excerpt(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= MAX_ANSWER {
                break;
            }
        }
    };
    // An answer that breaks off or never ends is still an answer.
    let _ = tokio::time::timeout(BODY_TIMEOUT, reading).await;
    bytes.truncate(MAX_ANSWER);
    line(String::from_utf8_lossy(&bytes).trim(), MAX_QUOTE)
}

fn judge(response: &Response, excerpt: &str) -> Result<Delivered, DeliveryError> {
    let status = response.status();
    let mut detail = format!("answered {}", status.as_u16());
    if let Some(words) = status.canonical_reason() {
        let _ = write!(detail, " {words}");
    }
    if status.is_redirection() {
        detail.push_str(", and redirects are not followed");
        if let Some(to) = response.headers().get(reqwest::header::LOCATION) {
            let to = String::from_utf8_lossy(to.as_bytes());
            let _ = write!(detail, "; is the new address {}?", line(&to, MAX_QUOTE));
        }
    }
    if !excerpt.is_empty() {
        let _ = write!(detail, ": {excerpt}");
    }
    if status.is_success() {
        Ok(Delivered { detail })
    } else {
        let permanent = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
        Err(DeliveryError { permanent, detail })
    }
}

fn late() -> DeliveryError {
    let seconds = DELIVERY_TIMEOUT.as_secs();
    DeliveryError::passing(format!("no answer within {seconds} seconds"))
}

fn unanswered(error: &reqwest::Error) -> DeliveryError {
    if error.is_timeout() {
        return late();
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    // Without the cause only the address would be left to tell, and that may hold a key.
    let cause = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "no answer"
    };
    DeliveryError::passing(line(&format!("{what}: {cause}"), MAX_QUOTE))
}
