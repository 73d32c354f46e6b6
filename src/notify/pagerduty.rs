//! Telling a service of `PagerDuty`: one alert for each incident, acknowledged and resolved with it.
//!
//! <https://developer.pagerduty.com/docs/send-alert-event>

use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::message::{Changed, Message, Tone};
use super::post::Post;
use super::{DeliveryError, add, place, setting};
use crate::domain::channel::Settings;
use crate::domain::notification::{Event, Notification};
use crate::domain::untrusted::line;

/// Most characters of a summary.
const MAX_SUMMARY: usize = 1_024;

/// The event, and for a test the one that ends it.
pub(super) fn posts(
    settings: &Settings,
    notification: &Notification,
    message: &Message,
) -> Result<(Post, Option<Post>), DeliveryError> {
    let first = match notification.event {
        Event::Acknowledged => "acknowledge",
        Event::Resolved | Event::AuthorizationRestored | Event::NodeBack => "resolve",
        Event::Opened
        | Event::Worsened
        | Event::Flapping
        | Event::Settled
        | Event::Reminder
        | Event::Escalated
        | Event::CertificateExpiring
        | Event::CredentialExpiring
        | Event::ToolsChanged
        | Event::AuthorizationOpened
        | Event::AuthorizationRequired
        | Event::AuthorizationBroken
        | Event::BudgetBurning
        | Event::NodeSilent
        | Event::NodeTroubled
        | Event::ChannelFailing
        | Event::Summary
        | Event::Digest
        | Event::Test => "trigger",
    };
    let then = (notification.event == Event::Test).then_some("resolve");
    let post = |action| post(settings, notification, message, action);
    Ok((post(first)?, then.map(post).transpose()?))
}

fn post(
    settings: &Settings,
    notification: &Notification,
    message: &Message,
    action: &str,
) -> Result<Post, DeliveryError> {
    let severity = match message.tone {
        Tone::Bad => "critical",
        Tone::Warning => "warning",
        Tone::Good | Tone::Neutral => "info",
    };
    let incident = notification.content.incident.as_ref();
    let key = notification.alert();
    let mut details: Map<String, Value> = Map::new();
    details.insert("reason".to_owned(), json!(message.reason));
    details.insert("hint".to_owned(), json!(message.hint));
    for Changed { what, before, now } in &message.changed {
        let text = format!("{what}: {before} → {now}");
        add(&mut details, "changed".to_owned(), &text);
    }
    for fact in &message.facts {
        add(&mut details, fact.label.to_lowercase(), &fact.value);
    }
    let body = json!({
        "routing_key": setting(settings, "routing_key")?,
        "event_action": action,
        "dedup_key": format!("lifesign-{key}"),
        "client": "Lifesign",
        "client_url": message.link,
        "links": [{"href": message.link, "text": "Look at it"}],
        "payload": {
            "summary": line(&message.subject, MAX_SUMMARY),
            "source": message.name,
            "severity": severity,
            "timestamp": notification.content.at,
            "class": incident.map(|incident| incident.code.as_str()),
            "custom_details": details,
        },
    });
    let post = Post::json(place(settings, &["v2", "enqueue"])?, &body);
    Ok(post.refused_for_good(|status, body| {
        matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
            || (status == StatusCode::BAD_REQUEST && body.contains("routing"))
    }))
}
