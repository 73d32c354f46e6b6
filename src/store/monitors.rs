//! Monitors: made, changed, paused, deleted; with their watches, one per location.
//!
//! Not here: when they are due (`watches`), how they are (`states`), what lists show of them
//! (`overviews`).

use super::db::Many;
use super::monitor_row::{MonitorRow, SpecColumns, fingerprint};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{ChannelId, MonitorId, TeamId};
use crate::domain::monitor::{Endpoint, Monitor};
use crate::domain::status::State;

/// The location of a monitor that names none: any node checks it, wherever it is.
pub const ANYWHERE: &str = "local";

/// A monitor with what the store knows beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The monitor.
    pub monitor: Monitor,
    /// When it was made.
    pub created_at: At,
    /// How often it was changed; [`Tx::save_monitor`] wants it back.
    pub revision: i64,
}

/// The locations that a monitor is checked from.
pub fn locations(monitor: &Monitor) -> Vec<String> {
    match &monitor.spec.locations {
        Some(named) => named.clone(),
        None => vec![ANYWHERE.to_owned()],
    }
}

impl Store {
    /// A monitor of a team.
    pub async fn monitor(&self, team: TeamId, id: MonitorId) -> Result<Option<Kept>, StoreError> {
        let row: Option<MonitorRow> = self.db.optional(MONITOR, (team, id)).await?;
        row.map(|row| kept(&row, self)).transpose()
    }

    /// Other monitors of the team with the same address, headers and token, by id and name.
    pub async fn same_endpoint(
        &self,
        team: TeamId,
        endpoint: &Endpoint,
        except: Option<MonitorId>,
    ) -> Result<Vec<(MonitorId, String)>, StoreError> {
        let print = fingerprint(endpoint, &self.key);
        self.db.all(SAME_ENDPOINT, (team, print, except)).await
    }

    /// Every tag that a monitor of the team has, sorted.
    pub async fn tags(&self, team: TeamId) -> Result<Vec<String>, StoreError> {
        let tags: Vec<(String,)> = self.db.all(TAGS, (team,)).await?;
        Ok(tags.into_iter().map(|(tag,)| tag).collect())
    }

    /// The channels that a monitor names for itself; none means the default ones of the team.
    pub async fn channels_named_by(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Vec<ChannelId>, StoreError> {
        let ids: Vec<(ChannelId,)> = self.db.all(NAMED_CHANNELS, (team, monitor)).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }
}

pub(super) fn kept(row: &MonitorRow, store: &Store) -> Result<Kept, StoreError> {
    Ok(Kept {
        monitor: row.monitor(&store.key)?,
        created_at: row.created_at,
        revision: row.revision,
    })
}

impl Tx {
    /// Adds a monitor that is due at once (unless paused) and of which nothing is known yet.
    pub async fn add_monitor(&mut self, monitor: &Monitor, now: At) -> Result<(), StoreError> {
        let columns = SpecColumns::of(monitor, &self.key)?;
        let (id, team) = (monitor.id, monitor.team);
        let SpecColumns {
            name,
            url,
            words,
            spec,
            sealed,
            fingerprint,
        } = columns;
        let texts = (name, url, words, spec, sealed, fingerprint);
        let (name, url, words, spec, sealed, print) = texts;
        let row = (
            id,
            team,
            name,
            url,
            words,
            spec,
            sealed,
            print,
            monitor.paused,
            now,
        );
        self.db.run(ADD_MONITOR, row).await?;
        let state = State::pending(now);
        let text = super::codec::document(&state)?;
        self.db
            .run(ADD_STATE, (id, team, state.status.as_str(), text))
            .await?;
        self.add_parts(monitor, now).await
    }

