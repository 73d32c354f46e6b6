//! Which tables there are and of what columns, asked of the database itself, so that a new table is in
//! the next backup without anybody thinking of it.
//!
//! The one place where SQL is built from names that are not ours to write down. They come from the
//! catalogue of the database, never from a file or a person, and must be plain words.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::db::{Dialects, Sign, Whole};
use super::rows::Kind;

/// The table in which the migrations note themselves: each database has its own.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// The tables of a database and the position of its last migration.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    /// Zero before the first one.
    pub(super) position: i64,
    /// Each after those that it refers to.
    pub(super) tables: Vec<Table>,
}

impl Catalogue {
    /// What there is, as this transaction sees it.
    pub(super) async fn of(db: &mut Whole) -> Result<Self, StoreError> {
        let columns: Vec<(String, String, String)> = db.all(db.pick(COLUMNS)).await?;
        let is_migrated = columns.iter().any(|(table, ..)| table == MIGRATIONS_TABLE);
        let mut tables = BTreeMap::<String, Vec<Column>>::new();
        for (table, name, words) in columns {
            if table == MIGRATIONS_TABLE {
                continue;
            }
            let kind = Kind::declared(&words).filter(|_| is_plain(&table) && is_plain(&name));
            let kind = kind.ok_or_else(|| {
                let place = format!("column {name} of table {table}");
                StoreError::Unusable(format!("{place} ({words}) is none of Lifesign's"))
            })?;
            tables.entry(table).or_default().push(Column { name, kind });
        }
        let references: Vec<(String, String)> = db.all(db.pick(REFERENCES)).await?;
        let position = if is_migrated {
            let rows: Vec<(i64,)> = db.all(POSITION).await?;
            rows.first().map_or(0, |(position,)| *position)
        } else {
            0
        };
        let tables = ordered(tables, &references)?;
        Ok(Self { position, tables })
    }
}

impl Table {
    /// What its columns hold.
    pub fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| column.kind).collect()
    }

    /// Reads all of it, or its first row only.
    pub(super) fn select(&self, is_first_only: bool) -> String {
        let limit = if is_first_only { " LIMIT 1" } else { "" };
        format!("SELECT {} FROM \"{}\"{limit}", self.names(), self.name)
    }

    /// Writes `rows` rows into it.
    pub(super) fn insert(&self, rows: usize, sign: Sign) -> String {
        let mut text = format!("INSERT INTO \"{}\" ({}) VALUES", self.name, self.names());
        sign.places(&mut text, rows, self.columns.len());
        text
    }

    fn names(&self) -> String {
        let quoted = self
            .columns
            .iter()
            .map(|column| format!("\"{}\"", column.name));
        quoted.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a name can be written into a statement.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The tables, each after those that it refers to.
fn ordered(
    mut left: BTreeMap<String, Vec<Column>>,
    references: &[(String, String)],
) -> Result<Vec<Table>, StoreError> {
    let mut done = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: BTreeSet<&str> = references
            .iter()
            .filter(|(from, to)| from != to && left.contains_key(to))
            .map(|(from, _)| &**from)
            .collect();
        let (wait, ready): (BTreeMap<_, _>, BTreeMap<_, _>) = left
            .into_iter()
            .partition(|(name, _)| waiting.contains(&**name));
        if ready.is_empty() {
            let names: Vec<String> = wait.into_keys().collect();
            return Err(StoreError::Unusable(format!(
                "tables refer to each other in a circle: {}",
                names.join(", ")
            )));
        }
        done.extend(
            ready
                .into_iter()
                .map(|(name, columns)| Table { name, columns }),
        );
        left = wait;
    }
    Ok(done)
}

/// Table, column and declared type. Two texts: each engine keeps its catalogue in its own way.
const COLUMNS: Dialects = Dialects {
    sqlite: "
    SELECT t.name, c.name, LOWER(c.type) FROM sqlite_master t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND SUBSTR(t.name, 1, 7) <> 'sqlite_' ORDER BY t.name, c.cid",
    postgres: "
    SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), FORMAT_TYPE(c.atttypid, NULL)
      FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
     WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition
       AND t.relnamespace = CAST(CURRENT_SCHEMA() AS REGNAMESPACE) ORDER BY t.relname, c.attnum",
};

/// Which table refers to which. Two texts for the same reason.
const REFERENCES: Dialects = Dialects {
    sqlite: "
    SELECT t.name, f.\"table\" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
     WHERE t.type = 'table'",
    postgres: "
    SELECT CAST(t.relname AS TEXT), CAST(r.relname AS TEXT) FROM pg_constraint f
      JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
     WHERE f.contype = 'f' AND t.relnamespace = CAST(CURRENT_SCHEMA() AS REGNAMESPACE)",
};

const POSITION: &str =
    "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM _sqlx_migrations WHERE success";

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: Kind::Integer,
        };
        Table {
            name: name.to_owned(),
            columns: vec![column("at"), column("text")],
        }
    }

    #[test]
    fn only_plain_words_become_part_of_a_statement() {
        assert!(["at", "rollup_day", "x2"].into_iter().all(is_plain));
        let odd = ["", "_x", "2x", "a\"b", "a b", "Team", "naïve", "a;b"];
        assert!(!odd.into_iter().any(is_plain));
    }

    #[test]
    fn statements_name_every_column() {
        assert_eq!(
            table("news").select(false),
            r#"SELECT "at", "text" FROM "news""#
        );
        assert_eq!(
            table("news").insert(2, Sign::Numbered),
            r#"INSERT INTO "news" ("at", "text") VALUES ($1,$2),($3,$4)"#
        );
        assert_eq!(
            table("news").insert(2, Sign::Plain),
            r#"INSERT INTO "news" ("at", "text") VALUES (?,?),(?,?)"#
        );
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let all = |names: &[&str]| {
            let columns = |name: &&str| ((*name).to_owned(), Vec::new());
            names.iter().map(columns).collect::<BTreeMap<_, _>>()
        };
        let refers = |pairs: &[(&str, &str)]| {
            let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        };
        let pairs = refers(&[("a", "b"), ("b", "c"), ("b", "b")]);
        let found = ordered(all(&["a", "b", "c"]), &pairs).unwrap();
        let names: Vec<&str> = found.iter().map(|table| &*table.name).collect();
        assert_eq!(names, ["c", "b", "a"]);
        let circle = ordered(all(&["a", "b"]), &refers(&[("a", "b"), ("b", "a")]));
        assert!(circle.unwrap_err().to_string().contains("a, b"));
    }
}
