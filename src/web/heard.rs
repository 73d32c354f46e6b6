//! What a channel hears, in words: the page of the channel says it, so that nobody has to open the
//! form to find out why it was not told.

use super::maintenance::DAYS;
use crate::domain::channel::{Channel, Hours, Outside, Route};

/// What it hears, each with a heading; what is as usual is not mentioned but for the first two.
pub(super) fn heard(channel: &Channel) -> Vec<(&'static str, String)> {
    let route = &channel.route;
    let mut said = vec![("Hears", kinds(route)), ("Of", monitors(channel))];
    if let Some(severities) = &route.severities {
        let words: Vec<&str> = severities.iter().map(|one| one.as_str()).collect();
        let only = format!("a server is {}", words.join(" or "));
        said.push(("Only when", only));
    }
    if route.wait_minutes > 0 {
        let minutes = route.wait_minutes;
        let only = format!("nobody has acknowledged for {minutes} min");
        said.push(("Only what", only));
    }
    said.extend(route.hours.as_ref().map(|hours| ("At", times(hours))));
    if route.fallback.is_some() {
        let instead = "another channel is told instead".to_owned();
        said.push(("If it fails", instead));
    }
    said
}

fn kinds(route: &Route) -> String {
    match &route.kinds {
        None => "everything but additive and cosmetic changes of tools".to_owned(),
        Some(kinds) => {
            let titles: Vec<&str> = kinds.iter().map(|kind| kind.title()).collect();
            titles.join("; ")
        }
    }
}

fn monitors(channel: &Channel) -> String {
    let mut of = if channel.is_default {
        "every monitor that names no channels of its own, and those that name it".to_owned()
    } else {
        "monitors that name it".to_owned()
    };
    if !channel.route.tags.is_empty() {
        of.push_str(", if tagged ");
        of.push_str(&channel.route.tags.join(" or "));
    }
    of
}

/// `Monday, Tuesday 08:00 to 20:00 (Europe/Berlin); …`
fn times(hours: &Hours) -> String {
    let days = DAYS.iter().filter(|(day, ..)| hours.days.contains(day));
    let days: Vec<&str> = days.map(|(_, _, title)| *title).collect();
    let days = match days.len() {
        7 => "every day".to_owned(),
        _ => days.join(", "),
    };
    let outside = match hours.outside {
        Outside::AllButDown => "outside of it only that a server is down, the rest as a summary",
        Outside::Everything => "outside of it nothing, all of it as a summary",
    };
    let (from, until) = (hours.from.format("%H:%M"), hours.until.format("%H:%M"));
    format!(
        "{days} {from} to {until} ({}); {outside}",
        hours.zone.name()
    )
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, Weekday};
    use uuid::Uuid;

    use super::*;
    use crate::domain::channel::{Health, Kind, Settings, Topic, Words};
    use crate::domain::id::{ChannelId, TeamId};
    use crate::domain::incident::Severity;
    use crate::domain::zone::Zone;

    fn said(is_default: bool, route: Route) -> Vec<String> {
        let channel = Channel {
            id: ChannelId(Uuid::nil()),
            team: TeamId(Uuid::nil()),
            name: "Ops".to_owned(),
            kind: Kind::Webhook,
            settings: Settings::default(),
            is_default,
            route,
            words: Words::default(),
            digest: None,
            health: Health::default(),
        };
        let lines = heard(&channel).into_iter();
        lines
            .map(|(title, text)| format!("{title} {text}"))
            .collect()
    }

    #[test]
    fn what_is_usual_takes_two_lines() {
        assert_eq!(
            said(true, Route::default()),
            [
                "Hears everything but additive and cosmetic changes of tools",
                "Of every monitor that names no channels of its own, and those that name it",
            ]
        );
    }

    #[test]
    fn every_choice_is_said() {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let route = Route {
            kinds: Some(vec![Topic::Incidents, Topic::Budgets]),
            severities: Some(vec![Severity::Degraded]),
            tags: vec!["prod".to_owned(), "eu".to_owned()],
            hours: Some(Hours {
                zone: Zone::UTC,
                days: vec![Weekday::Mon, Weekday::Fri],
                from: time(8),
                until: time(20),
                outside: Outside::Everything,
            }),
            wait_minutes: 15,
            fallback: Some(ChannelId(Uuid::nil())),
        };
        assert_eq!(
            said(false, route),
            [
                "Hears Incidents and their end; Error budgets that burn",
                "Of monitors that name it, if tagged prod or eu",
                "Only when a server is degraded",
                "Only what nobody has acknowledged for 15 min",
                "At Monday, Friday 08:00 to 20:00 (UTC); outside of it nothing, all of it as a summary",
                "If it fails another channel is told instead",
            ]
        );
    }
}
