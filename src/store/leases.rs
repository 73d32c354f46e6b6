//! Leases: work that only one node does at a time, by its name.

use std::time::Duration;

use super::{Store, StoreError};
use crate::domain::at::At;

/// Longer than any lease.
const LONGEST: Duration = Duration::from_hours(1);

impl Store {
    /// Takes a lease until `until`, or holds it longer. False while another holds it. None is held for
    /// more than an hour: one that seems to be was taken by a clock that was wrong.
    pub async fn hold_lease(
        &self,
        name: &str,
        holder: &str,
        now: At,
        until: At,
    ) -> Result<bool, StoreError> {
        let row = (name, holder, until, now, now + LONGEST);
        let held = self.db.run(HOLD, row).await?;
        Ok(held > 0)
    }

    /// Gives a lease back before its time; one that another holds stays.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        self.db.run(RELEASE, (name, holder)).await?;
        Ok(())
    }
}

const HOLD: &str = "
    INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, held_until = excluded.held_until
     WHERE lease.holder = excluded.holder OR lease.held_until <= $4 OR lease.held_until > $5";
const RELEASE: &str = "DELETE FROM lease WHERE name = $1 AND holder = $2";
