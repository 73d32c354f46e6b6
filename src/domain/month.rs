//! A month of the calendar, in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};

use super::at::At;

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month that an instant lies in.
    pub fn of(at: At) -> Self {
        let day = at.utc().date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Reads `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 7 {
            return None;
        }
        NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .ok()
            .map(Self)
    }

    /// Its first instant.
    pub fn starts_at(self) -> At {
        let midnight = self.0.and_hms_opt(0, 0, 0).unwrap_or_default();
        At(midnight.and_utc().timestamp_millis())
    }

    /// The first instant after it.
    pub fn ends_at(self) -> At {
        self.next().starts_at()
    }

    /// The month after it.
    pub fn next(self) -> Self {
        Self(
            self.0
                .checked_add_months(chrono::Months::new(1))
                .unwrap_or(self.0),
        )
    }

    /// The month before it.
    #[must_use]
    pub fn previous(self) -> Self {
        let earlier = self.0.checked_sub_months(chrono::Months::new(1));
        Self(earlier.unwrap_or(self.0))
    }

    /// This and those before it, the newest first.
    pub fn and_before(self, count: u32) -> Vec<Self> {
        let earlier = (0..count).map(|n| self.0.checked_sub_months(chrono::Months::new(n)));
        earlier.flatten().map(Self).collect()
    }

    /// As an address has it: `2026-11`.
    pub fn key(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// For people: `November 2026`.
    pub fn words(self) -> String {
        self.0.format("%B %Y").to_string()
    }

    /// For people, in few letters: `Nov 2026`.
    pub fn short(self) -> String {
        self.0.format("%b %Y").to_string()
    }
}

/// It is not a month as an address has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a month like 2026-11")]
pub struct NotAMonth;

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        Self::parse(text).ok_or(NotAMonth)
    }
}

/// As an address has it: `2026-11`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_over_the_year() {
        let month = Month::of(At::parse("2027-01-31T23:59:59Z").unwrap());
        let keys: Vec<String> = month.and_before(3).into_iter().map(Month::key).collect();
        assert_eq!(keys, ["2027-01", "2026-12", "2026-11"]);
        let december = Month::parse("2026-12").unwrap();
        assert_eq!((december.next(), month.previous()), (month, december));
        assert_eq!(december.ends_at(), month.starts_at());
        assert_eq!(december.starts_at().rfc3339(), "2026-12-01T00:00:00.000Z");
        assert_eq!(
            (december.words(), december.short()),
            ("December 2026".into(), "Dec 2026".into())
        );
        for bad in ["", "2026-13", "2026-1", "26-11", "2026-11-01"] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }
}
