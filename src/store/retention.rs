//! Deletes what need not be kept any longer, in bites: each function deletes at most `limit` rows,
//! the oldest first, and says how many went.

use super::{Store, StoreError};
use crate::domain::at::At;

impl Store {
    /// Deletes single checks of slots before `before`.
    pub async fn drop_checks(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_CHECKS, bite).await
    }

    /// Deletes whole reports of failures, all but the newest `kept` of each monitor.
    pub async fn drop_reports(&self, kept: u32, limit: u32) -> Result<u64, StoreError> {
        let bite = (i64::from(kept), i64::from(limit));
        self.db.run(DROP_REPORTS, bite).await
    }

    /// Deletes the sums of hours that began before `before`.
    pub async fn drop_hours(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_HOURS, bite).await
    }

    /// Deletes sessions that ended before `before`.
    pub async fn drop_sessions(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_SESSIONS, bite).await
    }

    /// Deletes one-time links that were good until before `before`, used or not.
    pub async fn drop_links(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_LINKS, bite).await
    }

    /// Deletes notifications that were sent or given up before `before`, with their deliveries.
    pub async fn drop_notifications(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        let bite = (before, i64::from(limit));
        self.db.run(DROP_NOTIFICATIONS, bite).await
    }
}

const DROP_CHECKS: &str = "
    DELETE FROM check_result WHERE (slot, monitor_id, location) IN (
        SELECT slot, monitor_id, location FROM check_result
         WHERE slot < $1 ORDER BY slot LIMIT $2)";
const DROP_REPORTS: &str = "
    DELETE FROM check_report WHERE (monitor_id, slot, location) IN (
        SELECT monitor_id, slot, location FROM (
            SELECT monitor_id, slot, location,
                   ROW_NUMBER() OVER (PARTITION BY monitor_id
                                      ORDER BY slot DESC, location DESC) AS place
              FROM check_report) AS placed
         WHERE place > $1 LIMIT $2)";
const DROP_HOURS: &str = "
    DELETE FROM rollup_hour WHERE (monitor_id, location, start) IN (
        SELECT monitor_id, location, start FROM rollup_hour
         WHERE start < $1 ORDER BY start LIMIT $2)";
const DROP_SESSIONS: &str = "
    DELETE FROM session WHERE hash IN (
        SELECT hash FROM session WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
const DROP_LINKS: &str = "
    DELETE FROM one_time_link WHERE hash IN (
        SELECT hash FROM one_time_link WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
const DROP_NOTIFICATIONS: &str = "
    DELETE FROM notification WHERE id IN (
        SELECT id FROM notification WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)";
