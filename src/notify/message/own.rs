//! The words of a channel's own in place of the built-in ones: what its places are filled with.
//!
//! They hold for what happens to servers and for the test; a summary, a digest, and that another
//! channel is off, are told in the built-in words, which say everything.

use super::words::{duration, moment};
use super::{MAX_SENTENCE, Message};
use crate::domain::channel::{Place, Words};
use crate::domain::failure::Code;
use crate::domain::notification::{Content, Event, Notification};
use crate::domain::untrusted::{MAX_QUOTE, line};

impl Message {
    /// The same message in the words of a channel, where it has some.
    #[must_use]
    pub fn in_words(mut self, words: &Words, notification: &Notification) -> Self {
        let is_other = matches!(
            notification.event,
            Event::ChannelFailing | Event::Summary | Event::Digest
        );
        if words.is_built_in() || is_other {
            return self;
        }
        let value = |place| value(place, &self, notification);
        let (subject, body) = (words.filled_subject(&value), words.filled_body(&value));
        self.body = body;
        self.subject = subject.unwrap_or(self.subject);
        self
    }
}

fn value(place: Place, message: &Message, notification: &Notification) -> String {
    let content = &notification.content;
    let (incident, check) = (content.incident.as_ref(), content.check.as_ref());
    let known = match place {
        Place::Status => Some(message.status.clone()),
        Place::Monitor => Some(message.name.clone()),
        Place::Reason => Some(message.reason.clone()),
        Place::Hint => message.hint.clone(),
        Place::Since => Some(moment(
            incident.map_or(content.at, |known| known.started_at),
        )),
        Place::Until => incident.and_then(|known| known.resolved_at).map(moment),
        Place::Duration => incident.map(|known| duration(known.duration_seconds)),
        Place::Expires => expires(notification.event, content),
        Place::Location => check.map(|check| line(&check.location, MAX_QUOTE)),
        Place::Url => content
            .monitor
            .as_ref()
            .map(|monitor| line(&monitor.url, MAX_SENTENCE)),
        Place::Address => check.and_then(|check| check.address.clone()),
        Place::Code => code(notification).map(|code| code.as_str().to_owned()),
        Place::Layer => code(notification).map(|code| code.layer().as_str().to_owned()),
        Place::Event => Some(notification.event.as_str().to_owned()),
        Place::Changed => {
            let lines = message.changed.iter();
            let lines = lines.map(|c| format!("{}: {} → {}", c.what, c.before, c.now));
            Some(lines.collect::<Vec<_>>().join("\n"))
        }
        Place::Link => Some(message.link.clone()),
        Place::Subject => Some(message.subject.clone()),
        Place::Text => Some(message.lines().join("\n")),
    };
    known.unwrap_or_default()
}

fn expires(event: Event, content: &Content) -> Option<String> {
    let check = content.check.as_ref()?;
    let end = match event {
        Event::CertificateExpiring => check.tls.as_ref().map(|tls| tls.not_after),
        Event::CredentialExpiring => check.credential_expires_at,
        _ => None,
    };
    end.map(moment)
}

fn code(notification: &Notification) -> Option<Code> {
    match notification.event {
        Event::CertificateExpiring => Some(Code::TlsExpiringSoon),
        Event::CredentialExpiring => Some(Code::CredentialExpiring),
        Event::ToolsChanged => Some(Code::ToolsChanged),
        Event::AuthorizationOpened => Some(Code::AuthOpened),
        Event::AuthorizationRequired => Some(Code::AuthRequired),
        _ => notification
            .content
            .incident
            .as_ref()
            .map(|known| known.code),
    }
}
