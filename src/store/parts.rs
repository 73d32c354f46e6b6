//! The part of each channel in an incident: what it was told, what waits for its hours, and with
//! which other incidents of the same cause it was told as one.

use super::channels::ChannelRow;
use super::codec::row;
use super::db::Many;
use super::notifications::NotificationRow;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelId, IncidentId, MonitorId, NotificationId, TeamId};
use crate::domain::incident::Incident;
use crate::domain::notification::{Member, Notification};
use crate::domain::plan::{Companion, Part};

/// Most notifications of one incident that are looked at to know the parts in it.
const MOST_TOLD: i64 = 2_000;

row! {
    struct PartRow {
        channel_id: ChannelId,
        told_as: Option<IncidentId>,
        status: String,
        held_until: Option<At>,
        attempts: i64,
    }
}

row! {
    struct MemberRow {
        id: IncidentId,
        monitor_id: MonitorId,
        name: String,
        status: String,
    }
}

impl Tx {
    /// The channels that have a part in an incident, those that are switched off among them.
    pub async fn channels_told(
        &mut self,
        team: TeamId,
        incident: IncidentId,
    ) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = self.db.all(CHANNELS_TOLD, (team, incident)).await?;
        Ok(self.readable(&rows))
    }

    /// The part of each channel in an incident.
    pub async fn parts(
        &mut self,
        incident: IncidentId,
    ) -> Result<Vec<(ChannelId, Part)>, StoreError> {
        let rows: Vec<PartRow> = self.db.all(PARTS, (incident, MOST_TOLD)).await?;
        let mut parts: Vec<(ChannelId, Part)> = Vec::new();
        for row in rows {
            let is_queued = row.status == "queued";
            let own = Part {
                is_told: row.held_until.is_none() || !is_queued,
                told_as: row.told_as,
                failed: if is_queued {
                    u32::try_from(row.attempts).unwrap_or(u32::MAX)
                } else {
                    0
                },
            };
            let known = parts.iter_mut().find(|(id, _)| *id == row.channel_id);
            if let Some((_, part)) = known {
                part.is_told |= own.is_told;
                part.told_as = part.told_as.or(own.told_as);
                part.failed = part.failed.max(own.failed);
            } else {
                parts.push((row.channel_id, own));
            }
        }
        Ok(parts)
    }

    /// Tells a channel what another one could not be told, and what waits behind that; each thing once,
    /// however often this is done. It gets the part of the other one, too, in what was told as one with it.
    /// Says how many were new.
    pub async fn tell_instead(
        &mut self,
        untold: &[NotificationId],
        instead: ChannelId,
        now: At,
    ) -> Result<u64, StoreError> {
        let which = || untold.iter().map(|id| (*id,));
        let behind: Vec<(NotificationId,)> = self.db.many_all(BEHIND, which()).await?;
        let together: Vec<(NotificationId,)> = self.db.many_all(TOGETHER, which()).await?;
        let copy = |(id,): (NotificationId,), status: &'static str, finished_at: Option<At>| {
            let own = id.instead_for(instead);
            (own, id, instead, now, status, finished_at)
        };
        let queued = which().chain(behind).map(|id| copy(id, "queued", None));
        let told = self.db.many(COPY, queued).await?;
        let known = together.into_iter().map(|id| copy(id, "sent", Some(now)));
        self.db.many(COPY, known).await?;
        Ok(told)
    }

    /// The oldest incident of the same cause that began after `since`, that nobody has acknowledged, and that a
    /// channel was told of.
    pub async fn companion_by_cause(
        &mut self,
        incident: &Incident,
        cause: &str,
        channel: ChannelId,
        since: At,
    ) -> Result<Option<Companion>, StoreError> {
        let params = (incident.team, cause, incident.id, channel, since);
        let row = self.db.optional(COMPANION_BY_CAUSE, params).await?;
        Ok(row.map(|row| companion(row, incident)))
    }

    /// The oldest incident that is not over and that a channel knows as `known_as`, other than this one; one
    /// of which people are reminded before others. Whoever asks this waits for others that end one of them at
    /// the same moment.
    pub async fn companion_known_as(
        &mut self,
        incident: &Incident,
        known_as: IncidentId,
        channel: ChannelId,
    ) -> Result<Option<Companion>, StoreError> {
        if known_as != incident.id {
            self.incident(incident.team, known_as).await?;
        }
        let params = (channel, known_as, incident.id);
        let row = self.db.optional(COMPANION_KNOWN_AS, params).await?;
        Ok(row.map(|row| companion(row, incident)))
    }

    /// The addresses of monitors of a team that are suspected to be down by this code since
    /// `since`, at most `limit`: confirmed, they may turn out to be one outage with `monitor`.
    pub async fn suspected(
        &mut self,
        (team, monitor): (TeamId, MonitorId),
        code: &str,
        since: At,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let params = (team, monitor, code, since, i64::from(limit));
        let urls: Vec<(String,)> = self.db.all(SUSPECTED, params).await?;
        Ok(urls.into_iter().map(|(url,)| url).collect())
    }

    /// Takes what waits for the hours of a channel that have begun at `now`, oldest first and at
    /// most `limit`: it counts as told, so tell it. What cannot be read is given up.
    pub async fn take_held(
        &mut self,
        team: TeamId,
        channel: ChannelId,
        now: At,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        let params = (team, channel, now, i64::from(limit));
        let rows: Vec<NotificationRow> = self.db.all(TAKE_HELD, params).await?;
        let mut held = Vec::with_capacity(rows.len());
        for row in &rows {
            match row.notification() {
                Ok(notification) => held.push(notification),
                Err(error) => {
                    let id = row.notification_id;
                    tracing::error!(notification.id = %id, %error, "failed to read a notification");
                    self.db.run(GIVE_UP_TAKEN, (id,)).await?;
                }
            }
        }
        held.sort_by_key(|notification| (notification.created_at, notification.id));
        Ok(held)
    }
}

