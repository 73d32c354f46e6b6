//! A time zone of the IANA database, and the way from a clock on the wall to an instant.
//!
//! A local time that does not exist (clocks went forward) is the first moment after the gap; one
//! that exists twice (clocks went back) is the first of the two. The way is monotonic: a later
//! clock on the wall never gives an earlier instant.

use std::fmt;

use chrono::{NaiveDateTime, TimeZone as _};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::at::At;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Where clocks never change.
    pub const UTC: Self = Self(Tz::UTC);

    /// Reads the name of a zone: `Europe/Berlin`.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The names of all zones, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// What a clock on the wall shows.
    pub fn local(self, at: At) -> NaiveDateTime {
        at.utc().with_timezone(&self.0).naive_local()
    }

    /// An instant as its clocks show it, by a pattern of chrono; `%Z` is their name then.
    pub fn written(self, at: At, pattern: &str) -> String {
        at.utc().with_timezone(&self.0).format(pattern).to_string()
    }

    /// When a clock on the wall shows `local`.
    pub fn at(self, local: NaiveDateTime) -> At {
        let exact = self.0.from_local_datetime(&local).earliest();
        let after_gap = || GapInfo::new(&local, &self.0).and_then(|gap| gap.end);
        exact
            .or_else(after_gap)
            .map_or(At(local.and_utc().timestamp_millis()), |at| {
                At(at.timestamp_millis())
            })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| de::Error::custom("not a time zone"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(zone: &str, local: &str) -> String {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M").unwrap();
        Zone::parse(zone).unwrap().at(local).rfc3339()
    }

    #[test]
    fn clocks_that_change_lead_to_one_instant() {
        for (zone, local, expected) in [
            // Berlin springs from 02:00 to 03:00 and falls from 03:00 to 02:00.
            (
                "Europe/Berlin",
                "2026-03-29T01:59",
                "2026-03-29T00:59:00.000Z",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:00",
                "2026-03-29T01:00:00.000Z",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:59",
                "2026-03-29T01:00:00.000Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T02:30",
                "2026-10-25T00:30:00.000Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T03:00",
                "2026-10-25T02:00:00.000Z",
            ),
            // Lord Howe moves by half an hour.
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:15",
                "2026-10-03T15:30:00.000Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05T01:45",
                "2026-04-04T14:45:00.000Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05T02:00",
                "2026-04-04T15:30:00.000Z",
            ),
            // Samoa left out a whole day.
            (
                "Pacific/Apia",
                "2011-12-30T12:00",
                "2011-12-30T10:00:00.000Z",
            ),
            (
                "Asia/Kolkata",
                "2026-03-29T02:30",
                "2026-03-28T21:00:00.000Z",
            ),
        ] {
            assert_eq!(at(zone, local), expected, "{zone} {local}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_name_only() {
        assert_eq!(
            Zone::parse("Europe/Berlin").unwrap().name(),
            "Europe/Berlin"
        );
        for name in ["", "Berlin", "CEST", "+02:00", "europe/berlin"] {
            assert_eq!(Zone::parse(name), None, "{name}");
        }
        assert!(Zone::names().count() > 500);
    }

    proptest! {
        #[test]
        fn a_later_clock_is_never_an_earlier_instant(
            zone in prop::sample::select(TZ_VARIANTS.to_vec()),
            second in 1_577_836_800_i64..1_893_456_000,
            later in 0..200_000_i64,
        ) {
            let clock = |second| chrono::DateTime::from_timestamp(second, 0).unwrap().naive_utc();
            let zone = Zone(zone);
            prop_assert!(zone.at(clock(second)) <= zone.at(clock(second + later)));
            let at = At(second * 1_000);
            prop_assert!(zone.at(zone.local(at)) <= at, "the first of two");
        }
    }
}
