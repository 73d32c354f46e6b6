//! Everything that is kept: one SQL for two engines, and the type [`Store`] that speaks it.
//!
//! Reads are methods of [`Store`]; writes that belong together are methods of [`Tx`], between
//! [`Store::begin`] and [`Tx::commit`]. Whatever a page or the API can reach takes the `TeamId` of
//! the actor. Time and fresh ids are arguments. All of a database at once goes through `copy`.
//!
//! The dialect: `$1` placeholders; `ON CONFLICT (…) DO …`; `RETURNING`; `WITH v(a) AS (VALUES …)` for
//! statements over several rows; integer division for buckets; `($1 IS NULL OR col = $1)` for
//! optional filters; keyset paging. What is summed is cast (`CAST(SUM(x) AS BIGINT)`). Not used:
//! date functions, `SERIAL`, `= ANY`, `ILIKE`, JSON operators, arrays, constraint names.
//! Columns: ids `UUID`, instants `BIGINT` milliseconds, flags `BOOLEAN`, enums `TEXT` with `CHECK`,
//! documents `TEXT` JSON that is never queried inside.

mod agent_watches;
mod agents;
mod announcements;
mod audit;
mod beside;
mod budgets;
mod by_tag;
mod catalogue;
mod chain;
mod changes;
mod channels;
mod checks;
mod claims;
mod codec;
mod copy;
mod coverage;
mod db;
mod deliveries;
mod dependencies;
mod digests;
mod directory;
mod due;
mod error;
mod expiries;
mod finish;
mod gates;
mod incidents;
mod leases;
mod letters;
mod links;
mod listings;
mod maintenance;
mod migrations;
mod monitor_row;
mod monitors;
mod months;
mod names;
mod news;
mod nodes;
mod notifications;
mod open_hours;
mod overdue;
mod overviews;
mod parts;
mod reports;
mod retention;
mod rollups;
mod rows;
mod sessions;
mod shown;
mod states;
mod status_pages;
mod subscribers;
mod surfaces;
mod teams;
mod tokens;
mod users;
mod wakes;
mod watches;
mod windows;

use std::path::PathBuf;
use std::sync::Arc;

pub use agent_watches::Standing;
pub use budgets::LookedAt;
pub use catalogue::{Column, Table};
pub use chain::Chains;
pub use changes::PastChange;
pub use checks::{CheckFilter, PastCheck};
pub use codec::Page;
pub use copy::{Filling, Layout, Rows, Snapshot};
pub use db::MOST_ROWS;
pub use deliveries::{Delivery, Fate, PastAttempt};
pub use digests::DueDigest;
pub use directory::ListedServer;
pub use error::StoreError;
pub use finish::Finished;
pub use incidents::{HeldIncident, IncidentFilter};
pub use letters::{LetterTicket, QueuedLetter};
pub use listings::Listed;
pub use migrations::MIGRATIONS;
pub use monitors::{ANYWHERE, Kept, locations};
pub use names::Named;
pub use news::{ChangedIncident, UntoldNews};
pub use notifications::{Attempt, QueueHealth, Queued, Ticket, ToTell};
pub use overdue::Overdue;
pub use overviews::{LastCheck, OpenIncident, Overview};
pub use reports::LatestReport;
pub use rollups::{Addition, WHOLE};
pub use rows::{Batch, Kind, Value};
pub use shown::OverviewFilter;
pub use states::Held;
pub use subscribers::Asked;
pub use surfaces::{CurrentTools, SeenTools, ToolsChange};
pub use wakes::Ears;
pub use watches::{Claim, Claimed, DueCheck, Unreadable};
pub use windows::OVERVIEW_WINDOWS;

use crate::domain::sensitive::Sensitive;
use crate::secret::{Place, SealingKey};
use db::Db;

/// The database and the key that opens what is sealed in it.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    key: Arc<SealingKey>,
}

/// A transaction; dropped without [`Tx::commit`] nothing of it has happened.
#[derive(Debug)]
pub struct Tx {
    db: db::Tx,
    key: Arc<SealingKey>,
}

impl Store {
    /// Opens the database of `url` without touching its tables. Fails with a text for the
    /// operator that names the setting and hides the password.
    pub async fn connect(url: &str, key: SealingKey) -> Result<Self, StoreError> {
        let db = Db::connect(url).await?;
        Ok(Self {
            db,
            key: Arc::new(key),
        })
    }

    /// The folder that an embedded database of `url` lives in; `None` when it is on a server.
    pub fn folder(url: &str) -> Option<PathBuf> {
        Db::folder(url)
    }

    /// Closes the connections, waiting for those in use.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Seals a text that leaves this process and comes back, for its place only.
    pub fn seal(&self, place: &Place, plain: &str) -> String {
        self.key.seal(place, plain)
    }

    /// Opens what [`Store::seal`] has sealed; `None` when it was changed or belongs elsewhere.
    pub fn open(&self, place: &Place, sealed: &str) -> Option<Sensitive> {
        self.key.open(place, sealed)
    }

    /// Starts a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx {
            db: self.db.begin().await?,
            key: Arc::clone(&self.key),
        })
    }

    /// How many statements were run since it was opened, beside those that begin and end
    /// transactions.
    pub fn statements(&self) -> u64 {
        self.db.statements()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (_,): (i64,) = self.db.one("SELECT CAST(1 AS BIGINT)", ()).await?;
        Ok(())
    }
}

impl Tx {
    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.db.commit().await
    }
}
