//! Sums per hour and per day: what charts, strips and percentages are made of.
//!
//! The location '' ([`WHOLE`]) is the ledger of the whole monitor. Sums are read, merged and
//! written back; the revision of the monitor's state (`states`) keeps two nodes from doing so at
//! once. The hour that a monitor is in stands beside its state (`open_hour`) until it is over; whatever
//! reads sums adds it.

use std::collections::{BTreeMap, HashMap};
use std::str::Split;

use super::codec::{Joined, Origin, field, joined, records, row};
use super::db::Many;
use super::open_hours::{add, into_day};
use super::{Store, StoreError, Tx};
use crate::domain::at::{At, DAY_MS};
use crate::domain::histogram::Latency;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::uptime::{Bucket, Dated, Spent};

/// The location that stands for the whole monitor.
pub const WHOLE: &str = "";

/// Something to add to the sums of a monitor.
#[derive(Clone, Debug)]
pub struct Addition {
    /// Whose it is.
    pub team: TeamId,
    /// The monitor.
    pub monitor: MonitorId,
    /// The location, or [`WHOLE`].
    pub location: String,
    /// Any instant of the hour that it belongs to.
    pub at: At,
    /// What to add.
    pub bucket: Bucket,
}

row! {
    struct RollupRow {
        monitor_id: MonitorId,
        location: String,
        start: At,
        up_ms: i64,
        degraded_ms: i64,
        down_ms: i64,
        unknown_ms: i64,
        maintenance_ms: i64,
        checks: i64,
        failures: i64,
        latency: String,
    }
}

impl RollupRow {
    pub(super) fn dated(&self) -> Result<Dated, StoreError> {
        let at = Origin {
            table: "rollup",
            id: self.monitor_id,
        };
        Ok(Dated {
            start: self.start,
            bucket: Bucket {
                spent: Spent {
                    up_ms: self.up_ms,
                    degraded_ms: self.degraded_ms,
                    down_ms: self.down_ms,
                    unknown_ms: self.unknown_ms,
                    maintenance_ms: self.maintenance_ms,
                },
                checks: self.checks,
                failures: self.failures,
                latency: at.parsed("latency", Latency::parse(&self.latency))?,
            },
        })
    }
}

type Key = (MonitorId, String, At);
type Sums = BTreeMap<Key, (TeamId, Bucket)>;

impl Tx {
    /// Adds to the sums of the hours and of the days. Call [`Tx::states`] for these monitors first.
    pub async fn add_to_rollups(&mut self, additions: &[Addition]) -> Result<(), StoreError> {
        let (mut hours, mut days) = (Sums::new(), Sums::new());
        for a in additions {
            for (sums, start) in [(&mut hours, a.at.hour()), (&mut days, a.at.day())] {
                let key = (a.monitor, a.location.clone(), start);
                let (_, bucket) = sums.entry(key).or_insert((a.team, Bucket::default()));
                bucket.merge(&a.bucket);
            }
        }
        self.merge(hours, HOURS, SAVE_HOURS).await?;
        self.merge(days, DAYS, SAVE_DAYS).await
    }

    async fn merge(&mut self, mut sums: Sums, read: Many, save: Many) -> Result<(), StoreError> {
        let keys = sums
            .keys()
            .zip(0_i64..)
            .map(|((monitor, location, start), n)| (n, *monitor, &**location, *start));
        let texts: Vec<Joined> = self.db.many_all(read, keys).await?;
        let mut all: Vec<_> = sums.iter_mut().collect();
        for mut fields in records(&texts) {
            let n: Option<usize> = field(&mut fields);
            let Some(((monitor, ..), (_, sum))) = n.and_then(|n| all.get_mut(n)) else {
                continue;
            };
            let at = Origin {
                table: "rollup",
                id: *monitor,
            };
            sum.merge(&at.parsed("sums", bucket(&mut fields))?);
        }
        let rows = sums
            .iter()
            .map(|((monitor, location, start), (team, bucket))| {
                let Bucket {
                    spent,
                    checks,
                    failures,
                    latency,
                } = bucket;
                (
                    *monitor,
                    &**location,
                    *start,
                    *team,
                    spent.up_ms,
                    spent.degraded_ms,
                    spent.down_ms,
                    spent.unknown_ms,
                    spent.maintenance_ms,
                    *checks,
                    *failures,
                    latency.to_text(),
                )
            });
        self.db.many(save, rows).await?;
        Ok(())
    }
}

