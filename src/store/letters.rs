//! The outbox of subscribers: letters, claimed and marked as notifications are.
//!
//! Apart from `notifications`, so that hundreds of letters never stand before what the team itself
//! is told. What is told of one thing reaches a subscriber in its order.

use uuid::Uuid;

use super::codec::{Origin, row};
use super::db::{Dialects, Many};
use super::subscribers::SubscriberRow;
use super::watches::Claim;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{NewsId, NotificationId, StatusPageId, SubscriberId, TeamId};
use crate::domain::news::{NewsContent, PageFacts};
use crate::domain::subscriber::Subscriber;

/// A letter that was claimed: what marking it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterTicket {
    /// Which one.
    pub id: NotificationId,
    /// Whose page it is.
    pub team: TeamId,
    /// Who is told.
    pub subscriber: SubscriberId,
    /// The claim.
    pub claim: Uuid,
    /// How many attempts have failed before.
    pub attempts: u32,
}

/// A letter that is to be delivered.
#[derive(Clone, Debug)]
pub struct QueuedLetter {
    /// Who is told.
    pub subscriber: Subscriber,
    /// The page as it is now.
    pub page: PageFacts,
    /// What is told; nothing when it asks to confirm.
    pub news: Option<NewsContent>,
    /// When it was written.
    pub created_at: At,
}

row! {
    struct LetterRow {
        letter_id: NotificationId,
        letter_team: TeamId,
        attempts: i64,
        written_at: At,
        content: Option<String>,
        page_id: StatusPageId,
        page_title: String,
        page_slug: String,
    }
}

/// A letter with its subscriber.
struct Claimed(LetterRow, SubscriberRow);

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Claimed
where
    LetterRow: sqlx::FromRow<'r, R>,
    SubscriberRow: sqlx::FromRow<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self(
            LetterRow::from_row(row)?,
            SubscriberRow::from_row(row)?,
        ))
    }
}

impl Claimed {
    fn letter(self, store: &Store) -> Result<QueuedLetter, StoreError> {
        let Self(row, subscriber) = self;
        let at = Origin {
            table: "letter",
            id: row.letter_id,
        };
        Ok(QueuedLetter {
            subscriber: subscriber.subscriber(&store.key)?,
            page: PageFacts {
                id: row.page_id,
                title: row.page_title,
                slug: row.page_slug,
            },
            news: match &row.content {
                Some(text) => Some(at.document("content", text)?),
                None => None,
            },
            created_at: row.written_at,
        })
    }
}

