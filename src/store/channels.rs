//! Channels: where people are told, with their settings sealed whole, and how they are doing.
//!
//! Which monitor names which channel is written with the monitor (`monitors`); what is to be told
//! is in `notifications`.

use std::collections::BTreeMap;

use super::codec::{Origin, document, row};
use super::notifications::NotificationRow;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::channel::{Channel, Health, Kind, Route, Settings, Words};
use crate::domain::id::{ChannelId, MonitorId, TeamId};
use crate::domain::notification::Notification;
use crate::domain::sensitive::Sensitive;
use crate::secret::{Place, SealingKey};

/// Most notifications of a channel that is switched off that another one is told instead.
const MOST_GIVEN_UP: i64 = 1_000;

row! {
    struct ChannelRow {
        id: ChannelId,
        team_id: TeamId,
        name: String,
        kind: String,
        sealed: String,
        is_default: bool,
        route: Option<String>,
        words: Option<String>,
        digest: Option<String>,
        disabled: Option<String>,
        last_success_at: Option<At>,
        error_at: Option<At>,
        error: Option<String>,
    }
}

impl ChannelRow {
    /// The channel, opened; `Corrupt` when its settings cannot be.
    pub(super) fn channel(&self, key: &SealingKey) -> Result<Channel, StoreError> {
        let at = Origin {
            table: "channel",
            id: self.id,
        };
        let plain = at.parsed("sealed", key.open(&place(self.id), &self.sealed))?;
        let sealed: BTreeMap<String, String> = at.document("sealed", plain.expose())?;
        let kind = Kind::parse(&self.kind).ok_or_else(|| at.corrupt("kind"))?;
        Ok(Channel {
            id: self.id,
            team: self.team_id,
            name: self.name.clone(),
            kind,
            settings: Settings::of(
                sealed
                    .into_iter()
                    .map(|(name, value)| (name, Sensitive::new(value))),
            ),
            is_default: self.is_default,
            route: match &self.route {
                Some(text) => at.document("route", text)?,
                None => Route::default(),
            },
            words: match self.words.as_deref() {
                Some(text) => at.document("words", text)?,
                None => Words::default(),
            },
            digest: match self.digest.as_deref() {
                Some(text) => Some(at.document("digest", text)?),
                None => None,
            },
            health: Health {
                disabled: self.disabled.clone(),
                last_success_at: self.last_success_at,
                last_error: self.error_at.zip(self.error.clone()),
            },
        })
    }
}

fn seal(channel: &Channel, key: &SealingKey) -> Result<String, StoreError> {
    let pairs = channel.settings.pairs();
    let plain: BTreeMap<&str, &str> = pairs.map(|(name, value)| (name, value.expose())).collect();
    let plain = document(&plain)?;
    Ok(key.seal(&place(channel.id), &plain))
}

fn route(channel: &Channel) -> Result<Option<String>, StoreError> {
    let is_usual = channel.route == Route::default();
    (!is_usual).then(|| document(&channel.route)).transpose()
}

/// The words of a channel; empty where the built-in ones hold.
fn words(channel: &Channel) -> Result<Option<String>, StoreError> {
    let words = &channel.words;
    (!words.is_built_in()).then(|| document(words)).transpose()
}

/// When a channel tells what happened.
fn digest(channel: &Channel) -> Result<Option<String>, StoreError> {
    channel.digest.as_ref().map(document).transpose()
}

/// When it does so next.
fn digest_due(channel: &Channel, now: At) -> Option<At> {
    channel.digest.as_ref()?.next(now)
}

fn place(id: ChannelId) -> Place {
    Place {
        table: "channel",
        field: "sealed",
        row: id.0,
    }
}

impl Store {
    /// Every channel of a team, oldest first.
    pub async fn channels(&self, team: TeamId) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = self.db.all(CHANNELS, (team,)).await?;
        rows.iter().map(|row| row.channel(&self.key)).collect()
    }

    /// A channel of a team.
    pub async fn channel(
        &self,
        team: TeamId,
        id: ChannelId,
    ) -> Result<Option<Channel>, StoreError> {
        let row: Option<ChannelRow> = self.db.optional(CHANNEL, (team, id)).await?;
        row.map(|row| row.channel(&self.key)).transpose()
    }
}

impl Tx {
    /// Adds a channel of which nothing was heard yet.
    pub async fn add_channel(&mut self, channel: &Channel, now: At) -> Result<(), StoreError> {
        let row = (
            channel.id,
            channel.team,
            &*channel.name,
            channel.kind.as_str(),
            seal(channel, &self.key)?,
            channel.is_default,
            words(channel)?,
            digest(channel)?,
            digest_due(channel, now),
            now,
            route(channel)?,
        );
        self.db.run(ADD_CHANNEL, row).await?;
        Ok(())
    }

    /// Changes what people say of a channel, and whether it is switched off; what was heard of it
    /// stays, and so does the time at which a digest is due next that is wished as before. False when
    /// it is gone.
    pub async fn save_channel(&mut self, channel: &Channel, now: At) -> Result<bool, StoreError> {
        let row = (
            channel.team,
            channel.id,
            &*channel.name,
            channel.kind.as_str(),
            seal(channel, &self.key)?,
            channel.is_default,
            words(channel)?,
            digest(channel)?,
            digest_due(channel, now),
            channel.health.disabled.as_deref(),
            route(channel)?,
        );
        Ok(self.db.run(SAVE_CHANNEL, row).await? > 0)
    }

