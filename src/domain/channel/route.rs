//! What a channel hears, and when: which kinds of news, how bad, of which monitors, at which hours.

use chrono::{Datelike as _, Days, NaiveTime, Timelike as _, Weekday};
use serde::{Deserialize, Serialize};

use crate::domain::at::At;
use crate::domain::id::ChannelId;
use crate::domain::incident::Severity;
use crate::domain::maintenance::Schedule;
use crate::domain::monitor::{FieldError, MAX_LIST, MAX_WORD};
use crate::domain::zone::Zone;

/// Longest wait of a channel that is told only when nobody has acknowledged, in minutes: a day.
pub const MAX_WAIT_MINUTES: u32 = 1_440;

/// A kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Trouble, and its end.
    Incidents,
    /// That trouble is still there and nobody has acknowledged it.
    Reminders,
    /// Tools that break who uses them.
    ToolsBreaking,
    /// Descriptions of tools that were rewritten.
    ToolsRewritten,
    /// New tools, and the like.
    ToolsAdditive,
    /// Changes of tools that no call depends on.
    ToolsCosmetic,
    /// Certificates that end soon.
    Certificates,
    /// Credentials that end soon.
    Credentials,
    /// Servers that are open to everybody now or want a login, and logins that break.
    Authorization,
    /// Error budgets that are used up too fast, or are used up.
    Budgets,
    /// Another channel that fails.
    Channels,
    /// Agents of the team, and nodes of the installation for the team that runs it.
    Nodes,
}

impl Topic {
    /// All of them, as people choose among them.
    pub const ALL: [Self; 12] = [
        Self::Incidents,
        Self::Reminders,
        Self::ToolsBreaking,
        Self::ToolsRewritten,
        Self::ToolsAdditive,
        Self::ToolsCosmetic,
        Self::Certificates,
        Self::Credentials,
        Self::Authorization,
        Self::Budgets,
        Self::Channels,
        Self::Nodes,
    ];

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Reminders => "reminders",
            Self::ToolsBreaking => "tools_breaking",
            Self::ToolsRewritten => "tools_rewritten",
            Self::ToolsAdditive => "tools_additive",
            Self::ToolsCosmetic => "tools_cosmetic",
            Self::Certificates => "certificates",
            Self::Credentials => "credentials",
            Self::Authorization => "authorization",
            Self::Budgets => "budgets",
            Self::Channels => "channels",
            Self::Nodes => "nodes",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Incidents => "Incidents and their end",
            Self::Reminders => "Reminders of what nobody has acknowledged",
            Self::ToolsBreaking => "Breaking changes of tools",
            Self::ToolsRewritten => "Rewritten descriptions of tools",
            Self::ToolsAdditive => "Additions to tools",
            Self::ToolsCosmetic => "Cosmetic changes of tools",
            Self::Certificates => "Certificates that end soon",
            Self::Credentials => "Credentials that end soon",
            Self::Authorization => "Servers that open or want a login",
            Self::Budgets => "Error budgets that burn",
            Self::Channels => "Another channel that fails",
            Self::Nodes => "Agents, and nodes for the team that runs this installation",
        }
    }

    /// Reads the word of the API.
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        let found = Self::ALL.into_iter().find(|topic| topic.as_str() == word);
        found.ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|topic| topic.as_str()).collect();
            FieldError::new("kinds", format!("must be among {}", words.join(", ")))
        })
    }

    /// Whether a channel hears it that has not chosen.
    pub fn is_usual(self) -> bool {
        !matches!(self, Self::ToolsAdditive | Self::ToolsCosmetic)
    }
}

/// What becomes of news that come outside of the hours of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// Quiet: that a server is down is told at once; the rest is told as one summary when the
    /// hours begin.
    AllButDown,
    /// Not here: even the worst waits for the summary. Only an alert that is kept open is ended at once.
    Everything,
}

