//! Where people are told: kinds of channels and their settings.

use serde::{Deserialize, Serialize};
use url::Url;

use super::at::At;
use super::id::{ChannelId, TeamId};
use super::monitor::{FieldError, MAX_NAME, MAX_URL};
use super::sensitive::Sensitive;
use super::team::Email;

/// A kind of channel with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// A mail to one address.
    Email {
        /// The address.
        to: Email,
    },
    /// A signed request to a URL (Standard Webhooks).
    Webhook {
        /// The receiver; it may hold a key, so it is sealed like a secret.
        url: Url,
        /// The secret that signs, `whsec_…`.
        secret: Sensitive,
        /// The secret before, which signs as well while receivers rotate.
        previous_secret: Option<Sensitive>,
    },
}

impl ChannelKind {
    /// The word of the contract.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Where it goes, for people: without the query of a URL.
    pub fn target(&self) -> String {
        match self {
            Self::Email { to } => to.as_str().to_owned(),
            Self::Webhook { url, .. } => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.to_string()
            }
        }
    }
}

/// Reads the URL of a webhook.
pub fn webhook_url(text: &str) -> Result<Url, FieldError> {
    let refuse = |message: &str| FieldError::new("url", message);
    if text.len() > MAX_URL {
        return Err(refuse("is too long"));
    }
    let url = Url::parse(text.trim())
        .map_err(|_| refuse("is not a URL; it looks like https://example.com/hooks/lifesign"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(
            "must start with https:// or http:// and name a host",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("must not contain a user name or password"));
    }
    Ok(url)
}

/// How a channel is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Why it was switched off by a permanent refusal; `None` while it is on.
    pub disabled: Option<String>,
    /// When something last arrived.
    pub last_success_at: Option<At>,
    /// The last thing that went wrong since then, and when.
    pub last_error: Option<(At, String)>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Whose it is.
    pub team: TeamId,
    /// What people call it.
    pub name: String,
    /// Its kind and settings.
    pub kind: ChannelKind,
    /// Whether it hears every monitor that names no channels of its own.
    pub is_default: bool,
    /// How it is doing.
    pub health: Health,
}

/// Refuses a name that is empty, too long or unprintable.
pub fn channel_name(text: &str) -> Result<String, FieldError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(FieldError::new(
            "name",
            format!("must have 1 to {MAX_NAME} printable characters"),
        ));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_does_not_show_its_key() {
        let kind = ChannelKind::Webhook {
            url: webhook_url("https://hooks.example/x?key=abc").unwrap(),
            secret: Sensitive::new("whsec_x"),
            previous_secret: None,
        };
        assert_eq!(kind.target(), "https://hooks.example/x");
        assert!(!format!("{kind:?}").contains("whsec_x"));
    }

    #[test]
    fn nonsense_is_refused_by_field() {
        for text in ["", "hooks", "ftp://x/", "https://u:p@x/"] {
            assert_eq!(webhook_url(text).unwrap_err().field, "url", "{text}");
        }
    }
}
