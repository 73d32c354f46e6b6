//! Digests: what happened in a day or a week, told to who wishes it, by the clock on their wall.
//!
//! Pure: when one is due and which time it tells of. The figures are in [`facts`].

pub mod facts;

use chrono::{Datelike as _, Days, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use super::at::{At, DAY_MS};
use super::channel::Kind;
use super::monitor::FieldError;
use super::zone::Zone;

/// The hour at which it comes when none is given.
pub const DEFAULT_HOUR: u32 = 8;
/// The day on which a weekly one comes.
const WEEKDAY: Weekday = Weekday::Mon;
/// How late one may still be sent, in milliseconds: who was away for longer hears of the next.
const LATE_MS: i64 = DAY_MS;
/// Days that are looked at around an instant: in them lies a due time before and one after it.
const AROUND: u64 = 9;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Each day.
    Daily,
    /// Each Monday.
    Weekly,
}

impl Every {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// When somebody wishes to hear what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// How often.
    pub every: Every,
    /// Where the clock hangs.
    pub zone: Zone,
    /// The hour that it shows, 0 to 23.
    pub hour: u32,
}

impl Digest {
    /// Reads what people say: `daily`, `weekly`, or nothing; an empty zone is UTC, an empty hour
    /// [`DEFAULT_HOUR`]. Fails with every field that is wrong.
    pub fn read(
        kind: Kind,
        every: &str,
        zone: &str,
        hour: &str,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let every = match every {
            "" | "none" => return Ok(None),
            _ if kind != Kind::Email => Err("is not used by this kind; only mail is".to_owned()),
            "daily" => Ok(Every::Daily),
            "weekly" => Ok(Every::Weekly),
            other => Err(format!("'{other}' is not one; use none, daily or weekly")),
        };
        let zone = match zone {
            "" => Ok(Zone::UTC),
            name => Zone::parse(name)
                .ok_or_else(|| format!("'{name}' is not an IANA time zone, like Europe/Berlin")),
        };
        let hour = match hour {
            "" => Ok(DEFAULT_HOUR),
            text => match text.parse() {
                Ok(hour @ 0..24) => Ok(hour),
                _ => Err("must be a whole number from 0 to 23".to_owned()),
            },
        };
        match (every, zone, hour) {
            (Ok(every), Ok(zone), Ok(hour)) => Ok(Some(Self { every, zone, hour })),
            (every, zone, hour) => {
                let faults = [
                    ("digest.every", every.err()),
                    ("digest.zone", zone.err()),
                    ("digest.hour", hour.err()),
                ];
                let faults = faults.into_iter();
                Err(faults
                    .filter_map(|(field, fault)| Some(FieldError::new(field, fault?)))
                    .collect())
            }
        }
    }

    /// When the next one is due after `after`.
    pub fn next(&self, after: At) -> Option<At> {
        self.around(after).find(|due| *due > after)
    }

    /// What is to be told at `now`, if it was due at `due` for the first time: the time that it
    /// tells of. Of several that were missed it is the last; `None` when that is too long ago.
    pub fn period(&self, due: At, now: At) -> Option<Period> {
        let until = self.around(now).take_while(|at| *at <= now).last()?;
        let from = self.around(until).take_while(|at| *at < until).last()?;
        (until >= due && now.ms_since(until) <= LATE_MS).then_some(Period { from, until })
    }

    /// The due times around an instant, in order.
    fn around(&self, at: At) -> impl Iterator<Item = At> + use<'_> {
        let today = self.zone.local(at).date();
        let clock = NaiveTime::from_hms_opt(self.hour, 0, 0).unwrap_or_default();
        let first = today.checked_sub_days(Days::new(AROUND)).unwrap_or(today);
        (0..=2 * AROUND)
            .filter_map(move |day| first.checked_add_days(Days::new(day)))
            .filter(|day| self.every == Every::Daily || day.weekday() == WEEKDAY)
            .map(move |day| self.zone.at(day.and_time(clock)))
    }
}

