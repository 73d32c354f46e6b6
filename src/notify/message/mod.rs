//! What is said: a notification turned into words.
//!
//! Pure: the same notification always gives the same message, so that one which is sent twice or
//! hours late says what was true when it happened. Whatever came from outside passes
//! [`line`](crate::domain::untrusted::line()) here; escaping for HTML is the business of the template.

mod authorization;
mod budget;
mod channel;
mod digest;
mod expiry;
mod incident;
mod node;
mod own;
mod summary;
mod tools;
mod words;

use askama::Template;

use crate::domain::notification::{Event, Notification};

/// Longest sentence in a message, in characters.
const MAX_SENTENCE: usize = 500;

/// A line of a message: a label and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// Something that is different from the last good check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub now: String,
}

/// How it should look and sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody should look now.
    Bad,
    /// Somebody should look.
    Warning,
    /// It is over.
    Good,
    /// Good to know.
    Neutral,
}

impl Tone {
    /// Its colour, `#rrggbb`: those of the pages.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Bad => "#d4351c",
            Self::Warning => "#f0a028",
            Self::Good => "#2faa63",
            Self::Neutral => "#3b49c8",
        }
    }

    /// The same as a number.
    pub fn rgb(self) -> u32 {
        u32::from_str_radix(&self.colour()[1..], 16).unwrap_or_default()
    }
}

/// A notification in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How it should look and sound.
    pub tone: Tone,
    /// One line in the order status, name, reason: `DOWN search.example.com: nothing listens`.
    pub subject: String,
    /// The first word of the subject.
    pub status: String,
    /// What it is about: a monitor, or a channel.
    pub name: String,
    /// What is said in place of reason, hint, changes and facts, where the channel has words of its
    /// own: several lines.
    pub body: Option<String>,
    /// The reason in a sentence.
    pub reason: String,
    /// Since when, from where, and the like.
    pub facts: Vec<Fact>,
    /// What is different from the last good check.
    pub changed: Vec<Changed>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where to look.
    pub link: String,
    /// Where to say that somebody cares, without logging in.
    pub acknowledge: Option<String>,
    /// Why this was sent.
    pub footer: &'static str,
}

#[derive(Template)]
#[template(path = "email/message.txt", escape = "none")]
struct Text<'a> {
    message: &'a Message,
    width: usize,
}

impl Text<'_> {
    fn padded(&self, label: &str) -> String {
        format!("{label:width$}", width = self.width)
    }
}

#[derive(Template)]
#[template(path = "email/message.html")]
struct Html<'a> {
    message: &'a Message,
}

impl Message {
    /// The words for a notification. `public_url` is how people reach this service, without a
    /// slash at the end.
    pub fn of(notification: &Notification, public_url: &str) -> Self {
        let content = &notification.content;
        let event = notification.event;
        if let Some(node) = &content.node {
            return node::of(event, node, content, public_url);
        }
        if let Some(budget) = &content.budget {
            return budget::of(budget, content, public_url);
        }
        if let Some(digest) = &content.digest {
            return digest::of(digest, public_url);
        }
        match (event, &content.incident) {
            (Event::CertificateExpiring | Event::CredentialExpiring, _) => {
                expiry::of(event, content, public_url)
            }
            (
                Event::AuthorizationOpened
                | Event::AuthorizationRequired
                | Event::AuthorizationBroken
                | Event::AuthorizationRestored,
                _,
            ) => authorization::of(event, content, public_url),
            (Event::ToolsChanged, _) => tools::of(content, public_url),
            (Event::Summary, _) => summary::of(content, public_url),
            (Event::Test | Event::ChannelFailing, _) | (_, None) => {
                channel::of(event, content, public_url)
            }
            (event, Some(incident)) => incident::of(event, incident, content, public_url),
        }
    }

    /// What stands below the subject, a line for each thing: reason, hint, what changed, facts; or
    /// the channel's own words.
    pub fn lines(&self) -> Vec<String> {
        if let Some(body) = &self.body {
            return body.lines().map(str::to_owned).collect();
        }
        let mut lines = vec![self.reason.clone()];
        lines.extend(self.hint.clone());
        let changed = self.changed.iter();
        lines.extend(changed.map(|c| format!("Changed: {}: {} → {}", c.what, c.before, c.now)));
        lines.extend(
            self.facts
                .iter()
                .map(|f| format!("{}: {}", f.label, f.value)),
        );
        lines
    }

    /// What is said first, for services that show the rest as a table: reason and hint, or the
    /// channel's own words.
    pub fn paragraphs(&self) -> Vec<&str> {
        match &self.body {
            Some(body) => vec![body],
            None => [&*self.reason]
                .into_iter()
                .chain(self.hint.as_deref())
                .collect(),
        }
    }

    /// What stands in that table: what changed and the facts; nothing below the channel's own words.
    pub fn table(&self) -> (&[Changed], &[Fact]) {
        match self.body {
            Some(_) => (&[], &[]),
            None => (&self.changed, &self.facts),
        }
    }

    /// The message as plain text.
    pub fn text(&self) -> Result<String, askama::Error> {
        let width = self.facts.iter().map(|fact| fact.label.len()).max();
        let text = Text {
            message: self,
            width: width.unwrap_or_default(),
        };
        text.render()
    }

    /// The message as HTML.
    pub fn html(&self) -> Result<String, askama::Error> {
        Html { message: self }.render()
    }
}

fn fact(label: &str, value: String) -> Fact {
    Fact {
        label: label.to_owned(),
        value,
    }
}
