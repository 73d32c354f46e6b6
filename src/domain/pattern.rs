//! Regular expressions that somebody else wrote: the owner of a monitor, or a server in its schemas.
//!
//! Bounded in length and in what they compile to, and matched in time linear to the text: none can
//! keep us busy, whatever it is held against. What is longer than can be searched is not searched.

use regex::{Regex, RegexBuilder};

use super::untrusted::{MAX_QUOTE, line};

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1_000;
/// Longest text that is searched, in bytes: the worst pattern needs half a second for it.
pub const MAX_SEARCHED: usize = 64 * 1_024;
/// Most bytes that a pattern compiles to.
const MAX_COMPILED: usize = 256 * 1_024;
/// Levels of groups in a pattern.
const MAX_NESTING: u32 = 50;

/// A pattern that can be searched for.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern; says what it must be otherwise, to follow the name of its field.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(format!("must have 1 to {MAX_PATTERN} bytes"));
        }
        let built = RegexBuilder::new(text)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .nest_limit(MAX_NESTING)
            .build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "must be a simpler regular expression: this one grows too large".to_owned()
            }
            error => {
                // The reason is the last line, below a drawing of the place.
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default();
                let reason = reason.trim_start_matches("error: ");
                let reason = line(reason, MAX_QUOTE);
                format!(
                    "must be a regular expression without look-around and back-references: {reason}"
                )
            }
        })
    }

    /// Whether it is found in `text`; unknown where that is too long to be searched.
    pub fn is_in(&self, text: &str) -> Option<bool> {
        (text.len() <= MAX_SEARCHED).then(|| self.0.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_bounded_and_says_why_it_is_refused() {
        for fine in [
            "ok",
            r"^\w+@\w+\.\w+$",
            r"(?i)status:\s*\p{L}+",
            r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}",
            "[äöü]{1,40}",
        ] {
            assert!(Pattern::parse(fine).is_ok(), "{fine}");
        }
        for (pattern, part) in [
            ("", "1 to 1000 bytes"),
            (&*"a".repeat(MAX_PATTERN + 1), "1 to 1000 bytes"),
            ("(a", "unclosed group"),
            ("(?=a)", "look-around"),
            (r"(a)\1", "back-references"),
            (r"((\w{50}){50}){50}", "too large"),
            (&*format!("{}a{}", "(".repeat(400), ")".repeat(400)), "nest"),
        ] {
            let refused = Pattern::parse(pattern).unwrap_err();
            assert!(
                refused.starts_with("must ") && refused.contains(part) && !refused.contains('\n'),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_too_long_is_not_searched() {
        let pattern = Pattern::parse("(a|aa)*c").unwrap();
        assert_eq!(pattern.is_in("aac"), Some(true));
        assert_eq!(pattern.is_in(&"a".repeat(MAX_SEARCHED)), Some(false));
        assert_eq!(pattern.is_in(&"a".repeat(MAX_SEARCHED + 1)), None);
    }
}