impl Store {
    /// The hours of a monitor that began from `from` until before `until`, oldest first. The first
    /// one holds `from`.
    pub async fn rollup_hours(
        &self,
        team: TeamId,
        monitor: MonitorId,
        from: At,
        until: At,
    ) -> Result<Vec<Dated>, StoreError> {
        let key = (team, monitor, WHOLE, from.hour(), until);
        let rows: Vec<RollupRow> = self.db.all(HOURS_OF, key).await?;
        let mut hours = rows
            .iter()
            .map(RollupRow::dated)
            .collect::<Result<_, _>>()?;
        let open = self.open_hour(team, monitor).await?;
        add(&mut hours, open, (from.hour(), until));
        Ok(hours)
    }

    /// The days of a monitor that began from `from` until before `until`, oldest first. The first
    /// one holds `from`.
    pub async fn rollup_days(
        &self,
        team: TeamId,
        monitor: MonitorId,
        from: At,
        until: At,
    ) -> Result<Vec<Dated>, StoreError> {
        let key = (team, monitor, WHOLE, from.day(), until);
        let rows: Vec<RollupRow> = self.db.all(DAYS_OF, key).await?;
        let mut days = rows
            .iter()
            .map(RollupRow::dated)
            .collect::<Result<_, _>>()?;
        let open = self.open_hour(team, monitor).await?.map(into_day);
        add(&mut days, open, (from.day(), until));
        Ok(days)
    }

    /// The hours of a monitor that began from `from` on, summed by location; only of a monitor that
    /// has several.
    pub async fn rollup_by_location(
        &self,
        team: TeamId,
        monitor: MonitorId,
        from: At,
    ) -> Result<BTreeMap<String, Bucket>, StoreError> {
        let key = (team, monitor, WHOLE, from.hour());
        let rows: Vec<RollupRow> = self.db.all(HOURS_ELSEWHERE, key).await?;
        let mut sums: BTreeMap<String, Bucket> = BTreeMap::new();
        for row in rows {
            let bucket = row.dated()?.bucket;
            sums.entry(row.location).or_default().merge(&bucket);
        }
        Ok(sums)
    }

    /// The hours of several monitors from `from` on, oldest first, without those that are not over.
    pub(super) async fn ended_hours(
        &self,
        monitors: &[MonitorId],
        from: At,
    ) -> Result<HashMap<MonitorId, Vec<Dated>>, StoreError> {
        let keys = monitors.iter().map(|id| (*id, from.hour()));
        by_monitor(self.db.many_all(HOURS_SINCE, keys).await?, hour)
    }

    /// How several monitors spent their days from `from` on, oldest first, without the hours that are
    /// not over and without checks and latencies: a strip shows none, and reading thousands of them
    /// would cost more than all the rest.
    pub(super) async fn ended_days(
        &self,
        monitors: &[MonitorId],
        from: At,
    ) -> Result<HashMap<MonitorId, Vec<Dated>>, StoreError> {
        let keys = monitors.iter().map(|id| (*id, from.day()));
        by_monitor(self.db.many_all(DAYS_SINCE, keys).await?, day)
    }
}

row! {
    struct SumsRow {
        monitor_id: MonitorId,
        sums: String,
    }
}

