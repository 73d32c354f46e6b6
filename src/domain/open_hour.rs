//! The hour that a monitor is in: its sums stand beside its state until it is over, so that a check
//! that changes nothing writes no sums of its own.

use super::at::At;
use super::histogram::Latency;
use super::uptime::{Bucket, Dated, Spent};

/// The sums of the hour that checks are added to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenHour(Option<Dated>);

impl OpenHour {
    /// Adds to the sums of an hour. Gives what belongs among the sums of hours that are over: this
    /// hour when the added one is later, or what was added when it is for an earlier one.
    pub fn add(&mut self, more: Dated) -> Option<Dated> {
        match &mut self.0 {
            None => {
                self.0 = Some(more);
                None
            }
            Some(open) if open.start == more.start => {
                open.bucket.merge(&more.bucket);
                None
            }
            Some(open) if open.start < more.start => Some(std::mem::replace(open, more)),
            Some(_) => Some(more),
        }
    }

    /// Its sums so far.
    pub fn so_far(self) -> Option<Dated> {
        self.0
    }

    /// Compact text, as stored: beginning, times by status, checks, failures, latencies. `None`
    /// before the first check.
    pub fn to_text(&self) -> Option<String> {
        let Dated { start, bucket } = self.0.as_ref()?;
        let Bucket {
            spent,
            checks,
            failures,
            latency,
        } = bucket;
        let numbers = [
            start.0,
            spent.up_ms,
            spent.degraded_ms,
            spent.down_ms,
            spent.unknown_ms,
            spent.maintenance_ms,
            *checks,
            *failures,
        ];
        let (mut text, mut digits) = (String::new(), itoa::Buffer::new());
        for number in numbers {
            text.push_str(digits.format(number));
            text.push(' ');
        }
        text.push_str(&latency.to_text());
        Some(text)
    }

    /// Reads the compact text; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(' ');
        let mut number = || fields.next()?.parse().ok();
        let start = At(number()?);
        let spent = Spent {
            up_ms: number()?,
            degraded_ms: number()?,
            down_ms: number()?,
            unknown_ms: number()?,
            maintenance_ms: number()?,
        };
        let (checks, failures) = (number()?, number()?);
        let latency = Latency::parse(fields.next()?)?;
        let bucket = Bucket {
            spent,
            checks,
            failures,
            latency,
        };
        Some(Self(Some(Dated { start, bucket })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::at::HOUR_MS;

    fn hour(n: i64, checks: i64) -> Dated {
        let mut latency = Latency::default();
        latency.add("total", 12.0);
        Dated {
            start: At(n * HOUR_MS),
            bucket: Bucket {
                checks,
                latency,
                ..Bucket::default()
            },
        }
    }

    #[test]
    fn an_hour_is_open_until_a_later_one_begins() {
        let mut open = OpenHour::default();
        assert_eq!(open.add(hour(7, 1)), None);
        assert_eq!(open.add(hour(7, 2)), None);
        assert_eq!(open.add(hour(6, 1)), Some(hour(6, 1)), "it comes late");
        let over = open.add(hour(9, 1)).unwrap();
        assert_eq!((over.start, over.bucket.checks), (At(7 * HOUR_MS), 3));
        assert_eq!(open.so_far(), Some(hour(9, 1)));
    }

    #[test]
    fn its_text_reads_back() {
        let mut open = OpenHour::default();
        assert_eq!(open.to_text(), None);
        open.add(hour(7, 1));
        assert_eq!(OpenHour::parse(&open.to_text().unwrap()), Some(open));
        let mut plain = OpenHour::default();
        plain.add(Dated {
            start: At(0),
            bucket: Bucket::default(),
        });
        assert_eq!(OpenHour::parse(&plain.to_text().unwrap()), Some(plain));
        for odd in ["", "x", "1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8 what"] {
            assert_eq!(OpenHour::parse(odd), None, "{odd}");
        }
    }
}