    /// Changes what people say of a monitor. It is checked at once, and from its present
    /// locations only. False when it is gone, or was changed since `revision` was read.
    pub async fn save_monitor(
        &mut self,
        monitor: &Monitor,
        revision: i64,
        now: At,
    ) -> Result<bool, StoreError> {
        let c = SpecColumns::of(monitor, &self.key)?;
        let key = (monitor.id, monitor.team, revision);
        // What was learnt of one address with one set of credentials says nothing of another.
        self.db
            .run(FORGET_MEMORY, (monitor.id, &*c.fingerprint))
            .await?;
        let row = (
            key.0,
            key.1,
            key.2,
            c.name,
            c.url,
            c.words,
            c.spec,
            c.sealed,
            c.fingerprint,
        );
        if self.db.run(SAVE_MONITOR, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(DROP_TAGS, (monitor.id,)).await?;
        let present: Vec<(String,)> = self.db.all(WATCHED_FROM, (monitor.id,)).await?;
        let wanted = locations(monitor);
        let gone = present.into_iter().filter(|(at,)| !wanted.contains(at));
        for (location,) in gone {
            self.db
                .run(DROP_CHECKS, (monitor.id, Some(&*location)))
                .await?;
            self.db.run(DROP_WATCH, (monitor.id, &*location)).await?;
        }
        self.add_parts(monitor, now).await?;
        Ok(true)
    }

    /// Changes the tags of a monitor and nothing else: it is checked as before. False when it is
    /// gone, or was changed since `revision` was read.
    pub async fn save_tags(
        &mut self,
        monitor: &Monitor,
        revision: i64,
    ) -> Result<bool, StoreError> {
        let columns = SpecColumns::of(monitor, &self.key)?;
        let (id, team) = (monitor.id, monitor.team);
        let row = (id, team, revision, columns.words, columns.spec);
        if self.db.run(SAVE_TAGS, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(DROP_TAGS, (id,)).await?;
        let tags = monitor.spec.tags.iter().map(|tag| (id, team, &**tag));
        self.db.many(ADD_TAGS, tags).await?;
        Ok(true)
    }

    async fn add_parts(&mut self, monitor: &Monitor, now: At) -> Result<(), StoreError> {
        let (id, team) = (monitor.id, monitor.team);
        let tags = monitor.spec.tags.iter().map(|tag| (id, team, &**tag));
        self.db.many(ADD_TAGS, tags).await?;
        self.depend(team, id, &monitor.spec.depends_on).await?;
        let has_target = monitor.spec.target.is_some();
        self.set_budget(team, id, has_target).await?;
        let due = (!monitor.paused).then_some(now);
        let from = locations(monitor);
        let watches = from
            .iter()
            .map(|location| (id, &**location, team, due, 0_i64));
        self.db.many(ADD_WATCHES, watches).await?;
        self.db.place(id, &from).await?;
        Ok(())
    }

    /// Stops checking a monitor, or starts again at once. What is being checked meanwhile finishes
    /// nothing. False when it is gone or was so already.
    pub async fn set_paused(
        &mut self,
        team: TeamId,
        id: MonitorId,
        paused: bool,
        now: At,
    ) -> Result<bool, StoreError> {
        if self.db.run(SET_PAUSED, (team, id, paused)).await? == 0 {
            return Ok(false);
        }
        let due = (!paused).then_some(now);
        self.db.run(SET_DUE, (id, due)).await?;
        Ok(true)
    }

    /// Names the channels of a monitor; an empty list means the default ones. Channels of other
    /// teams are left out.
    pub async fn name_channels(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        channels: &[ChannelId],
    ) -> Result<(), StoreError> {
        self.db.run(DROP_NAMED_CHANNELS, (team, monitor)).await?;
        let rows = channels.iter().map(|channel| (team, monitor, *channel));
        self.db.many(NAME_CHANNELS, rows).await?;
        Ok(())
    }

    /// Deletes a monitor and everything that is known of it; what depends on it does so no more. False when it is gone already.
    pub async fn delete_monitor(
        &mut self,
        team: TeamId,
        id: MonitorId,
    ) -> Result<bool, StoreError> {
        let found: Option<(MonitorId,)> = self.db.optional(IS_THERE, (team, id)).await?;
        if found.is_none() {
            return Ok(false);
        }
        self.forget_dependency(team, id).await?;
        self.db.run(DROP_CHECKS, (id, None::<&str>)).await?;
        self.db.run(DROP_HOURS, (id,)).await?;
        self.db.run(DROP_DAYS, (id,)).await?;
        // Whatever else hangs on it goes with it: the tables say so.
        Ok(self.db.run(DROP_MONITOR, (team, id)).await? > 0)
    }

    /// A monitor of a team, as this transaction sees it.
    pub async fn monitor(
        &mut self,
        team: TeamId,
        id: MonitorId,
    ) -> Result<Option<Kept>, StoreError> {
        let row: Option<MonitorRow> = self.db.optional(MONITOR, (team, id)).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Kept {
            monitor: row.monitor(&self.key)?,
            created_at: row.created_at,
            revision: row.revision,
        }))
    }
}

const MONITOR: &str = "
    SELECT id, team_id, name, url, spec, sealed, paused, created_at, revision
      FROM monitor WHERE team_id = $1 AND id = $2";
const SAME_ENDPOINT: &str = "
    SELECT id, name FROM monitor
     WHERE team_id = $1 AND fingerprint = $2 AND ($3 IS NULL OR id <> $3) ORDER BY id LIMIT 10";
const TAGS: &str = "SELECT DISTINCT tag FROM monitor_tag WHERE team_id = $1 ORDER BY tag";
const NAMED_CHANNELS: &str = "SELECT channel_id FROM monitor_channel WHERE team_id = $1 AND monitor_id = $2 ORDER BY channel_id";
const ADD_MONITOR: &str = "
    INSERT INTO monitor (id, team_id, name, url, words, spec, sealed, fingerprint, paused, created_at, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)";
const ADD_STATE: &str = "
    INSERT INTO monitor_state (monitor_id, team_id, status, state, revision) VALUES ($1, $2, $3, $4, 1)";
const FORGET_MEMORY: &str = "
    UPDATE watch SET memory = NULL, pace = NULL
     WHERE monitor_id IN (SELECT id FROM monitor WHERE id = $1 AND fingerprint <> $2)";
const SAVE_MONITOR: &str = "
    UPDATE monitor SET name = $4, url = $5, words = $6, spec = $7, sealed = $8, fingerprint = $9,
           revision = revision + 1
     WHERE id = $1 AND team_id = $2 AND revision = $3";
const ADD_TAGS: Many = Many {
    head: "INSERT INTO monitor_tag (monitor_id, team_id, tag) VALUES",
    tail: "ON CONFLICT (monitor_id, tag) DO NOTHING",
};
const SAVE_TAGS: &str = "
    UPDATE monitor SET words = $4, spec = $5, revision = revision + 1
     WHERE id = $1 AND team_id = $2 AND revision = $3";
const DROP_TAGS: &str = "DELETE FROM monitor_tag WHERE monitor_id = $1";
const WATCHED_FROM: &str = "SELECT location FROM watch WHERE monitor_id = $1";
const ADD_WATCHES: Many = Many {
    head: "INSERT INTO watch (monitor_id, location, team_id, next_due, attempt) VALUES",
    tail: "ON CONFLICT (monitor_id, location) DO UPDATE SET next_due = excluded.next_due,
           attempt = 0, slot = NULL, claim = NULL, claimed_by = NULL",
};
const DROP_WATCH: &str = "DELETE FROM watch WHERE monitor_id = $1 AND location = $2";
const SET_PAUSED: &str =
    "UPDATE monitor SET paused = $3 WHERE team_id = $1 AND id = $2 AND paused <> $3";
const SET_DUE: &str = "
    UPDATE watch SET next_due = $2, attempt = 0, slot = NULL, claim = NULL, claimed_by = NULL
     WHERE monitor_id = $1";
const DROP_NAMED_CHANNELS: &str =
    "DELETE FROM monitor_channel WHERE team_id = $1 AND monitor_id = $2";
const NAME_CHANNELS: Many = Many {
    head: "WITH v(team, monitor, channel) AS (VALUES",
    tail: ") INSERT INTO monitor_channel (monitor_id, channel_id, team_id)
           SELECT m.id, c.id, v.team FROM v
             JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team
             JOIN channel c ON c.id = v.channel AND c.team_id = v.team
            WHERE TRUE
               ON CONFLICT (monitor_id, channel_id) DO NOTHING",
};
const IS_THERE: &str = "SELECT id FROM monitor WHERE team_id = $1 AND id = $2";
const DROP_CHECKS: &str = "
    DELETE FROM check_result WHERE (slot, monitor_id, location) IN (
        WITH RECURSIVE chain(slot, monitor_id, location) AS (
            SELECT last_slot, monitor_id, location FROM watch
             WHERE monitor_id = $1 AND last_slot IS NOT NULL AND ($2 IS NULL OR location = $2)
             UNION ALL
            SELECT c.previous_slot, c.monitor_id, c.location
              FROM chain JOIN check_result c ON c.slot = chain.slot
               AND c.monitor_id = chain.monitor_id AND c.location = chain.location
             WHERE c.previous_slot IS NOT NULL)
        SELECT slot, monitor_id, location FROM chain)";
const DROP_HOURS: &str = "DELETE FROM rollup_hour WHERE monitor_id = $1";
const DROP_DAYS: &str = "DELETE FROM rollup_day WHERE monitor_id = $1";
const DROP_MONITOR: &str = "DELETE FROM monitor WHERE team_id = $1 AND id = $2";
