//! What the public sees: a page, its components, and one sentence for all of them.

use super::accent::Accent;
use super::id::{MonitorId, StatusPageId, TeamId};
use super::monitor::{FieldError, MAX_NAME};
use super::sensitive::Sensitive;
use super::status::MonitorStatus;

/// Longest slug, in characters.
pub const MAX_SLUG: usize = 60;
/// Most components of one page.
pub const MAX_COMPONENTS: usize = 100;
/// Longest host name, in characters (RFC 1035 §2.3.4).
pub const MAX_DOMAIN: usize = 253;
/// Shortest password of a page, in characters.
pub const MIN_PASSWORD: usize = 8;
/// Longest password of a page, in characters.
pub const MAX_PASSWORD: usize = 200;

/// A line on a status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The monitor behind it.
    pub monitor: MonitorId,
    /// What the public calls it; `None` shows the name of the monitor.
    pub name: Option<String>,
    /// The heading that it stands under; `None` stands above all headings.
    pub group: Option<String>,
}

impl Component {
    /// A line that is called like its monitor, under no heading.
    pub fn of(monitor: MonitorId) -> Self {
        Self {
            monitor,
            name: None,
            group: None,
        }
    }
}

/// Who may see a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody: it answers as if it did not exist.
    #[default]
    Hidden,
    /// Everybody.
    Public,
    /// Everybody who knows its address; search engines are asked to leave it out.
    Unlisted,
    /// Everybody who knows its password.
    Password,
}

impl Visibility {
    /// Every one, the most open first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Unlisted, Self::Password, Self::Hidden];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Password => "password",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Whether everybody may see it who asks.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }
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
    /// Who may see it.
    pub visibility: Visibility,
    /// The hash of its password, where there is one.
    pub password_hash: Option<Sensitive>,
    /// The host name that shows it, too.
    pub domain: Option<String>,
    /// Its colour.
    pub accent: Option<Accent>,
    /// The digest of its logo, where there is one.
    pub logo: Option<String>,
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
        if !(1..=MAX_NAME).contains(&length) {
            faults.push(FieldError::new("title", "must have 1 to 120 characters"));
        }
        if self.domain.as_deref().is_some_and(|name| !is_domain(name)) {
            faults.push(FieldError::new(
                "domain",
                "must be a host name of yours like status.example.com, without https:// and path",
            ));
        }
        if self.visibility == Visibility::Password && self.password_hash.is_none() {
            faults.push(FieldError::new(
                "password",
                "must be set for a page that asks for it",
            ));
        }
        let is_long = |name: &Option<String>| {
            let name = name.as_ref();
            name.is_some_and(|name| name.chars().count() > MAX_NAME)
        };
        let lines = &self.components;
        if lines
            .iter()
            .any(|line| is_long(&line.name) || is_long(&line.group))
        {
            let message = "names and groups must have at most 120 characters";
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

/// Whether a text is a host name of at least two labels in lower case (RFC 1123 §2.1), and no
/// address.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= MAX_DOMAIN
        && name.contains('.')
        && name.split('.').all(is_label)
        && last.chars().any(|c| c.is_ascii_lowercase())
}

/// Refuses passwords that are too short or too long.
pub fn check_password(password: &str) -> Result<(), FieldError> {
    let length = password.chars().count();
    if (MIN_PASSWORD..=MAX_PASSWORD).contains(&length) {
        return Ok(());
    }
    let message = format!("must have {MIN_PASSWORD} to {MAX_PASSWORD} characters");
    Err(FieldError::new("password", message))
}

/// Lines under their headings: those without one first, then each heading where it first comes.
/// The order of the lines is kept.
pub fn grouped<T>(
    lines: impl IntoIterator<Item = T>,
    heading: impl Fn(&T) -> Option<&str>,
) -> Vec<(Option<String>, Vec<T>)> {
    let mut groups: Vec<(Option<String>, Vec<T>)> = Vec::new();
    for line in lines {
        let name = heading(&line).map(str::to_owned);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, lines)) => lines.push(line),
            None if name.is_none() => groups.insert(0, (name, vec![line])),
            None => groups.push((name, vec![line])),
        }
    }
    groups
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

    #[test]
    fn lines_stand_under_the_heading_where_it_first_comes() {
        let lines = [
            ("a", Some("Europe")),
            ("b", None),
            ("c", Some("Asia")),
            ("d", Some("Europe")),
        ];
        let groups = grouped(lines, |(_, group)| *group);
        let told: Vec<_> = groups
            .iter()
            .map(|(name, lines)| {
                (
                    name.as_deref(),
                    lines.iter().map(|(line, _)| *line).collect(),
                )
            })
            .collect::<Vec<(_, String)>>();
        let expected = [(None, "b"), (Some("Europe"), "ad"), (Some("Asia"), "c")];
        assert_eq!(told, expected.map(|(name, lines)| (name, lines.to_owned())));
    }

    #[test]
    fn a_domain_is_a_host_name_and_nothing_else() {
        for good in [
            "status.example.com",
            "a.io",
            "xn--bcher-kva.example",
            "1.example",
        ] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "Status.example.com",
            "status.example.com.",
            "https://a.example",
            "a.example/x",
            "a.example:80",
            "127.0.0.1",
            "-a.example",
            "a-.example",
            "a..b",
            "ä.de",
            "a b.example",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
