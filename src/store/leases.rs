//! Leases: work that only one node does at a time, by its name.

use super::{Store, StoreError};
use crate::domain::at::At;

impl Store {
    /// Takes a lease until `until`, or holds it longer. False while another holds it.
    pub async fn hold_lease(
        &self,
        name: &str,
        holder: &str,
        now: At,
        until: At,
    ) -> Result<bool, StoreError> {
        let held = self.db.run(HOLD, (name, holder, until, now)).await?;
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
     WHERE lease.holder = excluded.holder OR lease.held_until <= $4";
const RELEASE: &str = "DELETE FROM lease WHERE name = $1 AND holder = $2";
