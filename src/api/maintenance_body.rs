//! What people say of a maintenance window in JSON, read into a spec: every fault by its field.

use chrono::{NaiveTime, Weekday};
use serde::Deserialize;
use utoipa::ToSchema;

use super::error::{ApiError, Fault};
use crate::app::maintenance::WindowSpec;
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::maintenance::{Cron, Schedule, Scope, Window};
use crate::domain::monitor::FieldError;
use crate::domain::zone::Zone;

/// A maintenance window as it is declared or changed. A change keeps what it does not name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowBody {
    /// What people call it; status pages show it.
    name: Option<String>,
    /// `once`, `weekly` or `cron`; what the other fields say when not given.
    kind: Option<String>,
    /// When it begins, if it is once; now when not given.
    starts_at: Option<At>,
    /// When it is over, if it is once; or say `minutes`.
    ends_at: Option<At>,
    /// The days of the week, if it is weekly: `mon` to `sun`.
    days: Option<Vec<String>>,
    /// The time of day, if it is weekly: `02:30`.
    at: Option<String>,
    /// Minute, hour, day of the month, month, day of the week: `30 2 * * 0`.
    cron: Option<String>,
    /// How long it lasts.
    minutes: Option<u32>,
    /// The IANA time zone of days and times: `Europe/Berlin`; `UTC` when not given.
    zone: Option<String>,
    /// The ids of monitors that it covers.
    monitors: Option<Vec<String>>,
    /// Tags: it covers every monitor that has one of them.
    tags: Option<Vec<String>>,
    /// Whether it covers every monitor of the team.
    all: Option<bool>,
    /// Whether its time counts for no uptime; true when not given.
    exclude_from_uptime: Option<bool>,
}

/// The word for a day.
pub(super) fn day_word(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    }
}

/// The days that words name, each once, from Monday.
pub(super) fn days(words: &[String], field: &'static str) -> Read<Vec<Weekday>> {
    let read: Result<Vec<Weekday>, _> = words.iter().map(|word| word.parse()).collect();
    let Ok(mut days) = read else {
        return fault(
            field,
            "must be days of the week: mon, tue, wed, thu, fri, sat, sun",
        );
    };
    days.sort_by_key(Weekday::num_days_from_monday);
    days.dedup();
    Ok(days)
}

type Read<T> = Result<T, FieldError>;

fn fault<T>(field: &'static str, message: impl Into<String>) -> Read<T> {
    Err(FieldError::new(field, message))
}

