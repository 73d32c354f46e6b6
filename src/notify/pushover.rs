//! Telling a user or a group of Pushover.
//!
//! <https://pushover.net/api>: what it answers with 4xx must not be sent again, except 429.

use reqwest::StatusCode;
use serde_json::json;

use super::message::{Message, Tone};
use super::post::Post;
use super::{DeliveryError, place, setting};
use crate::domain::channel::Settings;
use crate::domain::untrusted::{block, line};

/// Most characters of a message.
const MAX_TEXT: usize = 1_024;
/// Most characters of a title.
const MAX_TITLE: usize = 250;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let priority = match message.tone {
        Tone::Bad => 1,
        Tone::Warning | Tone::Good => 0,
        Tone::Neutral => -1,
    };
    let body = json!({
        "token": setting(settings, "token")?,
        "user": setting(settings, "user")?,
        "title": line(&message.subject, MAX_TITLE),
        "message": block(&message.lines().join("\n"), MAX_TEXT),
        "url": message.link,
        "url_title": "Look at it",
        "priority": priority,
    });
    let post = Post::json(place(settings, &["1", "messages.json"])?, &body);
    Ok(post.refused_for_good(|status, _| {
        status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
    }))
}