/// The time that a digest tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Its beginning.
    pub from: At,
    /// The first moment after it.
    pub until: At,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::at::HOUR_MS;

    fn at(text: &str) -> At {
        At::parse(text).unwrap()
    }

    fn digest(every: &str, zone: &str, hour: &str) -> Digest {
        let read = Digest::read(Kind::Email, every, zone, hour);
        read.unwrap().unwrap()
    }

    fn due(digest: &Digest, from: &str, count: usize) -> Vec<String> {
        let mut times = Vec::new();
        let mut last = at(from);
        for _ in 0..count {
            last = digest.next(last).unwrap();
            times.push(last.rfc3339()[..16].to_owned());
        }
        times
    }

    #[test]
    fn it_comes_at_its_hour_on_the_wall_across_changes_of_the_clocks() {
        let berlin = digest("daily", "Europe/Berlin", "");
        assert_eq!(
            due(&berlin, "2026-03-27T07:00:00Z", 3),
            ["2026-03-28T07:00", "2026-03-29T06:00", "2026-03-30T06:00"]
        );
        assert_eq!(
            due(&berlin, "2026-10-24T06:00:00Z", 2),
            ["2026-10-25T07:00", "2026-10-26T07:00"]
        );
        // The hour that is left out, and the one that comes twice.
        let night = digest("daily", "Europe/Berlin", "2");
        assert_eq!(
            due(&night, "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:00", "2026-03-30T00:00"]
        );
        assert_eq!(
            due(&night, "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:00", "2026-10-26T01:00"]
        );
        let weekly = digest("weekly", "America/New_York", "9");
        assert_eq!(
            due(&weekly, "2026-02-28T00:00:00Z", 3),
            ["2026-03-02T14:00", "2026-03-09T13:00", "2026-03-16T13:00"],
            "Mondays"
        );
        let kolkata = digest("weekly", "Asia/Kolkata", "0");
        assert_eq!(
            due(&kolkata, "2026-11-28T00:00:00Z", 1),
            ["2026-11-29T18:30"]
        );
    }

    #[test]
    fn it_tells_of_the_time_since_the_one_before() {
        let daily = digest("daily", "Europe/Berlin", "8");
        let due = at("2026-03-29T06:00:00Z");
        let period = daily.period(due, due).unwrap();
        assert_eq!(
            period,
            Period {
                from: at("2026-03-28T07:00:00Z"),
                until: due
            }
        );
        assert_eq!(
            period.until.0 - period.from.0,
            23 * HOUR_MS,
            "a day of 23 hours"
        );
        let weekly = digest("weekly", "UTC", "8");
        let due = at("2026-11-30T08:00:00Z");
        let from = at("2026-11-23T08:00:00Z");
        assert_eq!(
            weekly.period(due, at("2026-11-30T08:00:20Z")),
            Some(Period { from, until: due })
        );
    }

    #[test]
    fn what_was_missed_is_told_for_a_day_and_then_dropped() {
        let weekly = digest("weekly", "UTC", "8");
        let due = at("2026-11-30T08:00:00Z");
        assert!(weekly.period(due, at("2026-12-01T08:00:00Z")).is_some());
        assert!(weekly.period(due, at("2026-12-01T08:00:01Z")).is_none());
        // Of several days that were missed the last is told.
        let daily = digest("daily", "UTC", "8");
        let period = daily.period(due, at("2026-12-04T07:00:00Z")).unwrap();
        assert_eq!(period.until, at("2026-12-03T08:00:00Z"));
        assert_eq!(
            daily.period(due, at("2026-11-30T07:59:59Z")),
            None,
            "not before"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_field() {
        assert_eq!(Digest::read(Kind::Slack, "none", "", ""), Ok(None));
        for (kind, every, zone, hour, field) in [
            (Kind::Slack, "daily", "", "", "digest.every"),
            (Kind::Email, "hourly", "", "", "digest.every"),
            (Kind::Email, "daily", "Berlin", "", "digest.zone"),
            (Kind::Email, "daily", "", "24", "digest.hour"),
            (Kind::Email, "daily", "", "eight", "digest.hour"),
        ] {
            let faults = Digest::read(kind, every, zone, hour).unwrap_err();
            assert_eq!(faults[0].field, field);
        }
        let faults = Digest::read(Kind::Email, "x", "x", "x").unwrap_err();
        assert_eq!(faults.len(), 3);
    }

    proptest! {
        #[test]
        fn every_period_ends_where_the_next_begins(
            name in prop::sample::select(Zone::names().collect::<Vec<_>>()),
            hour in 0..24_u32,
            is_weekly: bool,
            second in 1_577_836_800_i64..1_893_456_000,
        ) {
            let every = if is_weekly { Every::Weekly } else { Every::Daily };
            let digest = Digest { every, zone: Zone::parse(name).unwrap(), hour };
            let now = At(second * 1_000);
            let first = digest.next(now).unwrap();
            let second = digest.next(first).unwrap();
            prop_assert!(now < first && first < second);
            let period = digest.period(second, second).unwrap();
            prop_assert_eq!(period, Period { from: first, until: second });
        }
    }
}
