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
    let link = escaped(&message.link, MAX_SECTION / 2);
    let link = format!("<{link}|Look at it>");
    let room = MAX_SECTION - link.chars().count() - 1;
    let lines = escaped(&message.lines().join("\n"), room);
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
/// them. At most `max` characters, the last of them a mark where something was cut off.
fn escaped(text: &str, max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut left, mut cut) = (max, 0);
    for c in text.chars() {
        let mut own = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut own),
        };
        let length = piece.chars().count();
        if length > left {
            escaped.truncate(cut);
            escaped.push('…');
            break;
        }
        escaped.push_str(piece);
        left -= length;
        if left > 0 {
            cut = escaped.len();
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_marked_and_no_escape_is_cut_in_two() {
        for (text, max, expected) in [
            ("a<b", 6, "a&lt;b"),
            ("a<b", 5, "a…"),
            ("a<b", 4, "a…"),
            ("üü>", 5, "üü…"),
            ("üüü", 2, "ü…"),
        ] {
            assert_eq!(escaped(text, max), expected, "{text} {max}");
        }
    }
}
