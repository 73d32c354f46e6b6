//! Telling a topic of ntfy.
//!
//! <https://docs.ntfy.sh/publish/#publish-as-json>

use reqwest::StatusCode;
use serde_json::json;

use super::message::{Message, Tone};
use super::post::Post;
use super::{DeliveryError, place, setting};
use crate::domain::channel::Settings;
use crate::domain::untrusted::{block, line};

/// Most characters of a message: beyond 4,096 bytes it would become an attachment.
const MAX_TEXT: usize = 1_000;
/// Most characters of a title.
const MAX_TITLE: usize = 250;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let (priority, tag) = match message.tone {
        Tone::Bad => (5, "rotating_light"),
        Tone::Warning => (4, "warning"),
        Tone::Good => (3, "white_check_mark"),
        Tone::Neutral => (3, "information_source"),
    };
    let body = json!({
        "topic": setting(settings, "topic")?,
        "title": line(&message.subject, MAX_TITLE),
        "message": block(&message.lines().join("\n"), MAX_TEXT),
        "priority": priority,
        "tags": [tag],
        "click": message.link,
    });
    let post = Post::json(place(settings, &[""])?, &body).refused_for_good(|status, _| {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        )
    });
    Ok(match setting(settings, "token")? {
        "" => post,
        token => post.authorized("Bearer", token),
    })
}
