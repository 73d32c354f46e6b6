//! Telling a channel of Mattermost, through an incoming webhook.
//!
//! <https://developers.mattermost.com/integrate/webhooks/incoming/>

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::markup::markdown;
use super::message::Message;
use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::channel::Settings;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let (changed, facts) = message.table();
    let mut text: Vec<String> = message.paragraphs().into_iter().map(quiet).collect();
    text.extend(
        changed
            .iter()
            .map(|c| quiet(&format!("Changed: {}: {} → {}", c.what, c.before, c.now))),
    );
    let fields: Vec<Value> = facts
        .iter()
        .map(|fact| json!({"title": fact.label, "value": quiet(&fact.value), "short": true}))
        .collect();
    let body = json!({
        "attachments": [{
            "fallback": quiet(&message.subject),
            "color": message.tone.colour(),
            "title": quiet(&message.subject),
            "title_link": message.link,
            "text": text.join("\n"),
            "fields": fields,
        }],
    });
    let post = Post::json(url(settings, "url")?, &body);
    // An unknown hook is a bad request there.
    Ok(post.refused_for_good(|status, body| {
        matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
            || (status == StatusCode::BAD_REQUEST && body.contains("Invalid webhook"))
    }))
}

/// Neither formats nor calls anybody: `@channel` is broken by a space that nobody sees.
fn quiet(text: &str) -> String {
    markdown(text).replace('@', "@\u{200b}")
}
