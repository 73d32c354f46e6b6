//! A cron expression as people write it: minute, hour, day of the month, month, day of the week.
//!
//! The `cron` crate counts weekdays from Sunday as 1, wants seconds, and lets both day fields
//! agree where cron means either of them. So weekdays are handed over by name, and two schedules
//! stand where both day fields are set. It searches on the clock on the wall; where that clock
//! jumps is the business of the zone.

use std::fmt;
use std::iter::Peekable;
use std::str::FromStr as _;

use chrono::{DateTime, NaiveDateTime, Utc};
use cron::{OwnedScheduleIterator, Schedule};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::monitor::FieldError;

/// Longest expression, in bytes.
const MAX_CRON: usize = 200;
/// Weekdays from 0, as the crate names them.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// When something recurs, by the clock on the wall.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    /// One, or two of which either counts.
    schedules: Vec<Schedule>,
}

impl Cron {
    /// Reads five fields; says what is wrong with them otherwise.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return refuse(
                "must have five fields: minute, hour, day of the month, month, day of \
                           the week, like 30 2 * * 0",
            );
        };
        let is_sign = |c: char| c.is_ascii_alphanumeric() || "*,-/".contains(c);
        if text.len() > MAX_CRON || !fields.iter().all(|field| field.chars().all(is_sign)) {
            return refuse("may hold numbers, names, and the signs * , - / only");
        }
        let weekdays = weekdays(weekday)?;
        let read = |day: &str, weekday: &str| {
            let whole = format!("0 {minute} {hour} {day} {month} {weekday}");
            Schedule::from_str(&whole).map_err(|_| {
                let message = format!("'{}' is no cron expression", fields.join(" "));
                FieldError::new("cron", message)
            })
        };
        let is_either = !day.starts_with('*') && !weekday.starts_with('*');
        let schedules = if is_either {
            vec![read(day, "*")?, read("*", &weekdays)?]
        } else {
            vec![read(day, &weekdays)?]
        };
        let cron = Self {
            text: fields.join(" "),
            schedules,
        };
        if cron
            .after(DateTime::<Utc>::UNIX_EPOCH.naive_utc())
            .next()
            .is_none()
        {
            return refuse("never happens: there is no such day");
        }
        Ok(cron)
    }

    /// The expression, its fields one space apart.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The clocks on the wall after `clock` at which it happens, in order and each once.
    pub fn after(&self, clock: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        let clock = clock.and_utc();
        let each = self.schedules.iter();
        Clocks(each.map(|s| s.after_owned(clock).peekable()).collect())
    }
}

fn refuse<T>(message: &str) -> Result<T, FieldError> {
    Err(FieldError::new("cron", message))
}

/// The field of weekdays with every day by its name. Sunday is 0 and 7.
fn weekdays(field: &str) -> Result<String, FieldError> {
    if field == "*" {
        return Ok(field.to_owned());
    }
    let mut names: Vec<&str> = Vec::new();
    for part in field.split(',') {
        let days = part_of_week(part).ok_or_else(|| {
            let message =
                format!("'{part}' is no day of the week; use 0 to 7 or SUN to SAT, like MON-FRI");
            FieldError::new("cron", message)
        })?;
        names.extend(
            days.into_iter()
                .filter_map(|day| DAYS.get(day % 7))
                .copied(),
        );
    }
    Ok(names.join(","))
}

/// The days of one part: `1`, `MON-FRI`, `*/2`, `1-5/2`, `2/3`.
fn part_of_week(part: &str) -> Option<Vec<usize>> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step.parse().ok().filter(|step| *step > 0)?)),
        None => (part, None),
    };
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (0, 6),
        Some((first, last)) => (day(first)?, day(last)?),
        None if step.is_some() => (day(range)?, 6),
        None => (day(range)?, day(range)?),
    };
    // FRI-SUN ends on the Sunday after; SAT-MON is no range in cron.
    let last = if last == 0 && first > 0 { 7 } else { last };
    (first <= last).then(|| (first..=last).step_by(step.unwrap_or(1)).collect())
}

fn day(word: &str) -> Option<usize> {
    let named = || DAYS.iter().position(|day| day.eq_ignore_ascii_case(word));
    let number = word.parse().ok().filter(|day| *day <= 7);
    number.or_else(named)
}

/// Several rows of clocks as one.
struct Clocks(Vec<Peekable<OwnedScheduleIterator<Utc>>>);

impl Iterator for Clocks {
    type Item = NaiveDateTime;

    fn next(&mut self) -> Option<NaiveDateTime> {
        let next = self
            .0
            .iter_mut()
            .filter_map(|row| row.peek().copied())
            .min()?;
        for row in &mut self.0 {
            row.next_if_eq(&next);
        }
        Some(next.naive_utc())
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Cron {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first times after Sunday, the 1st of November 2026, 00:00.
    fn first(text: &str, count: usize) -> String {
        let cron = Cron::parse(text).unwrap();
        let from = NaiveDateTime::parse_from_str("2026-11-01T00:00", "%Y-%m-%dT%H:%M").unwrap();
        let clocks = cron.after(from).take(count);
        let clocks = clocks.map(|clock| clock.format("%d %H:%M").to_string());
        clocks.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn five_fields_mean_what_cron_means() {
        for (text, expected) in [
            ("30 2 * * *", "01 02:30, 02 02:30"),
            ("30 2 * * 0", "01 02:30, 08 02:30"),
            ("30 2 * * 7", "01 02:30, 08 02:30"),
            ("30 2 * * 1", "02 02:30, 09 02:30"),
            ("0 0 * * SAT", "07 00:00, 14 00:00"),
            ("0 0 * * 1-5", "02 00:00, 03 00:00"),
            ("0 0 * * fri-sun", "06 00:00, 07 00:00, 08 00:00, 13 00:00"),
            ("0 0 * * 5-7", "06 00:00, 07 00:00, 08 00:00, 13 00:00"),
            ("0 0 * * */3", "04 00:00, 07 00:00, 08 00:00"),
            ("0 0 * * 1,SUN", "02 00:00, 08 00:00, 09 00:00"),
            // Either of two days, as cron has it; both where one of them begins with a star.
            ("0 0 13 * 5", "06 00:00, 13 00:00, 20 00:00"),
            ("0 0 */2 * 1", "09 00:00, 23 00:00"),
            ("*/20 4-5 3 * *", "03 04:00, 03 04:20, 03 04:40, 03 05:00"),
            ("0,30 12 31 12 *", "31 12:00, 31 12:30"),
        ] {
            let count = expected.split(", ").count();
            assert_eq!(first(text, count), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_in_words() {
        for (text, part) in [
            ("", "five fields"),
            ("0 30 2 * * 0", "five fields"),
            ("@daily", "five fields"),
            ("30 2 ? * 1", "signs"),
            ("30 2 L * *", "no cron expression"),
            ("60 2 * * *", "no cron expression"),
            ("30 24 * * *", "no cron expression"),
            ("30 2 0 * *", "no cron expression"),
            ("30 2 * 13 *", "no cron expression"),
            ("30 2 * * 8", "day of the week"),
            ("30 2 * * MOON", "day of the week"),
            ("30 2 * * 1-", "day of the week"),
            ("30 2 * * */0", "day of the week"),
            ("*/0 2 * * *", "no cron expression"),
            ("0 0 30 2 *", "never happens"),
            ("0 0 31 4,6 *", "never happens"),
        ] {
            let fault = Cron::parse(text).unwrap_err();
            assert!(fault.message.contains(part), "{text}: {fault}");
        }
    }
}
