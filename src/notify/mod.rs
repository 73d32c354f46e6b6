//! Delivery: a notification brought to a channel, once, now.
//!
//! Whether it is tried again is the business of `app/alerter.rs`; whether a refusal is for good is
//! decided here, where the answer is read. What receivers answer is data: bounded, cleaned, kept
//! as an excerpt.

mod discord;
mod email;
mod google_chat;
mod gotify;
mod invitation;
mod letter;
mod markup;
mod matrix;
mod mattermost;
mod message;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod post;
mod pushover;
mod recipient;
mod slack;
mod teams;
mod telegram;
mod webhook;

pub use email::{MailSetupError, Mailer};
pub use letter::Letter;
pub use message::{Changed, Fact, Message, Tone};

use std::time::Duration;

use crate::domain::at::At;
use crate::domain::channel::{Channel, Kind, Settings, Words};
use crate::domain::id::NotificationId;
use crate::domain::notification::{Notification, retry_at};
use crate::domain::team::Email;
use crate::net::Deliveries;
use post::Post;
use serde_json::{Map, Value};
use url::Url;

/// It arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What the receiver answered, in a few words.
    pub detail: String,
}

/// It did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct DeliveryError {
    /// The receiver does not want it, ever: trying again is pointless.
    pub permanent: bool,
    /// Why, in words for the owner of the channel.
    pub detail: String,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl DeliveryError {
    /// A failure that may pass.
    pub fn passing(detail: impl Into<String>) -> Self {
        Self {
            permanent: false,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// A failure that will not pass.
    fn lasting(detail: impl Into<String>) -> Self {
        Self {
            permanent: true,
            ..Self::passing(detail)
        }
    }

    /// When to try again after `attempts` have failed, not before the receiver wants it; `None` when that
    /// was the last.
    pub fn next_attempt(&self, id: NotificationId, attempts: u32, now: At) -> Option<At> {
        let at = retry_at(id, attempts as usize, now)?;
        Some(self.retry_after.map_or(at, |wait| at.max(now + wait)))
    }
}

/// Makes the link by which the reader of a message acknowledges, where there is one.
pub type Links = Box<dyn Fn(&Channel, &Notification) -> Option<String> + Send + Sync>;

/// Brings notifications to channels of every kind.
pub struct Notifier {
    public_url: String,
    mailer: Option<Mailer>,
    deliveries: Deliveries,
    links: Links,
}

impl Notifier {
    /// `public_url` is how people reach this service, without a slash at the end. Without a
    /// `mailer` every mail fails with the name of the setting.
    pub fn new(
        public_url: String,
        mailer: Option<Mailer>,
        deliveries: Deliveries,
        links: Links,
    ) -> Self {
        Self {
            public_url,
            mailer,
            deliveries,
            links,
        }
    }

    /// What a channel of these words says of a notification.
    pub fn message(&self, words: &Words, notification: &Notification) -> Message {
        Message::of(notification, &self.public_url).in_words(words, notification)
    }

    /// Brings one notification to its channel; `now` is the time of this attempt. Takes at most
    /// half a minute.
    pub async fn deliver(
        &self,
        channel: &Channel,
        notification: &Notification,
        now: At,
    ) -> Result<Delivered, DeliveryError> {
        let mut message = self.message(&channel.words, notification);
        message.acknowledge = (self.links)(channel, notification);
        if channel.kind == Kind::Email {
            let Some(mailer) = &self.mailer else {
                return Err(DeliveryError::passing(
                    "email is not set up: LIFESIGN_SMTP_URL",
                ));
            };
            let to = Email::parse(setting(&channel.settings, "to")?);
            let to = to.map_err(|_| unusable("to"))?;
            return mailer.send(&to, notification, &message).await;
        }
        let (first, then) = posts(channel, notification, &message, now)?;
        let delivered = first.send(&self.deliveries).await?;
        match then {
            None => Ok(delivered),
            Some(then) => then.send(&self.deliveries).await,
        }
    }
}

/// The request for a notification, and one that has to follow it where a service wants two.
fn posts(
    channel: &Channel,
    notification: &Notification,
    message: &Message,
    now: At,
) -> Result<(Post, Option<Post>), DeliveryError> {
    let settings = &channel.settings;
    let one = match channel.kind {
        Kind::Webhook | Kind::Email => webhook::post(settings, notification, now),
        Kind::Slack => slack::post(settings, message),
        Kind::Discord => discord::post(settings, message),
        Kind::Teams => teams::post(settings, message),
        Kind::GoogleChat => google_chat::post(settings, notification, message),
        Kind::Mattermost => mattermost::post(settings, message),
        Kind::Telegram => telegram::post(settings, message),
        Kind::Matrix => matrix::post(settings, notification, message),
        Kind::Ntfy => ntfy::post(settings, message),
        Kind::Gotify => gotify::post(settings, message),
        Kind::Pushover => pushover::post(settings, message),
        Kind::PagerDuty => return pagerduty::posts(settings, notification, message),
        Kind::Opsgenie => return opsgenie::posts(settings, notification, message),
    };
    Ok((one?, None))
}

/// Adds a detail of an alert; several of one name are several lines.
fn add(details: &mut Map<String, Value>, name: String, value: &str) {
    let known = details.remove(&name);
    let known = known.as_ref().and_then(Value::as_str);
    let value = known.map_or_else(|| value.to_owned(), |known| format!("{known}\n{value}"));
    details.insert(name, value.into());
}

/// A setting of a channel.
fn setting<'a>(settings: &'a Settings, name: &str) -> Result<&'a str, DeliveryError> {
    settings.get(name).ok_or_else(|| unusable(name))
}

/// A setting that is a URL.
fn url(settings: &Settings, name: &str) -> Result<Url, DeliveryError> {
    Url::parse(setting(settings, name)?).map_err(|_| unusable(name))
}

/// A place on the server of the settings; the parts of the path are escaped.
fn place(settings: &Settings, path: &[&str]) -> Result<Url, DeliveryError> {
    let mut url = url(settings, "server")?;
    url.path_segments_mut()
        .map_err(|()| unusable("server"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}

/// Settings are read when they are saved: this is a fault of ours, or of who edits the database.
fn unusable(name: &str) -> DeliveryError {
    DeliveryError::lasting(format!(
        "the setting '{name}' of this channel is unusable; save it again"
    ))
}
