//! How documents that are read with every check are kept short: those of a watch, of a state and of a monitor.

/// Whether a field need not be written: where it is missing, it is read as this.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An instant, if any, as milliseconds: half of the text, and no calendar. The text of RFC 3339
/// is read as well.
pub(super) mod instant {
    use std::fmt;

    use serde::de::{self, Unexpected, Visitor};
    use serde::{Deserializer, Serialize as _, Serializer};

    use crate::domain::at::At;

    #[expect(clippy::ref_option, reason = "serde calls it like this")]
    pub(in crate::domain) fn serialize<S: Serializer>(
        at: &Option<At>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(|at| at.0).serialize(serializer)
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<At>, D::Error> {
        deserializer.deserialize_any(Instant)
    }

    struct Instant;

    impl Visitor<'_> for Instant {
        type Value = Option<At>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("milliseconds, an RFC 3339 time or null")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Self::Value, E> {
            Ok(Some(At(ms)))
        }

        fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Self::Value, E> {
            let at = i64::try_from(ms).map(|ms| Some(At(ms)));
            at.map_err(|_| E::invalid_value(Unexpected::Unsigned(ms), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let at = At::parse(text).map(Some);
            at.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }
}

/// The same for an instant that there always is.
pub(super) mod moment {
    use serde::{Deserializer, Serialize as _, Serializer, de};

    use super::instant;
    use crate::domain::at::At;

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it like this"
    )]
    pub(in crate::domain) fn serialize<S: Serializer>(
        at: &At,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.0.serialize(serializer)
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<At, D::Error> {
        instant::deserialize(deserializer)?
            .ok_or_else(|| de::Error::custom("an instant is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::at::At;
    use super::super::habits::Habits;
    use super::super::state::State;

    #[test]
    fn what_an_earlier_release_has_written_is_read() {
        let last_at = Some(At(1_795_675_260_123));
        let text = r#"{"checks":0,"last_at":"2026-11-26T06:41:00.123Z","asleep":null,"ipv6":null}"#;
        let habits: Habits = serde_json::from_str(text).unwrap();
        assert_eq!(
            habits,
            Habits {
                last_at,
                ..Habits::default()
            }
        );
        let short = serde_json::to_string(&habits).unwrap();
        assert_eq!(short, r#"{"checks":0,"last_at":1795675260123}"#);
        assert_eq!(serde_json::from_str::<Habits>(&short).unwrap(), habits);

        let state = r#"{"status":"pending","since":"2026-11-26T06:41:00.123Z","gated":false,"suspicion":null,
            "last_check_at":null,"last_unknown":false,"unknown_streak":0,"limited_streak":0,
            "accounted_until":null}"#;
        let pending = State::pending(At(1_795_675_260_123));
        assert_eq!(serde_json::from_str::<State>(state).unwrap(), pending);
        let short = serde_json::to_string(&pending).unwrap();
        assert_eq!(short, r#"{"status":"pending","since":1795675260123}"#);
        assert_eq!(serde_json::from_str::<State>(&short).unwrap(), pending);
    }
}
