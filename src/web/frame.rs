//! What surrounds every page: who looks at it, when, and what has just been done.

use crate::domain::at::At;
use crate::domain::team::Actor;

/// What `templates/base.html` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Who looks, if we know them.
    pub(crate) actor: Option<Actor>,
    /// When.
    pub(crate) now: At,
    /// What has just been done, in words.
    pub(crate) notice: Option<&'static str>,
}

impl Frame {
    /// A page for somebody whom we do not know.
    pub(crate) fn stranger(now: At) -> Self {
        Self {
            actor: None,
            now,
            notice: None,
        }
    }

    /// With the words for what the address says was done: `?done=paused`.
    pub(crate) fn done(mut self, what: Option<&str>) -> Self {
        self.notice = what.and_then(words);
        self
    }
}

/// The words are ours: an address cannot put its own into a page.
fn words(what: &str) -> Option<&'static str> {
    Some(match what {
        "made" => "Saved. The first check is on its way.",
        "saved" => "Saved.",
        "checked" => "Checked just now.",
        "paused" => "Paused. It is not checked until you resume it.",
        "resumed" => "Resumed. The next check is on its way.",
        "deleted" => "Deleted.",
        "acknowledged" => "Acknowledged.",
        "resolved" => "Resolved.",
        "accepted" => "Accepted. The next change is compared with the tools as they are now.",
        "muted" => "Muted. Nothing more is told of it until it is resolved.",
        "unmuted" => "Unmuted.",
        "noted" => "Written.",
        "ended" => "Ended. What it held back is told if the next check still finds it.",
        "enabled" => "Switched on again.",
        "revoked" => "Revoked. It cannot be used any more.",
        "password" => "Password changed. All other sessions are logged out.",
        "replayed" => "Queued again.",
        _ => return None,
    })
}
