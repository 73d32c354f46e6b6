//! The outbox: what is to be told, claimed like a watch and marked with its fate.
//!
//! One incident is told to one channel in the order of its turns: a notification is not claimed
//! while an earlier one of the same incident is queued for the same channel. What is marked is
//! marked under its claim, together with its line in the log and the health of the channel. A
//! notification that cannot be read is claimed all the same, so that it neither spins nor stops
//! the others. The log is read in `deliveries`.

use uuid::Uuid;

use super::channels::ChannelRow;
use super::codec::{Origin, document, row};
use super::db::{Dialects, Many};
use super::watches::Claim;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelId, DeliveryId, NotificationId, TeamId};
use crate::domain::notification::{Content, Event, Notification};
use crate::domain::plan::Way;

/// Most teams whose waiting messages are told of.
const MOST_WAITING: i64 = 1_000;

/// A notification that was claimed: what marking it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Which one.
    pub id: NotificationId,
    /// Whose it is.
    pub team: TeamId,
    /// Who is told.
    pub channel: ChannelId,
    /// The claim.
    pub claim: Uuid,
    /// How many attempts have failed before.
    pub attempts: u32,
}

/// A notification that is to be delivered.
#[derive(Clone, Debug)]
pub struct Queued {
    /// What marking it needs.
    pub ticket: Ticket,
    /// What is told.
    pub notification: Notification,
    /// Who is told.
    pub channel: Channel,
}

/// What was claimed from the outbox.
#[derive(Debug, Default)]
pub struct ToTell {
    /// What is to be delivered, the longest due first.
    pub queued: Vec<Queued>,
    /// What cannot be read, and why; to be marked like what cannot be delivered.
    pub unreadable: Vec<(Ticket, StoreError)>,
}

/// One attempt to deliver.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// A fresh id.
    pub id: DeliveryId,
    /// When.
    pub at: At,
    /// What the receiver answered, or what went wrong.
    pub detail: &'a str,
}

/// How the outbox is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueHealth {
    /// How many are to be told.
    pub queued: u64,
    /// How many were given up and are kept to be replayed.
    pub dead: u64,
    /// How long the oldest of the queued has waited, in milliseconds.
    pub oldest_unsent_ms: Option<i64>,
}

row! {
    struct NotificationRow {
        notification_id: NotificationId,
        notification_team: TeamId,
        channel_id: ChannelId,
        event: String,
        turn: i64,
        content: String,
        attempts: i64,
        written_at: At,
    }
}

/// A notification with its channel.
struct Claimed(NotificationRow, ChannelRow);

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Claimed
where
    NotificationRow: sqlx::FromRow<'r, R>,
    ChannelRow: sqlx::FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self(
            NotificationRow::from_row(row)?,
            ChannelRow::from_row(row)?,
        ))
    }
}

impl NotificationRow {
    pub(super) fn notification(&self) -> Result<Notification, StoreError> {
        let at = Origin {
            table: "notification",
            id: self.notification_id,
        };
        Ok(Notification {
            id: self.notification_id,
            team: self.notification_team,
            channel: self.channel_id,
            event: at.parsed("event", Event::parse(&self.event))?,
            turn: u32::try_from(self.turn).unwrap_or(u32::MAX),
            content: at.document::<Content>("content", &self.content)?,
            created_at: self.written_at,
        })
    }
}

impl Store {
    /// Claims up to `limit` notifications that are due and whose turn it is, so many that no channel has
    /// more than `each` under way: one that hangs keeps none of the others waiting.
    pub async fn claim_notifications(
        &self,
        claim: &Claim<'_>,
        (limit, each): (u32, u32),
    ) -> Result<ToTell, StoreError> {
        let mut tx = self.begin().await?;
        let (id, node, until) = (claim.id, claim.node, claim.until);
        let most = (i64::from(limit), i64::from(each));
        let params = (id, node, until, claim.now, most.0, most.1);
        let sql = tx.db.pick(CLAIM);
        if tx.db.run(sql, params).await? == 0 {
            return Ok(ToTell::default());
        }
        let rows: Vec<Claimed> = tx.db.all(CLAIMED, (id, until)).await?;
        tx.commit().await?;
        let mut to_tell = ToTell::default();
        for Claimed(row, channel) in rows {
            let ticket = Ticket {
                id: row.notification_id,
                team: row.notification_team,
                channel: row.channel_id,
                claim: id,
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            };
            let read = row
                .notification()
                .and_then(|notification| Ok((notification, channel.channel(&self.key)?)));
            match read {
                Ok((notification, channel)) => to_tell.queued.push(Queued {
                    ticket,
                    notification,
                    channel,
                }),
                Err(error) => to_tell.unreadable.push((ticket, error)),
            }
        }
        Ok(to_tell)
    }

