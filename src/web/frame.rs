//! What surrounds every page: who looks at it, when, and what has just been done.

use std::borrow::Cow;

use crate::app::nodes::Word;
use crate::domain::at::At;
use crate::domain::id::TeamId;
use crate::domain::installation::Woe;
use crate::domain::team::Actor;

/// What `templates/base.html` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Who looks, if we know them.
    pub(crate) actor: Option<Actor>,
    /// When.
    pub(crate) now: At,
    /// What has just been done, in words.
    pub(crate) notice: Option<Cow<'static, str>>,
    /// What trouble this installation has of its own.
    pub(crate) own: Vec<Own>,
    /// Whether it leads to the public directory.
    pub(crate) has_directory: bool,
}

/// A trouble of our own, for one who looks at a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    /// Since when.
    pub(crate) since: At,
    /// What, in a sentence.
    pub(crate) text: String,
    /// Where there is more about it.
    pub(crate) more: Option<&'static str>,
}

impl Own {
    /// Since when, for people.
    pub(crate) fn when(&self) -> String {
        self.since.utc().format("%-d %b %Y, %H:%M UTC").to_string()
    }
}

/// What a member of `team` is told of the installation. Which node it is concerns only whoever runs
/// it; all others are told that what they see may be old.
pub(crate) fn own(word: &Word, team: TeamId) -> Vec<Own> {
    let mut own: Vec<Own> = if word.operator == Some(team) {
        let told = |woe: &Woe| Own {
            since: woe.since,
            text: woe.text.clone(),
            more: Some("/system"),
        };
        word.woes.iter().map(told).collect()
    } else {
        let told = |since| Own {
            since,
            text: "Our own monitoring has trouble: what is shown may be old.".to_owned(),
            more: None,
        };
        word.seen_since().map(told).into_iter().collect()
    };
    let unsent = word.unsent.iter().find(|(whose, _)| *whose == team);
    own.extend(unsent.map(|(_, since)| Own {
        since: *since,
        text: "A message to one of your channels could not be sent yet.".to_owned(),
        more: Some("/channels"),
    }));
    own
}

impl Frame {
    /// A page for somebody whom we do not know.
    pub(crate) fn stranger(now: At) -> Self {
        Self {
            actor: None,
            now,
            notice: None,
            own: Vec::new(),
            has_directory: false,
        }
    }

    /// With a way to the public directory, where there is something in it.
    pub(crate) fn exploring(mut self, has_directory: bool) -> Self {
        self.has_directory = has_directory;
        self
    }

    /// With the words for what the address says was done: `?done=paused`.
    pub(crate) fn done(mut self, what: Option<&str>) -> Self {
        self.notice = what.and_then(words).map(Cow::Borrowed);
        self
    }

    /// With the words for what was done to several monitors: `?done=paused&n=3`; without a number
    /// as [`Frame::done`].
    pub(crate) fn done_to(mut self, what: Option<&str>, count: Option<&str>) -> Self {
        let Some(count) = count.and_then(|n| n.parse().ok()) else {
            return self.done(what);
        };
        let words = what.and_then(|what| counted_words(what, count));
        self.notice = words.map(Cow::Owned);
        self
    }
}

/// What was done to a number of monitors.
fn counted_words(what: &str, count: u32) -> Option<String> {
    let monitors = if count == 1 { "monitor" } else { "monitors" };
    let (deed, after) = match what {
        "paused" => ("paused", "None of them is checked until you resume it."),
        "resumed" => ("resumed", "The next checks are on their way."),
        "tagged" => ("tagged", ""),
        "untagged" => ("untagged", ""),
        "deleted" => ("deleted", ""),
        "imported" => ("added", "The first checks are on their way."),
        _ => return None,
    };
    let text = match count {
        0 => "No monitor had to be changed.".to_owned(),
        1 if what == "paused" => {
            "1 monitor paused. It is not checked until you resume it.".to_owned()
        }
        _ => format!("{count} {monitors} {deed}. {after}"),
    };
    Some(text.trim_end().to_owned())
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
        "announced" => "Announced. Subscribers are told within a minute.",
        "taken_down" => "Ended. The page shows it no more.",
        "subscribed" => "Confirmed. You are told what happens.",
        "listed" => "Listed. Everybody sees it in the public directory.",
        "unlisted" => "Taken off the public directory.",
        "ended" => "Ended. What it held back is told if the next check still finds it.",
        "enabled" => "Switched on again.",
        "revoked" => "Revoked. It cannot be used any more.",
        "withdrawn" => "Taken back. The link opens nothing any more.",
        "removed" => "Removed. Their sessions and tokens of this team have ended.",
        "left" => "You have left the team.",
        "switched" => "This is your other team.",
        "password" => "Password changed. All other sessions are logged out.",
        "replayed" => "Queued again.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_to_several_is_counted_and_nothing_is_taken_from_the_address() {
        let said = |what: &str, n: &str| {
            let frame = Frame::stranger(At(0)).done_to(Some(what), Some(n));
            frame.notice.map(Cow::into_owned)
        };
        assert_eq!(said("tagged", "1").unwrap(), "1 monitor tagged.");
        let resumed = "12 monitors resumed. The next checks are on their way.";
        assert_eq!(said("resumed", "12").unwrap(), resumed);
        assert!(said("deleted", "0").unwrap().starts_with("No monitor"));
        assert_eq!(said("<b>", "1"), None);
        assert_eq!(said("paused", "x").unwrap(), words("paused").unwrap());
    }
}
