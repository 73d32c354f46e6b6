//! The words of a channel's own: a subject and a body with places to be filled in.
//!
//! The language is as small as it can be: `{status}` stands for a value of the message, `{{` writes
//! a brace, everything else is itself. There is no logic in it, and nothing that was filled in is
//! read again. What comes out is bounded and clean, whatever the values hold.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::domain::monitor::FieldError;
use crate::domain::untrusted::{MAX_NAME, block, line};

/// Longest subject that can be written, in characters.
pub const MAX_SUBJECT: usize = 200;
/// Longest body that can be written, in characters.
pub const MAX_BODY: usize = 2_000;
/// Longest subject after the places were filled, in characters.
const MAX_FILLED_SUBJECT: usize = 250;
/// Longest body after the places were filled, in characters.
const MAX_FILLED_BODY: usize = 4_000;

macro_rules! places {
    ($($name:ident: $word:literal, $meaning:literal;)+) => {
        /// What a place is filled with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Place {
            $(#[doc = $meaning] $name,)+
        }

        impl Place {
            /// All of them, in the order in which people are offered them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word between the braces.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What stands there in the end, for people.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)+
                }
            }
        }
    };
}

places! {
    Status: "status", "DOWN, DEGRADED, UP, EXPIRING and the like";
    Monitor: "monitor", "the name of the monitor";
    Reason: "reason", "what happened, in a sentence";
    Hint: "hint", "what to do about it";
    Since: "since", "when it began";
    Until: "until", "when it was over";
    Duration: "duration", "how long it has lasted";
    Expires: "expires", "when the certificate or the credential ends";
    Location: "location", "from where it was seen";
    Url: "url", "the address of the server";
    Address: "address", "the address that its name led to";
    Code: "code", "the code of the failure, as the list of failures has it";
    Layer: "layer", "the layer that failed, like tls";
    Event: "event", "what is told: opened, reminder, resolved and the like";
    Changed: "changed", "what is different from the last good check, a line for each";
    Link: "link", "where to look";
    Subject: "subject", "the built-in subject";
    Text: "text", "the built-in text, several lines";
}

impl Place {
    /// Reads the word between the braces.
    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|place| place.word() == word)
    }

    /// Whether what stands there may have several lines.
    fn has_lines(self) -> bool {
        matches!(self, Self::Changed | Self::Text)
    }
}

/// A part of a wording.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

/// A text with places to be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Wording {
    written: String,
    parts: Vec<Part>,
}

impl Wording {
    /// Reads what was written; fails with what is wrong with it and what is known.
    pub fn parse(written: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                text.push_str(brace);
                rest = &rest[1..];
            } else if brace == "}" {
                text.push('}');
            } else {
                let Some(end) = rest.find('}') else {
                    return Err("contains a { without its }; {{ writes a brace".to_owned());
                };
                let place =
                    Place::parse(rest[..end].trim()).ok_or_else(|| unknown(&rest[..end]))?;
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Place(place));
                rest = &rest[end + 1..];
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self {
            written: written.to_owned(),
            parts,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What stands there with every place filled, up to about `max` characters.
    fn fill(&self, max: usize, value: &dyn Fn(Place) -> String) -> String {
        let mut filled = String::new();
        let mut left = max;
        for part in &self.parts {
            let text = match part {
                Part::Text(text) => block(text, left + 1),
                // Cleaned by itself, so that no value reaches into what follows it.
                Part::Place(place) if place.has_lines() => block(&value(*place), left + 1),
                Part::Place(place) => line(&value(*place), left + 1),
            };
            filled.push_str(&text);
            let count = text.chars().count();
            if count > left {
                break;
            }
            left -= count;
        }
        filled
    }
}

fn unknown(word: &str) -> String {
    let known: Vec<String> = Place::ALL
        .iter()
        .map(|place| format!("{{{}}}", place.word()))
        .collect();
    let word = line(word, MAX_NAME);
    let known = known.join(", ");
    format!("contains {{{word}}}, which is not known; known are {known}; {{{{ writes a brace")
}

impl TryFrom<String> for Wording {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        Self::parse(&written)
    }
}

impl From<Wording> for String {
    fn from(wording: Wording) -> Self {
        wording.written
    }
}

/// What a channel says in place of the built-in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// In place of the built-in subject.
    subject: Option<Wording>,
    /// In place of the built-in text.
    body: Option<Wording>,
}