    /// A notification of a team, whatever became of it.
    pub async fn notification(
        &self,
        team: TeamId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        let row: Option<NotificationRow> = self.db.optional(NOTIFICATION, (team, id)).await?;
        row.map(|row| row.notification()).transpose()
    }

    /// Queues a notification again that was sent or given up, with all its attempts before it.
    /// False when it is not there or still queued.
    pub async fn replay(
        &self,
        team: TeamId,
        id: NotificationId,
        now: At,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(REPLAY, (team, id, now)).await? > 0)
    }

    /// Since when the oldest message waits, of each team of which one was written before `before`;
    /// at most `MOST_WAITING` teams, those that have waited longest.
    pub async fn unsent_since(&self, before: At) -> Result<Vec<(TeamId, At)>, StoreError> {
        self.db.all(UNSENT, (before, MOST_WAITING)).await
    }

    /// How the outbox of all teams is doing. Tests that failed do not count.
    pub async fn queue_health(&self, now: At) -> Result<QueueHealth, StoreError> {
        let (queued, oldest): (i64, Option<At>) = self.db.one(COUNT_QUEUED, ()).await?;
        let (dead,): (i64,) = self.db.one(COUNT_DEAD, (Event::Test.as_str(),)).await?;
        Ok(QueueHealth {
            queued: queued.unsigned_abs(),
            dead: dead.unsigned_abs(),
            oldest_unsent_ms: oldest.map(|at| now.ms_since(at)),
        })
    }
}

impl Tx {
    /// Queues what is to be told at once. What a channel was told of an incident already, or will
    /// be, is left out; says how many were new.
    pub async fn enqueue(&mut self, notifications: &[Notification]) -> Result<u64, StoreError> {
        let at_once = |n: &Notification| Way::From {
            at: n.created_at,
            told_as: None,
        };
        let ways = notifications.iter().map(|n| (n, at_once(n)));
        self.enqueue_by(ways).await
    }

    /// As [`enqueue`](Self::enqueue), each on its way.
    pub async fn enqueue_by<'a>(
        &mut self,
        notifications: impl Iterator<Item = (&'a Notification, Way)>,
    ) -> Result<u64, StoreError> {
        let row = |(n, way): (&Notification, Way)| {
            let now = n.created_at;
            let (status, due, held_until, told_as, finished_at) = match way {
                Way::From { at, told_as } => ("queued", at, None, told_as, None),
                Way::Held { until } => ("queued", until, Some(until), None, None),
                // Somebody else speaks for it.
                Way::With { told_as } => ("sent", now, None, Some(told_as), Some(now)),
            };
            Ok((
                n.id,
                n.team,
                n.content.incident.as_ref().map(|incident| incident.id),
                n.channel,
                n.event.as_str(),
                i64::from(n.turn),
                document(&n.content)?,
                status,
                0_i64,
                due,
                now,
                held_until,
                told_as,
                finished_at,
            ))
        };
        let rows = notifications.map(row);
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        self.db.many(ENQUEUE, rows).await
    }

    /// It arrived. False when the claim was overtaken; then nothing is kept of the attempt.
    pub async fn mark_sent(
        &mut self,
        ticket: &Ticket,
        attempt: &Attempt<'_>,
    ) -> Result<bool, StoreError> {
        let fate = ("sent", attempt.at, Some(attempt.at));
        self.mark(ticket, attempt, fate, Ok(())).await
    }

    /// It did not arrive and is tried again at `next_attempt`. False when the claim was overtaken.
    pub async fn mark_failed(
        &mut self,
        ticket: &Ticket,
        attempt: &Attempt<'_>,
        next_attempt: At,
    ) -> Result<bool, StoreError> {
        let fate = ("queued", next_attempt, None);
        self.mark(ticket, attempt, fate, Err(attempt.detail)).await
    }

    /// It did not arrive and is not tried again unless it is replayed. False when the claim was
    /// overtaken.
    pub async fn mark_dead(
        &mut self,
        ticket: &Ticket,
        attempt: &Attempt<'_>,
    ) -> Result<bool, StoreError> {
        let fate = ("dead", attempt.at, Some(attempt.at));
        self.mark(ticket, attempt, fate, Err(attempt.detail)).await
    }