impl Store {
    /// Claims up to `limit` letters that are due and whose turn it is; those that cannot be read
    /// with the reason, to be marked like what cannot be delivered.
    pub async fn claim_letters(
        &self,
        claim: &Claim<'_>,
        limit: u32,
    ) -> Result<Vec<(LetterTicket, Result<QueuedLetter, StoreError>)>, StoreError> {
        let mut tx = self.begin().await?;
        let params = (claim.id, claim.until, claim.now, i64::from(limit));
        let sql = tx.db.pick(CLAIM);
        if tx.db.run(sql, params).await? == 0 {
            return Ok(Vec::new());
        }
        let rows: Vec<Claimed> = tx.db.all(CLAIMED, (claim.id, claim.until)).await?;
        tx.commit().await?;
        let read = |row: Claimed| {
            let ticket = LetterTicket {
                id: row.0.letter_id,
                team: row.0.letter_team,
                subscriber: row.1.id,
                claim: claim.id,
                attempts: u32::try_from(row.0.attempts).unwrap_or(u32::MAX),
            };
            (ticket, row.letter(self))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// How many letters wait, and how long the oldest of them has, in milliseconds.
    pub async fn letters_waiting(&self, now: At) -> Result<(u64, Option<i64>), StoreError> {
        let (queued, oldest): (i64, Option<At>) = self.db.one(COUNT_WAITING, ()).await?;
        Ok((queued.unsigned_abs(), oldest.map(|at| now.ms_since(at))))
    }

    /// Deletes letters that were sent or given up before `before`.
    pub async fn drop_letters(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        self.db.run(DROP_LETTERS, (before, i64::from(limit))).await
    }
}

impl Tx {
    /// Asks somebody to confirm.
    pub async fn add_request(
        &mut self,
        id: NotificationId,
        (team, subscriber): (TeamId, SubscriberId),
        now: At,
    ) -> Result<(), StoreError> {
        let row = (id, team, subscriber, None::<NewsId>, subscriber.0, now);
        self.db.many(ADD_LETTERS, [row]).await?;
        Ok(())
    }

    /// Addresses news about a thing to subscribers; each gets one letter however often it is said.
    pub async fn add_letters(
        &mut self,
        (team, news, about): (TeamId, NewsId, Uuid),
        letters: &[(NotificationId, SubscriberId)],
        now: At,
    ) -> Result<u64, StoreError> {
        let row = |(id, subscriber): &(_, _)| (*id, team, *subscriber, Some(news), about, now);
        self.db.many(ADD_LETTERS, letters.iter().map(row)).await
    }

    /// It arrived, or was given up without `next_attempt`. False when the claim was overtaken, or
    /// the subscriber is gone.
    pub async fn mark_letter(
        &mut self,
        ticket: &LetterTicket,
        outcome: Result<(), &str>,
        next_attempt: Option<At>,
        now: At,
    ) -> Result<bool, StoreError> {
        let status = match (outcome, next_attempt) {
            (Ok(()), _) => "sent",
            (Err(_), Some(_)) => "queued",
            (Err(_), None) => "dead",
        };
        let finished_at = (status != "queued").then_some(now);
        let row = (
            ticket.team,
            ticket.id,
            ticket.claim,
            status,
            next_attempt.unwrap_or(now),
            finished_at,
        );
        // The subscriber first, in every transaction that writes both: they cannot wait for each
        // other.
        let (team, subscriber) = (ticket.team, ticket.subscriber);
        self.subscriber_heard(team, subscriber, now, outcome)
            .await?;
        Ok(self.db.run(MARK, row).await? > 0)
    }
}

const COUNT_WAITING: &str = "SELECT COUNT(*), MIN(created_at) FROM letter WHERE status = 'queued'";

/// What is due and whose turn it is, found once before anything is claimed.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
                 SELECT l.id FROM letter l
                  WHERE l.status = 'queued' AND l.next_attempt <= $3
                    AND NOT EXISTS (
                        SELECT 1 FROM letter e
                         WHERE e.subscriber_id = l.subscriber_id AND e.about = l.about
                           AND e.status = 'queued' AND e.news_id < l.news_id)
                  ORDER BY l.next_attempt, l.id LIMIT $4 ",
            $lock,
            ") UPDATE letter SET claim = $1, next_attempt = $2
                WHERE id IN (SELECT id FROM due) AND status = 'queued' AND next_attempt <= $3"
        )
    };
}

/// PostgreSQL lets claimers pass each other by; SQLite has one writer anyway.
const CLAIM: Dialects = Dialects {
    sqlite: claim!(""),
    postgres: claim!("FOR UPDATE OF l SKIP LOCKED"),
};
const CLAIMED: &str = "
    SELECT l.id AS letter_id, l.team_id AS letter_team, l.attempts, l.created_at AS written_at,
           n.content, p.id AS page_id, p.title AS page_title, p.slug AS page_slug,
           s.id, s.team_id, s.status_page_id, s.kind, s.sealed, s.components, s.state, s.asked_at,
           s.confirmed_at, s.error_at, s.error
      FROM letter l
      JOIN subscriber s ON s.id = l.subscriber_id
      JOIN status_page p ON p.id = s.status_page_id
      LEFT JOIN news n ON n.id = l.news_id
     WHERE l.status = 'queued' AND l.next_attempt = $2 AND l.claim = $1
     ORDER BY l.created_at, l.id";
const DROP_LETTERS: &str = "
    WITH old AS MATERIALIZED (
        SELECT id FROM letter WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)
    DELETE FROM letter WHERE id IN (SELECT id FROM old)";
const ADD_LETTERS: Many = Many {
    head: "WITH v(id, team, subscriber, news, about, at) AS (VALUES",
    tail: ") INSERT INTO letter (id, team_id, subscriber_id, news_id, about, status, attempts,
                                next_attempt, created_at)
           SELECT v.id, v.team, s.id, v.news, v.about, 'queued', 0, v.at, v.at
             FROM v JOIN subscriber s ON s.id = v.subscriber AND s.team_id = v.team
            WHERE true
               ON CONFLICT (news_id, subscriber_id) DO NOTHING",
};
const MARK: &str = "
    UPDATE letter
       SET status = $4, next_attempt = $5, finished_at = $6, attempts = attempts + 1, claim = NULL
     WHERE team_id = $1 AND id = $2 AND claim = $3 AND status = 'queued'";
