//! One thing to tell one channel, with its fate; and the plan of who is told what.
//!
//! A notification holds everything that is said, as it was when it happened, so that a message
//! that is sent hours later, or twice, says the same. It is written in the transaction of the
//! change and sent by another loop.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::budget::BudgetFacts;
use super::channel::Channel;
use super::digest::facts::DigestFacts;
pub use super::event::Event;
use super::failure::{Code, Layer};
use super::id::{ChannelId, IncidentId, MonitorId, NotificationId, TeamId};
use super::incident::{Change, Entry, Incident, Severity};
use super::monitor::Monitor;
use super::node::NodeFacts;
use super::report::CheckReport;
pub use super::summary::{SummaryFacts, SummaryLine};
use super::tools::SurfaceDiff;

/// Waits before each attempt; after the last one the notification is dead, visible and
/// replayable.
pub const RETRIES: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
];

/// An incident as a message tells it: the shape of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentFacts {
    /// Its id.
    pub id: IncidentId,
    /// The monitor.
    pub monitor_id: MonitorId,
    /// `open`, `acknowledged` or `resolved`.
    pub status: String,
    /// How bad.
    pub severity: Severity,
    /// Whether somebody set that by hand: then checks do not change it.
    #[serde(default)]
    pub severity_by_hand: bool,
    /// Why, as a code.
    pub code: Code,
    /// Why, as a layer.
    pub layer: Layer,
    /// Why, in words.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The first bad check.
    pub started_at: At,
    /// When it was confirmed.
    pub confirmed_at: At,
    /// When somebody cared.
    pub acknowledged_at: Option<At>,
    /// When it ended.
    pub resolved_at: Option<At>,
    /// Since when nothing more is told of it until it is resolved.
    #[serde(default)]
    pub muted_at: Option<At>,
    /// How long it lasted, or has lasted.
    pub duration_seconds: i64,
    /// How often the status turned, where it flapped.
    #[serde(default)]
    pub turns: Option<u32>,
    /// The incident that the receiver knows this one by, where several of one cause were told as
    /// one; null when it is known by its own id.
    #[serde(default)]
    pub told_as: Option<IncidentId>,
    /// The other monitors that are told as one with this, the first few of them.
    #[serde(default)]
    pub members: Vec<Member>,
    /// How many others there are.
    #[serde(default)]
    pub member_count: u64,
    /// What happened, oldest first.
    pub timeline: Vec<Entry>,
}

/// Another monitor of an outage that is told as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentMember)]
pub struct Member {
    /// The incident of its own.
    pub incident_id: IncidentId,
    /// The monitor.
    pub monitor_id: MonitorId,
    /// What people call it.
    pub monitor: String,
    /// `open`, `acknowledged` or `resolved`.
    pub status: String,
}

impl IncidentFacts {
    /// The id that the receiver knows the outage by.
    pub fn known_as(&self) -> IncidentId {
        self.told_as.unwrap_or(self.id)
    }

    /// An incident as it is at `now`.
    pub fn of(incident: &Incident, now: At) -> Self {
        Self {
            id: incident.id,
            monitor_id: incident.monitor,
            status: incident.status().to_owned(),
            severity: incident.severity,
            severity_by_hand: incident.people.found.is_some(),
            code: incident.code,
            layer: incident.layer,
            message: incident.message.clone(),
            hint: incident.hint.clone(),
            started_at: incident.started_at,
            confirmed_at: incident.confirmed_at,
            acknowledged_at: incident.acknowledged_at(),
            resolved_at: incident.resolved_at(),
            muted_at: incident.people.mute.map(|mute| mute.at),
            duration_seconds: incident.duration_ms(now) / 1_000,
            turns: incident.turns,
            told_as: None,
            members: Vec::new(),
            member_count: 0,
            timeline: incident.timeline.clone(),
        }
    }
}

/// A monitor as a message tells it: nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorFacts {
    /// Its id.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// Its address, without the values of its query.
    pub url: String,
}

impl MonitorFacts {
    /// What may be told of a monitor.
    pub fn of(monitor: &Monitor) -> Self {
        let url = monitor.spec.endpoint.url.redacted();
        Self {
            id: monitor.id,
            name: monitor.spec.name.clone(),
            url,
        }
    }
}

/// A channel as a message tells it: nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFacts {
    /// Its id.
    pub id: ChannelId,
    /// What people call it.
    pub name: String,
    /// The word of its kind.
    pub kind: String,
    /// Why it was switched off; `None` while it is on.
    pub disabled: Option<String>,
}

impl ChannelFacts {
    /// What may be told of a channel.
    pub fn of(channel: &Channel) -> Self {
        Self {
            id: channel.id,
            name: channel.name.clone(),
            kind: channel.kind.as_str().to_owned(),
            disabled: channel.health.disabled.clone(),
        }
    }
}

