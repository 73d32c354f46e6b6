//! The figures of a digest, gathered from what pages show, too.

use serde::{Deserialize, Serialize};

use super::{Digest, Every, Period};
use crate::domain::accounting::Span;
use crate::domain::at::{At, DAY_MS};
use crate::domain::expiry::is_short_lived;
use crate::domain::id::{IncidentId, MonitorId};
use crate::domain::incident::Severity;
use crate::domain::report::TlsReport;
use crate::domain::tools::Class;
use crate::domain::uptime::{self, Dated, Spent};
use crate::domain::zone::Zone;

/// Most lines of each list that a digest tells.
pub const MAX_LINES: usize = 10;
/// How long before its end a certificate is told, in milliseconds.
const SOON_MS: i64 = 30 * DAY_MS;
/// Less time that is not known is not worth a word, in milliseconds: a check that came late.
const UNKNOWN_MS: i64 = 60_000;

/// The first lines of a list, and how many more there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines<T> {
    /// The first of them.
    pub first: Vec<T>,
    /// How many more.
    pub more: usize,
}

impl<T> Lines<T> {
    /// The first [`MAX_LINES`] of a list.
    pub fn of(mut all: Vec<T>) -> Self {
        let more = all.len().saturating_sub(MAX_LINES);
        all.truncate(MAX_LINES);
        Self { first: all, more }
    }

    /// How many there are in all.
    pub fn count(&self) -> usize {
        self.first.len() + self.more
    }
}

/// How a monitor spent the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UptimeLine {
    /// Which.
    pub monitor_id: MonitorId,
    /// What people call it.
    pub name: String,
    /// Share of the known time in which clients could use it, 0 to 1; null when nothing is known.
    pub uptime: Option<f64>,
    /// Time that was not measured.
    pub unknown_ms: i64,
}

impl UptimeLine {
    /// How a monitor spent a period, by the hours that there are sums of and the `tail` that no
    /// sum holds yet.
    pub fn of(
        (monitor_id, name): (MonitorId, String),
        (hours, tail): (&[Dated], &[Span]),
        Period { from, until }: Period,
    ) -> Self {
        let inside = tail.iter().map(|span| Span {
            until: span.until.min(until),
            ..*span
        });
        let inside: Vec<Span> = inside.filter(|span| span.from < span.until).collect();
        let spent: Spent = uptime::over(hours, &inside, until, until.0 - from.0);
        Self {
            monitor_id,
            name,
            uptime: spent.uptime(),
            unknown_ms: spent.unknown_ms,
        }
    }

    /// Whether all of its time is known to be good; one that was not measured at all is, too.
    fn is_good(&self) -> bool {
        self.uptime.is_none_or(|share| share >= 1.0) && self.unknown_ms < UNKNOWN_MS
    }
}

/// An incident of the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentLine {
    /// Which.
    pub incident_id: IncidentId,
    /// What people call its monitor.
    pub name: String,
    /// How bad.
    pub severity: Severity,
    /// Why, in words.
    pub message: String,
    /// The first bad check.
    pub started_at: At,
    /// When it ended; null when it had not by the end of the time.
    pub resolved_at: Option<At>,
    /// How long it lasted until then.
    pub duration_seconds: i64,
}

/// A certificate that ends soon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertificateLine {
    /// Which monitor shows it.
    pub monitor_id: MonitorId,
    /// What people call that.
    pub name: String,
    /// Its end.
    pub not_after: At,
}

impl CertificateLine {
    /// A line for a certificate, if it ends soon after `now`. One that is made for a few days only
    /// is renewed all the time and tells nothing.
    pub fn of(monitor_id: MonitorId, name: &str, tls: &TlsReport, now: At) -> Option<Self> {
        let left = tls.not_after.0 - now.0;
        ((0..=SOON_MS).contains(&left) && !is_short_lived(tls)).then(|| Self {
            monitor_id,
            name: name.to_owned(),
            not_after: tls.not_after,
        })
    }
}

/// A change of tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolsLine {
    /// Which monitor.
    pub monitor_id: MonitorId,
    /// What people call it.
    pub name: String,
    /// When it was seen.
    pub at: At,
    /// How heavy.
    pub class: Class,
    /// What is different, in words.
    pub message: String,
}

