//! Delivery: a notification brought to a channel, once, now.
//!
//! Whether it is tried again is the business of `app/alerter.rs`; whether a refusal is for good is
//! decided here, where the answer is read. What receivers answer is data: bounded, cleaned, kept
//! as an excerpt.

mod email;
mod message;
mod webhook;

pub use email::{MailSetupError, Mailer};
pub use message::{Changed, Fact, Message};

use crate::domain::at::At;
use crate::domain::channel::{Channel, ChannelKind};
use crate::domain::notification::Notification;
use crate::net::Deliveries;

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
}

impl DeliveryError {
    /// A failure that may pass.
    fn passing(detail: impl Into<String>) -> Self {
        Self {
            permanent: false,
            detail: detail.into(),
        }
    }
}

/// Brings notifications to channels of every kind.
pub struct Notifier {
    public_url: String,
    mailer: Option<Mailer>,
    deliveries: Deliveries,
}

impl Notifier {
    /// `public_url` is how people reach this service, without a slash at the end. Without a
    /// `mailer` every mail fails with the name of the setting.
    pub fn new(public_url: String, mailer: Option<Mailer>, deliveries: Deliveries) -> Self {
        Self {
            public_url,
            mailer,
            deliveries,
        }
    }

    /// Brings one notification to its channel; `now` is the time of this attempt. Takes at most
    /// twenty seconds.
    pub async fn deliver(
        &self,
        channel: &Channel,
        notification: &Notification,
        now: At,
    ) -> Result<Delivered, DeliveryError> {
        match &channel.kind {
            ChannelKind::Email { to } => {
                let Some(mailer) = &self.mailer else {
                    return Err(DeliveryError::passing(
                        "email is not set up: LIFESIGN_SMTP_URL",
                    ));
                };
                let message = Message::of(notification, &self.public_url);
                mailer.send(to, notification, &message).await
            }
            ChannelKind::Webhook {
                url,
                secret,
                previous_secret,
            } => {
                let secrets = std::iter::once(secret).chain(previous_secret);
                webhook::send(&self.deliveries, url, secrets, notification, now).await
            }
        }
    }
}