/// The first place of what is known by one id.
type CompanionRow = (IncidentId, At, Option<IncidentId>, bool);

fn companion((id, started_at, told_as, reminds): CompanionRow, of: &Incident) -> Companion {
    Companion {
        reminds,
        told_as: told_as.unwrap_or(id),
        is_older: (started_at, id) < (of.started_at, of.id),
    }
}

impl Store {
    /// The channels for which something waits although their hours have begun at `now`, at most
    /// `limit`.
    pub async fn channels_to_summarise(
        &self,
        now: At,
        limit: u32,
    ) -> Result<Vec<(TeamId, ChannelId)>, StoreError> {
        self.db.all(TO_SUMMARISE, (now, i64::from(limit))).await
    }

    /// The other monitors whose incidents a channel knows as `known_as`, by name and at most
    /// `limit`, and how many there are. `is_open`: only those that are not over.
    pub async fn told_together(
        &self,
        channel: ChannelId,
        (known_as, except): (IncidentId, IncidentId),
        is_open: bool,
        limit: u32,
    ) -> Result<(Vec<Member>, u64), StoreError> {
        let (count,): (i64,) = self
            .db
            .one(COUNT_MEMBERS, (channel, known_as, except, is_open))
            .await?;
        if count == 0 {
            return Ok((Vec::new(), 0));
        }
        let params = (channel, known_as, except, is_open, i64::from(limit));
        let rows: Vec<MemberRow> = self.db.all(MEMBERS, params).await?;
        let member = |row: MemberRow| Member {
            incident_id: row.id,
            monitor_id: row.monitor_id,
            monitor: row.name,
            status: row.status,
        };
        Ok((rows.into_iter().map(member).collect(), count.unsigned_abs()))
    }
}

const CHANNELS_TOLD: &str = "
    SELECT id, team_id, name, kind, sealed, is_default, route, words, digest, disabled,
           last_success_at, error_at, error
      FROM channel c
     WHERE team_id = $1 AND EXISTS (SELECT 1 FROM notification n
                                     WHERE n.incident_id = $2 AND n.channel_id = c.id)
     ORDER BY id";
const PARTS: &str = "
    SELECT channel_id, told_as, status, held_until, attempts
      FROM notification WHERE incident_id = $1 ORDER BY turn, channel_id LIMIT $2";
