//! What a channel hears, in words: the page of the channel says it, so that nobody has to open the
//! form to find out why it was not told.

use super::maintenance::DAYS;
use crate::domain::channel::{Channel, Hours, Outside, Route};
use crate::domain::incident::Severity;

/// What it hears, each with a heading; what is as usual is not mentioned but for the first two.
pub(super) fn heard(channel: &Channel) -> Vec<(&'static str, String)> {
    let route = &channel.route;
    let mut said = vec![("Hears", kinds(route)), ("Of", monitors(channel))];
    if route.severities.as_deref() == Some(&[Severity::Down]) {
        said.push(("Only when", "a server is down".to_owned()));
    }
    if route.wait_minutes > 0 {
        let minutes = route.wait_minutes;
        let only = format!("nobody has acknowledged for {minutes} min");
        said.push(("Only what", only));
    }
    said.extend(route.hours.as_ref().map(|hours| ("At", times(hours))));
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

/// `Mon, Tue 08:00 to 20:00 (Europe/Berlin); …`
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
