//! The lines of a backup, each one JSON value: an object that is the header, then for each table its
//! name and an array for each row, then an object that is the end.
//!
//! Ids are text, flags `true` and `false`, whole numbers numbers; other numbers are text, in as many
//! digits as bring back the very same one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::domain::at::At;
use crate::store::{Kind, Layout, Value};

/// What a header says of itself.
pub(super) const FORMAT: &str = "lifesign backup";
/// How the lines are written; another number where an older program would misread them.
pub(super) const VERSION: u64 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// Always [`FORMAT`].
    pub(super) format: String,
    /// How the lines are written.
    pub(super) version: u64,
    /// When the rows were so.
    pub(super) made_at: At,
    /// The version of the program that wrote it.
    pub(super) made_by: String,
    /// What is needed to take the rows over.
    #[serde(flatten)]
    pub(super) layout: Layout,
}

/// The last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// How many rows each table has.
    pub(super) rows: BTreeMap<String, u64>,
    /// The SHA-256 of all lines before, in hexadecimal digits.
    pub(super) sha256: String,
}

/// A value as it is written.
pub(super) fn written(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Uuid(id) => Json::String(id.to_string()),
        Value::Text(text) => Json::String(text.clone()),
        Value::Integer(number) => Json::from(*number),
        Value::Flag(flag) => Json::Bool(*flag),
        Value::Real(number) => Json::String(number.to_string()),
    }
}

/// A value of a column of `kind` as it was written; `None` when it is not one.
pub(super) fn read(kind: Kind, json: Json) -> Option<Value> {
    Some(match (kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::Uuid, Json::String(text)) => Value::Uuid(text.parse().ok()?),
        (Kind::Text, Json::String(text)) => Value::Text(text),
        (Kind::Integer, Json::Number(number)) => Value::Integer(number.as_i64()?),
        (Kind::Flag, Json::Bool(flag)) => Value::Flag(flag),
        (Kind::Real, Json::String(text)) => Value::Real(text.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let reals = [
            0.1,
            -0.0,
            1e300,
            f64::MIN_POSITIVE,
            5e-324,
            31.500_000_000_000_004,
        ];
        let values = [
            (Kind::Text, Value::Text("a\"b\n\u{2028}é\u{0}".to_owned())),
            (Kind::Uuid, Value::Uuid(uuid::Uuid::from_u128(7))),
            (Kind::Integer, Value::Integer(i64::MIN)),
            (Kind::Integer, Value::Integer(i64::MAX)),
            (Kind::Flag, Value::Flag(true)),
            (Kind::Real, Value::Null),
        ];
        let reals = reals.map(|number| (Kind::Real, Value::Real(number)));
        for (kind, value) in values.into_iter().chain(reals) {
            let line = written(&value).to_string();
            assert!(!line.contains('\n'));
            let back = read(kind, serde_json::from_str(&line).unwrap());
            assert_eq!(back, Some(value));
        }
        assert_eq!(read(Kind::Flag, Json::from(1)), None);
        assert_eq!(read(Kind::Uuid, Json::from("x")), None);
    }
}