    async fn mark(
        &mut self,
        ticket: &Ticket,
        attempt: &Attempt<'_>,
        (status, next_attempt, finished_at): (&'static str, At, Option<At>),
        outcome: Result<(), &str>,
    ) -> Result<bool, StoreError> {
        let (team, channel) = (ticket.team, ticket.channel);
        // The channel first, in every transaction that writes both: they cannot wait for each other.
        self.db.run(HOLD_CHANNEL, (team, channel)).await?;
        let key = (team, ticket.id, ticket.claim);
        let row = (key.0, key.1, key.2, status, next_attempt, finished_at);
        if self.db.run(MARK, row).await? == 0 {
            return Ok(false);
        }
        self.add_delivery(ticket, attempt, outcome.is_ok()).await?;
        self.channel_heard(team, channel, attempt.at, outcome)
            .await?;
        Ok(true)
    }
}

/// What is due and whose turn it is. It is found once, before anything is claimed; PostgreSQL would
/// look again for each row and so go beyond the limit.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "WITH busy AS (
                 SELECT channel_id, COUNT(*) AS held FROM notification
                  WHERE status = 'queued' AND next_attempt > $4 AND claim IS NOT NULL
                  GROUP BY channel_id),
             waiting AS (
                 SELECT n.id, COALESCE(b.held, 0) + ROW_NUMBER() OVER (
                            PARTITION BY n.channel_id ORDER BY n.next_attempt, n.id) AS place
                   FROM notification n LEFT JOIN busy b ON b.channel_id = n.channel_id
                  WHERE n.status = 'queued' AND n.next_attempt <= $4 AND n.held_until IS NULL
                    AND NOT EXISTS (
                        SELECT 1 FROM notification e
                         WHERE e.incident_id = n.incident_id AND e.channel_id = n.channel_id
                           AND e.status = 'queued' AND e.held_until IS NULL AND e.turn < n.turn)),
             due AS MATERIALIZED (
                 SELECT n.id FROM notification n
                  WHERE n.id IN (SELECT id FROM waiting WHERE place <= $6)
                    AND n.status = 'queued' AND n.next_attempt <= $4
                  ORDER BY n.next_attempt, n.id LIMIT $5 ",
            $lock,
            ") UPDATE notification SET claim = $1, claimed_by = $2, next_attempt = $3
                WHERE id IN (SELECT id FROM due) AND status = 'queued' AND next_attempt <= $4"
        )
    };
}

/// PostgreSQL lets claimers pass each other by; SQLite has one writer anyway.
const CLAIM: Dialects = Dialects {
    sqlite: claim!(""),
    postgres: claim!("FOR UPDATE OF n SKIP LOCKED"),
};
const CLAIMED: &str = "
    SELECT n.id AS notification_id, n.team_id AS notification_team, n.channel_id, n.event,
           n.turn, n.content, n.attempts, n.created_at AS written_at,
           c.id, c.team_id, c.name, c.kind, c.sealed, c.is_default, c.route, c.words, c.digest,
           c.disabled,
           c.last_success_at, c.error_at, c.error
      FROM notification n JOIN channel c ON c.id = n.channel_id
     WHERE n.status = 'queued' AND n.next_attempt = $2 AND n.claim = $1
     ORDER BY n.created_at, n.id";
/// Makes due what a clock that was ahead has queued.
pub(super) const TELL_FUTURE: &str = "
    UPDATE notification SET next_attempt = $1
     WHERE status = 'queued' AND next_attempt > $1 AND created_at > $2 AND claim IS NULL";
const NOTIFICATION: &str = "
    SELECT id AS notification_id, team_id AS notification_team, channel_id, event, turn,
           content, attempts, created_at AS written_at
      FROM notification WHERE team_id = $1 AND id = $2";
const REPLAY: &str = "
    UPDATE notification
       SET status = 'queued', attempts = 0, next_attempt = $3, finished_at = NULL,
           claim = NULL, claimed_by = NULL, held_until = NULL
     WHERE team_id = $1 AND id = $2 AND status <> 'queued'";
const UNSENT: &str = "
    SELECT team_id, MIN(created_at) FROM notification
     WHERE status = 'queued' AND held_until IS NULL AND created_at < $1
     GROUP BY team_id ORDER BY MIN(created_at), team_id LIMIT $2";
const COUNT_QUEUED: &str = "
    SELECT COUNT(*), MIN(created_at) FROM notification
     WHERE status = 'queued' AND held_until IS NULL";
const COUNT_DEAD: &str = "SELECT COUNT(*) FROM notification WHERE status = 'dead' AND event <> $1";
const ENQUEUE: Many = Many {
    head: "INSERT INTO notification (id, team_id, incident_id, channel_id, event, turn, content, status, \
           attempts, next_attempt, created_at, held_until, told_as, finished_at) VALUES",
    tail: "ON CONFLICT (incident_id, turn, channel_id) DO NOTHING",
};
const HOLD_CHANNEL: &str = "UPDATE channel SET name = name WHERE team_id = $1 AND id = $2";
const MARK: &str = "
    UPDATE notification
       SET status = $4, next_attempt = $5, finished_at = $6, attempts = attempts + 1,
           claim = NULL, claimed_by = NULL
     WHERE team_id = $1 AND id = $2 AND claim = $3 AND status = 'queued'";
