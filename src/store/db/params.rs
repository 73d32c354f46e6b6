//! What goes into a statement and what comes out of it, alike for both engines.
//!
//! Parameters are tuples of up to sixteen values. A statement over several rows is built from
//! `&'static` pieces and placeholders only, so no value ever becomes part of its text.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Encode, FromRow, Postgres, Sqlite, Type};

/// Most rows of one statement; a longer slice takes several. Lengths have two binary digits that count,
/// so that a batch takes few statements and a connection prepares few texts.
pub const MOST_ROWS: usize = 512;

/// A row that decodes alike from both engines.
pub(in crate::store) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// Statement parameters, written as a tuple: `(id, now, limit)`.
pub(in crate::store) trait Params<'t>: Send {
    /// How many.
    const COUNT: usize;
    /// Encodes them for SQLite.
    fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError>;
    /// Encodes them for PostgreSQL.
    fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError>;
}

impl Params<'_> for () {
    const COUNT: usize = 0;

    fn sqlite(self, _: &mut SqliteArguments) -> Result<(), BoxDynError> {
        Ok(())
    }

    fn postgres(self, _: &mut PgArguments) -> Result<(), BoxDynError> {
        Ok(())
    }
}

macro_rules! params {
    ($($name:ident)+) => {
        impl<'t, $($name),+> Params<'t> for ($($name,)+)
        where
            $($name: Send + Type<Sqlite> + Type<Postgres>
                + Encode<'t, Sqlite> + Encode<'t, Postgres>,)+
        {
            const COUNT: usize = [$(stringify!($name)),+].len();

            #[expect(non_snake_case, reason = "the name of a type names its value, too")]
            fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
                let ($($name,)+) = self;
                $(to.add($name)?;)+
                Ok(())
            }

            #[expect(non_snake_case, reason = "the name of a type names its value, too")]
            fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError> {
                let ($($name,)+) = self;
                $(to.add($name)?;)+
                Ok(())
            }
        }
    };
}

params!(A);
params!(A B);
params!(A B C);
params!(A B C D);
params!(A B C D E);
params!(A B C D E F);
params!(A B C D E F G);
params!(A B C D E F G H);
params!(A B C D E F G H I);
params!(A B C D E F G H I J);
params!(A B C D E F G H I J K);
params!(A B C D E F G H I J K L);
params!(A B C D E F G H I J K L M);
params!(A B C D E F G H I J K L M N);
params!(A B C D E F G H I J K L M N O);
params!(A B C D E F G H I J K L M N O P);
params!(A B C D E F G H I J K L M N O P Q);
params!(A B C D E F G H I J K L M N O P Q R);

/// The parameters of one statement, for SQLite.
pub(super) fn sqlite<'t, P: Params<'t>>(
    rows: impl IntoIterator<Item = P, IntoIter: ExactSizeIterator>,
) -> sqlx::Result<SqliteArguments> {
    let rows = rows.into_iter();
    let mut to = SqliteArguments::default();
    to.reserve(rows.len() * P::COUNT, 0);
    for row in rows {
        row.sqlite(&mut to).map_err(sqlx::Error::Encode)?;
    }
    Ok(to)
}

/// The parameters of one statement, for PostgreSQL.
pub(super) fn postgres<'t, P: Params<'t>>(
    rows: impl IntoIterator<Item = P>,
) -> sqlx::Result<PgArguments> {
    let mut to = PgArguments::default();
    for row in rows {
        row.postgres(&mut to).map_err(sqlx::Error::Encode)?;
    }
    Ok(to)
}

/// A statement over several rows: `head`, then `($1,$2),($3,$4)…`, then `tail`, which has no
/// parameters of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) struct Many {
    /// What comes before the rows; ends with `VALUES`.
    pub(in crate::store) head: &'static str,
    /// What comes after the rows.
    pub(in crate::store) tail: &'static str,
}

/// A statement and its number of rows.
type Shape = (Many, usize);

/// How an engine wants the places of parameters written.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Sign {
    /// `?`: SQLite looks a numbered one up in a list of all of them, each time it is bound.
    Plain,
    /// `$1`, `$2`: PostgreSQL knows no other.
    Numbered,
}

impl Sign {
    /// Writes the places of `rows` rows: ` (?,?),(?,?)`.
    pub(in crate::store) fn places(self, text: &mut String, rows: usize, columns: usize) {
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { "),(" });
            for column in 0..columns {
                let comma = if column == 0 { "" } else { "," };
                let _ = match self {
                    Self::Plain => write!(text, "{comma}?"),
                    Self::Numbered => write!(text, "{comma}${}", row * columns + column + 1),
                };
            }
        }
        text.push(')');
    }
}

/// The texts of [`Many`] for one engine, each built once per row count.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    sign: Sign,
    built: Arc<Mutex<HashMap<Shape, Arc<str>>>>,
}

impl Texts {
    /// None yet.
    pub(super) fn new(sign: Sign) -> Self {
        Self {
            sign,
            built: Arc::default(),
        }
    }

    /// The text for `rows` rows of parameters like `P`.
    pub(super) fn of<'t, P: Params<'t>>(&self, sql: Many, rows: usize) -> Arc<str> {
        let mut texts = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts.entry((sql, rows)).or_insert_with(|| {
            let mut text = sql.head.to_owned();
            self.sign.places(&mut text, rows, P::COUNT);
            text.push(' ');
            text.push_str(sql.tail);
            text.into()
        });
        Arc::clone(text)
    }
}

/// Cuts rows into pieces whose lengths are powers of two, or half as much more.
pub(super) fn pieces<P>(rows: impl IntoIterator<Item = P>) -> Vec<Vec<P>> {
    let mut rest: Vec<P> = rows.into_iter().collect();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let most = rest.len().min(MOST_ROWS);
        let length = most - most % (1 << most.ilog2().saturating_sub(1));
        let after = rest.split_off(length);
        pieces.push(std::mem::replace(&mut rest, after));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_over_rows_has_a_placeholder_for_each_value() {
        let sql = Many {
            head: "INSERT INTO t (a, b) VALUES",
            tail: "ON CONFLICT DO NOTHING",
        };
        for (sign, expected) in [
            (
                Sign::Plain,
                "INSERT INTO t (a, b) VALUES (?,?),(?,?) ON CONFLICT DO NOTHING",
            ),
            (
                Sign::Numbered,
                "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ON CONFLICT DO NOTHING",
            ),
        ] {
            let text = Texts::new(sign).of::<(i64, i64)>(sql, 2);
            assert_eq!(&*text, expected);
        }
    }

    #[test]
    fn rows_are_cut_into_few_lengths_and_keep_their_order() {
        let cut = pieces(0..1_012);
        let lengths: Vec<usize> = cut.iter().map(Vec::len).collect();
        assert_eq!(lengths, [512, 384, 96, 16, 4]);
        assert_eq!(cut.concat(), (0..1_012).collect::<Vec<_>>());
        assert!(pieces(Vec::<u8>::new()).is_empty());
    }
}
