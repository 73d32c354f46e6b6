//! Where rows lie in the file of SQLite. A batch writes every page that one of its rows is on, and what is
//! due together is claimed and recorded together: such rows should be neighbours. SQLite keeps the rows of
//! a table in the order of a number that means nothing else (`rowid`), so they get one by when they are
//! due. PostgreSQL writes a row elsewhere each time that it changes; there is nothing to be arranged.

use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use super::tx::Engine;
use super::{Db, Pools, Tx};
use crate::domain::id::MonitorId;
use crate::domain::schedule;
use crate::store::error::StoreError;

/// Below it are the numbers that SQLite gives by itself, one after the other, until a row has a higher one.
const ARRANGED: i64 = 1 << 40;
const WATCHES: (&str, &str) = (
    "SELECT rowid, monitor_id, location FROM watch WHERE rowid < ? LIMIT ?",
    "UPDATE OR IGNORE watch SET rowid = ? WHERE rowid = ?",
);
/// A state belongs to all watches of its monitor; mostly there is one.
const STATES: (&str, &str) = (
    "SELECT s.rowid, s.monitor_id, COALESCE(MIN(w.location), '')
       FROM monitor_state s LEFT JOIN watch w ON w.monitor_id = s.monitor_id
      WHERE s.rowid < ? GROUP BY s.rowid LIMIT ?",
    "UPDATE OR IGNORE monitor_state SET rowid = ? WHERE rowid = ?",
);

const PLACE_WATCH: &str =
    "UPDATE OR IGNORE watch SET rowid = ? WHERE monitor_id = ? AND location = ?";
const PLACE_STATE: &str = "UPDATE OR IGNORE monitor_state SET rowid = ? WHERE monitor_id = ?";

impl Tx {
    /// Puts the rows of a monitor that was added, or of its new locations, beside their neighbours.
    pub(in crate::store) async fn place(
        &mut self,
        monitor: MonitorId,
        locations: &[String],
    ) -> Result<(), StoreError> {
        let Engine::Sqlite(tx) = &mut self.engine else {
            return Ok(());
        };
        for location in locations {
            let number = schedule::neighbourhood(monitor, location);
            let query = sqlx::query(PLACE_WATCH).bind(number).bind(monitor.0);
            query.bind(location).execute(&mut **tx).await?;
        }
        if let Some(first) = locations.iter().min() {
            let number = schedule::neighbourhood(monitor, first);
            let query = sqlx::query(PLACE_STATE).bind(number).bind(monitor.0);
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }
}

impl Db {
    /// Puts watches and states in their place that have none, at most `limit` of each, and says how many:
    /// those of a database that was restored, or is of a release that knew of no neighbours.
    pub(in crate::store) async fn arrange(&self, limit: u32) -> Result<u64, StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Ok(0);
        };
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut moved = 0;
        for table in [WATCHES, STATES] {
            moved += arrange(&mut tx, table, limit).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }
}

async fn arrange(
    tx: &mut Transaction<'static, Sqlite>,
    (find, put): (&'static str, &'static str),
    limit: u32,
) -> Result<u64, StoreError> {
    let query = sqlx::query_as(find).bind(ARRANGED).bind(limit);
    let rows: Vec<(i64, Uuid, String)> = query.fetch_all(&mut **tx).await?;
    let mut moved = 0;
    for (row, monitor, location) in rows {
        let number = schedule::neighbourhood(MonitorId(monitor), &location);
        let query = sqlx::query(put).bind(number).bind(row);
        moved += query.execute(&mut **tx).await?.rows_affected();
    }
    Ok(moved)
}
