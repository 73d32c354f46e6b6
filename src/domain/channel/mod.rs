//! Where people are told: a kind, its settings, and how it is doing.
//!
//! What a kind can be set to stands in one table ([`Kind::fields`]); the API, the forms, the store
//! and the messages all read it there.

mod kind;
mod route;
mod settings;
mod words;

pub use kind::{Field, Form, Kind};
pub use route::{Hours, MAX_WAIT_MINUTES, Outside, Route, Topic};
pub use settings::Settings;
pub use words::{MAX_BODY, MAX_SUBJECT, Place, Words};

use serde::{Deserialize, Serialize};

use super::at::At;
use super::digest::Digest;
use super::id::{ChannelId, TeamId};
use super::monitor::{FieldError, MAX_NAME};

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
    /// Who brings the message.
    pub kind: Kind,
    /// What that needs to know.
    pub settings: Settings,
    /// Whether it hears every monitor that names no channels of its own.
    pub is_default: bool,
    /// What it hears, and when.
    pub route: Route,
    /// What it says in place of the built-in words.
    pub words: Words,
    /// When it tells what happened in a day or a week; mail only.
    pub digest: Option<Digest>,
    /// How it is doing.
    pub health: Health,
}

impl Channel {
    /// Where it goes, for people: nothing secret.
    pub fn target(&self) -> String {
        self.settings.target(self.kind)
    }
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
