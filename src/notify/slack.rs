//! Telling a channel of Slack, through an incoming webhook.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use reqwest::StatusCode;
use serde_json::json;

use super::message::Message;
use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::channel::Settings;

/// Most characters of a section of a message.
const MAX_SECTION: usize = 3_000;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let link = format!("<{}|Look at it>", escaped(&message.link, MAX_SECTION / 2));
    let lines = escaped(&message.lines().join("\n"), MAX_SECTION / 2 - 1);
    let text = format!("{lines}\n{link}");
    let subject = escaped(&message.subject, MAX_SECTION / 2);
    let title = format!("*{subject}*");
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let body = json!({
        "text": subject,
        "unfurl_links": false,
        "attachments": [{
            "color": message.tone.colour(),
            "blocks": [section(&title), section(&text)],
        }],
    });
    let post = Post::json(url(settings, "url")?, &body);
    Ok(post.refused_for_good(|status, _| {
        matches!(
            status,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE
        )
    }))
}

/// The three characters that mean something, escaped; what calls a whole channel begins with one of
/// them. At most `max` bytes, and no character is cut in two.
fn escaped(text: &str, max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let before = escaped.len();
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
        if escaped.len() > max {
            escaped.truncate(before);
            break;
        }
    }
    escaped
}