const BEHIND: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT n.id
               FROM v JOIN notification u ON u.id = v.id
                      JOIN notification n ON n.incident_id = u.incident_id
                       AND n.channel_id = u.channel_id AND n.turn > u.turn
              WHERE n.status = 'queued' AND n.held_until IS NULL",
};
const TOGETHER: Many = Many {
    head: "WITH v(id) AS (VALUES",
    tail: ") SELECT n.id
               FROM v JOIN notification u ON u.id = v.id
                      JOIN notification n ON n.channel_id = u.channel_id
                       AND (n.told_as = COALESCE(u.told_as, u.incident_id)
                            OR n.incident_id = COALESCE(u.told_as, u.incident_id))
              WHERE n.status = 'sent' AND n.incident_id <> u.incident_id",
};
const COPY: Many = Many {
    head: "WITH v(id, original, channel, at, status, finished_at) AS (VALUES",
    tail: ") INSERT INTO notification (id, team_id, incident_id, channel_id, event, turn, content,
                                       status, attempts, next_attempt, created_at, told_as,
                                       finished_at)
             SELECT v.id, n.team_id, n.incident_id, v.channel, n.event, n.turn, n.content,
                    v.status, 0, v.at, v.at, n.told_as, v.finished_at
               FROM v JOIN notification n ON n.id = v.original WHERE TRUE
             ON CONFLICT DO NOTHING",
};
const COMPANION_BY_CAUSE: &str = "
    SELECT i.id, i.started_at, n.told_as, i.remind_at IS NOT NULL
      FROM incident i JOIN notification n ON n.incident_id = i.id AND n.channel_id = $4
     WHERE i.team_id = $1 AND i.cause = $2 AND i.status = 'open' AND i.id <> $3
       AND i.started_at >= $5 AND (n.held_until IS NULL OR n.status <> 'queued')
     ORDER BY i.started_at, i.id, n.turn LIMIT 1";
const COMPANION_KNOWN_AS: &str = "
    SELECT i.id, i.started_at, n.told_as,
           i.status = 'open' AND i.remind_at IS NOT NULL AND i.cause IS NOT NULL AS reminds
      FROM notification n JOIN incident i ON i.id = n.incident_id
     WHERE n.channel_id = $1 AND (n.told_as = $2 OR n.incident_id = $2)
       AND i.status <> 'resolved' AND i.id <> $3
       AND (n.held_until IS NULL OR n.status <> 'queued')
     ORDER BY reminds DESC, i.started_at, i.id LIMIT 1";
const SUSPECTED: &str = "
    SELECT m.url
      FROM watch w JOIN monitor m ON m.id = w.monitor_id
     WHERE w.team_id = $1 AND w.monitor_id <> $2 AND w.last_status = 'down' AND w.last_code = $3
       AND w.last_started_at >= $4
       AND NOT EXISTS (SELECT 1 FROM incident i
                        WHERE i.monitor_id = w.monitor_id AND i.status <> 'resolved')
     LIMIT $5";
const TAKE_HELD: &str = "
    UPDATE notification SET status = 'sent', finished_at = $3
     WHERE id IN (SELECT id FROM notification
                   WHERE team_id = $1 AND channel_id = $2 AND status = 'queued'
                     AND held_until <= $3
                   ORDER BY created_at, id LIMIT $4)
       AND status = 'queued'
    RETURNING id AS notification_id, team_id AS notification_team, channel_id, event, turn,
              content, attempts, created_at AS written_at";
const GIVE_UP_TAKEN: &str = "UPDATE notification SET status = 'dead' WHERE id = $1";
const TO_SUMMARISE: &str = "
    SELECT DISTINCT team_id, channel_id FROM notification
     WHERE status = 'queued' AND held_until <= $1 LIMIT $2";
const COUNT_MEMBERS: &str = "
    SELECT COUNT(DISTINCT i.id)
      FROM notification n JOIN incident i ON i.id = n.incident_id
     WHERE n.channel_id = $1 AND (n.told_as = $2 OR n.incident_id = $2) AND i.id <> $3
       AND (NOT $4 OR i.status <> 'resolved')";
const MEMBERS: &str = "
    SELECT DISTINCT i.id, i.monitor_id, m.name, i.status
      FROM notification n JOIN incident i ON i.id = n.incident_id
                          JOIN monitor m ON m.id = i.monitor_id
     WHERE n.channel_id = $1 AND (n.told_as = $2 OR n.incident_id = $2) AND i.id <> $3
       AND (NOT $4 OR i.status <> 'resolved')
     ORDER BY m.name, i.id LIMIT $5";
