//! What people decide about an incident that is not over: how bad it is, and that nothing more is
//! told of it.
//!
//! A decision stays until the incident ends. What checks find meanwhile is written into the
//! timeline like always.

use serde::{Deserialize, Serialize};

use super::at::At;
use super::incident::{AlreadyResolved, EntryKind, Incident, Phase, Severity};
use super::notification::Event;
use super::team::Email;
use super::written::Postmortem;

/// What people have said of an incident, beside its timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct People {
    /// The worst that checks have found, since somebody set the severity by hand; `None` while the
    /// severity follows the checks.
    pub found: Option<Severity>,
    /// That nothing more is told, until it is over.
    pub mute: Option<Mute>,
    /// What was learnt, written when it was over.
    pub postmortem: Option<Postmortem>,
}

/// That nothing more is told of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Since when.
    pub at: At,
    /// The latest news that nobody was told because of it.
    pub missed: Option<Event>,
}

impl Incident {
    /// Whether it cannot be changed any more but by words.
    fn still_open(&self) -> Result<(), AlreadyResolved> {
        match self.phase {
            Phase::Resolved { .. } => Err(AlreadyResolved),
            Phase::Open | Phase::Acknowledged { .. } => Ok(()),
        }
    }

    /// Somebody says how bad it is; checks do not change that until it is over. Saying the same
    /// again changes nothing.
    pub fn set_severity(
        &mut self,
        at: At,
        severity: Severity,
        by: Email,
    ) -> Result<bool, AlreadyResolved> {
        self.still_open()?;
        if self.people.found.is_some() && self.severity == severity {
            return Ok(false);
        }
        self.people.found.get_or_insert(self.severity);
        self.severity = severity;
        let text = format!("Set to {} by hand.", severity.as_str());
        self.add(at, EntryKind::Severity, text, Some(by));
        Ok(true)
    }

    /// Takes in how bad a check finds it; says whether that is worse than anybody knew. What flaps
    /// is as bad as it was at its worst, until it has settled.
    pub(super) fn found(&mut self, severity: Severity) -> bool {
        let is_flapping = self.turns.is_some();
        let known = self.people.found.unwrap_or(self.severity);
        let is_worse = severity > known;
        match &mut self.people.found {
            Some(worst) => *worst = severity.max(known),
            None if is_worse || !is_flapping => self.severity = severity,
            None => {}
        }
        is_worse
    }

    /// Nothing more is told of it until it is over. Saying so twice changes nothing.
    pub fn mute(&mut self, at: At, by: Email) -> Result<bool, AlreadyResolved> {
        self.still_open()?;
        if self.people.mute.is_some() {
            return Ok(false);
        }
        self.people.mute = Some(Mute { at, missed: None });
        let text = "Muted: nothing more is told until it is resolved.";
        self.add(at, EntryKind::Muted, text.to_owned(), Some(by));
        Ok(true)
    }

    /// It is told of again. Gives the news that nobody was told meanwhile and that are still true.
    pub fn unmute(&mut self, at: At, by: Email) -> Result<Option<Event>, AlreadyResolved> {
        self.still_open()?;
        let Some(mute) = self.people.mute.take() else {
            return Ok(None);
        };
        self.add(at, EntryKind::Unmuted, "Unmuted.".to_owned(), Some(by));
        if self.phase == Phase::Open {
            // Who hears only of what nobody has acknowledged may be due.
            self.escalate_at = Some(at);
        }
        Ok(match mute.missed {
            // Nobody has heard of it at all.
            Some(Event::Worsened | Event::Settled) if self.told == 0 => Some(Event::Opened),
            missed => missed,
        })
    }

    /// Whether the mute keeps an event from being told; what is bad news is then kept for the time
    /// after it. The end is told to whoever heard the beginning.
    pub fn silences(&mut self, event: Event) -> bool {
        let is_untold = self.told == 0;
        let Some(mute) = &mut self.people.mute else {
            return false;
        };
        match event {
            Event::Resolved => return is_untold,
            Event::Reminder | Event::Escalated | Event::Acknowledged => {}
            news => mute.missed = Some(news),
        }
        true
    }

