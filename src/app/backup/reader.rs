//! Reads the lines of a backup, strictly: whoever restores half of what was, or something else than
//! what was, should learn it before it is kept.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, ensure};
use flate2::read::GzDecoder;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::secret::hex;
use crate::store::{Batch, Kind, Layout, Value};

use super::lines::{End, FORMAT, Header, VERSION, read};

/// Most bytes of a line. The longest texts that are kept have a few megabytes.
pub(super) const MOST_LINE: u64 = 64 << 20;

/// What is wrong with a file that does not begin as one.
const STRANGE: &str = "this is no backup of Lifesign";
/// What is wrong with one that does not go on as it should.
const CUT: &str = "the file is damaged or not whole";

/// What comes next in a backup.
#[derive(Debug)]
pub(super) enum Part {
    /// Rows of the table at a place of the layout.
    Rows(usize, Batch),
    /// Nothing more: everything was there, this many rows.
    End(u64),
}

/// A backup that is being read.
pub(super) struct Reader<R: Read> {
    from: BufReader<GzDecoder<R>>,
    digest: Sha256,
    /// The tables of the header: their names and what their columns hold.
    tables: Vec<(String, Vec<Kind>)>,
    /// How many rows came of each table that was named so far.
    counts: Vec<u64>,
    line: Vec<u8>,
    is_over: bool,
}

impl<R: Read> Reader<R> {
    /// Begins one, and says what is needed to take its rows over.
    pub(super) fn new(from: R) -> anyhow::Result<(Self, Layout)> {
        let mut reader = Self {
            from: BufReader::new(GzDecoder::new(from)),
            digest: Sha256::new(),
            tables: Vec::new(),
            counts: Vec::new(),
            line: Vec::new(),
            is_over: false,
        };
        reader.advance().context(STRANGE)?;
        let header: Json = serde_json::from_slice(&reader.line).context(STRANGE)?;
        ensure!(header["format"] == FORMAT, STRANGE);
        ensure!(
            header["version"] == VERSION,
            "it was written by Lifesign {} in a way that this version cannot read",
            header["made_by"]
        );
        let header: Header = serde_json::from_value(header).context(CUT)?;
        reader.digest.update(&reader.line);
        let tables = header.layout.tables.iter();
        reader.tables = tables
            .map(|table| (table.name.clone(), table.kinds()))
            .collect();
        Ok((reader, header.layout))
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> anyhow::Result<Part> {
        let mut batch = Batch::default();
        while !self.is_over && !batch.is_full() {
            self.advance()?;
            match self.line.first() {
                Some(b'[') => {
                    batch.push(self.row()?);
                    self.digest.update(&self.line);
                }
                Some(b'"') => {
                    let place = self.counts.len();
                    self.table()?;
                    self.digest.update(&self.line);
                    if !batch.is_empty() {
                        return Ok(Part::Rows(place - 1, batch));
                    }
                }
                _ => self.is_over = true,
            }
        }
        match self.counts.len().checked_sub(1) {
            Some(place) if !batch.is_empty() => Ok(Part::Rows(place, batch)),
            _ => self.end().map(Part::End),
        }
    }

    /// Reads on to the end, and makes sure that everything is there.
    pub(super) fn skip_rest(&mut self) -> anyhow::Result<()> {
        while matches!(self.next()?, Part::Rows(..)) {}
        Ok(())
    }

    /// Reads the name of a table: each comes once, in the order of the header.
    fn table(&mut self) -> anyhow::Result<()> {
        let name: String = serde_json::from_slice(&self.line).context(CUT)?;
        let expected = self.tables.get(self.counts.len());
        ensure!(expected.is_some_and(|(expected, _)| *expected == name), CUT);
        self.counts.push(0);
        Ok(())
    }

    /// Reads a row of the table that was named last.
    fn row(&mut self) -> anyhow::Result<Vec<Value>> {
        let (place, count) = self
            .counts
            .iter_mut()
            .enumerate()
            .next_back()
            .context(CUT)?;
        *count += 1;
        let (_, kinds) = self.tables.get(place).context(CUT)?;
        let row: Vec<Json> = serde_json::from_slice(&self.line).context(CUT)?;
        ensure!(row.len() == kinds.len(), CUT);
        let values = kinds.iter().zip(row).map(|(kind, json)| read(*kind, json));
        values.collect::<Option<_>>().context(CUT)
    }

    /// Reads the end, and makes sure that everything was there.
    fn end(&mut self) -> anyhow::Result<u64> {
        let end: End = serde_json::from_slice(&self.line).context(CUT)?;
        let names = self.tables.iter().map(|(name, _)| name.clone());
        ensure!(self.counts.len() == self.tables.len(), CUT);
        let found = End {
            rows: names.zip(self.counts.iter().copied()).collect(),
            sha256: hex(&self.digest.clone().finalize()),
        };
        ensure!(end == found, CUT);
        // The sum of the compression stands behind it.
        let more = self.from.read(&mut [0]).context(CUT)?;
        ensure!(more == 0, CUT);
        Ok(self.counts.iter().sum())
    }

    /// Reads the next line.
    fn advance(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        let mut bounded = (&mut self.from).take(MOST_LINE);
        bounded.read_until(b'\n', &mut self.line).context(CUT)?;
        ensure!(self.line.last() == Some(&b'\n'), CUT);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::at::At;
    use crate::store::{Column, Table};

    use super::super::writer::Writer;
    use super::*;

    fn layout() -> Layout {
        let table = |name: &str| Table {
            name: name.to_owned(),
            columns: vec![Column {
                name: "text".to_owned(),
                kind: Kind::Text,
            }],
        };
        Layout {
            schema: 3,
            key: "k".to_owned(),
            tables: vec![table("empty"), table("full"), table("last")],
        }
    }

    /// A backup of more rows than a batch has, between two tables that have none.
    fn backup() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &layout(), At(0)).unwrap();
        writer.table("empty").unwrap();
        writer.table("full").unwrap();
        for n in 0..600 {
            let mut batch = Batch::default();
            batch.push(vec![Value::Text(format!("row {n}"))]);
            writer.rows(&batch).unwrap();
        }
        writer.table("last").unwrap();
        assert_eq!(writer.finish().unwrap(), 600);
        bytes
    }

    fn restored(bytes: &[u8]) -> anyhow::Result<Vec<Value>> {
        let (mut reader, found) = Reader::new(bytes)?;
        ensure!(found == layout(), "another layout");
        let mut values = Vec::new();
        loop {
            match reader.next()? {
                Part::Rows(place, batch) => {
                    assert_eq!(place, 1);
                    values.extend(batch.rows().concat());
                }
                Part::End(rows) => {
                    assert_eq!(rows, values.len() as u64);
                    return Ok(values);
                }
            }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let values = restored(&backup()).unwrap();
        assert_eq!(values.len(), 600);
        assert_eq!(values[599], Value::Text("row 599".to_owned()));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused() {
        let whole = backup();
        for length in 0..whole.len() {
            assert!(restored(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_bit_that_fell_over_changes_no_row() {
        let (whole, values) = (backup(), restored(&backup()).unwrap());
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            // There are bits in the compression that mean nothing.
            let is_harmless = restored(&changed).map_or(true, |found| found == values);
            assert!(is_harmless, "byte {place}");
        }
    }

    #[test]
    fn other_files_are_refused_in_words() {
        for bytes in [&b""[..], b"PGDMP", b"SQLite format 3\0"] {
            let error = restored(bytes).unwrap_err().to_string();
            assert_eq!(error, STRANGE);
        }
    }
}