/// Everything that a digest tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DigestFacts {
    /// How often it comes.
    pub every: Every,
    /// Where the clock hangs that its times are shown on.
    pub zone: Zone,
    /// The beginning of its time.
    pub from: At,
    /// The first moment after it.
    pub until: At,
    /// How many monitors there are.
    pub monitors: usize,
    /// Their uptime, the worst first.
    pub uptime: Lines<UptimeLine>,
    /// The incidents of the time, the newest first.
    pub incidents: Lines<IncidentLine>,
    /// Certificates that end within thirty days, the next first.
    pub certificates: Lines<CertificateLine>,
    /// Changes of tools, the newest first.
    pub tools: Lines<ToolsLine>,
    /// Whether all of this is one sentence: nothing happened.
    pub is_quiet: bool,
}

impl DigestFacts {
    /// Puts together what was gathered of a period, in any order of monitors and certificates.
    pub fn of(
        digest: &Digest,
        period: Period,
        (mut uptime, mut certificates): (Vec<UptimeLine>, Vec<CertificateLine>),
        incidents: Lines<IncidentLine>,
        tools: Lines<ToolsLine>,
    ) -> Self {
        let share = |line: &UptimeLine| line.uptime.unwrap_or(f64::INFINITY);
        uptime.sort_by(|a, b| {
            let worse = share(a).total_cmp(&share(b));
            let less_known = b.unknown_ms.cmp(&a.unknown_ms);
            worse.then(less_known).then_with(|| a.name.cmp(&b.name))
        });
        certificates.sort_by_key(|line| line.not_after);
        let is_quiet = incidents.count() == 0
            && tools.count() == 0
            && certificates.is_empty()
            && uptime.iter().all(UptimeLine::is_good);
        Self {
            every: digest.every,
            zone: digest.zone,
            from: period.from,
            until: period.until,
            monitors: uptime.len(),
            uptime: Lines::of(uptime),
            incidents,
            certificates: Lines::of(certificates),
            tools,
            is_quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::at::HOUR_MS;
    use crate::domain::uptime::Bucket;
    use crate::domain::verdict::CheckStatus;

    fn line(n: u128, uptime: Option<f64>, unknown_ms: i64) -> UptimeLine {
        UptimeLine {
            monitor_id: MonitorId(Uuid::from_u128(n)),
            name: format!("m{n}"),
            uptime,
            unknown_ms,
        }
    }

    fn facts(uptime: Vec<UptimeLine>) -> DigestFacts {
        let digest = Digest {
            every: Every::Daily,
            zone: Zone::UTC,
            hour: 8,
        };
        let period = Period {
            from: At(0),
            until: At(DAY_MS),
        };
        let (incidents, tools) = (Lines::of(vec![]), Lines::of(vec![]));
        DigestFacts::of(&digest, period, (uptime, vec![]), incidents, tools)
    }

    #[test]
    fn the_worst_comes_first_and_many_are_cut() {
        let lines = vec![
            line(1, Some(1.0), 0),
            line(2, None, 9),
            line(3, Some(0.5), 0),
            line(4, Some(1.0), HOUR_MS),
        ];
        let told = facts(lines);
        let names: Vec<&str> = told.uptime.first.iter().map(|line| &*line.name).collect();
        assert_eq!(names, ["m3", "m4", "m1", "m2"]);
        let told = facts((0..15).map(|n| line(n, Some(1.0), 0)).collect());
        assert_eq!(
            (told.monitors, told.uptime.first.len(), told.uptime.more),
            (15, 10, 5)
        );
    }

    #[test]
    fn nothing_happened_while_all_time_is_known_to_be_good() {
        assert!(facts(vec![]).is_quiet);
        assert!(facts(vec![line(1, Some(1.0), 59_000), line(2, None, 0)]).is_quiet);
        assert!(!facts(vec![line(1, Some(1.0), 61_000)]).is_quiet);
        assert!(!facts(vec![line(1, Some(0.999), 0)]).is_quiet);
    }

    #[test]
    fn what_comes_after_the_period_does_not_count() {
        let until = At(2 * HOUR_MS);
        let hour = |n: i64, down_ms| Dated {
            start: At(n * HOUR_MS),
            bucket: Bucket {
                spent: Spent {
                    up_ms: HOUR_MS - down_ms,
                    down_ms,
                    ..Spent::default()
                },
                ..Bucket::default()
            },
        };
        let tail = [Span {
            from: At(until.0 - 60_000),
            until: At(until.0 + 600_000),
            status: CheckStatus::Unknown,
            in_maintenance: false,
        }];
        let hours = [hour(0, 0), hour(1, HOUR_MS / 2), hour(2, HOUR_MS)];
        let period = Period { from: At(0), until };
        let whose = (MonitorId(Uuid::nil()), String::new());
        let told = UptimeLine::of(whose, (&hours, &tail), period);
        assert_eq!((told.uptime, told.unknown_ms), (Some(0.75), 60_000));
    }
}