    /// Deletes a channel with everything that was or is to be told to it. A monitor that named it
    /// alone is told to the default ones from now on. False when it is gone already.
    pub async fn delete_channel(
        &mut self,
        team: TeamId,
        id: ChannelId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DROP_CHANNEL, (team, id)).await? > 0)
    }

    /// The channels that a monitor names, or the default ones of its team when it names none;
    /// those that are switched off among them. One that cannot be read is left out, since a change
    /// of status must be recorded whatever became of a channel.
    pub async fn channels_of(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Vec<Channel>, StoreError> {
        let rows = self.db.all(CHANNELS_OF, (team, monitor)).await?;
        Ok(self.readable(&rows))
    }

    /// The default channels of the oldest team that can be read, oldest first: who hears of the
    /// installation itself.
    pub async fn operator_channels(&mut self) -> Result<Vec<Channel>, StoreError> {
        let rows = self.db.all(OPERATOR_CHANNELS, ()).await?;
        Ok(self.readable(&rows))
    }

    /// Every channel of a team that can be read, oldest first: who else may hear that one fails.
    pub async fn team_channels(&mut self, team: TeamId) -> Result<Vec<Channel>, StoreError> {
        let rows = self.db.all(CHANNELS, (team,)).await?;
        Ok(self.readable(&rows))
    }

    pub(super) fn readable(&self, rows: &[ChannelRow]) -> Vec<Channel> {
        let mut channels = Vec::with_capacity(rows.len());
        for row in rows {
            match row.channel(&self.key) {
                Ok(channel) => channels.push(channel),
                Err(error) => {
                    tracing::error!(channel.id = %row.id, %error, "failed to read a channel");
                }
            }
        }
        channels
    }

    /// Switches a channel off and gives up what waits for it, for good or until it is replayed;
    /// what is being delivered at this moment ends by itself. Gives what was given up, at most
    /// a thousand; `None` when the channel is gone or was off.
    pub async fn disable_channel(
        &mut self,
        team: TeamId,
        id: ChannelId,
        reason: &str,
        now: At,
    ) -> Result<Option<Vec<Notification>>, StoreError> {
        if self.db.run(DISABLE_CHANNEL, (team, id, reason)).await? == 0 {
            return Ok(None);
        }
        let rows: Vec<NotificationRow> = self.db.all(WAITING, (team, id, MOST_GIVEN_UP)).await?;
        self.db.run(GIVE_UP_QUEUED, (team, id, now)).await?;
        // One that cannot be read is given up as well.
        Ok(Some(
            rows.iter()
                .filter_map(|row| row.notification().ok())
                .collect(),
        ))
    }

    /// Keeps how a delivery went. A success forgets the error before it.
    pub async fn channel_heard(
        &mut self,
        team: TeamId,
        id: ChannelId,
        at: At,
        outcome: Result<(), &str>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(()) => self.db.run(HEARD_SUCCESS, (team, id, at)).await?,
            Err(error) => self.db.run(HEARD_ERROR, (team, id, at, error)).await?,
        };
        Ok(())
    }
}

const CHANNELS: &str = "
    SELECT id, team_id, name, kind, sealed, is_default, route, words, digest, disabled,
           last_success_at, error_at, error
      FROM channel WHERE team_id = $1 ORDER BY id";
const CHANNEL: &str = "
    SELECT id, team_id, name, kind, sealed, is_default, route, words, digest, disabled,
           last_success_at, error_at, error
      FROM channel WHERE team_id = $1 AND id = $2";
const CHANNELS_OF: &str = "
    SELECT id, team_id, name, kind, sealed, is_default, route, words, digest, disabled,
           last_success_at, error_at, error
      FROM channel c
     WHERE team_id = $1
       AND (EXISTS (SELECT 1 FROM monitor_channel n
                     WHERE n.monitor_id = $2 AND n.channel_id = c.id)
            OR (is_default AND NOT EXISTS (SELECT 1 FROM monitor_channel n
                                            WHERE n.monitor_id = $2)))
     ORDER BY id";
const OPERATOR_CHANNELS: &str = "
    SELECT id, team_id, name, kind, sealed, is_default, route, words, digest, disabled,
           last_success_at, error_at, error
      FROM channel
     WHERE is_default AND team_id = (SELECT id FROM team ORDER BY created_at, id LIMIT 1)
     ORDER BY id";
const ADD_CHANNEL: &str = "
    INSERT INTO channel (id, team_id, name, kind, sealed, is_default, words, digest, digest_due,
                         created_at, route)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const SAVE_CHANNEL: &str = "
    UPDATE channel
       SET name = $3, kind = $4, sealed = $5, is_default = $6, words = $7, digest = $8,
           digest_due = CASE WHEN digest = $8 THEN digest_due ELSE $9 END, disabled = $10,
           route = $11
     WHERE team_id = $1 AND id = $2";
const DROP_CHANNEL: &str = "DELETE FROM channel WHERE team_id = $1 AND id = $2";
const DISABLE_CHANNEL: &str = "
    UPDATE channel SET disabled = $3 WHERE team_id = $1 AND id = $2 AND disabled IS NULL";
const WAITING: &str = "
    SELECT id AS notification_id, team_id AS notification_team, channel_id, event, turn, content, attempts,
           created_at AS written_at
      FROM notification
     WHERE team_id = $1 AND channel_id = $2 AND status = 'queued' AND claim IS NULL
     ORDER BY created_at, id LIMIT $3";
const GIVE_UP_QUEUED: &str = "
    UPDATE notification SET status = 'dead', finished_at = $3
     WHERE team_id = $1 AND channel_id = $2 AND status = 'queued' AND claim IS NULL";
const HEARD_SUCCESS: &str = "
    UPDATE channel SET last_success_at = $3, error_at = NULL, error = NULL
     WHERE team_id = $1 AND id = $2";
const HEARD_ERROR: &str = "
    UPDATE channel SET error_at = $3, error = $4 WHERE team_id = $1 AND id = $2";
