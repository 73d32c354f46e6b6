//! The log of deliveries, as a channel shows it: each notification with its attempts.

use std::collections::HashMap;

use super::codec::{Origin, Page, document, place, row};
use super::db::Many;
use super::notifications::{Attempt, Ticket};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{ChannelId, DeliveryId, IncidentId, MonitorId, NotificationId, TeamId};
use crate::domain::notification::{Event, Notification};

/// Most attempts that are shown of one notification: the last ones.
const SHOWN_ATTEMPTS: i64 = 20;

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is to be told, or told again, at some time.
    Queued {
        /// When it is due, or its claim over.
        next_attempt: At,
    },
    /// It arrived.
    Sent {
        /// When.
        at: At,
    },
    /// It was given up.
    Dead {
        /// When.
        at: At,
    },
}

impl Fate {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Sent { .. } => "sent",
            Self::Dead { .. } => "dead",
        }
    }
}

/// A notification in the log of its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The notification: what a receiver knows it by and what is replayed.
    pub id: NotificationId,
    /// What happened.
    pub event: Event,
    /// The incident that it tells of.
    pub incident: Option<IncidentId>,
    /// The monitor of the incident, by id and name.
    pub monitor: Option<(MonitorId, String)>,
    /// When it was written.
    pub created_at: At,
    /// What became of it.
    pub fate: Fate,
    /// The last attempts, oldest first.
    pub attempts: Vec<PastAttempt>,
}

/// An attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAttempt {
    /// Its id.
    pub id: DeliveryId,
    /// When.
    pub at: At,
    /// Whether it arrived.
    pub ok: bool,
    /// What the receiver answered, or what went wrong.
    pub detail: String,
}

row! {
    struct DeliveryRow {
        id: NotificationId,
        event: String,
        incident_id: Option<IncidentId>,
        monitor_id: Option<MonitorId>,
        monitor_name: Option<String>,
        created_at: At,
        status: String,
        next_attempt: At,
        finished_at: Option<At>,
    }
}

row! {
    struct AttemptRow {
        id: DeliveryId,
        notification_id: NotificationId,
        at: At,
        ok: bool,
        detail: String,
    }
}

impl DeliveryRow {
    fn delivery(self, attempts: Vec<PastAttempt>) -> Result<Delivery, StoreError> {
        let from = Origin {
            table: "notification",
            id: self.id,
        };
        let fate = match (&*self.status, self.finished_at) {
            ("queued", _) => Some(Fate::Queued {
                next_attempt: self.next_attempt,
            }),
            ("sent", Some(at)) => Some(Fate::Sent { at }),
            ("dead", Some(at)) => Some(Fate::Dead { at }),
            _ => None,
        };
        Ok(Delivery {
            id: self.id,
            event: from.parsed("event", Event::parse(&self.event))?,
            incident: self.incident_id,
            monitor: self.monitor_id.zip(self.monitor_name),
            created_at: self.created_at,
            fate: from.parsed("status", fate)?,
            attempts,
        })
    }
}

impl Store {
    /// What was and is to be told to a channel of a team, newest first.
    pub async fn deliveries(
        &self,
        team: TeamId,
        channel: ChannelId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Delivery>, StoreError> {
        let before: Option<(i64, NotificationId)> = place(cursor)?;
        let (at, id) = before.unzip();
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = (team, channel, at, id, most);
        let rows: Vec<DeliveryRow> = self.db.all(DELIVERIES, rows).await?;
        let page = Page::cut(rows, limit, |row| (row.created_at.0, row.id))?;

        let ids = page.rows.iter().map(|row| (row.id, SHOWN_ATTEMPTS));
        let found: Vec<AttemptRow> = self.db.many_all(ATTEMPTS, ids).await?;
        let mut attempts: HashMap<NotificationId, Vec<PastAttempt>> = HashMap::new();
        for row in found {
            let AttemptRow {
                id,
                notification_id,
                at,
                ok,
                detail,
            } = row;
            let of = attempts.entry(notification_id).or_default();
            of.push(PastAttempt { id, at, ok, detail });
        }
        let with_attempts = |row: DeliveryRow| {
            let tried = attempts.remove(&row.id).unwrap_or_default();
            row.delivery(tried)
        };
        let rows = page.rows.into_iter().map(with_attempts);
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }
}

impl Tx {
    /// Keeps a delivery that did not wait in the outbox, a test, and what the channel makes of it.
    pub async fn log_delivery(
        &mut self,
        notification: &Notification,
        attempt: &Attempt<'_>,
        ok: bool,
    ) -> Result<(), StoreError> {
        let (team, channel) = (notification.team, notification.channel);
        let outcome = if ok { Ok(()) } else { Err(attempt.detail) };
        self.channel_heard(team, channel, attempt.at, outcome)
            .await?;
        let row = (
            notification.id,
            team,
            channel,
            notification.event.as_str(),
            document(&notification.content)?,
            if ok { "sent" } else { "dead" },
            attempt.at,
            notification.created_at,
        );
        // The channel may be gone by now, and its log with it.
        if self.db.run(ADD_FINISHED, row).await? == 0 {
            return Ok(());
        }
        let ticket = Ticket {
            id: notification.id,
            team,
            channel,
            claim: attempt.id.0,
            attempts: 0,
        };
        self.add_delivery(&ticket, attempt, ok).await
    }

    pub(super) async fn add_delivery(
        &mut self,
        ticket: &Ticket,
        attempt: &Attempt<'_>,
        ok: bool,
    ) -> Result<(), StoreError> {
        let row = (
            attempt.id,
            ticket.team,
            ticket.channel,
            ticket.id,
            i64::from(ticket.attempts) + 1,
            attempt.at,
            ok,
            attempt.detail,
        );
        self.db.run(ADD_DELIVERY, row).await?;
        Ok(())
    }
}

const DELIVERIES: &str = "
    SELECT n.id, n.event, n.incident_id, m.id AS monitor_id, m.name AS monitor_name, n.created_at,
           n.status, n.next_attempt, n.finished_at
      FROM notification n
      LEFT JOIN incident i ON i.id = n.incident_id
      LEFT JOIN monitor m ON m.id = i.monitor_id
     WHERE n.team_id = $1 AND n.channel_id = $2
       AND ($3 IS NULL OR (n.created_at, n.id) < ($3, $4))
     ORDER BY n.created_at DESC, n.id DESC LIMIT $5";
const ATTEMPTS: Many = Many {
    head: "WITH v(notification, most) AS (VALUES",
    tail: ") SELECT id, notification_id, at, ok, detail FROM (
               SELECT d.id, d.notification_id, d.at, d.ok, d.detail, v.most,
                      ROW_NUMBER() OVER (PARTITION BY d.notification_id
                                         ORDER BY d.at DESC, d.id DESC) AS place
                 FROM v JOIN delivery d ON d.notification_id = v.notification) AS tried
            WHERE place <= most ORDER BY at, id",
};
const ADD_FINISHED: &str = "
    INSERT INTO notification (id, team_id, channel_id, event, turn, content, status, attempts,
                              next_attempt, created_at, finished_at)
    SELECT $1, $2, id, $4, 0, $5, $6, 1, $7, $8, $7 FROM channel WHERE team_id = $2 AND id = $3";
const ADD_DELIVERY: &str = "
    INSERT INTO delivery (id, team_id, channel_id, notification_id, attempt, at, ok, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
