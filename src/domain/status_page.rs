//! What the public sees: a page, its components, and one sentence for all of them.

use super::id::{MonitorId, StatusPageId, TeamId};
use super::monitor::FieldError;
use super::status::MonitorStatus;

/// Longest slug, in characters.
pub const MAX_SLUG: usize = 60;
/// Most components of one page.
pub const MAX_COMPONENTS: usize = 100;

/// A line on a status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What the public calls it; `None` shows the name of the monitor.
    pub name: Option<String>,
}

/// A status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPage {
    /// Its id.
    pub id: StatusPageId,
    /// Whose it is.
    pub team: TeamId,
    /// Its place: `/status/{slug}`.
    pub slug: String,
    /// Its heading.
    pub title: String,
    /// Whether the public sees it; otherwise it does not exist for them.
    pub is_public: bool,
    /// Its lines, from the top.
    pub components: Vec<Component>,
}

impl StatusPage {
    /// Every field that is out of bounds, with what would be right.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.slug.is_empty() || self.slug.len() > MAX_SLUG || !self.slug.chars().all(is_slug) {
            faults.push(FieldError::new(
                "slug",
                format!("must have 1 to {MAX_SLUG} lower-case letters, digits or hyphens"),
            ));
        }
        let length = self.title.trim().chars().count();
        if !(1..=super::monitor::MAX_NAME).contains(&length) {
            faults.push(FieldError::new("title", "must have 1 to 120 characters"));
        }
        let is_long = |name: &String| name.chars().count() > super::monitor::MAX_NAME;
        if self
            .components
            .iter()
            .any(|line| line.name.as_ref().is_some_and(is_long))
        {
            let message = "names must have at most 120 characters";
            faults.push(FieldError::new("components", message));
        }
        if self.components.len() > MAX_COMPONENTS {
            faults.push(FieldError::new(
                "components",
                format!("at most {MAX_COMPONENTS}"),
            ));
        }
        faults
    }
}

/// How a page is as a whole: the worst of its components, `unknown` only when nothing is known.
pub fn overall(components: &[MonitorStatus]) -> MonitorStatus {
    let has = |status: MonitorStatus| components.contains(&status);
    if has(MonitorStatus::Down) {
        MonitorStatus::Down
    } else if has(MonitorStatus::Degraded) {
        MonitorStatus::Degraded
    } else if has(MonitorStatus::Up) {
        MonitorStatus::Up
    } else {
        MonitorStatus::Unknown
    }
}

/// The one sentence at the top of a page: about `components`, and how many more are in maintenance.
pub fn sentence(components: &[MonitorStatus], in_maintenance: usize) -> String {
    match in_maintenance {
        0 => told(components),
        1 if components.is_empty() => "The only server is in maintenance".to_owned(),
        _ if components.is_empty() => "All servers are in maintenance".to_owned(),
        1 => format!(
            "{}, 1 is in maintenance",
            told(components).replace("All ", "All other ")
        ),
        n => format!(
            "{}, {n} are in maintenance",
            told(components).replace("All ", "All other ")
        ),
    }
}

fn told(components: &[MonitorStatus]) -> String {
    let count = |status: MonitorStatus| components.iter().filter(|s| **s == status).count();
    let servers = |n: usize| {
        if n == 1 {
            "1 server".to_owned()
        } else {
            format!("{n} servers")
        }
    };
    let all = components.len();
    match (
        overall(components),
        count(MonitorStatus::Down),
        count(MonitorStatus::Degraded),
    ) {
        (MonitorStatus::Down, down, _) if down == all => "All servers are down".to_owned(),
        (MonitorStatus::Down, 1, _) => "1 server is down".to_owned(),
        (MonitorStatus::Down, down, _) => format!("{} are down", servers(down)),
        (MonitorStatus::Degraded, _, 1) => "1 server is degraded".to_owned(),
        (MonitorStatus::Degraded, _, degraded) => format!("{} are degraded", servers(degraded)),
        (MonitorStatus::Up, ..) if count(MonitorStatus::Up) == all => {
            "All servers are up".to_owned()
        }
        (MonitorStatus::Up, ..) => "All servers that were measured are up".to_owned(),
        _ => "Nothing has been measured yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MonitorStatus::{Degraded, Down, Pending, Unknown, Up};

    #[test]
    fn one_sentence_says_how_it_is() {
        for (components, expected) in [
            (vec![], "Nothing has been measured yet"),
            (vec![Pending, Unknown], "Nothing has been measured yet"),
            (vec![Up, Up], "All servers are up"),
            (vec![Up, Unknown], "All servers that were measured are up"),
            (vec![Up, Degraded], "1 server is degraded"),
            (vec![Up, Down, Degraded], "1 server is down"),
            (vec![Up, Down, Down], "2 servers are down"),
            (vec![Down], "All servers are down"),
        ] {
            assert_eq!(sentence(&components, 0), expected);
        }
        for (components, in_maintenance, expected) in [
            (vec![], 1, "The only server is in maintenance"),
            (vec![], 2, "All servers are in maintenance"),
            (
                vec![Up, Up],
                1,
                "All other servers are up, 1 is in maintenance",
            ),
            (vec![Up, Down], 2, "1 server is down, 2 are in maintenance"),
        ] {
            assert_eq!(sentence(&components, in_maintenance), expected);
        }
    }
}
