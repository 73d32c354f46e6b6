//! Telling a chat of Telegram, by a bot.
//!
//! <https://core.telegram.org/bots/api#sendmessage>

use reqwest::StatusCode;
use serde_json::json;

use super::markup::html;
use super::message::Message;
use super::post::Post;
use super::{DeliveryError, place, setting};
use crate::domain::channel::Settings;
use crate::domain::untrusted::block;

/// Most characters of a message, after the marks are taken away; the subject and the link have
/// their place beside it.
const MAX_TEXT: usize = 3_500;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let bot = format!("bot{}", setting(settings, "token")?);
    let text = format!(
        "<b>{}</b>\n{}\n<a href=\"{}\">Look at it</a>",
        html(&message.subject),
        html(&block(&message.lines().join("\n"), MAX_TEXT)),
        html(&message.link),
    );
    let body = json!({
        "chat_id": setting(settings, "chat")?,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": true},
    });
    let post = Post::json(place(settings, &[&bot, "sendMessage"])?, &body);
    // A bot that was thrown out is forbidden; one whose token is wrong is not found.
    Ok(post.refused_for_good(|status, body| {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        ) || (status == StatusCode::BAD_REQUEST && body.contains("chat not found"))
    }))
}
