//! Subscribers of status pages: their addresses sealed, found again by a fingerprint only.

use std::collections::BTreeMap;

use super::codec::{Origin, Page, document, place, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::channel::{Kind, Settings};
use crate::domain::id::{MonitorId, StatusPageId, SubscriberId, TeamId};
use crate::domain::sensitive::Sensitive;
use crate::domain::subscriber::{State, Subscriber};
use crate::secret::{Place, SealingKey};

row! {
    struct SubscriberRow {
        id: SubscriberId,
        team_id: TeamId,
        status_page_id: StatusPageId,
        kind: String,
        sealed: String,
        components: Option<String>,
        state: String,
        asked_at: At,
        confirmed_at: Option<At>,
        error_at: Option<At>,
        error: Option<String>,
    }
}

impl SubscriberRow {
    /// The subscriber, opened; `Corrupt` when the address cannot be.
    pub(super) fn subscriber(&self, key: &SealingKey) -> Result<Subscriber, StoreError> {
        let at = Origin {
            table: "subscriber",
            id: self.id,
        };
        let plain = at.parsed("sealed", key.open(&home(self.id), &self.sealed))?;
        let sealed: BTreeMap<String, String> = at.document("sealed", plain.expose())?;
        let sealed = sealed.into_iter();
        Ok(Subscriber {
            id: self.id,
            team: self.team_id,
            page: self.status_page_id,
            kind: at.parsed("kind", Kind::parse(&self.kind))?,
            settings: Settings::of(sealed.map(|(name, value)| (name, Sensitive::new(value)))),
            components: match &self.components {
                Some(text) => Some(at.document("components", text)?),
                None => None,
            },
            state: at.parsed("state", State::parse(&self.state))?,
            asked_at: self.asked_at,
            confirmed_at: self.confirmed_at,
            last_error: self.error_at.zip(self.error.clone()),
        })
    }
}

fn home(id: SubscriberId) -> Place {
    Place {
        table: "subscriber",
        field: "sealed",
        row: id.0,
    }
}

fn chosen(components: Option<&[MonitorId]>) -> Result<Option<String>, StoreError> {
    components
        .map(|components| document(&components))
        .transpose()
}

/// Somebody who asks to be told, and what they have asked for before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// For the first time.
    New,
    /// Again, as this one.
    Again(SubscriberId),
    /// Again, and so lately that nothing is done about it.
    JustNow,
}

impl Store {
    /// A subscriber of a team.
    pub async fn subscriber(
        &self,
        team: TeamId,
        id: SubscriberId,
    ) -> Result<Option<Subscriber>, StoreError> {
        let row: Option<SubscriberRow> = self.db.optional(SUBSCRIBER, (team, id)).await?;
        row.map(|row| row.subscriber(&self.key)).transpose()
    }

    /// The subscribers of a page of a team, oldest first.
    pub async fn subscribers(
        &self,
        team: TeamId,
        page: StatusPageId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Subscriber>, StoreError> {
        let after: Option<SubscriberId> = place(cursor)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows: Vec<SubscriberRow> = self.db.all(SUBSCRIBERS, (team, page, after, most)).await?;
        let read = rows.iter().map(|row| row.subscriber(&self.key));
        let subscribers = read.collect::<Result<Vec<_>, _>>()?;
        Page::cut(subscribers, limit, |subscriber| subscriber.id)
    }

    /// How many subscribers hear of each page of a team, and how many there are in all.
    pub async fn subscriber_counts(
        &self,
        team: TeamId,
    ) -> Result<Vec<(StatusPageId, i64, i64)>, StoreError> {
        self.db.all(COUNTS, (team,)).await
    }

    /// The pages to which anybody subscribes, by id from after `after` on, at most `limit`.
    pub async fn told_pages(
        &self,
        after: Option<StatusPageId>,
        limit: u32,
    ) -> Result<Vec<(TeamId, StatusPageId)>, StoreError> {
        self.db.all(TOLD_PAGES, (after, i64::from(limit))).await
    }

    /// The next subscribers of a page that are told of what is written at `at`, by id from after
    /// `after` on, at most `limit`; with those that cannot be read.
    pub async fn hearers(
        &self,
        (team, page): (TeamId, StatusPageId),
        at: At,
        after: Option<SubscriberId>,
        limit: u32,
    ) -> Result<Vec<(SubscriberId, Result<Subscriber, StoreError>)>, StoreError> {
        let params = (team, page, at, after, i64::from(limit));
        let rows: Vec<SubscriberRow> = self.db.all(HEARERS, params).await?;
        let read = |row: SubscriberRow| (row.id, row.subscriber(&self.key));
        Ok(rows.into_iter().map(read).collect())
    }

    /// Deletes subscriptions that nobody has confirmed since `pending`, and those that were refused
    /// and asked for before `refused`; at most `limit`.
    pub async fn drop_subscribers(
        &self,
        pending: At,
        refused: At,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let bite = (pending, refused, i64::from(limit));
        self.db.run(DROP_SUBSCRIBERS, bite).await
    }
}

impl Tx {
    /// Adds somebody who asks to be told, or takes note that they ask again: not before
    /// `not_before`, and what they hear already stays as it is. `address` is what they are known by.
    pub async fn ask_subscriber(
        &mut self,
        subscriber: &Subscriber,
        address: &str,
        not_before: At,
    ) -> Result<Asked, StoreError> {
        let page = subscriber.page.to_string();
        let fingerprint =
            self.key
                .fingerprint(&["subscriber", &page, subscriber.kind.as_str(), address]);
        let pairs = subscriber.settings.pairs();
        let plain: BTreeMap<&str, &str> =
            pairs.map(|(name, value)| (name, value.expose())).collect();
        let sealed = self.key.seal(&home(subscriber.id), &document(&plain)?);
        let components = chosen(subscriber.components.as_deref())?;
        let row = (
            subscriber.id,
            subscriber.team,
            subscriber.page,
            subscriber.kind.as_str(),
            sealed,
            &*fingerprint,
            components.as_deref(),
            subscriber.state.as_str(),
            subscriber.asked_at,
        );
        if self.db.run(ADD_SUBSCRIBER, row).await? > 0 {
            return Ok(Asked::New);
        }
        let again = (
            subscriber.team,
            subscriber.page,
            &*fingerprint,
            components.as_deref(),
            subscriber.asked_at,
            not_before,
        );
        let known: Option<(SubscriberId,)> = self.db.optional(ASK_AGAIN, again).await?;
        Ok(known.map_or(Asked::JustNow, |(id,)| Asked::Again(id)))
    }

