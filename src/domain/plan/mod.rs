//! Who is told of something, when, and as part of what.
//!
//! Arithmetic over what the channels want ([`Route`](super::channel::Route)), what they were told
//! before and which other outages have the same cause. Each channel that should hear of an
//! incident has a part in it: told at once, held until its hours begin, or told already together
//! with another. Who has no part in an incident hears nothing of its end.

use std::time::Duration;

use super::at::At;
use super::channel::{Channel, Kind, Outside, Topic};
use super::id::{ChannelId, IncidentId};
use super::incident::Severity;
use super::notification::Event;
use super::tools::{Class, SurfaceDiff};

/// How long the first word of an outage waits for others that look alike: they are told as one.
pub const GATHER: Duration = Duration::from_secs(10);

/// Something that happened, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// What happened.
    pub event: Event,
    /// How bad the incident is, where there is one.
    pub severity: Option<Severity>,
    /// When it was confirmed; of something without an incident, when it happened.
    pub confirmed_at: At,
    /// Whether nobody has acknowledged it and it is not over.
    pub is_open: bool,
    /// The tags of the monitor.
    pub tags: &'a [String],
    /// What is different about the tools, where that is what happened.
    pub tools: Option<&'a SurfaceDiff>,
    /// Whether others look as if they failed of the same cause in this moment.
    pub is_gathering: bool,
    /// Now.
    pub now: At,
}

/// What a channel was told of the incident before, and of others of the same cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its own part in the incident.
    pub own: Option<Part>,
    /// The oldest other incident of the same cause that is not over and that it was told of.
    pub other: Option<Companion>,
}

/// The part of a channel in an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether something went out, or will at once; otherwise everything waits for its hours.
    pub is_told: bool,
    /// The incident that it was told of in its stead.
    pub told_as: Option<IncidentId>,
    /// How often it could not be told what waits to be told again.
    pub failed: u32,
}

/// Another incident of the same cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companion {
    /// What the channel knows it by.
    pub told_as: IncidentId,
    /// Whether it is older than the one that is told.
    pub is_older: bool,
    /// Whether people are still reminded of it: nobody has acknowledged or muted it.
    pub reminds: bool,
}

/// How a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As soon as `at` has come.
    From {
        /// Now, or when others have gathered.
        at: At,
        /// The incident that the channel knows it by, where that is another.
        told_as: Option<IncidentId>,
    },
    /// In a summary when its hours begin.
    Held {
        /// When.
        until: At,
    },
    /// Not by itself: as part of another incident of the same cause, which it knows.
    With {
        /// That one.
        told_as: IncidentId,
    },
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each channel with its way.
    pub ways: Vec<(ChannelId, Way)>,
    /// When to look for channels that are told only of what nobody has acknowledged.
    pub escalate_at: Option<At>,
}

/// Plans who is told of `occasion`: among `channels`, those of the monitor, with what each was told
/// before. One that is switched off is left out.
pub fn plan(occasion: &Occasion<'_>, channels: &[(&Channel, Told)]) -> Plan {
    let mut plan = Plan::default();
    let on = channels
        .iter()
        .filter(|(channel, _)| channel.health.disabled.is_none());
    for (channel, told) in on {
        if !is_addressed(occasion, channel, told) {
            continue;
        }
        let wait = Duration::from_secs(u64::from(channel.route.wait_minutes) * 60);
        let due = occasion.confirmed_at + wait;
        let has_to_wait = occasion.event.is_alarm() && told.own.is_none();
        if has_to_wait && due > occasion.now {
            if occasion.is_open {
                plan.escalate_at = Some(plan.escalate_at.map_or(due, |at| at.min(due)));
            }
            continue;
        }
        if occasion.event == Event::Escalated && told.own.is_some() {
            continue;
        }
        // Whoever stands in for another one may be addressed twice.
        if plan.ways.iter().all(|(id, _)| *id != channel.id) {
            plan.ways.push((channel.id, way(occasion, channel, told)));
        }
    }
    plan
}