impl WindowBody {
    /// The spec of a window; `known` is what it was. Every fault at once.
    pub(super) fn read(self, known: Option<&Window>, now: At) -> Result<WindowSpec, ApiError> {
        let name = match (&self.name, known) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(known)) => Ok(known.name.clone()),
            (None, None) => fault("name", "is required"),
        };
        let read = (
            name,
            self.schedule(known, now),
            self.zone(known),
            self.scope(known),
        );
        match read {
            (Ok(name), Ok(schedule), Ok(zone), Ok(scope)) => Ok(WindowSpec {
                name,
                schedule,
                zone,
                scope,
                is_excluded: self
                    .exclude_from_uptime
                    .unwrap_or_else(|| known.is_none_or(|known| known.is_excluded)),
            }),
            (name, schedule, zone, scope) => {
                let faults = [name.err(), schedule.err(), zone.err(), scope.err()];
                Err(ApiError::fields(
                    faults.into_iter().flatten().map(Fault::from),
                ))
            }
        }
    }

    fn zone(&self, known: Option<&Window>) -> Read<Zone> {
        match &self.zone {
            None => Ok(known.map_or(Zone::UTC, |known| known.zone)),
            Some(name) => Zone::parse(name).map_or_else(
                || {
                    fault(
                        "zone",
                        format!("'{name}' is not an IANA time zone, like Europe/Berlin"),
                    )
                },
                Ok,
            ),
        }
    }

    fn schedule(&self, known: Option<&Window>, now: At) -> Read<Schedule> {
        let known = known.map(|known| &known.schedule);
        let kind = match (&self.kind, known) {
            (Some(word), _) => &**word,
            (None, Some(known)) => known.kind(),
            (None, None) if self.cron.is_some() => "cron",
            (None, None) if self.days.is_some() || self.at.is_some() => "weekly",
            (None, None) => "once",
        };
        let given = [
            ("starts_at", self.starts_at.is_some(), "once"),
            ("ends_at", self.ends_at.is_some(), "once"),
            ("days", self.days.is_some(), "weekly"),
            ("at", self.at.is_some(), "weekly"),
            ("cron", self.cron.is_some(), "cron"),
        ];
        if let Some((field, _, of)) = given.iter().find(|(_, is, of)| *is && *of != kind) {
            return fault(
                field,
                format!("belongs to a window of kind {of}, not {kind}"),
            );
        }
        match kind {
            "once" => self.once(known, now),
            "weekly" => self.weekly(known),
            "cron" => self.by_cron(known),
            other => fault(
                "kind",
                format!("'{other}' is not a kind; use once, weekly or cron"),
            ),
        }
    }

    fn once(&self, known: Option<&Schedule>, now: At) -> Read<Schedule> {
        let known = match known {
            Some(Schedule::Once { starts_at, ends_at }) => Some((*starts_at, *ends_at)),
            _ => None,
        };
        let starts_at = self
            .starts_at
            .or(known.map(|(start, _)| start))
            .unwrap_or(now);
        let ends_at = match (self.ends_at, self.minutes) {
            (Some(_), Some(_)) => return fault("minutes", "say minutes or ends_at, not both"),
            (Some(end), None) => Some(end),
            (None, Some(minutes)) => {
                Some(starts_at + std::time::Duration::from_mins(u64::from(minutes)))
            }
            (None, None) => known.map(|(_, end)| end),
        };
        match ends_at {
            Some(ends_at) => Ok(Schedule::Once { starts_at, ends_at }),
            None => fault(
                "minutes",
                "is required: how long it lasts (or ends_at: until when)",
            ),
        }
    }

    fn weekly(&self, known: Option<&Schedule>) -> Read<Schedule> {
        let (mut days, mut at, mut minutes) = match known {
            Some(Schedule::Weekly { days, at, minutes }) => {
                (Some(days.clone()), Some(*at), Some(*minutes))
            }
            _ => (None, None, None),
        };
        if let Some(words) = &self.days {
            days = Some(self::days(words, "days")?);
        }
        if let Some(text) = &self.at {
            let Ok(read) = NaiveTime::parse_from_str(text, "%H:%M") else {
                return fault("at", format!("'{text}' is not a time of day, like 02:30"));
            };
            at = Some(read);
        }
        minutes = self.minutes.or(minutes);
        match (days, at, minutes) {
            (Some(days), Some(at), Some(minutes)) => Ok(Schedule::Weekly { days, at, minutes }),
            (None, ..) => fault("days", "is required: days of the week, like [\"sun\"]"),
            (_, None, _) => fault("at", "is required: the time of day, like 02:30"),
            _ => fault("minutes", "is required: how long it lasts"),
        }
    }

    fn by_cron(&self, known: Option<&Schedule>) -> Read<Schedule> {
        let (known, lasted) = match known {
            Some(Schedule::Cron { cron, minutes }) => (Some(cron.clone()), Some(*minutes)),
            _ => (None, None),
        };
        let cron = match &self.cron {
            Some(text) => Some(Cron::parse(text)?),
            None => known,
        };
        match (cron, self.minutes.or(lasted)) {
            (Some(cron), Some(minutes)) => Ok(Schedule::Cron { cron, minutes }),
            (None, _) => fault("cron", "is required: five fields, like 30 2 * * 0"),
            _ => fault("minutes", "is required: how long it lasts"),
        }
    }

    fn scope(&self, known: Option<&Window>) -> Read<Scope> {
        let is_named = self.monitors.is_some() || self.tags.is_some();
        match self.all {
            Some(true) if is_named => {
                return fault("all", "must be false when monitors or tags are named");
            }
            Some(true) => return Ok(Scope::All),
            _ => {}
        }
        let (old, tagged) = match known.map(|known| &known.scope) {
            Some(Scope::All) if self.all.is_none() && !is_named => return Ok(Scope::All),
            Some(Scope::Some { monitors, tags }) => (monitors.clone(), tags.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let named = self.monitors.as_ref().map(|ids| {
            let read = ids.iter().map(|id| id.parse());
            read.collect::<Result<Vec<MonitorId>, _>>()
        });
        let monitors = match named {
            None => old,
            Some(Ok(monitors)) => monitors,
            Some(Err(_)) => return fault("monitors", "names a monitor that there is not"),
        };
        let tags = self.tags.clone().unwrap_or(tagged);
        Ok(Scope::Some { monitors, tags })
    }
}
