//! What was told to end soon: once per monitor, thing and threshold, whoever saw it and however often.

use super::{StoreError, Tx};
use crate::domain::at::{At, DAY_MS};
use crate::domain::expiry::Expiring;
use crate::domain::id::{MonitorId, TeamId};

/// How long what was told is kept, in milliseconds: by then whatever it was of has ended.
const KEPT_MS: i64 = 60 * DAY_MS;

impl Tx {
    /// Takes note that a threshold was passed. True when that is news: nothing as near to the end
    /// was told before of the same thing and the same monitor.
    pub async fn note_expiring(
        &mut self,
        (team, monitor): (TeamId, MonitorId),
        expiring: &Expiring,
        now: At,
    ) -> Result<bool, StoreError> {
        let row = (
            monitor,
            expiring.what.as_str(),
            &*expiring.which,
            team,
            i64::from(expiring.hours),
            now,
        );
        if self.db.run(NOTE, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(FORGET, (monitor, At(now.0 - KEPT_MS))).await?;
        Ok(true)
    }
}

const NOTE: &str = "
    INSERT INTO expiry_told (monitor_id, what, which, team_id, hours, told_at)
    SELECT m.id, $2, $3, $4, $5, $6 FROM monitor m WHERE m.id = $1
    ON CONFLICT (monitor_id, what, which) DO UPDATE
       SET hours = excluded.hours, told_at = excluded.told_at
     WHERE expiry_told.hours > excluded.hours";
const FORGET: &str = "DELETE FROM expiry_told WHERE monitor_id = $1 AND told_at < $2";
