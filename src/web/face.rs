//! Which face of a status page a request wants: HTML, JSON or plain text (RFC 9110 §12.5.1). Pure.

/// A face of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// For people with a browser.
    Html,
    /// For programs.
    Json,
    /// For people at a terminal.
    Text,
}

/// What can be had, in the order of our preference.
const OFFERED: [(&str, &str, Wanted); 3] = [
    ("text", "html", Wanted::Html),
    ("application", "json", Wanted::Json),
    ("text", "plain", Wanted::Text),
];
/// Programs that print what they get into a terminal, and ask for anything.
const TERMINALS: [&str; 4] = ["curl/", "Wget/", "HTTPie/", "xh/"];
/// Most ranges of an `Accept` that are looked at.
const MOST_RANGES: usize = 30;

/// One range of an `Accept`: how exactly it names a type, and how much that is wanted, in
/// thousandths.
struct Range<'a> {
    kind: &'a str,
    sub: &'a str,
    quality: u16,
}

impl Range<'_> {
    fn parse(text: &str) -> Option<Range<'_>> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, sub) = parts.next()?.split_once('/')?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let quality = quality.map_or(Some(1.0), |text| text.parse::<f32>().ok())?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1000"
        )]
        let quality = (quality.clamp(0.0, 1.0) * 1_000.0) as u16;
        Some(Range { kind, sub, quality })
    }

    /// How exactly it names a type: 2 by name, 1 by its half, 0 as anything; `None` not at all.
    fn names(&self, kind: &str, sub: &str) -> Option<u8> {
        match (self.kind, self.sub) {
            ("*", "*") => Some(0),
            (known, "*") if known.eq_ignore_ascii_case(kind) => Some(1),
            (known, other) => {
                (known.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(sub)).then_some(2)
            }
        }
    }
}

/// What a request wants that says this in `Accept` and `User-Agent`. Of what is wanted alike, that
/// which was named. Whoever wants nothing of what there is gets HTML.
pub(crate) fn wanted(accept: Option<&str>, user_agent: Option<&str>) -> Wanted {
    let accept = accept.unwrap_or("*/*");
    let ranges: Vec<_> = accept
        .split(',')
        .take(MOST_RANGES)
        .filter_map(|text| Range::parse(text.trim()))
        .collect();
    let weigh = |(kind, sub, wanted): &(&str, &str, Wanted)| {
        let named = ranges
            .iter()
            .filter_map(|range| Some((range.names(kind, sub)?, range.quality)));
        let (exact, quality) = named.max_by_key(|(exact, _)| *exact)?;
        (quality > 0).then_some((quality, exact, *wanted))
    };
    let best = OFFERED
        .iter()
        .filter_map(weigh)
        .rev()
        .max_by_key(|(quality, exact, _)| (*quality, *exact));
    let is_terminal = |agent: &str| TERMINALS.iter().any(|name| agent.starts_with(name));
    match best {
        Some((_, 0, _)) if user_agent.is_some_and(is_terminal) => Wanted::Text,
        Some((_, _, wanted)) => wanted,
        None => Wanted::Html,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_programs_and_terminals_get_what_they_want() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, agent, expected) in [
            (Some(browser), "Mozilla/5.0", Wanted::Html),
            (Some(browser), "curl/8.5.0", Wanted::Html),
            (Some("*/*"), "curl/8.5.0", Wanted::Text),
            (None, "Wget/1.21", Wanted::Text),
            (Some("*/*"), "facebookexternalhit/1.1", Wanted::Html),
            (None, "", Wanted::Html),
            (Some("application/json"), "curl/8.5.0", Wanted::Json),
            (
                Some("application/json, text/plain, */*"),
                "axios/1",
                Wanted::Json,
            ),
            (Some("text/plain"), "Mozilla/5.0", Wanted::Text),
            (Some("text/*"), "Mozilla/5.0", Wanted::Html),
            (Some("text/html;q=0, */*"), "Mozilla/5.0", Wanted::Json),
            (
                Some("text/html;q=0.5, application/json;q=0.6"),
                "x",
                Wanted::Json,
            ),
            (Some("image/png"), "x", Wanted::Html),
            (Some("nonsense;;,q=,/"), "x", Wanted::Html),
        ] {
            assert_eq!(wanted(accept, Some(agent)), expected, "{accept:?} {agent}");
        }
    }
}
