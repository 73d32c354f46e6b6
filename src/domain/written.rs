//! What people write about an incident: notes for the team, updates for the public, and what was
//! learnt when it is over.
//!
//! Plain text with paragraphs. It may stand on a public page, in JSON and in a feed: characters
//! that nobody sees do not pass.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::incident::{Entry, EntryKind, Incident, Phase};
use super::monitor::FieldError;
use super::team::Email;
use super::untrusted::block;

/// Longest note or public update, in characters.
pub const MAX_NOTE: usize = 4_000;
/// Longest postmortem, in characters.
pub const MAX_POSTMORTEM: usize = 10_000;

/// How far those who work on it have come, as they tell the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// They look for the cause.
    Investigating,
    /// They know it.
    Identified,
    /// They have mended it and watch whether it holds.
    Monitoring,
    /// They are done.
    Resolved,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [
        Self::Investigating,
        Self::Identified,
        Self::Monitoring,
        Self::Resolved,
    ];

    /// The word that people read and write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }
}

/// For whom something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// The team alone.
    Team,
    /// Whoever looks at a public status page with the monitor on it.
    Public(Option<Stage>),
}

/// What was learnt from an incident that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Postmortem {
    /// Plain text; an empty line parts paragraphs.
    pub text: String,
    /// Whether public status pages show it.
    #[serde(rename = "public")]
    pub is_public: bool,
    /// When it was last changed.
    pub updated_at: At,
    /// Who changed it last.
    pub by: Email,
}

/// The incident is not over yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a postmortem is written when the incident is resolved")]
pub struct NotResolved;

/// Plain text of 1 to `max` characters, without what nobody sees; the fault names `field`.
pub fn plain(field: &'static str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = block(text, usize::MAX);
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max {
        let message = format!("must have 1 to {max} characters");
        return Err(FieldError::new(field, message));
    }
    Ok(text.to_owned())
}

impl Incident {
    /// Writes something into the timeline, also of what is over.
    pub fn write(&mut self, at: At, text: String, readers: Readers, by: Email) {
        let (kind, stage) = match readers {
            Readers::Team => (EntryKind::Note, None),
            Readers::Public(stage) => (EntryKind::Update, stage),
        };
        self.push(Entry {
            at,
            kind,
            text,
            by: Some(by),
            stage,
        });
    }

    /// Whether anything was written for the public.
    pub fn has_update(&self) -> bool {
        let mut entries = self.timeline.iter();
        entries.any(|entry| entry.kind == EntryKind::Update)
    }

    /// Sets what was learnt, or takes it away.
    pub fn set_postmortem(&mut self, postmortem: Option<Postmortem>) -> Result<(), NotResolved> {
        if !matches!(self.phase, Phase::Resolved { .. }) {
            return Err(NotResolved);
        }
        self.people.postmortem = postmortem;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::incident::{MAX_TIMELINE, Severity};
    use super::super::incident_sample::{NOON, incident, somebody};
    use super::*;

    #[test]
    fn a_text_keeps_its_paragraphs_and_nothing_hidden() {
        let read = |text: &str| plain("text", text, 20);
        assert_eq!(read(" One.\r\n\r\nTwo.\u{202e} ").unwrap(), "One.\n\nTwo.");
        assert_eq!(read(&"é".repeat(20)).unwrap().chars().count(), 20);
        for bad in ["", " \r\n ", "\u{200b}", &"x".repeat(21)] {
            let fault = read(bad).unwrap_err();
            assert_eq!(fault.field, "text", "{bad:?}");
            assert_eq!(fault.message, "must have 1 to 20 characters");
        }
    }

    #[test]
    fn every_stage_is_read_back_by_its_word() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
        assert_eq!(Stage::parse("fixed"), None);
    }

    #[test]
    fn notes_and_updates_differ_in_who_reads_them() {
        let mut trouble = incident(Severity::Down);
        trouble.write(NOON, "a".to_owned(), Readers::Team, somebody());
        assert!(!trouble.has_update());
        let readers = Readers::Public(Some(Stage::Identified));
        trouble.write(NOON, "b".to_owned(), readers, somebody());
        assert!(trouble.has_update());
        let told = trouble.timeline[2..].iter().map(|e| (e.kind, e.stage));
        let expected = [
            (EntryKind::Note, None),
            (EntryKind::Update, Some(Stage::Identified)),
        ];
        assert!(told.eq(expected));
    }

    #[test]
    fn a_full_timeline_gives_up_what_checks_said_before_what_people_wrote() {
        let mut trouble = incident(Severity::Down);
        let readers = Readers::Public(None);
        trouble.write(NOON, "ours".to_owned(), readers, somebody());
        for n in 0..MAX_TIMELINE {
            trouble.add(NOON, EntryKind::Changed, n.to_string(), None);
        }
        trouble.write(NOON, "last".to_owned(), readers, somebody());
        assert_eq!(trouble.timeline.len(), MAX_TIMELINE);
        assert_eq!(trouble.timeline[0].kind, EntryKind::Began);
        assert_eq!(trouble.timeline[2].text, "ours");
        assert_eq!(trouble.timeline.last().unwrap().text, "last");
    }

    #[test]
    fn a_postmortem_waits_for_the_end() {
        let postmortem = Postmortem {
            text: "The certificate.".to_owned(),
            is_public: true,
            updated_at: NOON,
            by: somebody(),
        };
        let mut trouble = incident(Severity::Down);
        let early = trouble.set_postmortem(Some(postmortem.clone()));
        assert_eq!(early, Err(NotResolved));
        trouble.resolve(NOON, "Over.", None).unwrap();
        trouble.set_postmortem(Some(postmortem.clone())).unwrap();
        assert_eq!(trouble.people.postmortem, Some(postmortem));
        trouble.set_postmortem(None).unwrap();
        assert_eq!(trouble.people.postmortem, None);
    }
}