    /// From now on it hears what is told. False when it is gone; doing so twice changes nothing.
    pub async fn confirm_subscriber(
        &mut self,
        team: TeamId,
        id: SubscriberId,
        now: At,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(CONFIRM, (team, id, now)).await? > 0)
    }

    /// Says of which components it hears. False when it is gone.
    pub async fn choose_components(
        &mut self,
        team: TeamId,
        id: SubscriberId,
        components: Option<&[MonitorId]>,
    ) -> Result<bool, StoreError> {
        let row = (team, id, chosen(components)?);
        Ok(self.db.run(CHOOSE, row).await? > 0)
    }

    /// Deletes a subscriber with everything that was to be told to it. False when it is gone.
    pub async fn remove_subscriber(
        &mut self,
        team: TeamId,
        id: SubscriberId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(REMOVE, (team, id)).await? > 0)
    }

    /// The receiver wants nothing, ever: what waits for it is given up.
    pub async fn refuse_subscriber(
        &mut self,
        team: TeamId,
        id: SubscriberId,
        now: At,
    ) -> Result<(), StoreError> {
        self.db.run(REFUSE, (team, id)).await?;
        self.db.run(GIVE_UP, (team, id, now)).await?;
        Ok(())
    }

    /// Keeps how a delivery went. A success forgets the error before it.
    pub async fn subscriber_heard(
        &mut self,
        team: TeamId,
        id: SubscriberId,
        at: At,
        outcome: Result<(), &str>,
    ) -> Result<(), StoreError> {
        let error = outcome.err();
        let error_at = error.map(|_| at);
        self.db.run(HEARD, (team, id, error_at, error)).await?;
        Ok(())
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, status_page_id, kind, sealed, components, state, asked_at,
                    confirmed_at, error_at, error
               FROM subscriber ",
            $rest
        )
    };
}

const SUBSCRIBER: &str = select!("WHERE team_id = $1 AND id = $2");
const SUBSCRIBERS: &str = select!(
    "WHERE team_id = $1 AND status_page_id = $2 AND ($3 IS NULL OR id > $3)
     ORDER BY id LIMIT $4"
);
const HEARERS: &str = select!(
    "WHERE team_id = $1 AND status_page_id = $2 AND state = 'active' AND confirmed_at <= $3
       AND ($4 IS NULL OR id > $4)
     ORDER BY id LIMIT $5"
);
const COUNTS: &str = "
    SELECT status_page_id, CAST(SUM(CASE WHEN state = 'active' THEN 1 ELSE 0 END) AS BIGINT),
           COUNT(*)
      FROM subscriber WHERE team_id = $1 GROUP BY status_page_id";
const TOLD_PAGES: &str = "
    SELECT DISTINCT team_id, status_page_id FROM subscriber
     WHERE state = 'active' AND ($1 IS NULL OR status_page_id > $1)
     ORDER BY status_page_id LIMIT $2";
const DROP_SUBSCRIBERS: &str = "
    WITH old AS MATERIALIZED (
        SELECT id FROM subscriber
         WHERE (state = 'pending' AND asked_at < $1) OR (state = 'refused' AND COALESCE(error_at, asked_at) < $2)
         ORDER BY asked_at LIMIT $3)
    DELETE FROM subscriber WHERE id IN (SELECT id FROM old)";
const ADD_SUBSCRIBER: &str = "
    INSERT INTO subscriber (id, team_id, status_page_id, kind, sealed, fingerprint, components,
                            state, asked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (status_page_id, fingerprint) DO NOTHING";
const ASK_AGAIN: &str = "
    UPDATE subscriber
       SET asked_at = $5,
           components = CASE WHEN state = 'active' THEN components ELSE $4 END,
           state = CASE WHEN state = 'active' THEN state ELSE 'pending' END
     WHERE team_id = $1 AND status_page_id = $2 AND fingerprint = $3 AND asked_at <= $6
    RETURNING id";
const CONFIRM: &str = "
    UPDATE subscriber
       SET state = 'active', confirmed_at = CASE WHEN state = 'active' THEN confirmed_at ELSE $3 END
     WHERE team_id = $1 AND id = $2";
const CHOOSE: &str = "UPDATE subscriber SET components = $3 WHERE team_id = $1 AND id = $2";
const REMOVE: &str = "DELETE FROM subscriber WHERE team_id = $1 AND id = $2";
const REFUSE: &str = "UPDATE subscriber SET state = 'refused' WHERE team_id = $1 AND id = $2";
const GIVE_UP: &str = "
    UPDATE letter SET status = 'dead', finished_at = $3
     WHERE team_id = $1 AND subscriber_id = $2 AND status = 'queued' AND claim IS NULL";
const HEARD: &str = "
    UPDATE subscriber SET error_at = $3, error = $4 WHERE team_id = $1 AND id = $2";
