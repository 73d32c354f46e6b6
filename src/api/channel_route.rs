//! What a channel hears and when, in JSON.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::maintenance_body::{day_word, days};
use super::request::Given;
use crate::domain::channel::{Hours, Outside, Route, Topic};
use crate::domain::id::ChannelId;
use crate::domain::incident::Severity;
use crate::domain::monitor::FieldError;
use crate::domain::zone::Zone;

/// How a time of day is written.
const CLOCK: &str = "%H:%M";

/// The hours of a channel.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChannelHours)]
pub(super) struct HoursBody {
    /// The IANA time zone of days and times: `Europe/Berlin`.
    zone: String,
    /// The days of the week on which they begin: `mon` to `sun`.
    days: Vec<String>,
    /// When they begin: `08:00`.
    from: String,
    /// When they are over, on the next day if that is not later: `20:00`.
    until: String,
    /// What waits outside of them for a summary: `all_but_down` (the default) or `everything`.
    held_outside: Option<String>,
}

impl HoursBody {
    fn of(hours: &Hours) -> Self {
        Self {
            zone: hours.zone.name().to_owned(),
            days: hours
                .days
                .iter()
                .map(|day| day_word(*day).to_owned())
                .collect(),
            from: hours.from.format(CLOCK).to_string(),
            until: hours.until.format(CLOCK).to_string(),
            held_outside: Some(hours.outside.as_str().to_owned()),
        }
    }

    fn read(&self) -> Result<Hours, FieldError> {
        let clock = |field, text: &str| {
            let time = NaiveTime::parse_from_str(text, CLOCK);
            time.map_err(|_| FieldError::new(field, "must be a time of day, like 08:00"))
        };
        let zone = Zone::parse(&self.zone);
        let no_zone =
            || FieldError::new("hours.zone", "is not an IANA time zone, like Europe/Berlin");
        Ok(Hours {
            zone: zone.ok_or_else(no_zone)?,
            days: days(&self.days, "hours.days")?,
            from: clock("hours.from", &self.from)?,
            until: clock("hours.until", &self.until)?,
            outside: match &self.held_outside {
                Some(word) => Outside::parse(word)?,
                None => Outside::AllButDown,
            },
        })
    }
}

/// What a channel hears, and when.
#[derive(Serialize, ToSchema)]
pub(super) struct RouteView {
    /// The kinds of news that it hears; null: the usual ones.
    kinds: Option<Vec<&'static str>>,
    /// How bad an incident is of which it hears; null: any.
    severities: Option<Vec<Severity>>,
    /// Of monitors with one of these tags only; empty: of any.
    tags: Vec<String>,
    /// When it is told; null: always.
    hours: Option<HoursBody>,
    /// It is told only of incidents that nobody has acknowledged for so many minutes.
    escalate_after_minutes: u32,
    /// The channel that is told instead when this one fails.
    fallback: Option<ChannelId>,
}

impl RouteView {
    pub(super) fn of(route: &Route) -> Self {
        let words = |kinds: &Vec<Topic>| kinds.iter().map(|kind| kind.as_str()).collect();
        Self {
            kinds: route.kinds.as_ref().map(words),
            severities: route.severities.clone(),
            tags: route.tags.clone(),
            hours: route.hours.as_ref().map(HoursBody::of),
            escalate_after_minutes: route.wait_minutes,
            fallback: route.fallback,
        }
    }
}

/// What people say of it; a change keeps what it does not name, and `null` sets it back.
pub(super) struct RouteBody<'a> {
    pub(super) kinds: &'a Given<Vec<String>>,
    pub(super) severities: &'a Given<Vec<Severity>>,
    pub(super) tags: &'a Given<Vec<String>>,
    pub(super) hours: &'a Given<HoursBody>,
    pub(super) escalate_after_minutes: &'a Given<u32>,
    pub(super) fallback: &'a Given<String>,
}

impl RouteBody<'_> {
    /// The route that is meant; `known` is what it was.
    pub(super) fn read(&self, known: &Route) -> Result<Route, FieldError> {
        let mut route = known.clone();
        set(&mut route.kinds, self.kinds, |words| {
            words.iter().map(|word| Topic::parse(word)).collect()
        })?;
        set(
            &mut route.severities,
            self.severities,
            |all| Ok(all.clone()),
        )?;
        set(&mut route.hours, self.hours, HoursBody::read)?;
        set(&mut route.fallback, self.fallback, |id| {
            id.parse()
                .map_err(|_| FieldError::new("fallback", "is not the id of a channel"))
        })?;
        match self.tags {
            Given::Absent => {}
            Given::Null => route.tags.clear(),
            Given::Value(tags) => route.tags.clone_from(tags),
        }
        match self.escalate_after_minutes {
            Given::Absent => {}
            Given::Null => route.wait_minutes = 0,
            Given::Value(minutes) => route.wait_minutes = *minutes,
        }
        Ok(route)
    }
}

fn set<T, G>(
    field: &mut Option<T>,
    given: &Given<G>,
    read: impl FnOnce(&G) -> Result<T, FieldError>,
) -> Result<(), FieldError> {
    match given {
        Given::Absent => {}
        Given::Null => *field = None,
        Given::Value(given) => *field = Some(read(given)?),
    }
    Ok(())
}
