//! Telling a room of Matrix. The id of the notification is the transaction: a repetition is one
//! event there.
//!
//! <https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>

use reqwest::StatusCode;
use serde_json::json;

use super::markup::html;
use super::message::Message;
use super::post::Post;
use super::{DeliveryError, place, setting};
use crate::domain::channel::Settings;
use crate::domain::notification::Notification;

pub(super) fn post(
    settings: &Settings,
    notification: &Notification,
    message: &Message,
) -> Result<Post, DeliveryError> {
    let lines = message.lines();
    let plain = format!(
        "{}\n{}\n{}",
        message.subject,
        lines.join("\n"),
        message.link
    );
    let lines: Vec<String> = lines.iter().map(|line| html(line)).collect();
    let formatted = format!(
        "<strong><font color=\"{colour}\">{}</font></strong><br>{}<br><a href=\"{}\">Look at it</a>",
        html(&message.subject),
        lines.join("<br>"),
        html(&message.link),
        colour = message.tone.colour(),
    );
    let id = notification.id.to_string();
    let room = setting(settings, "room")?;
    let path = [
        "_matrix",
        "client",
        "v3",
        "rooms",
        room,
        "send",
        "m.room.message",
        &*id,
    ];
    let body = json!({
        "msgtype": "m.text",
        "body": plain,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
    });
    let post = Post::json(place(settings, &path)?, &body).put();
    let post = post.authorized("Bearer", setting(settings, "token")?);
    Ok(post.refused_for_good(|status, _| {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        )
    }))
}