/// A change of the tools as a message tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsFacts {
    /// The generation of the protocol that they were listed in.
    pub era: String,
    /// The hash before.
    pub before: String,
    /// The hash after.
    pub after: String,
    /// What is different, of the first few tools.
    #[serde(flatten)]
    pub diff: SurfaceDiff,
}

/// Everything that a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// When it happened.
    pub at: At,
    /// The incident; absent when something else is told.
    pub incident: Option<IncidentFacts>,
    /// The monitor; absent when a channel is told of.
    pub monitor: Option<MonitorFacts>,
    /// The check that showed it.
    pub check: Option<CheckReport>,
    /// What is different from the last good check.
    pub changed: Vec<Change>,
    /// The channel that is tested or failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelFacts>,
    /// What is different about the tools, where that is what is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsFacts>,
    /// What happened, where that is told as a summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryFacts>,
    /// The node, where that is what is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeFacts>,
    /// What happened in a day or a week, where that is what is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestFacts>,
    /// How it stands with the error budget, where that is what is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetFacts>,
}

impl Content {
    /// Nothing yet, of `at`: what is told is filled in.
    pub fn nothing(at: At) -> Self {
        Self {
            at,
            incident: None,
            monitor: None,
            check: None,
            changed: Vec::new(),
            channel: None,
            tools: None,
            summary: None,
            node: None,
            digest: None,
            budget: None,
        }
    }

    /// What is said of a monitor without an incident: `check` shows it.
    pub fn of_check(monitor: &Monitor, check: &CheckReport, at: At) -> Self {
        Self {
            monitor: Some(MonitorFacts::of(monitor)),
            check: Some(check.clone()),
            ..Self::nothing(at)
        }
    }

    /// What is said of a day or a week.
    pub fn of_digest(digest: DigestFacts, at: At) -> Self {
        Self {
            digest: Some(digest),
            ..Self::nothing(at)
        }
    }

    /// What is said of the error budget of a monitor.
    pub fn of_budget(monitor: &Monitor, budget: BudgetFacts, at: At) -> Self {
        Self {
            monitor: Some(MonitorFacts::of(monitor)),
            budget: Some(budget),
            ..Self::nothing(at)
        }
    }

    /// What is said of a channel: that it is tested, or failing.
    pub fn of_channel(channel: &Channel, at: At) -> Self {
        Self {
            channel: Some(ChannelFacts::of(channel)),
            ..Self::nothing(at)
        }
    }

    /// What is said when the hours of a channel begin.
    pub fn of_summary(channel: &Channel, summary: SummaryFacts, at: At) -> Self {
        Self {
            summary: Some(summary),
            ..Self::of_channel(channel, at)
        }
    }

    /// What is said of a node.
    pub fn of_node(node: NodeFacts, at: At) -> Self {
        Self {
            node: Some(node),
            ..Self::nothing(at)
        }
    }
}

/// One thing to tell one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// The stable id that a receiver can recognise a repetition by.
    pub id: NotificationId,
    /// Whose it is.
    pub team: TeamId,
    /// Who is told.
    pub channel: ChannelId,
    /// What happened.
    pub event: Event,
    /// Which telling of its incident this is, counted from 1: a channel hears them in this order.
    /// 0 for what is told of no incident.
    pub turn: u32,
    /// Everything that is said.
    pub content: Content,
    /// When it was written.
    pub created_at: At,
}

impl Notification {
    /// What a service that keeps alerts knows the one by that this opens, changes or ends.
    pub fn alert(&self) -> String {
        let content = &self.content;
        match (
            self.event,
            &content.incident,
            &content.node,
            &content.monitor,
        ) {
            (_, Some(incident), ..) => incident.known_as().to_string(),
            (_, None, Some(node), _) => node.alert(),
            (
                Event::AuthorizationBroken | Event::AuthorizationRestored,
                None,
                None,
                Some(monitor),
            ) => monitor.id.to_string(),
            (Event::BudgetBurning, None, None, Some(monitor)) => {
                format!("budget-{}", monitor.id)
            }
            _ => self.id.to_string(),
        }
    }
}

/// When to try again after `attempts` have failed; `None` when that was the last. The jitter is
/// up to a tenth, by the id, so that a thousand messages do not come back at once.
pub fn retry_at(id: NotificationId, attempts: usize, now: At) -> Option<At> {
    let wait = RETRIES.get(attempts)?;
    let spread = u32::from(id.0.as_bytes()[15]);
    Some(now + *wait + *wait * spread / 2_560)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_is_tried_eight_times_over_nine_hours_and_then_given_up() {
        let id = NotificationId(Uuid::from_u128(0xff));
        let waits: Vec<Option<i64>> = (1..=8)
            .map(|n| retry_at(id, n, At(0)).map(|at| at.0 / 1_000))
            .collect();
        let expected = [5, 32, 131, 659, 1_979, 7_917, 23_751].map(Some);
        assert_eq!(waits[..7], expected);
        assert_eq!(waits[7], None);
    }
}
