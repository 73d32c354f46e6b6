//! An incident as the public sees it.
//!
//! Failures are told by the words of their code. What a server said, who did what, and what the team
//! writes for itself stay inside; what is written for the public is told as it is.

use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::id::{IncidentId, MonitorId};
use crate::domain::incident::{Entry, EntryKind, Incident, Severity};
use crate::domain::written::{Postmortem, Stage};

/// An incident of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicIncident {
    /// Its id.
    pub id: IncidentId,
    /// The monitor that it is about.
    pub monitor: MonitorId,
    /// What the public calls it.
    pub component: String,
    /// How bad it is, or was.
    pub severity: Severity,
    /// Why, as a code.
    pub code: Code,
    /// The first bad check.
    pub started_at: At,
    /// Since when somebody cares.
    pub acknowledged_at: Option<At>,
    /// When it ended.
    pub resolved_at: Option<At>,
    /// What happened, oldest first, in words for the public.
    pub updates: Vec<PublicUpdate>,
    /// What was learnt, where the public may read it.
    pub postmortem: Option<PublicPostmortem>,
}

/// Something that happened to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUpdate {
    /// When.
    pub at: At,
    /// In words.
    pub text: String,
    /// How far those who work on it have come, where they say so.
    pub stage: Option<Stage>,
    /// Whether somebody wrote it for the public.
    pub is_written: bool,
}

/// What was learnt from an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPostmortem {
    /// Plain text; an empty line parts paragraphs.
    pub text: String,
    /// When it was last changed.
    pub updated_at: At,
}

impl PublicIncident {
    pub(super) fn of(incident: &Incident, component: String) -> Self {
        let tells_why =
            |entry: &Entry| matches!(entry.kind, EntryKind::Confirmed | EntryKind::Changed);
        let present = incident.timeline.iter().rposition(tells_why);
        let updates = incident.timeline.iter().enumerate();
        let updates = updates.filter_map(|(place, entry)| {
            // The code is that of now; which one it was at an earlier entry is not known any more.
            let code = (Some(place) == present).then_some(incident.code);
            PublicUpdate::of(entry, code)
        });
        let postmortem = incident.people.postmortem.as_ref();
        let public = |postmortem: &Postmortem| PublicPostmortem {
            text: postmortem.text.clone(),
            updated_at: postmortem.updated_at,
        };
        Self {
            id: incident.id,
            monitor: incident.monitor,
            component,
            severity: incident.severity,
            code: incident.code,
            started_at: incident.started_at,
            acknowledged_at: incident.acknowledged_at(),
            resolved_at: incident.resolved_at(),
            updates: updates.collect(),
            postmortem: postmortem.filter(|p| p.is_public).map(public),
        }
    }

    /// `open`, `acknowledged` or `resolved`.
    pub fn status(&self) -> &'static str {
        match (self.resolved_at, self.acknowledged_at) {
            (Some(_), _) => "resolved",
            (None, Some(_)) => "acknowledged",
            (None, None) => "open",
        }
    }

    /// How long it lasted, or has lasted at `now`, in milliseconds.
    pub fn duration_ms(&self, now: At) -> i64 {
        self.resolved_at.unwrap_or(now).ms_since(self.started_at)
    }

    /// How far those who work on it have come, as they said last.
    pub fn stage(&self) -> Option<Stage> {
        self.updates.iter().rev().find_map(|update| update.stage)
    }

    /// What was written for the public, oldest first.
    pub fn written(&self) -> Vec<&PublicUpdate> {
        let updates = self.updates.iter();
        updates.filter(|update| update.is_written).collect()
    }

    /// When something last happened to it.
    pub fn updated_at(&self) -> At {
        let updates = self.updates.iter().map(|update| update.at);
        let learnt = self.postmortem.iter().map(|p| p.updated_at);
        updates.chain(learnt).max().unwrap_or(self.started_at)
    }
}

impl PublicUpdate {
    /// An entry of the timeline in words that betray nothing; `None` for what is not for the public.
    fn of(entry: &Entry, code: Option<Code>) -> Option<Self> {
        let why = |word: &str| match code {
            Some(code) => format!("{word}: {}.", code.words()),
            None => format!("{word}."),
        };
        let text = match entry.kind {
            EntryKind::Began => "First check that failed.".to_owned(),
            EntryKind::Confirmed => why("Confirmed"),
            EntryKind::Changed => why("Changed"),
            EntryKind::Acknowledged => "Somebody is looking at it.".to_owned(),
            EntryKind::Resolved => "Resolved.".to_owned(),
            EntryKind::Severity | EntryKind::Update => entry.text.clone(),
            EntryKind::Held
            | EntryKind::Released
            | EntryKind::Muted
            | EntryKind::Unmuted
            | EntryKind::Note => return None,
        };
        Some(Self {
            at: entry.at,
            text,
            stage: entry.stage,
            is_written: entry.kind == EntryKind::Update,
        })
    }
}
