//! All of a database, out of one and into another: what backups, restores and moves between the
//! engines are made of.

use std::fmt;

use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Table};
use super::db::{Stored, Whole, must_exist};
use super::migrations::{KEY_CHECKED, LATEST};
use super::rows::Batch;
use super::{Store, StoreError};
use crate::secret::SealingKey;

/// What has to be the same for rows to be taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The position of the last migration.
    pub schema: i64,
    /// A fingerprint of the key that credentials are sealed with.
    pub key: String,
    /// The tables, each after those that it refers to.
    pub tables: Vec<Table>,
}

/// Everything as of one moment. Nobody waits for it.
pub struct Snapshot {
    db: Whole,
    layout: Layout,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

/// The rows of one table of a snapshot.
pub struct Rows<'s>(Stored<'s>);

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rows")
    }
}

/// An empty database that is filled; dropped without [`Filling::commit`] it stays empty.
#[derive(Debug)]
pub struct Filling {
    db: Whole,
    tables: Vec<Table>,
}

impl Store {
    /// Opens the database of `url` as [`Store::connect`] does, but makes none.
    pub async fn connect_existing(url: &str, key: SealingKey) -> Result<Self, StoreError> {
        must_exist(url)?;
        Self::connect(url, key).await
    }

    /// Everything as it is now. Refuses a database without tables and another key than the one that
    /// it was sealed with: who restored that would not get the credentials back.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut db = self.db.snapshot().await?;
        let Catalogue { position, tables } = Catalogue::of(&mut db).await?;
        if position == 0 {
            return Err(StoreError::Unusable(
                "there is nothing in this database: no `lifesign serve` has ever made its tables"
                    .to_owned(),
            ));
        }
        if tables.iter().any(|table| table.name == "key_check") {
            let rows: Vec<(String,)> = db.all(KEY_CHECKED).await?;
            rows.first()
                .map_or(Ok(()), |(sealed,)| self.check_key(sealed))?;
        }
        let layout = Layout {
            schema: position,
            key: self.key_fingerprint(),
            tables,
        };
        Ok(Snapshot { db, layout })
    }

    /// Makes ready to take over what has this layout: a database without a row whose tables are
    /// brought to that schema. Refuses another key, rows that are there, and a newer schema.
    pub async fn fill(&self, layout: &Layout) -> Result<Filling, StoreError> {
        if layout.key != self.key_fingerprint() {
            return Err(StoreError::Unusable(
                "what is to be restored was sealed with another key: set LIFESIGN_SECRET_KEY (or the \
                 file data/secret.key) to the one that it was made with"
                    .to_owned(),
            ));
        }
        if !(1..=LATEST).contains(&layout.schema) {
            return Err(StoreError::Unusable(format!(
                "what is to be restored has schema {}, and this version of Lifesign knows {LATEST}: \
                 restore it with the version that made it, or a later one",
                layout.schema
            )));
        }
        let (db, there) = self.empty().await?;
        db.close().await?;
        if there.position > layout.schema {
            return Err(StoreError::Unusable(format!(
                "the tables of this database are newer (schema {}) than what is to be restored (schema \
                 {}): restore into a database without tables",
                there.position, layout.schema
            )));
        }
        self.migrate_to(layout.schema).await?;
        let (db, Catalogue { tables, .. }) = self.empty().await?;
        if tables != layout.tables {
            return Err(StoreError::Unusable(
                "the tables of what is to be restored are not those of its schema: somebody has \
                 changed them by hand"
                    .to_owned(),
            ));
        }
        Ok(Filling { db, tables })
    }

    /// A transaction over a database without a row.
    async fn empty(&self) -> Result<(Whole, Catalogue), StoreError> {
        let mut db = self.db.filling().await?;
        let catalogue = Catalogue::of(&mut db).await?;
        for table in &catalogue.tables {
            let first = db.rows(table.select(true), table.kinds()).next().await;
            if first.transpose()?.is_some() {
                return Err(StoreError::Unusable(format!(
                    "this database is not empty (there are rows in {}): restore into a new one",
                    table.name
                )));
            }
        }
        Ok((db, catalogue))
    }

    /// By what it is noticed that rows were sealed with another key.
    fn key_fingerprint(&self) -> String {
        self.key.fingerprint(&["lifesign backup"])
    }
}

impl Snapshot {
    /// What it is made of.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The rows of the table at `place` of the layout; none where there is no such table.
    pub fn rows(&mut self, place: usize) -> Rows<'_> {
        match self.layout.tables.get(place) {
            Some(table) => Rows(self.db.rows(table.select(false), table.kinds())),
            None => Rows(Box::pin(futures_util::stream::empty())),
        }
    }
}

impl Rows<'_> {
    /// The next of them; an empty batch after the last.
    pub async fn next(&mut self) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        while !batch.is_full() {
            match self.0.next().await {
                Some(row) => batch.push(row?),
                None => break,
            }
        }
        Ok(batch)
    }
}

impl Filling {
    /// Writes rows into the table at `place` of the layout.
    pub async fn add(&mut self, place: usize, batch: Batch) -> Result<(), StoreError> {
        let table = self.tables.get(place).filter(|table| {
            let width = table.columns.len();
            batch.rows().iter().all(|row| row.len() == width)
        });
        let table = table.ok_or_else(|| {
            StoreError::Unusable(format!("rows that are not of table {place} of the layout"))
        })?;
        if batch.is_empty() {
            return Ok(());
        }
        let text = table.insert(batch.rows().len(), self.db.sign());
        self.db.write(text, &table.kinds(), batch.into_rows()).await
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.db.commit().await
    }
}
