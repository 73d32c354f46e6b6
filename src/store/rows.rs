//! Rows of any table, as they travel from one database to another, and the bound of what is held of
//! them at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most rows that are held and written at once.
const MOST_ROWS: usize = 256;
/// Bytes of rows from which on no more are taken: one row may be a whole list of tools.
const MOST_BYTES: usize = 4 << 20;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An id.
    Uuid,
    /// Text, documents among it.
    Text,
    /// A number or an instant.
    Integer,
    /// Yes or no.
    Flag,
    /// A measurement.
    Real,
}

impl Kind {
    /// The kind of a column that was declared so; `None` for what the dialect does not use.
    pub(super) fn declared(words: &str) -> Option<Self> {
        Some(match words {
            "uuid" => Self::Uuid,
            "text" => Self::Text,
            "bigint" => Self::Integer,
            "boolean" => Self::Flag,
            "double precision" => Self::Real,
            _ => return None,
        })
    }
}

/// What a column of a row holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// An id.
    Uuid(Uuid),
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A flag.
    Flag(bool),
    /// A number.
    Real(f64),
}

impl Value {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Text(text) => text.len(),
                _ => 0,
            }
    }
}

/// Rows of one table, few enough to be held and written at once.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    rows: Vec<Vec<Value>>,
    bytes: usize,
}

impl Batch {
    /// Takes one more row.
    pub fn push(&mut self, row: Vec<Value>) {
        self.bytes += row.iter().map(Value::bytes).sum::<usize>();
        self.rows.push(row);
    }

    /// Whether it should be written before another row comes.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= MOST_ROWS || self.bytes >= MOST_BYTES
    }

    /// Whether there is no row in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// The rows, for keeps.
    pub(super) fn into_rows(self) -> Vec<Vec<Value>> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_rows_or_by_bytes() {
        let mut many = Batch::default();
        for n in 0..MOST_ROWS {
            assert!(!many.is_full(), "{n}");
            many.push(vec![Value::Integer(1)]);
        }
        assert!(many.is_full());
        let mut large = Batch::default();
        large.push(vec![Value::Text("x".repeat(MOST_BYTES))]);
        assert!(large.is_full());
    }
}
