//! A backup: all rows of all tables in one file that does not know which engine it came from, so that
//! backing up, restoring and moving between the engines are one thing.
//!
//! The file is a stream of lines, compressed as gzip: a header, the rows of each table, and at the end
//! their counts and a checksum, so that half a file is never taken for a whole one (`lines.rs`). The
//! key that credentials are sealed with is not in it; a fingerprint says which one it was.
//!
//! Reads and writes of the file block: these are commands of the console with a process of their own.

mod file;
mod lines;
mod reader;
mod writer;

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::Context as _;

use crate::domain::at::At;
use crate::store::{Batch, Filling, Layout, Rows, Store};

use self::file::Draft;
use self::reader::{Part, Reader};
use self::writer::Writer;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Rows.
    pub rows: u64,
    /// Tables, empty ones among them.
    pub tables: usize,
}

/// Writes everything as of now into a file at `path`, which is replaced by a whole one only. The
/// service may run and write meanwhile.
pub async fn back_up(store: &Store, path: &Path, now: At) -> anyhow::Result<Copied> {
    let mut snapshot = store.snapshot().await?;
    let draft = Draft::new(path)?;
    let layout = snapshot.layout().clone();
    let mut writer = Writer::new(BufWriter::new(draft.file()?), &layout, now)?;
    for (place, table) in layout.tables.iter().enumerate() {
        writer.table(&table.name)?;
        let mut rows = snapshot.rows(place);
        loop {
            let batch = next(&mut rows, &table.name).await?;
            if batch.is_empty() {
                break;
            }
            writer.rows(&batch)?;
        }
    }
    let rows = writer.finish()?;
    draft.keep()?;
    let tables = layout.tables.len();
    Ok(Copied { rows, tables })
}

/// Fills an empty database from a backup and brings it up to date: all of it or nothing.
pub async fn restore(store: &Store, path: &Path) -> anyhow::Result<Copied> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let damaged = || format!("cannot restore {name}");
    let (mut reader, layout) = Reader::new(BufReader::new(file)).with_context(damaged)?;
    let mut filling = store.fill(&layout).await?;
    let rows = loop {
        match reader.next().with_context(damaged)? {
            Part::Rows(place, batch) => {
                if let Err(refused) = add(&mut filling, &layout, place, batch).await {
                    // What a database refuses may well be what became of the file.
                    reader.skip_rest().with_context(damaged)?;
                    return Err(refused);
                }
            }
            Part::End(rows) => break rows,
        }
    };
    keep(store, filling, &layout, rows).await
}

/// Fills an empty database with all that another one holds, whatever their engines, and brings it up
/// to date: all of it or nothing.
pub async fn copy(from: &Store, to: &Store) -> anyhow::Result<Copied> {
    let mut snapshot = from.snapshot().await?;
    let layout = snapshot.layout().clone();
    let mut filling = to.fill(&layout).await?;
    let mut count = 0;
    for (place, table) in layout.tables.iter().enumerate() {
        let mut rows = snapshot.rows(place);
        loop {
            let batch = next(&mut rows, &table.name).await?;
            if batch.is_empty() {
                break;
            }
            count += batch.rows().len() as u64;
            add(&mut filling, &layout, place, batch).await?;
        }
    }
    keep(to, filling, &layout, count).await
}

async fn next(rows: &mut Rows<'_>, table: &str) -> anyhow::Result<Batch> {
    let batch = rows.next().await;
    batch.with_context(|| format!("cannot read the rows of {table}"))
}

async fn add(
    filling: &mut Filling,
    layout: &Layout,
    place: usize,
    batch: Batch,
) -> anyhow::Result<()> {
    let table = layout.tables.get(place).map_or("?", |table| &table.name);
    let added = filling.add(place, batch).await;
    added.with_context(|| format!("cannot write the rows of {table}"))
}

async fn keep(
    store: &Store,
    filling: Filling,
    layout: &Layout,
    rows: u64,
) -> anyhow::Result<Copied> {
    filling.commit().await?;
    store.migrate().await?;
    let tables = layout.tables.len();
    Ok(Copied { rows, tables })
}
