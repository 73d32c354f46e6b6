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
/// Most characters of an embed: title, description, names and values together.
const MAX_EMBED: usize = 6_000;
/// As many of them are kept free to say how many fields are left out.
const MAX_MORE: usize = 40;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let paragraphs = message.paragraphs().into_iter();
    let description: Vec<String> = paragraphs.map(markdown).collect();
    let (title, description) = (
        line(&markdown(&message.subject), MAX_TITLE),
        block(&description.join("\n"), MAX_DESCRIPTION),
    );
    let (changed, facts) = message.table();
    let texts = |name: &str, value: &str| {
        let value = line(&markdown(value), MAX_VALUE);
        (line(name, MAX_TITLE), value)
    };
    let changed = changed.iter().map(|c| {
        let value = format!("{} → {}", c.before, c.now);
        texts(&format!("Changed: {}", c.what), &value)
    });
    let facts = facts.iter().filter(|fact| !fact.value.is_empty());
    let facts = facts.map(|fact| texts(&fact.label, &fact.value));
    let room = MAX_EMBED - length(&title) - length(&description);
    let body = json!({
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": title,
            "description": description,
            "url": message.link,
            "color": message.tone.rgb(),
            "fields": fields(&changed.chain(facts).collect::<Vec<_>>(), room),
        }],
    });
    let post = Post::json(url(settings, "url")?, &body);
    Ok(post.refused_for_good(|status, _| {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND)
    }))
}

/// As many fields as there is room for, and how many more there are.
fn fields(texts: &[(String, String)], room: usize) -> Vec<Value> {
    let field = |name: &str, value: &str| json!({"name": name, "value": value, "inline": true});
    let mut left = room - MAX_MORE;
    let fits = |(name, value): &&(String, String)| {
        let rest = left.checked_sub(length(name) + length(value));
        left = rest.unwrap_or_default();
        rest.is_some()
    };
    let most = if texts.len() > MAX_FIELDS {
        MAX_FIELDS - 1
    } else {
        MAX_FIELDS
    };
    let told = texts.iter().take(most).take_while(fits);
    let mut fields: Vec<Value> = told.map(|(name, value)| field(name, value)).collect();
    let more = texts.len() - fields.len();
    if more > 0 {
        fields.push(field("And", &format!("{more} more")));
    }
    fields
}

fn length(text: &str) -> usize {
    text.chars().count()
}
