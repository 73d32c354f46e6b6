//! What the plan of who is told needs to know, and the writing of what it says.

use std::time::Duration;

use crate::domain::at::At;
use crate::domain::cause::{cause, may_share};
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelId, NotificationId, TeamId};
use crate::domain::incident::{Incident, Severity};
use crate::domain::notification::{Content, Event, Notification};
use crate::domain::plan::{Part, Told, Way};
use crate::store::{StoreError, Tx};

use super::App;

/// How long after the first outage of a cause others of the same are told as one with it.
const TOGETHER: Duration = Duration::from_mins(10);
/// Failed attempts after which the channel that stands in is told, while this one is tried on.
pub(super) const STAND_IN_AFTER: u32 = 3;
/// How fresh a suspicion has to be for an outage to wait for it.
const FRESH: Duration = Duration::from_mins(1);
/// Most suspicions that are looked at.
const MOST_SUSPECTED: u32 = 50;

/// The channels that may hear `event`, each with what it was told before: those of the monitor, or
/// where the end is told those that heard of the beginning.
pub(super) async fn channels(
    tx: &mut Tx,
    incident: &Incident,
    event: Event,
) -> Result<Vec<(Channel, Told)>, StoreError> {
    let (team, monitor) = (incident.team, incident.monitor);
    let channels = if event.is_end() {
        tx.channels_told(team, incident.id).await?
    } else {
        tx.channels_of(team, monitor).await?
    };
    let parts = tx.parts(incident.id).await?;
    let fails = |(_, part): &&(ChannelId, Part)| part.failed >= STAND_IN_AFTER;
    let failing: Vec<ChannelId> = parts.iter().filter(fails).map(|(id, _)| *id).collect();
    let channels = beside(tx, team, channels, &failing).await?;
    let mut told = Vec::with_capacity(channels.len());
    for channel in channels {
        let own = parts.iter().find(|(id, _)| *id == channel.id);
        let own = own.map(|(_, part)| *part);
        let other = match (own, shared(incident, event)) {
            (Some(part), _) => {
                let known_as = part.told_as.unwrap_or(incident.id);
                tx.companion_known_as(incident, known_as, channel.id)
                    .await?
            }
            (None, Some(cause)) => {
                let since = incident.started_at - TOGETHER;
                tx.companion_by_cause(incident, &cause, channel.id, since)
                    .await?
            }
            (None, None) => None,
        };
        told.push((channel, Told { own, other }));
    }
    Ok(told)
}

/// The same channels, and for each that is switched off the one that stands in for it, by the route of that
/// one: told what it would have heard.
pub(super) async fn with_stand_ins(
    tx: &mut Tx,
    team: TeamId,
    channels: Vec<Channel>,
) -> Result<Vec<Channel>, StoreError> {
    beside(tx, team, channels, &[]).await
}

/// As [`with_stand_ins`], also for each of those that are `failing`.
async fn beside(
    tx: &mut Tx,
    team: TeamId,
    mut channels: Vec<Channel>,
    failing: &[ChannelId],
) -> Result<Vec<Channel>, StoreError> {
    let is_replaced = |channel: &&Channel| {
        let fails = channel.health.disabled.is_some() || failing.contains(&channel.id);
        fails && channel.route.fallback.is_some()
    };
    let replaced: Vec<Channel> = channels.iter().filter(is_replaced).cloned().collect();
    if replaced.is_empty() {
        return Ok(channels);
    }
    let all = tx.team_channels(team).await?;
    for Channel { route, .. } in replaced {
        let is_it =
            |other: &&Channel| Some(other.id) == route.fallback && other.health.disabled.is_none();
        let other = all.iter().find(is_it).cloned();
        channels.extend(other.map(|other| Channel { route, ..other }));
    }
    Ok(channels)
}

/// What an outage that begins may have in common with others.
fn shared(incident: &Incident, event: Event) -> Option<String> {
    let begins = matches!(event, Event::Opened | Event::Escalated);
    let is_outage = begins && incident.severity == Severity::Down;
    is_outage.then(|| cause(&incident.evidence)).flatten()
}

/// Whether other monitors look as if they were about to fail of the same cause.
pub(super) async fn is_gathering(
    tx: &mut Tx,
    incident: &Incident,
    now: At,
) -> Result<bool, StoreError> {
    if shared(incident, Event::Opened).is_none() {
        return Ok(false);
    }
    let whose = (incident.team, incident.monitor);
    let code = incident.code.as_str();
    let urls = tx
        .suspected(whose, code, now - FRESH, MOST_SUSPECTED)
        .await?;
    Ok(urls.iter().any(|url| may_share(&incident.evidence, url)))
}

/// Writes what is told, each channel on its way; says whether there was anything to send.
pub(super) async fn enqueue(
    app: &App,
    tx: &mut Tx,
    team: TeamId,
    (event, turn, content): (Event, u32, &Content),
    ways: &[(ChannelId, Way)],
) -> Result<bool, StoreError> {
    let notification = |(channel, way): &(ChannelId, Way)| {
        let created_at = content.at;
        let mut content = content.clone();
        if let (Some(facts), Way::From { told_as, .. }) = (&mut content.incident, way) {
            facts.told_as = *told_as;
        }
        let notification = Notification {
            id: NotificationId(app.ids.next()),
            team,
            channel: *channel,
            event,
            turn,
            content,
            created_at,
        };
        (notification, *way)
    };
    let notifications: Vec<_> = ways.iter().map(notification).collect();
    let rows = notifications.iter().map(|(n, way)| (n, *way));
    tx.enqueue_by(rows).await?;
    let is_sent = |(_, way): &(ChannelId, Way)| matches!(way, Way::From { .. });
    Ok(ways.iter().any(is_sent))
}
