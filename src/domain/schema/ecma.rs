//! The patterns of JSON Schema are those of ECMAScript: written here as our own engine reads them.
//!
//! Only what means the very same in both is translated. Anything else (look-around, references
//! back, what one of the two reads as text) is `None`, and then nobody says whether a text fits.

/// What `\s` stands for in ECMAScript.
const SPACE: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
/// What `.` stands for there.
const DOT: &str = r"[^\n\r\x{2028}\x{2029}]";

/// A pattern of ECMAScript in the syntax of our engine.
pub(super) fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut is_class = false;
    let mut before = None;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                escape(escaped, is_class, before, rest, &mut out)?;
                // A name or a number of its own, not a repetition.
                if matches!(escaped, 'p' | 'P' | 'u') && rest.starts_with('{') {
                    let (named, after) = rest.split_at(rest.find('}')? + 1);
                    out.push_str(named);
                    rest = after;
                }
            }
            _ if is_class => match c {
                ']' => {
                    is_class = false;
                    out.push(c);
                }
                // Text there, operators here.
                '[' | '&' | '~' => out.extend(['\\', c]),
                '-' if rest.starts_with('-') => return None,
                _ => out.push(c),
            },
            '[' => {
                is_class = true;
                out.push(c);
                if let Some(after) = rest.strip_prefix('^') {
                    rest = after;
                    out.push('^');
                }
                if rest.starts_with(']') {
                    return None;
                }
            }
            '(' if rest.starts_with('?') => {
                let is_name = |rest: &str| {
                    let name = rest.strip_prefix("?<");
                    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
                };
                if !rest.starts_with("?:") && !is_name(rest) {
                    return None;
                }
                out.push(c);
            }
            '{' if !is_count(rest) => return None,
            '.' => out.push_str(DOT),
            _ => out.push(c),
        }
        before = Some(c);
    }
    (!is_class).then_some(out)
}

fn escape(
    c: char,
    is_class: bool,
    before: Option<char>,
    rest: &str,
    out: &mut String,
) -> Option<()> {
    let set = match c {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => SPACE,
        _ => "",
    };
    if !set.is_empty() {
        // The end of a range that is none.
        if is_class && before == Some('-') {
            return None;
        }
        out.push_str(if c.is_ascii_uppercase() { "[^" } else { "[" });
        out.push_str(set);
        out.push(']');
        return Some(());
    }
    match c {
        'b' if is_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        't' | 'n' | 'r' | 'f' | 'v' => out.extend(['\\', c]),
        'u' => out.push_str(r"\u"),
        'x' if !rest.starts_with('{') => out.push_str(r"\x"),
        'p' | 'P' if rest.starts_with('{') => out.extend(['\\', c]),
        '<' | '>' => out.push(c),
        _ if c.is_ascii_punctuation() => out.extend(['\\', c]),
        _ => return None,
    }
    Some(())
}

/// `2}`, `2,}` or `2,3}`: what follows the brace of a repetition.
fn is_count(rest: &str) -> bool {
    let Some((count, _)) = rest.split_once('}') else {
        return false;
    };
    let (least, most) = count.split_once(',').unwrap_or((count, "0"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pattern::Pattern;

    #[test]
    fn a_pattern_means_what_it_means_in_ecmascript() {
        for (pattern, fits, does_not) in [
            (r"^\d+$", "42", "٤٢"),
            (r"^\D$", "٤", "4"),
            (r"^[^\W_]+$", "aZ9", "a_"),
            (r"^[\w-]+$", "a-b", "a b"),
            (r"^[\w.-]+@[a-z.]+$", "a.b-c@d.e", "a b@c"),
            (r"^a.b$", "a\u{85}b", "a\rb"),
            (r"^\S+$", "a\u{85}", "a\u{feff}"),
            (r"^[&~[]+$", "[&~", "a"),
            (r"^\<[^>]+\>$", "<a>", "a"),
            (r"^(?:a|b){2,3}$", "aba", "a"),
            (r"^(?<year>\d{4})$", "2026", "226"),
            (r"^\u00e4\x41\/$", "äA/", "äA"),
            (r"^\p{L}+$", "größe", "a1"),
            (r"\bcat\b", "a cat", "concat"),
            (r"^[\b]$", "\u{8}", "b"),
        ] {
            let pattern = Pattern::parse(&translated(pattern).unwrap()).unwrap();
            assert_eq!(pattern.is_in(fits), Some(true), "{pattern:?} {fits}");
            assert_eq!(
                pattern.is_in(does_not),
                Some(false),
                "{pattern:?} {does_not}"
            );
        }
    }

    #[test]
    fn what_the_two_read_differently_is_left_alone() {
        for pattern in [
            "(?=a)", "(?!a)", "(?<=a)", "(?i)a", "(?P<n>a)", r"(a)\1", r"\k<n>", "[]", "[^]",
            "[a--b]", r"[!-\d]", "a{", "{,2}", r"\x{41}", r"\z", r"\A", r"\B", r"\cA", r"\0",
            r"\pL", "[a", "a\\",
        ] {
            assert_eq!(translated(pattern), None, "{pattern}");
        }
    }
}