impl SumsRow {
    /// Its sums, oldest first, each read by `dated`.
    fn dated(
        self,
        dated: impl Fn(&mut Split<'_, char>) -> Option<Dated>,
    ) -> Result<Vec<Dated>, StoreError> {
        let at = Origin {
            table: "rollup",
            id: self.monitor_id,
        };
        let texts = [(Some(self.sums),)];
        let dated = records(&texts).map(|mut fields| dated(&mut fields));
        let mut sums = at.parsed("sums", dated.collect::<Option<Vec<_>>>())?;
        sums.sort_unstable_by_key(|sum| sum.start);
        Ok(sums)
    }
}

/// A sum in the order of [`sums`], without its beginning.
fn bucket(fields: &mut Split<'_, char>) -> Option<Bucket> {
    Some(Bucket {
        spent: Spent {
            up_ms: field(fields)?,
            degraded_ms: field(fields)?,
            down_ms: field(fields)?,
            unknown_ms: field(fields)?,
            maintenance_ms: field(fields)?,
        },
        checks: field(fields)?,
        failures: field(fields)?,
        latency: Latency::parse(fields.next()?)?,
    })
}

fn hour(fields: &mut Split<'_, char>) -> Option<Dated> {
    Some(Dated {
        start: At(field(fields)?),
        bucket: bucket(fields)?,
    })
}

/// How a day was spent, as [`DAYS_SINCE`] gives it.
fn day(fields: &mut Split<'_, char>) -> Option<Dated> {
    let mut pair = || {
        let packed: i64 = field(fields)?;
        Some((packed / PACKED, packed % PACKED))
    };
    let ((day, maintenance_ms), (up_ms, degraded_ms), (down_ms, unknown_ms)) =
        (pair()?, pair()?, pair()?);
    let spent = Spent {
        up_ms,
        degraded_ms,
        down_ms,
        unknown_ms,
        maintenance_ms,
    };
    Some(Dated {
        start: At(day * DAY_MS),
        bucket: Bucket {
            spent,
            ..Bucket::default()
        },
    })
}

fn by_monitor(
    rows: Vec<SumsRow>,
    dated: impl Fn(&mut Split<'_, char>) -> Option<Dated>,
) -> Result<HashMap<MonitorId, Vec<Dated>>, StoreError> {
    let rows = rows.into_iter();
    let read = |row: SumsRow| Ok((row.monitor_id, row.dated(&dated)?));
    rows.map(read).collect()
}

/// The sums of a group in one text; `$first` is a number that says which they are.
macro_rules! sums {
    ($first:literal) => {
        joined!(
            $first,
            "r.up_ms",
            "r.degraded_ms",
            "r.down_ms",
            "r.unknown_ms",
            "r.maintenance_ms",
            "r.checks",
            "r.failures",
            "r.latency"
        )
    };
}

/// What two numbers of a day are packed by into one: a day has fewer milliseconds. To make and read a
/// text of a number is what such a read costs.
const PACKED: i64 = 1_000_000_000;

/// The same statements over the hours and over the days.
macro_rules! over {
    ($table:literal; $merge:ident, $save:ident, $of:ident) => {
        const $merge: Many = Many {
            head: "WITH v(n, monitor, place, begun) AS (VALUES",
            tail: concat!(
                ") SELECT ", sums!("v.n"), " FROM v JOIN ", $table, " r
                       ON r.monitor_id = v.monitor AND r.location = v.place AND r.start = v.begun"
            ),
        };
        const $save: Many = Many {
            head: concat!(
                "INSERT INTO ", $table, " (monitor_id, location, start, team_id, up_ms, degraded_ms, \
                 down_ms, unknown_ms, maintenance_ms, checks, failures, latency) VALUES"
            ),
            tail: "ON CONFLICT (monitor_id, location, start) DO UPDATE
                      SET up_ms = excluded.up_ms, degraded_ms = excluded.degraded_ms,
                          down_ms = excluded.down_ms, unknown_ms = excluded.unknown_ms,
                          maintenance_ms = excluded.maintenance_ms, checks = excluded.checks,
                          failures = excluded.failures, latency = excluded.latency",
        };
        const $of: &str = concat!(
            "SELECT monitor_id, location, start, up_ms, degraded_ms, down_ms, unknown_ms,
                    maintenance_ms, checks, failures, latency
               FROM ", $table, "
              WHERE team_id = $1 AND monitor_id = $2 AND location = $3 AND start >= $4 AND start < $5
              ORDER BY start"
        );
    };
}

over!("rollup_hour"; HOURS, SAVE_HOURS, HOURS_OF);
over!("rollup_day"; DAYS, SAVE_DAYS, DAYS_OF);
const HOURS_SINCE: Many = Many {
    head: "WITH v(monitor, since) AS (VALUES",
    tail: concat!(
        ") SELECT r.monitor_id, ",
        sums!("r.start"),
        " AS sums FROM v JOIN rollup_hour r
              ON r.monitor_id = v.monitor AND r.location = '' AND r.start >= v.since
           GROUP BY r.monitor_id"
    ),
};
const DAYS_SINCE: Many = Many {
    head: "WITH v(monitor, since) AS (VALUES",
    tail: concat!(
        ") SELECT r.monitor_id, ",
        joined!(
            "r.start / 86400000 * 1000000000 + r.maintenance_ms",
            "r.up_ms * 1000000000 + r.degraded_ms",
            "r.down_ms * 1000000000 + r.unknown_ms"
        ),
        " AS sums FROM v JOIN rollup_day r
              ON r.monitor_id = v.monitor AND r.location = '' AND r.start >= v.since
           GROUP BY r.monitor_id"
    ),
};
const HOURS_ELSEWHERE: &str = "
    SELECT monitor_id, location, start, up_ms, degraded_ms, down_ms, unknown_ms,
           maintenance_ms, checks, failures, latency
      FROM rollup_hour
     WHERE team_id = $1 AND monitor_id = $2 AND location <> $3 AND start >= $4
     ORDER BY location, start";
