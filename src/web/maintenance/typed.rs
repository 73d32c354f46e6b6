//! What people type of a maintenance window, read into a spec, and back: every fault by its field.

use chrono::{NaiveDateTime, NaiveTime, Weekday};

use crate::app::maintenance::WindowSpec;
use crate::domain::at::{At, HOUR_MS};
use crate::domain::id::MonitorId;
use crate::domain::maintenance::{Cron, Schedule, Scope, Window};
use crate::domain::monitor::FieldError;
use crate::domain::zone::Zone;
use crate::web::form::Filled;

/// How a browser writes a local time.
const LOCAL: &str = "%Y-%m-%dT%H:%M";
/// How it writes a time of day.
const CLOCK: &str = "%H:%M";

/// The days of the week with the words of the form.
pub(in crate::web) const DAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Mon, "mon", "Monday"),
    (Weekday::Tue, "tue", "Tuesday"),
    (Weekday::Wed, "wed", "Wednesday"),
    (Weekday::Thu, "thu", "Thursday"),
    (Weekday::Fri, "fri", "Friday"),
    (Weekday::Sat, "sat", "Saturday"),
    (Weekday::Sun, "sun", "Sunday"),
];

/// What people call a day.
pub(in crate::web) fn day_name(day: Weekday) -> &'static str {
    let found = DAYS.iter().find(|(known, ..)| *known == day);
    found.map_or("", |(_, _, name)| name)
}

type Read<T> = Result<T, FieldError>;

fn fault<T>(field: &'static str, message: impl Into<String>) -> Read<T> {
    Err(FieldError::new(field, message))
}

/// The form of a window that begins with the next full hour.
pub(super) fn fresh(zone: Zone, monitor: Option<&str>, now: At) -> Filled {
    let start = At(now.hour().0 + HOUR_MS);
    let mut values = vec![
        ("kind", "once".to_owned()),
        ("zone", zone.name().to_owned()),
        ("starts_at", zone.written(start, LOCAL)),
        ("ends_at", zone.written(At(start.0 + HOUR_MS), LOCAL)),
        ("at", "02:00".to_owned()),
        ("minutes", "60".to_owned()),
        ("excluded", "yes".to_owned()),
        (
            "scope",
            if monitor.is_some() { "some" } else { "all" }.to_owned(),
        ),
    ];
    values.extend(monitor.map(|id| ("monitors", id.to_owned())));
    Filled::of(values)
}

/// The form of a window as it is.
pub(super) fn filled(window: &Window) -> Filled {
    let mut values = vec![
        ("name", window.name.clone()),
        ("kind", window.schedule.kind().to_owned()),
        ("zone", window.zone.name().to_owned()),
    ];
    match &window.schedule {
        Schedule::Once { starts_at, ends_at } => {
            values.push(("starts_at", window.zone.written(*starts_at, LOCAL)));
            values.push(("ends_at", window.zone.written(*ends_at, LOCAL)));
        }
        Schedule::Weekly { days, at, minutes } => {
            let chosen = DAYS.iter().filter(|(day, ..)| days.contains(day));
            values.extend(chosen.map(|(_, word, _)| ("days", (*word).to_owned())));
            values.push(("at", at.format(CLOCK).to_string()));
            values.push(("minutes", minutes.to_string()));
        }
        Schedule::Cron { cron, minutes } => {
            values.push(("cron", cron.to_string()));
            values.push(("minutes", minutes.to_string()));
        }
    }
    if window.is_excluded {
        values.push(("excluded", "yes".to_owned()));
    }
    match &window.scope {
        Scope::All => values.push(("scope", "all".to_owned())),
        Scope::Some { monitors, tags } => {
            values.push(("scope", "some".to_owned()));
            values.extend(monitors.iter().map(|id| ("monitors", id.to_string())));
            values.extend(tags.iter().map(|tag| ("tags", tag.clone())));
        }
    }
    Filled::of(values)
}

/// What was typed; `known` is the window that is changed. Every fault at once.
pub(super) fn spec(form: &Filled, known: Option<&Window>) -> Result<WindowSpec, Vec<FieldError>> {
    let zone = zone(form);
    let at = zone.as_ref().map_or(Zone::UTC, |zone| *zone);
    match (zone, schedule(form, at, known), scope(form)) {
        (Ok(zone), Ok(schedule), Ok(scope)) => Ok(WindowSpec {
            name: form.value("name").to_owned(),
            schedule,
            zone,
            scope,
            is_excluded: form.has("excluded", "yes"),
        }),
        (zone, schedule, scope) => {
            let faults = [zone.err(), schedule.err(), scope.err()];
            Err(faults.into_iter().flatten().collect())
        }
    }
}

fn zone(form: &Filled) -> Read<Zone> {
    let name = form.value("zone");
    Zone::parse(name).map_or_else(
        || fault("zone", "is not an IANA time zone, like Europe/Berlin"),
        Ok,
    )
}

fn schedule(form: &Filled, zone: Zone, known: Option<&Window>) -> Read<Schedule> {
    match form.value("kind") {
        "weekly" => {
            let chosen = DAYS.iter().filter(|(_, word, _)| form.has("days", word));
            Ok(Schedule::Weekly {
                days: chosen.map(|(day, ..)| *day).collect(),
                at: clock(form)?,
                minutes: minutes(form)?,
            })
        }
        "cron" => Ok(Schedule::Cron {
            cron: Cron::parse(form.value("cron"))?,
            minutes: minutes(form)?,
        }),
        _ => {
            let was = known.filter(|window| window.zone == zone);
            let was = match was.map(|window| &window.schedule) {
                Some(Schedule::Once { starts_at, ends_at }) => Some((*starts_at, *ends_at)),
                _ => None,
            };
            Ok(Schedule::Once {
                starts_at: instant(form, "starts_at", zone, was.map(|(start, _)| start))?,
                ends_at: instant(form, "ends_at", zone, was.map(|(_, end)| end))?,
            })
        }
    }
}

/// A local time of the zone. One that was left as it was shown keeps its seconds.
fn instant(form: &Filled, field: &'static str, zone: Zone, was: Option<At>) -> Read<At> {
    let text = form.value(field);
    if let Some(was) = was.filter(|was| zone.written(*was, LOCAL) == text) {
        return Ok(was);
    }
    let with_seconds = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S");
    match NaiveDateTime::parse_from_str(text, LOCAL).or_else(|_| with_seconds()) {
        Ok(local) => Ok(zone.at(local)),
        Err(_) => fault(field, "must be a day and a time, like 2026-11-29T02:30"),
    }
}

fn clock(form: &Filled) -> Read<NaiveTime> {
    match NaiveTime::parse_from_str(form.value("at"), CLOCK) {
        Ok(clock) => Ok(clock),
        Err(_) => fault("at", "must be a time of day, like 02:30"),
    }
}

fn minutes(form: &Filled) -> Read<u32> {
    match form.value("minutes").parse() {
        Ok(minutes) => Ok(minutes),
        Err(_) => fault("minutes", "must be a whole number of minutes"),
    }
}

fn scope(form: &Filled) -> Read<Scope> {
    if form.value("scope") == "all" {
        return Ok(Scope::All);
    }
    let ids: Result<Vec<MonitorId>, _> = form.all("monitors").map(str::parse).collect();
    let Ok(monitors) = ids else {
        return fault("monitors", "names a monitor that there is not");
    };
    let tags = form.all("tags").map(str::to_owned).collect();
    Ok(Scope::Some { monitors, tags })
}