impl Outside {
    /// The word of the API: what is held.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllButDown => "all_but_down",
            Self::Everything => "everything",
        }
    }

    /// Reads the word of the API.
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        let all = [Self::AllButDown, Self::Everything];
        let found = all.into_iter().find(|outside| outside.as_str() == word);
        let message = "must be all_but_down or everything";
        found.ok_or_else(|| FieldError::new("hours.held_outside", message))
    }
}

/// The hours in which a channel is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The time zone of days and times.
    pub zone: Zone,
    /// The days on which they begin, each once, from Monday.
    pub days: Vec<Weekday>,
    /// When they begin.
    pub from: NaiveTime,
    /// When they are over, on the next day if that is not later.
    pub until: NaiveTime,
    /// What becomes of news outside of them.
    pub outside: Outside,
}

impl Hours {
    /// When they begin next; `None` while they are.
    pub fn begin_after(&self, now: At) -> Option<At> {
        let minute = |time: NaiveTime| time.num_seconds_from_midnight() / 60;
        let minutes = match (minute(self.until) + 1_440 - minute(self.from)) % 1_440 {
            0 => 1_440,
            minutes => minutes,
        };
        let weekly = Schedule::Weekly {
            days: self.days.clone(),
            at: self.from,
            minutes,
        };
        let next = || weekly.from(self.zone, now).map(|hours| hours.starts_at);
        (!self.are_at(now)).then(|| next().find(|begin| *begin > now))?
    }

    /// Whether they are, by the clock on the wall: nights on which it changes are as long as it says.
    fn are_at(&self, now: At) -> bool {
        let today = self.zone.local(now).date();
        let ends_later = u64::from(self.until <= self.from);
        [Some(today), today.pred_opt()]
            .into_iter()
            .flatten()
            .any(|day| {
                let end = day.checked_add_days(Days::new(ends_later));
                let begins = self.zone.at(day.and_time(self.from));
                let ends = end.map(|day| self.zone.at(day.and_time(self.until)));
                self.days.contains(&day.weekday())
                    && begins <= now
                    && ends.is_some_and(|end| now < end)
            })
    }
}

/// What a channel hears, and when. By default everything but additive and cosmetic changes of
/// tools, at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// The kinds of news that it hears; `None`: the usual ones.
    pub kinds: Option<Vec<Topic>>,
    /// How bad an incident is of which it hears; `None`: any.
    pub severities: Option<Vec<Severity>>,
    /// Of monitors with one of these tags only; empty: of any.
    pub tags: Vec<String>,
    /// When it is told; `None`: always.
    pub hours: Option<Hours>,
    /// It is told only of incidents that nobody has acknowledged for so long, in minutes.
    pub wait_minutes: u32,
    /// The channel that is told instead when this one fails.
    pub fallback: Option<ChannelId>,
}

