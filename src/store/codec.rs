//! How values become columns, alike for both engines: instants as `BIGINT` milliseconds, ids as
//! `UUID`, documents as `TEXT` JSON, and rows as structs.
//!
//! Enums are written by their word and read back where the row can be named, so that an unknown
//! word is [`StoreError::Corrupt`] with its place.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};
use uuid::Uuid;

use super::error::StoreError;
use crate::domain::at::At;
use crate::domain::id::{
    AgentId, AnnouncementId, AuditId, ChannelId, ClaimId, DeliveryId, IncidentId, MonitorId,
    NewsId, NotificationId, StatusPageId, SubscriberId, TeamId, TokenId, UserId, WindowId,
};

/// A newtype that is stored as what it wraps.
macro_rules! column {
    ($($name:ident($inner:ty)),+ $(,)?) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            $inner: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$inner as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <$inner as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            $inner: Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buf: &mut <DB as Database>::ArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buf)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            $inner: Decode<'r, DB>,
        {
            fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <$inner as Decode<'r, DB>>::decode(value).map(Self)
            }
        }
    )+};
}

column! {
    AgentId(Uuid),
    AnnouncementId(Uuid),
    At(i64),
    AuditId(Uuid),
    ChannelId(Uuid),
    ClaimId(Uuid),
    DeliveryId(Uuid),
    IncidentId(Uuid),
    MonitorId(Uuid),
    NewsId(Uuid),
    NotificationId(Uuid),
    StatusPageId(Uuid),
    SubscriberId(Uuid),
    TeamId(Uuid),
    TokenId(Uuid),
    UserId(Uuid),
    WindowId(Uuid),
}

/// A struct that decodes from the columns of its names, on both engines.
macro_rules! row {
    ($(#[$meta:meta])* struct $name:ident { $($field:ident: $kind:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub(super) struct $name {
            $(pub(super) $field: $kind,)+
        }

        row!(@impl $name, sqlx::sqlite::SqliteRow, $($field)+);
        row!(@impl $name, sqlx::postgres::PgRow, $($field)+);
    };
    (@impl $name:ident, $row:ty, $($field:ident)+) => {
        impl<'r> sqlx::FromRow<'r, $row> for $name {
            fn from_row(row: &'r $row) -> sqlx::Result<Self> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?,)+ })
            }
        }
    };
}
pub(super) use row;

/// What joins the fields of a record, and what joins records: no text that we store holds them, JSON
/// escapes them, and words of servers lose them when they are cleaned.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// An aggregate that joins the records of a group into one text, to be read by [`records`]. A row is
/// handed from one thread to the other, which costs more than what is in it.
macro_rules! joined {
    ($first:literal $(, $more:literal)*) => {
        concat!(
            "string_agg(concat_ws('\u{1f}', CAST(", $first, " AS TEXT)",
            $(", COALESCE(CAST(", $more, " AS TEXT), '')",)*
            "), '\u{1e}')"
        )
    };
}
pub(super) use joined;

/// A text, or nothing where a group was empty.
pub(super) type Joined = (Option<String>,);

/// The records of joined texts, each as its fields.
pub(super) fn records(texts: &[Joined]) -> impl Iterator<Item = std::str::Split<'_, char>> {
    let texts = texts.iter().filter_map(|(text,)| text.as_deref());
    let records = texts.flat_map(|text| text.split(RECORD));
    records.map(|record| record.split(FIELD))
}

/// The next field as what it should be.
pub(super) fn field<T: std::str::FromStr>(fields: &mut std::str::Split<'_, char>) -> Option<T> {
    fields.next()?.parse().ok()
}

/// Where a value comes from, to name it when it cannot be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<I> {
    /// The table.
    pub(super) table: &'static str,
    /// The row.
    pub(super) id: I,
}

impl<I: fmt::Display + Copy> Origin<I> {
    /// Reads a document.
    pub(super) fn document<T: DeserializeOwned>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }

    /// What was parsed, or the fault by its place.
    pub(super) fn parsed<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// The fault by its place.
    pub(super) fn corrupt(self, column: &'static str) -> StoreError {
        StoreError::corrupt(self.table, column, self.id)
    }
}

/// Writes a document.
pub(super) fn document<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))
}

/// An opaque cursor: where the next page begins.
pub(super) fn cursor<T: Serialize>(place: &T) -> Result<String, StoreError> {
    Ok(URL_SAFE_NO_PAD.encode(document(place)?))
}

/// Reads a cursor that was given out.
pub(super) fn place<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, StoreError> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| StoreError::Cursor)?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| StoreError::Cursor)
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a list that was read one longer than the page; `place` says where a row stands.
    pub(super) fn cut<P: Serialize>(
        mut rows: Vec<T>,
        limit: usize,
        place: impl Fn(&T) -> P,
    ) -> Result<Self, StoreError> {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|row| cursor(&place(row))).transpose()?;
        Ok(Self { rows, next })
    }
}
