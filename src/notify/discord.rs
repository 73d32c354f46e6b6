//! Telling a channel of Discord, through a webhook.
//!
//! <https://discord.com/developers/docs/resources/webhook#execute-webhook>

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::markup::markdown;
use super::message::Message;
use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::channel::Settings;
use crate::domain::untrusted::{block, line};

/// Most characters of the title of an embed.
const MAX_TITLE: usize = 256;
/// Most characters of its description.
const MAX_DESCRIPTION: usize = 2_000;
/// Most characters of a value.
const MAX_VALUE: usize = 1_024;
/// Most fields of an embed.
const MAX_FIELDS: usize = 25;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let paragraphs = message.paragraphs().into_iter();
    let description: Vec<String> = paragraphs.map(markdown).collect();
    let (changed, facts) = message.table();
    let field = |name: &str, value: &str| -> Value {
        json!({"name": line(name, MAX_TITLE), "value": line(&markdown(value), MAX_VALUE), "inline": true})
    };
    let changed = changed.iter().map(|c| {
        let value = format!("{} → {}", c.before, c.now);
        field(&format!("Changed: {}", c.what), &value)
    });
    let facts = facts.iter().filter(|fact| !fact.value.is_empty());
    let facts = facts.map(|fact| field(&fact.label, &fact.value));
    let body = json!({
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": line(&markdown(&message.subject), MAX_TITLE),
            "description": block(&description.join("\n"), MAX_DESCRIPTION),
            "url": message.link,
            "color": message.tone.rgb(),
            "fields": changed.chain(facts).take(MAX_FIELDS).collect::<Vec<_>>(),
        }],
    });
    let post = Post::json(url(settings, "url")?, &body);
    Ok(post.refused_for_good(|status, _| {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND)
    }))
}