impl Route {
    /// Every field that makes no sense, with what would be right.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut refuse = |field, message: String| faults.push(FieldError::new(field, message));
        if self.kinds.as_ref().is_some_and(Vec::is_empty) {
            refuse(
                "kinds",
                "name at least one, or null for the usual ones".to_owned(),
            );
        }
        if self.severities.as_ref().is_some_and(Vec::is_empty) {
            refuse(
                "severities",
                "name down, degraded or both, or null for any".to_owned(),
            );
        }
        let is_bad = |tag: &String| tag.trim().is_empty() || tag.chars().count() > MAX_WORD;
        if self.tags.len() > MAX_LIST || self.tags.iter().any(is_bad) {
            let message = format!("at most {MAX_LIST}, each of 1 to {MAX_WORD} characters");
            refuse("tags", message);
        }
        if self
            .hours
            .as_ref()
            .is_some_and(|hours| hours.days.is_empty())
        {
            refuse("hours.days", "name at least one day of the week".to_owned());
        }
        if self.wait_minutes > MAX_WAIT_MINUTES {
            let message = format!("must be between 0 and {MAX_WAIT_MINUTES} minutes");
            refuse("escalate_after_minutes", message);
        }
        faults
    }

    /// Whether it hears a kind of news at all.
    pub fn hears(&self, topic: Topic) -> bool {
        match &self.kinds {
            Some(kinds) => kinds.contains(&topic),
            None => topic.is_usual(),
        }
    }

    /// Whether it hears of incidents that are so bad.
    pub fn hears_severity(&self, severity: Severity) -> bool {
        let chosen = self.severities.as_ref();
        chosen.is_none_or(|chosen| chosen.contains(&severity))
    }

    /// Whether it hears of a monitor with these tags.
    pub fn hears_tags(&self, tags: &[String]) -> bool {
        self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, until: &str) -> Hours {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        Hours {
            zone: Zone::parse("Europe/Berlin").unwrap(),
            days: vec![Weekday::Mon, Weekday::Tue],
            from: time(from),
            until: time(until),
            outside: Outside::AllButDown,
        }
    }

    fn begin(hours: &Hours, now: &str) -> Option<String> {
        hours.begin_after(At::parse(now).unwrap()).map(At::rfc3339)
    }

    #[test]
    fn hours_begin_on_the_clock_of_their_zone() {
        // The 26th of October 2026 is a Monday; clocks went back the night before.
        let day = hours("08:00", "20:00");
        let monday = Some("2026-10-26T07:00:00.000Z".to_owned());
        assert_eq!(begin(&day, "2026-10-24T10:00:00Z"), monday);
        assert_eq!(begin(&day, "2026-10-26T06:59:59Z"), monday);
        assert_eq!(begin(&day, "2026-10-26T07:00:00Z"), None);
        assert_eq!(begin(&day, "2026-10-26T18:59:59Z"), None);
        let tuesday = Some("2026-10-27T07:00:00.000Z".to_owned());
        assert_eq!(begin(&day, "2026-10-26T19:00:00Z"), tuesday);
    }

    #[test]
    fn a_night_on_which_clocks_change_ends_by_the_clock() {
        let mut night = hours("20:00", "08:00");
        night.days = vec![Weekday::Sat];
        // The 25th of October 2026: it is eight at seven of UTC.
        assert_eq!(begin(&night, "2026-10-25T06:59:00Z"), None);
        assert!(begin(&night, "2026-10-25T07:00:00Z").is_some());
        // The 28th of March 2027: it is eight at six of UTC.
        assert_eq!(begin(&night, "2027-03-28T05:59:00Z"), None);
        assert!(begin(&night, "2027-03-28T06:00:00Z").is_some());
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = hours("22:00", "06:00");
        assert_eq!(
            begin(&night, "2026-10-28T04:59:00Z"),
            None,
            "the night of Tuesday"
        );
        let next = Some("2026-11-02T21:00:00.000Z".to_owned());
        assert_eq!(begin(&night, "2026-10-28T05:00:00Z"), next);
        let whole = hours("00:00", "00:00");
        assert_eq!(begin(&whole, "2026-10-26T12:00:00Z"), None);
    }

    #[test]
    fn who_has_not_chosen_hears_the_usual() {
        let route = Route::default();
        assert!(route.hears(Topic::Incidents) && !route.hears(Topic::ToolsCosmetic));
        assert!(route.hears_severity(Severity::Degraded) && route.hears_tags(&[]));
        let chosen = Route {
            kinds: Some(vec![Topic::ToolsCosmetic]),
            severities: Some(vec![Severity::Down]),
            tags: vec!["prod".to_owned()],
            ..Route::default()
        };
        assert!(chosen.hears(Topic::ToolsCosmetic) && !chosen.hears(Topic::Incidents));
        assert!(!chosen.hears_severity(Severity::Degraded));
        assert!(!chosen.hears_tags(&[]) && chosen.hears_tags(&["prod".to_owned()]));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let route = Route {
            kinds: Some(vec![]),
            severities: Some(vec![]),
            tags: vec![String::new()],
            hours: Some(Hours {
                days: vec![],
                ..hours("08:00", "20:00")
            }),
            wait_minutes: MAX_WAIT_MINUTES + 1,
            fallback: None,
        };
        let fields: Vec<_> = route
            .faults()
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        let expected = [
            "kinds",
            "severities",
            "tags",
            "hours.days",
            "escalate_after_minutes",
        ];
        assert_eq!(fields, expected);
    }
}
