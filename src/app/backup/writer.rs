//! Writes the lines of a backup, counts its rows, and seals it with what they add up to.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context as _, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::domain::at::At;
use crate::secret::hex;
use crate::store::{Batch, Layout};

use super::lines::{End, FORMAT, Header, VERSION, written};
use super::reader::MOST_LINE;

/// A backup that is being written.
pub(super) struct Writer<W: Write> {
    to: GzEncoder<W>,
    digest: Sha256,
    rows: BTreeMap<String, u64>,
    table: String,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub(super) fn new(to: W, layout: &Layout, made_at: At) -> anyhow::Result<Self> {
        let mut writer = Self {
            to: GzEncoder::new(to, Compression::fast()),
            digest: Sha256::new(),
            rows: BTreeMap::new(),
            table: String::new(),
            line: Vec::new(),
        };
        writer.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_at,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            layout: layout.clone(),
        })?;
        Ok(writer)
    }

    /// Says which table the next rows are of.
    pub(super) fn table(&mut self, name: &str) -> anyhow::Result<()> {
        name.clone_into(&mut self.table);
        self.rows.insert(name.to_owned(), 0);
        self.line(name)
    }

    /// Writes rows of that table.
    pub(super) fn rows(&mut self, batch: &Batch) -> anyhow::Result<()> {
        for row in batch.rows() {
            let row: Vec<Json> = row.iter().map(written).collect();
            self.line(&row)?;
        }
        *self.rows.entry(self.table.clone()).or_default() += batch.rows().len() as u64;
        Ok(())
    }

    /// Ends it, and says how many rows are in it.
    pub(super) fn finish(mut self) -> anyhow::Result<u64> {
        let count = self.rows.values().sum();
        let end = End {
            rows: std::mem::take(&mut self.rows),
            sha256: hex(&self.digest.clone().finalize()),
        };
        self.line(&end)?;
        let mut to = self.to.finish().context("cannot write the backup")?;
        to.flush().context("cannot write the backup")?;
        Ok(count)
    }

    fn line(&mut self, value: &(impl Serialize + ?Sized)) -> anyhow::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        ensure!(
            self.line.len() as u64 <= MOST_LINE,
            "a row of {} is longer than {MOST_LINE} bytes",
            self.table
        );
        self.digest.update(&self.line);
        let written = self.to.write_all(&self.line);
        written.context("cannot write the backup")
    }
}