/// Whether a channel should hear of it at all.
fn is_addressed(occasion: &Occasion<'_>, channel: &Channel, told: &Told) -> bool {
    if occasion.event.is_end() {
        // Who was told of trouble is told of what became of it, whatever it has chosen since.
        return told.own.is_some();
    }
    let route = &channel.route;
    let is_wanted = topics(occasion).iter().any(|topic| route.hears(*topic));
    is_wanted
        && route.hears_tags(occasion.tags)
        && occasion
            .severity
            .is_none_or(|severity| route.hears_severity(severity))
}

/// The kinds of news that something is.
fn topics(occasion: &Occasion<'_>) -> Vec<Topic> {
    match occasion.event {
        Event::Reminder => vec![Topic::Reminders],
        Event::CertificateExpiring => vec![Topic::Certificates],
        Event::CredentialExpiring => vec![Topic::Credentials],
        Event::AuthorizationOpened
        | Event::AuthorizationRequired
        | Event::AuthorizationBroken
        | Event::AuthorizationRestored => vec![Topic::Authorization],
        Event::BudgetBurning => vec![Topic::Budgets],
        Event::ChannelFailing => vec![Topic::Channels],
        Event::NodeSilent | Event::NodeBack | Event::NodeTroubled => vec![Topic::Nodes],
        Event::ToolsChanged => {
            let Some(diff) = occasion.tools else {
                return vec![Topic::ToolsBreaking];
            };
            let class = match diff.class {
                Class::Breaking => Topic::ToolsBreaking,
                Class::Additive => Topic::ToolsAdditive,
                Class::Cosmetic => Topic::ToolsCosmetic,
            };
            let rewritten = diff.description_rewritten.then_some(Topic::ToolsRewritten);
            rewritten.into_iter().chain([class]).collect()
        }
        _ => vec![Topic::Incidents],
    }
}

fn way(occasion: &Occasion<'_>, channel: &Channel, told: &Told) -> Way {
    let told_as = told.own.and_then(|part| part.told_as);
    if let Some(with) = companion(occasion, told) {
        return Way::With { told_as: with };
    }
    let hours = channel.route.hours.as_ref();
    let begin = hours.and_then(|hours| Some((hours, hours.begin_after(occasion.now)?)));
    if let Some((hours, until)) = begin
        && is_held(occasion, (channel.kind, hours.outside), told)
    {
        return Way::Held { until };
    }
    let gathers = occasion.event == Event::Opened && occasion.is_gathering;
    let at = if gathers {
        occasion.now + GATHER
    } else {
        occasion.now
    };
    Way::From { at, told_as }
}

/// The incident that speaks for this one: another of the same cause that the channel knows.
fn companion(occasion: &Occasion<'_>, told: &Told) -> Option<IncidentId> {
    let other = told.other?;
    let is_spoken_for = match occasion.event {
        Event::Opened | Event::Escalated => occasion.severity == Some(Severity::Down),
        // The group is over with the last of them.
        Event::Resolved => true,
        // The oldest one that nobody cares for speaks for all.
        Event::Reminder => other.is_older && other.reminds,
        _ => false,
    };
    is_spoken_for.then_some(other.told_as)
}

/// Whether news wait for the hours of a channel.
fn is_held(occasion: &Occasion<'_>, (kind, outside): (Kind, Outside), told: &Told) -> bool {
    let is_known = told.own.is_some_and(|part| part.is_told);
    let is_end = occasion.event.is_end();
    match outside {
        // Nobody is called by the end of an alert that would stay open until the morning.
        Outside::Everything => !(is_end && is_known && kind.keeps_alerts()),
        Outside::AllButDown if is_end => !is_known,
        Outside::AllButDown => {
            !(occasion.event.is_alarm() && occasion.severity == Some(Severity::Down))
        }
    }
}

#[cfg(test)]
mod tests;