    /// It is not as bad any more as the mute kept from people.
    pub(super) fn forget_worsening(&mut self) {
        if let Some(mute) = &mut self.people.mute
            && mute.missed == Some(Event::Worsened)
            && self.told > 0
        {
            mute.missed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::incident_sample::{NOON, evidence, incident, somebody};
    use super::*;

    #[test]
    fn a_severity_set_by_hand_outlasts_the_checks() {
        let mut trouble = incident(Severity::Down);
        assert_eq!(
            trouble.set_severity(NOON, Severity::Degraded, somebody()),
            Ok(true)
        );
        assert_eq!(
            trouble.set_severity(NOON, Severity::Degraded, somebody()),
            Ok(false)
        );
        let entry = trouble.timeline.last().unwrap().clone();
        assert_eq!(
            (entry.kind, &*entry.text),
            (EntryKind::Severity, "Set to degraded by hand.")
        );
        assert_eq!(entry.by, Some(somebody()));
        for found in [Severity::Degraded, Severity::Down] {
            let is_news = trouble.change(found, evidence(found));
            assert!(!is_news, "{found:?} was known when it was set");
            assert_eq!(trouble.severity, Severity::Degraded);
        }
        let last = &trouble.timeline.last().unwrap().text;
        assert!(last.starts_with("Now down:"), "{last}");
        trouble.settle(NOON, Severity::Down, 5);
        assert_eq!(trouble.severity, Severity::Degraded);
    }

    #[test]
    fn what_is_worse_than_anybody_knew_is_news_all_the_same_once() {
        let mut trouble = incident(Severity::Degraded);
        trouble
            .set_severity(NOON, Severity::Degraded, somebody())
            .unwrap();
        assert!(trouble.change(Severity::Down, evidence(Severity::Down)));
        assert!(!trouble.change(Severity::Down, evidence(Severity::Down)));
        assert_eq!(trouble.severity, Severity::Degraded);
    }

    #[test]
    fn without_a_hand_the_severity_follows_the_checks() {
        let mut trouble = incident(Severity::Down);
        assert!(!trouble.change(Severity::Degraded, evidence(Severity::Degraded)));
        assert_eq!(trouble.severity, Severity::Degraded);
        assert!(trouble.change(Severity::Down, evidence(Severity::Down)));
        assert_eq!(trouble.severity, Severity::Down);
    }

    #[test]
    fn a_mute_keeps_everything_but_the_end_and_the_news_for_later() {
        let mut trouble = incident(Severity::Degraded);
        trouble.told = 1;
        assert!(!trouble.silences(Event::Worsened), "not muted");
        assert_eq!(trouble.mute(NOON, somebody()), Ok(true));
        assert_eq!(trouble.mute(NOON, somebody()), Ok(false));
        for event in [Event::Worsened, Event::Reminder, Event::Acknowledged] {
            assert!(trouble.silences(event), "{event:?}");
        }
        assert!(!trouble.silences(Event::Resolved));
        let missed = trouble.unmute(NOON, somebody());
        assert_eq!(missed, Ok(Some(Event::Worsened)));
        assert!(!trouble.silences(Event::Reminder));
        assert_eq!(trouble.unmute(NOON, somebody()), Ok(None));
        let kinds: Vec<_> = trouble.timeline.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds[2..], [EntryKind::Muted, EntryKind::Unmuted]);
    }

    #[test]
    fn who_never_heard_the_beginning_is_told_nothing_of_the_end_but_hears_it_when_unmuted() {
        let mut trouble = incident(Severity::Degraded);
        trouble.mute(NOON, somebody()).unwrap();
        assert!(trouble.silences(Event::Worsened));
        assert!(trouble.silences(Event::Resolved));
        let missed = trouble.unmute(NOON, somebody());
        assert_eq!(missed, Ok(Some(Event::Opened)));
    }

    #[test]
    fn what_got_better_again_is_not_told_afterwards() {
        let mut trouble = incident(Severity::Degraded);
        trouble.told = 1;
        trouble.mute(NOON, somebody()).unwrap();
        trouble.change(Severity::Down, evidence(Severity::Down));
        assert!(trouble.silences(Event::Worsened));
        trouble.change(Severity::Degraded, evidence(Severity::Degraded));
        assert_eq!(trouble.unmute(NOON, somebody()), Ok(None));
    }

    #[test]
    fn what_is_over_is_decided() {
        let mut trouble = incident(Severity::Down);
        trouble.resolve(NOON, "Over.", None).unwrap();
        let set = trouble.set_severity(NOON, Severity::Degraded, somebody());
        assert_eq!(set, Err(AlreadyResolved));
        assert_eq!(trouble.mute(NOON, somebody()), Err(AlreadyResolved));
        assert_eq!(trouble.unmute(NOON, somebody()), Err(AlreadyResolved));
    }
}