impl Words {
    /// Reads what people write for a channel of this kind; where they write nothing the built-in
    /// words hold. Fails with every field that is wrong.
    pub fn read(kind: Kind, subject: &str, body: &str) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut read = |field, text: &str, (max, is_taken): (usize, bool)| {
            let text = text.replace("\r\n", "\n");
            let text = text.trim();
            let read = if text.is_empty() {
                return None;
            } else if !is_taken {
                Err(format!("is not used by {}", kind.as_str()))
            } else if text.chars().count() > max {
                Err(format!("must have at most {max} characters"))
            } else {
                Wording::parse(text)
            };
            read.map_err(|message| faults.push(FieldError::new(field, message)))
                .ok()
        };
        let words = Self {
            subject: read("subject", subject, (MAX_SUBJECT, kind.takes_subject())),
            body: read("body", body, (MAX_BODY, kind.takes_body())),
        };
        if faults.is_empty() {
            Ok(words)
        } else {
            Err(faults)
        }
    }

    /// Whether the built-in words hold.
    pub fn is_built_in(&self) -> bool {
        self.subject.is_none() && self.body.is_none()
    }

    /// The subject as it was written.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_ref().map(Wording::as_str)
    }

    /// The body as it was written.
    pub fn body(&self) -> Option<&str> {
        self.body.as_ref().map(Wording::as_str)
    }

    /// The subject with its places filled: one line of at most 250 characters.
    /// `None` where the built-in one holds, also because nothing would be left of this one.
    pub fn filled_subject(&self, value: &dyn Fn(Place) -> String) -> Option<String> {
        let filled = self.subject.as_ref()?.fill(MAX_FILLED_SUBJECT, value);
        let filled = line(&filled, MAX_FILLED_SUBJECT);
        (!filled.is_empty()).then_some(filled)
    }

    /// The body with its places filled, at most 4000 characters. `None` as above.
    pub fn filled_body(&self, value: &dyn Fn(Place) -> String) -> Option<String> {
        let filled = self.body.as_ref()?.fill(MAX_FILLED_BODY, value);
        let filled = block(filled.trim(), MAX_FILLED_BODY);
        (!filled.is_empty()).then_some(filled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subject(written: &str) -> Result<String, String> {
        let words = Words::read(Kind::Email, written, "");
        let words = words.map_err(|faults| faults[0].message.clone())?;
        let filled = words.filled_subject(&|place| format!("<{}>", place.word()));
        Ok(filled.unwrap_or_default())
    }

    #[test]
    fn places_are_filled_and_everything_else_is_itself() {
        for (written, expected) in [
            ("plain", "plain"),
            (
                "{status} {monitor}: {reason}",
                "<status> <monitor>: <reason>",
            ),
            ("{ status }!", "<status>!"),
            ("{{status}} is {status}", "{status} is <status>"),
            ("a } b }} c {{{code}}}", "a } b } c {<code>}"),
            ("Zürich: {url}", "Zürich: <url>"),
            ("two\nlines", "two lines"),
            ("   ", ""),
        ] {
            assert_eq!(subject(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        let message = subject("{status} {monitr}").unwrap_err();
        assert!(message.starts_with("contains {monitr}, which is not known; known are {status}, "));
        for place in Place::ALL {
            assert!(
                message.contains(&format!("{{{}}}", place.word())),
                "{message}"
            );
        }
        for (written, part) in [
            ("{status", "without its }"),
            ("{}", "contains {}"),
            ("{{{", "without its }"),
            ("{status.upper}", "contains {status.upper}"),
        ] {
            let message = subject(written).unwrap_err();
            assert!(message.contains(part), "{written}: {message}");
        }
        let long = "é".repeat(MAX_SUBJECT + 1);
        assert_eq!(
            subject(&long).unwrap_err(),
            "must have at most 200 characters"
        );
        assert!(subject(&long[2..]).is_ok(), "characters, not bytes");
    }

    #[test]
    fn every_fault_is_told_by_its_field() {
        let faults = Words::read(Kind::Email, "{a}", "{b}").unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["subject", "body"]);
        let faults = Words::read(Kind::Webhook, "x", "").unwrap_err();
        assert_eq!(faults[0].message, "is not used by webhook");
        assert!(Words::read(Kind::PagerDuty, "x", "").is_ok());
        assert_eq!(
            Words::read(Kind::PagerDuty, "", "x").unwrap_err()[0].field,
            "body"
        );
        assert!(Words::read(Kind::Webhook, " ", "").unwrap().is_built_in());
    }

    #[test]
    fn what_was_filled_in_is_not_read_again_and_reaches_no_further() {
        let words =
            Words::read(Kind::Email, "{monitor} | {status}", "{reason}\n{changed}").unwrap();
        let hostile = |place| match place {
            Place::Monitor => "{status}\u{1b}[31".to_owned(),
            Place::Reason => "a\r\nBcc: b".to_owned(),
            Place::Changed => "x\ny".to_owned(),
            _ => "DOWN".to_owned(),
        };
        assert_eq!(words.filled_subject(&hostile).unwrap(), "{status} | DOWN");
        assert_eq!(words.filled_body(&hostile).unwrap(), "a Bcc: b\nx\ny");
    }

    #[test]
    fn where_nothing_is_left_the_built_in_words_hold() {
        let words = Words::read(Kind::Email, "{until}", "{until}\n").unwrap();
        assert_eq!(words.filled_subject(&|_| String::new()), None);
        assert_eq!(words.filled_body(&|_| String::new()), None);
    }

    #[test]
    fn words_survive_being_stored() {
        let words = Words::read(Kind::Email, "{{ {status}", "").unwrap();
        let text = serde_json::to_string(&words).unwrap();
        assert_eq!(serde_json::from_str::<Words>(&text).unwrap(), words);
        assert!(serde_json::from_str::<Words>(r#"{"subject":"{x}"}"#).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_written_and_filled_in_is_bounded_and_clean(
            written in "([^{}]|\\{\\{|\\{status\\}|\\{text\\}|\\{monitor\\}|[{}]){0,40}",
            value in "\\PC{0,400}|(.|\\s){0,40}|(\u{1b}\\[|\u{202e}|\u{7}|\r\n|\\{){0,40}",
        ) {
            let Ok(words) = Words::read(Kind::Email, &written, &written) else {
                return Ok(());
            };
            let value = |_| value.repeat(20);
            let subject = words.filled_subject(&value).unwrap_or_default();
            let body = words.filled_body(&value).unwrap_or_default();
            prop_assert!(subject.chars().count() <= MAX_FILLED_SUBJECT);
            prop_assert!(body.chars().count() <= MAX_FILLED_BODY);
            prop_assert_eq!(line(&subject, MAX_FILLED_SUBJECT), subject);
            prop_assert_eq!(block(&body, MAX_FILLED_BODY), body.clone());
            prop_assert!(!body.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
