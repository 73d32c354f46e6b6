//! Deletes what need not be kept any longer, in bites: each function deletes at most `limit` rows,
//! the oldest first, and says how many went. Sessions and links are few; they are forgotten where
//! they are kept.

use super::db::{Dialects, Many};
use super::{Store, StoreError};
use crate::domain::at::{At, DAY_MS};
use crate::domain::id::MonitorId;

/// Days that have room before they begin: a database may be away from its nodes for a while.
const DAYS_AHEAD: i64 = 3;

impl Store {
    /// Makes room for the checks of today and of the days after it. On PostgreSQL each day has a part of
    /// its own, which has to be there before anything of it is recorded; SQLite needs none. A day that
    /// fails does not stop the others.
    pub async fn prepare_days(&self, now: At) -> Result<(), StoreError> {
        let mut made = Ok(());
        for ahead in 0..=DAYS_AHEAD {
            made = made.and(self.db.add_day(At(now.0 + ahead * DAY_MS)).await);
        }
        made
    }

    /// Lets rows that are due together lie together where the engine keeps rows in an order and they were
    /// not added so, as those of a backup are; at most `limit` of each table. Says how many it has moved;
    /// what they say stays as it is.
    pub async fn arrange(&self, limit: u32) -> Result<u64, StoreError> {
        self.db.arrange(limit).await
    }

    /// Deletes single checks of slots before `before`. On PostgreSQL whole days go, those that ended
    /// by then, and single rows only where a day has no part of its own.
    pub async fn drop_checks(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        self.db.drop_days(before).await?;
        let mut tx = self.begin().await?;
        let sql = tx.db.pick(DROP_CHECKS);
        let gone = tx.db.run(sql, (before, i64::from(limit))).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Deletes whole reports of failures, all but the newest `kept` of each monitor.
    pub async fn drop_reports(&self, kept: u32, limit: u32) -> Result<u64, StoreError> {
        let bite = (i64::from(kept), i64::from(limit));
        // Found apart: looking through all of them must keep nobody from writing.
        let old: Vec<(MonitorId, At, String)> = self.db.all(OLD_REPORTS, bite).await?;
        let mut tx = self.begin().await?;
        let gone = tx.db.many(DROP_REPORTS, old).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Deletes the sums of hours that began before `before`.
    pub async fn drop_hours(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_HOURS, bite).await
    }

    /// Deletes notifications that were sent or given up before `before`, with their deliveries.
    pub async fn drop_notifications(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_NOTIFICATIONS, bite).await
    }
}

// What goes is found once, before anything is deleted: PostgreSQL would be free to look again for
// each row, and to go beyond the limit.
macro_rules! drop_checks {
    ($table:literal) => {
        concat!(
            "WITH old AS MATERIALIZED (
                 SELECT slot, monitor_id, location FROM ",
            $table,
            " WHERE slot < $1 ORDER BY slot LIMIT $2)
             DELETE FROM ",
            $table,
            " WHERE (slot, monitor_id, location) IN (SELECT slot, monitor_id, location FROM old)"
        )
    };
}

/// PostgreSQL has a part for what belongs to no other (`db/days.rs`).
const DROP_CHECKS: Dialects = Dialects {
    sqlite: drop_checks!("check_result"),
    postgres: drop_checks!("check_result_rest"),
};
const OLD_REPORTS: &str = "
    SELECT monitor_id, slot, location FROM (
        SELECT monitor_id, slot, location,
               ROW_NUMBER() OVER (PARTITION BY monitor_id
                                  ORDER BY slot DESC, location DESC) AS place
          FROM check_report) AS placed
     WHERE place > $1 LIMIT $2";
const DROP_REPORTS: Many = Many {
    head: "WITH v(monitor, at, place) AS (VALUES",
    tail: ") DELETE FROM check_report
              WHERE (monitor_id, slot, location) IN (SELECT monitor, at, place FROM v)",
};
const DROP_HOURS: &str = "
    WITH old AS MATERIALIZED (
        SELECT monitor_id, location, start FROM rollup_hour
         WHERE start < $1 ORDER BY start LIMIT $2)
    DELETE FROM rollup_hour
     WHERE (monitor_id, location, start) IN (SELECT monitor_id, location, start FROM old)";
const DROP_NOTIFICATIONS: &str = "
    WITH old AS MATERIALIZED (
        SELECT n.id FROM notification n
         WHERE n.finished_at < $1
           -- Who was told of what is not over has to be known until it is.
           AND NOT EXISTS (SELECT 1 FROM incident i
                            WHERE i.id = n.incident_id AND i.status <> 'resolved')
         ORDER BY n.finished_at LIMIT $2)
    DELETE FROM notification WHERE id IN (SELECT id FROM old)";
