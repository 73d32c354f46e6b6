//! Telling a channel of Microsoft Teams, through a workflow that posts what a webhook receives.
//!
//! An Adaptive Card 1.4: <https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams>

use serde_json::{Value, json};

use super::markup::markdown;
use super::message::{Message, Tone};
use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::channel::Settings;

pub(super) fn post(settings: &Settings, message: &Message) -> Result<Post, DeliveryError> {
    let colour = match message.tone {
        Tone::Bad => "attention",
        Tone::Warning => "warning",
        Tone::Good => "good",
        Tone::Neutral => "accent",
    };
    let text = |text: &str| json!({"type": "TextBlock", "wrap": true, "text": markdown(text)});
    let mut title = text(&message.subject);
    title["weight"] = "bolder".into();
    title["size"] = "medium".into();
    title["color"] = colour.into();
    let (changed, facts) = message.table();
    let mut body = vec![title];
    // A single line break is none in their Markdown.
    let paragraphs = message.paragraphs().into_iter();
    body.extend(paragraphs.map(|paragraph| text(&paragraph.replace('\n', "\n\n"))));
    let changed = changed.iter().map(|c| {
        let value = format!("{} → {}", c.before, c.now);
        json!({"title": format!("Changed: {}", markdown(&c.what)), "value": markdown(&value)})
    });
    let facts = facts
        .iter()
        .map(|fact| json!({"title": fact.label, "value": markdown(&fact.value)}));
    let facts: Vec<Value> = changed.chain(facts).collect();
    if !facts.is_empty() {
        body.push(json!({"type": "FactSet", "facts": facts}));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Look at it", "url": message.link}],
        "msteams": {"width": "Full"},
    });
    let body = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": card,
        }],
    });
    Ok(Post::json(url(settings, "url")?, &body))
}
