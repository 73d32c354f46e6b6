//! Telling by webhook: JSON, signed as Standard Webhooks says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::at::At;
use crate::domain::budget::BudgetFacts;
use crate::domain::channel::Settings;
use crate::domain::digest::facts::DigestFacts;
use crate::domain::id::NotificationId;
use crate::domain::incident::Change;
use crate::domain::node::NodeFacts;
use crate::domain::notification::{
    ChannelFacts, IncidentFacts, MonitorFacts, Notification, SummaryFacts, ToolsFacts,
};
use crate::domain::report::CheckReport;
use crate::domain::sensitive::Sensitive;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a ToolsFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a SummaryFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a NodeFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a DigestFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a BudgetFacts>,
}

/// The request for one notification, signed with every secret that is valid at `now`.
pub(super) fn post(
    settings: &Settings,
    notification: &Notification,
    now: At,
) -> Result<Post, DeliveryError> {
    let body = body(notification)
        .map_err(|error| DeliveryError::passing(format!("cannot write JSON: {error}")))?;
    signed(settings, notification.id, body, now)
}

/// A request with this body, signed with every secret that is valid at `now`.
pub(super) fn signed(
    settings: &Settings,
    id: NotificationId,
    body: String,
    now: At,
) -> Result<Post, DeliveryError> {
    let id = id.to_string();
    let timestamp = (now.0 / 1_000).to_string();
    let signature = signature(settings.signing_secrets(), &id, &timestamp, &body)?;
    Ok(Post::text(url(settings, "url")?, body)
        .header("webhook-id", &id)
        .header("webhook-timestamp", &timestamp)
        .header("webhook-signature", &signature))
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
            tools: content.tools.as_ref(),
            summary: content.summary.as_ref(),
            node: content.node.as_ref(),
            digest: content.digest.as_ref(),
            budget: content.budget.as_ref(),
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
        let mut mac = key.ok_or_else(|| {
            DeliveryError::lasting(
                "the secret of this channel is not whsec_ and base64; make a new one",
            )
        })?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        signatures.push(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ));
    }
    Ok(signatures.join(" "))
}
