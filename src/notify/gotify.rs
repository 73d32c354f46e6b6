//! Telling an application of Gotify.
//!
//! <https://gotify.net/docs/pushmsg>

use reqwest::StatusCode;
use serde_json::json;

use super::message::{Message, Tone};
use super::post::Post;
use super::{DeliveryError, place, setting};
use crate::domain::channel::Settings;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let priority = match message.tone {
        Tone::Bad => 8,
        Tone::Warning => 6,
        Tone::Good | Tone::Neutral => 4,
    };
    let body = json!({
        "title": message.subject,
        "message": message.lines().join("\n"),
        "priority": priority,
        "extras": {"client::notification": {"click": {"url": message.link}}},
    });
    let post = Post::json(place(settings, &["message"])?, &body);
    let post = post.header("x-gotify-key", setting(settings, "token")?);
    Ok(post.refused_for_good(|status, _| {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        )
    }))
}
