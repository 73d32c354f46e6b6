//! What people choose on the form of a channel of what it hears and when, read into a route, and
//! back.

use chrono::NaiveTime;

use super::form::Filled;
use super::maintenance::DAYS;
use crate::domain::channel::{Hours, Outside, Route, Topic};
use crate::domain::incident::Severity;
use crate::domain::monitor::FieldError;
use crate::domain::zone::Zone;

/// How a browser writes a time of day.
const CLOCK: &str = "%H:%M";

/// The fields of the form as a route has them.
pub(super) fn filled(route: &Route) -> Vec<(&'static str, String)> {
    let kinds = Topic::ALL.into_iter().filter(|kind| route.hears(*kind));
    let mut values: Vec<_> = kinds
        .map(|kind| ("kinds", kind.as_str().to_owned()))
        .collect();
    let only_down = route.severities.as_deref() == Some(&[Severity::Down]);
    if only_down {
        values.push(("only_down", "yes".to_owned()));
    }
    values.push(("tags", route.tags.join(", ")));
    if route.wait_minutes > 0 {
        values.push(("escalate_after_minutes", route.wait_minutes.to_string()));
    }
    values.extend(route.fallback.map(|id| ("fallback", id.to_string())));
    let held = route
        .hours
        .as_ref()
        .map_or("", |hours| hours.outside.as_str());
    values.push(("held_outside", held.to_owned()));
    if let Some(hours) = &route.hours {
        let days = DAYS.iter().filter(|(day, ..)| hours.days.contains(day));
        values.extend(days.map(|(_, word, _)| ("hours.days", (*word).to_owned())));
        values.push(("hours.from", hours.from.format(CLOCK).to_string()));
        values.push(("hours.until", hours.until.format(CLOCK).to_string()));
        values.push(("hours.zone", hours.zone.name().to_owned()));
    } else {
        values.extend(DAYS.map(|(_, word, _)| ("hours.days", word.to_owned())));
        values.push(("hours.from", "08:00".to_owned()));
        values.push(("hours.until", "20:00".to_owned()));
        values.push(("hours.zone", Zone::UTC.name().to_owned()));
    }
    values
}

/// The route that was chosen; every fault at once.
pub(super) fn read(form: &Filled) -> Result<Route, Vec<FieldError>> {
    let mut faults = Vec::new();
    let kinds: Result<Vec<Topic>, _> = form.all("kinds").map(Topic::parse).collect();
    let kinds = kinds
        .map_err(|fault| faults.push(fault))
        .unwrap_or_default();
    let is_usual = |kind: &Topic| kinds.contains(kind) == kind.is_usual();
    // A form without any of the boxes says nothing of them.
    let is_usual = kinds.is_empty() || Topic::ALL.iter().all(is_usual);
    let minutes = form.value("escalate_after_minutes");
    let wait = if minutes.is_empty() {
        Ok(0)
    } else {
        minutes.parse()
    };
    let wait_minutes = wait.unwrap_or_else(|_| {
        faults.push(FieldError::new(
            "escalate_after_minutes",
            "must be a number of minutes",
        ));
        0
    });
    let fallback = form.value("fallback");
    let fallback = if fallback.is_empty() {
        None
    } else {
        fallback.parse().ok()
    };
    let hours = hours(form).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let route = Route {
        kinds: (!is_usual).then_some(kinds),
        severities: form.has("only_down", "yes").then(|| vec![Severity::Down]),
        tags: form.words("tags"),
        hours,
        wait_minutes,
        fallback,
    };
    faults.extend(route.faults());
    if faults.is_empty() {
        Ok(route)
    } else {
        Err(faults)
    }
}

fn hours(form: &Filled) -> Result<Option<Hours>, FieldError> {
    let outside = form.value("held_outside");
    if outside.is_empty() {
        return Ok(None);
    }
    let clock = |field: &'static str| {
        let time = NaiveTime::parse_from_str(form.value(field), CLOCK);
        time.map_err(|_| FieldError::new(field, "must be a time of day, like 08:00"))
    };
    let no_zone = || FieldError::new("hours.zone", "is not an IANA time zone, like Europe/Berlin");
    let days = DAYS
        .iter()
        .filter(|(_, word, _)| form.has("hours.days", word));
    Ok(Some(Hours {
        zone: Zone::parse(form.value("hours.zone")).ok_or_else(no_zone)?,
        days: days.map(|(day, ..)| *day).collect(),
        from: clock("hours.from")?,
        until: clock("hours.until")?,
        outside: Outside::parse(outside)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_saved_as_it_is_changes_nothing() {
        let chosen = Route {
            kinds: Some(vec![Topic::Incidents, Topic::ToolsCosmetic]),
            severities: Some(vec![Severity::Down]),
            tags: vec!["prod".to_owned(), "eu".to_owned()],
            hours: Some(Hours {
                zone: Zone::parse("Europe/Berlin").unwrap(),
                days: vec![DAYS[0].0, DAYS[4].0],
                from: NaiveTime::from_hms_opt(22, 0, 0).unwrap(),
                until: NaiveTime::from_hms_opt(6, 30, 0).unwrap(),
                outside: Outside::Everything,
            }),
            wait_minutes: 15,
            fallback: Some("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()),
        };
        for route in [Route::default(), chosen] {
            assert_eq!(read(&Filled::of(filled(&route))), Ok(route));
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let form = Filled::of([
            ("kinds", "weather"),
            ("escalate_after_minutes", "soon"),
            ("held_outside", "everything"),
            ("hours.zone", "Moon"),
        ]);
        let faults = read(&form).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["kinds", "escalate_after_minutes", "hours.zone"]);
    }
}
