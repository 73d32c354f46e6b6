//! Telling a space of Google Chat, through a webhook; one thread for each incident.
//!
//! <https://developers.google.com/workspace/chat/quickstart/webhooks>

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::markup::html;
use super::message::Message;
use super::post::Post;
use super::{DeliveryError, url};
use crate::domain::channel::Settings;
use crate::domain::notification::Notification;

pub(super) fn post(
    settings: &Settings,
    notification: &Notification,
    message: &Message,
) -> Result<Post, DeliveryError> {
    let paragraph =
        |text: &str| json!({"textParagraph": {"text": html(text).replace('\n', "<br>")}});
    let labelled = |label: &str, text: &str| json!({"decoratedText": {"topLabel": label, "text": html(text), "wrapText": true}});
    let (changed, facts) = message.table();
    let mut widgets: Vec<Value> = message.paragraphs().into_iter().map(paragraph).collect();
    for change in changed {
        let text = format!("{} → {}", change.before, change.now);
        widgets.push(labelled(&format!("Changed: {}", change.what), &text));
    }
    for fact in facts {
        widgets.push(labelled(&fact.label, &fact.value));
    }
    let open = json!({"text": "Look at it", "onClick": {"openLink": {"url": message.link}}});
    widgets.push(json!({"buttonList": {"buttons": [open]}}));
    let mut body = json!({
        "fallbackText": message.subject,
        "cardsV2": [{
            "cardId": notification.id.to_string(),
            "card": {"header": {"title": message.subject}, "sections": [{"widgets": widgets}]},
        }],
    });
    let mut url = url(settings, "url")?;
    if let Some(incident) = &notification.content.incident {
        body["thread"] = json!({"threadKey": incident.known_as().to_string()});
        url.query_pairs_mut()
            .append_pair("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    }
    Ok(Post::json(url, &body).refused_for_good(|status, _| {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        )
    }))
}
