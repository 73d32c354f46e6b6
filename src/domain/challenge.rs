//! `WWW-Authenticate`, read as RFC 9110 §11.6.1 writes it.
//!
//! Several challenges may share a header, several headers may come; names are told apart without
//! regard to case, values may be tokens or quoted. Lenient where a reader can be: a forgotten
//! comma loses nothing. What cannot be read is left out; it never fails.

use std::iter::Peekable;
use std::str::CharIndices;

use super::untrusted::line;

/// Most challenges of one answer.
const MAX_CHALLENGES: usize = 8;
/// Most parameters of one challenge.
const MAX_PARAMETERS: usize = 16;
/// Longest value, in characters: as long as an address may be.
const MAX_VALUE: usize = 2_048;

/// One way to identify oneself that a server names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, in lower case.
    pub scheme: String,
    /// Its parameters in order, their names in lower case.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Every challenge in the headers of one answer.
    pub fn all<'h>(headers: impl IntoIterator<Item = &'h str>) -> Vec<Self> {
        let mut found = Vec::new();
        for header in headers {
            Reader::of(header).read(&mut found);
        }
        found
    }

    /// A parameter by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it asks for a token of OAuth.
    pub fn is_oauth(&self) -> bool {
        matches!(self.scheme.as_str(), "bearer" | "dpop")
    }
}

struct Reader<'h> {
    text: &'h str,
    rest: Peekable<CharIndices<'h>>,
}

impl<'h> Reader<'h> {
    fn of(text: &'h str) -> Self {
        let rest = text.char_indices().peekable();
        Self { text, rest }
    }

    fn read(mut self, found: &mut Vec<Challenge>) {
        let mut is_first = true;
        loop {
            self.skip(|c| c == ' ' || c == '\t' || c == ',');
            let name = self.take(is_token).to_ascii_lowercase();
            if name.is_empty() {
                // Nothing that belongs here: whatever it is, it ends at the next comma.
                if self.rest.next().is_none() {
                    return;
                }
                self.skip(|c| c != ',');
                continue;
            }
            self.skip(is_space);
            match (self.peek(), found.last_mut()) {
                (Some('='), Some(challenge)) if !is_first => {
                    self.rest.next();
                    let value = self.value();
                    if challenge.parameters.len() < MAX_PARAMETERS {
                        challenge.parameters.push((name, line(&value, MAX_VALUE)));
                    }
                }
                (Some('='), _) => self.skip(|c| c != ','),
                _ => {
                    if found.len() == MAX_CHALLENGES {
                        return;
                    }
                    is_first = false;
                    found.push(Challenge {
                        scheme: line(&name, 64),
                        parameters: Vec::new(),
                    });
                    self.skip_token68();
                }
            }
        }
    }

    /// What stands behind a scheme in place of parameters says nothing to us.
    fn skip_token68(&mut self) {
        let start = self.rest.clone();
        self.skip(|c| is_token(c) || c == '/');
        let is_padded = self.peek() == Some('=');
        self.skip(|c| c == '=');
        self.skip(is_space);
        let is_whole = matches!(self.peek(), None | Some(','));
        // A scheme of its own, or the name of a parameter without a value, is told apart by
        // what it is followed by; padding without a value is token68.
        if !(is_whole && is_padded) {
            self.rest = start;
        }
    }

    fn value(&mut self) -> String {
        self.skip(is_space);
        if self.peek() != Some('"') {
            return self
                .take(|c| !is_space(c) && c != ',' && c != '"')
                .to_owned();
        }
        self.rest.next();
        let mut value = String::new();
        while let Some((_, c)) = self.rest.next() {
            match c {
                '"' => break,
                '\\' => value.extend(self.rest.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        value
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn skip(&mut self, is_part: impl Fn(char) -> bool) {
        self.take(is_part);
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'h str {
        let place = |rest: &mut Peekable<CharIndices<'h>>, end| {
            rest.peek().map_or(end, |(place, _)| *place)
        };
        let from = place(&mut self.rest, self.text.len());
        while self.rest.next_if(|(_, c)| is_part(*c)).is_some() {}
        let to = place(&mut self.rest, self.text.len());
        self.text.get(from..to).unwrap_or_default()
    }
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(headers: &[&str]) -> String {
        let one = |challenge: &Challenge| {
            let parameters: Vec<String> = challenge
                .parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{}[{}]", challenge.scheme, parameters.join(";"))
        };
        let all = Challenge::all(headers.iter().copied());
        all.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn challenges_are_read_in_every_spelling() {
        for (headers, expected) in [
            (&["Bearer"][..], "bearer[]"),
            (&[""], ""),
            (
                &[r#"bEaReR Resource_Metadata="https://e/x?a=b,c", scope="a b""#],
                "bearer[resource_metadata=https://e/x?a=b,c;scope=a b]",
            ),
            (
                &[r#"Basic realm="x, \"y\"", Bearer error=invalid_token , charset=UTF-8"#],
                r#"basic[realm=x, "y"] bearer[error=invalid_token;charset=UTF-8]"#,
            ),
            (
                &["Negotiate YWJj==, Bearer realm = x", "DPoP algs=\"ES256\""],
                "negotiate[] bearer[realm=x] dpop[algs=ES256]",
            ),
            (&["Basic realm=\"x\", Bearer"], "basic[realm=x] bearer[]"),
            (
                &[r#"Bearer error="invalid_token" error_description="no comma""#],
                "bearer[error=invalid_token;error_description=no comma]",
            ),
            (
                &[r#"Bearer error_description="expired, sorry", error=invalid_token"#],
                "bearer[error_description=expired, sorry;error=invalid_token]",
            ),
            (&["=, ;;, Bearer x=1"], "bearer[x=1]"),
            (&[r#"Bearer realm="never ends"#], "bearer[realm=never ends]"),
        ] {
            assert_eq!(told(headers), expected, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_within_bounds(text in ".{0,400}") {
            let all = Challenge::all([text.as_str(), text.as_str()]);
            prop_assert!(all.len() <= MAX_CHALLENGES);
            prop_assert!(all.iter().all(|c| c.parameters.len() <= MAX_PARAMETERS));
        }
    }
}
