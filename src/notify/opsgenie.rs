//! Telling Opsgenie: one alert for each incident, by its alias, acknowledged and closed with it.
//!
//! <https://docs.opsgenie.com/docs/alert-api>

use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::message::{Message, Tone};
use super::post::Post;
use super::{DeliveryError, add, place, setting};
use crate::domain::channel::Settings;
use crate::domain::notification::{Event, Notification};
use crate::domain::untrusted::{block, line};

/// Most characters of a message.
const MAX_MESSAGE: usize = 130;
/// Most characters of a description.
const MAX_DESCRIPTION: usize = 15_000;

/// What is done, and for a test what ends it.
pub(super) fn posts(
    settings: &Settings,
    notification: &Notification,
    message: &Message,
) -> Result<(Post, Option<Post>), DeliveryError> {
    let alias = format!("lifesign-{}", notification.alert());
    let create = || create(settings, message, &alias);
    let close = || follow(settings, message, &alias, "close");
    Ok(match notification.event {
        Event::Acknowledged => (follow(settings, message, &alias, "acknowledge")?, None),
        Event::Resolved | Event::AuthorizationRestored | Event::NodeBack => (close()?, None),
        Event::Test => (create()?, Some(close()?)),
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
        | Event::Digest => (create()?, None),
    })
}

fn create(settings: &Settings, message: &Message, alias: &str) -> Result<Post, DeliveryError> {
    let priority = match message.tone {
        Tone::Bad => "P1",
        Tone::Warning => "P3",
        Tone::Good | Tone::Neutral => "P5",
    };
    let mut details: Map<String, Value> = Map::new();
    for fact in &message.facts {
        add(&mut details, fact.label.clone(), &fact.value);
    }
    let description = format!("{}\n{}", message.lines().join("\n"), message.link);
    let body = json!({
        "message": line(&message.subject, MAX_MESSAGE),
        "alias": alias,
        "description": block(&description, MAX_DESCRIPTION),
        "priority": priority,
        "source": "Lifesign",
        "details": details,
    });
    authorized(
        settings,
        Post::json(place(settings, &["v2", "alerts"])?, &body),
    )
}

fn follow(
    settings: &Settings,
    message: &Message,
    alias: &str,
    action: &str,
) -> Result<Post, DeliveryError> {
    let mut url = place(settings, &["v2", "alerts", alias, action])?;
    url.query_pairs_mut().append_pair("identifierType", "alias");
    let body = json!({"source": "Lifesign", "note": message.reason});
    authorized(settings, Post::json(url, &body))
}

fn authorized(settings: &Settings, post: Post) -> Result<Post, DeliveryError> {
    let post = post.authorized("GenieKey", setting(settings, "api_key")?);
    Ok(post.refused_for_good(|status, _| {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }))
}
