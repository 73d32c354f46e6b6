//! Whose host it is: a team puts a line into a small file on it, and we read that.
//!
//! A host is what people call a server: its name, and its port where that is not the usual one.

use std::time::Duration;

use url::Url;

use super::at::At;
use super::endpoint::EndpointUrl;
use super::id::{ClaimId, TeamId};
use super::monitor::FieldError;
use super::untrusted::{block, line};

/// Where the file is, on every host.
pub const PATH: &str = "/.well-known/lifesign.txt";
/// How the line in it begins; the token follows.
pub const LINE: &str = "lifesign-claim=";
/// Largest file that is read, in bytes.
pub const MAX_FILE: usize = 4 * 1_024;
/// Most hosts that one team claims.
pub const MAX_CLAIMS: usize = 50;
/// Checks in a row without the line after which a host is lost.
pub const LOST_AFTER: i64 = 3;
/// Time between two checks of a host that is held.
pub const CHECK_EVERY: Duration = Duration::from_hours(24);
/// What somebody is told whose host another team has proved since.
pub const EVICTED: &str = "Another team has proved since that this host is theirs.";
/// Longest text of an owner about their servers, in characters.
pub const MAX_WORDS: usize = 500;
/// Longest link of an owner, in characters.
pub const MAX_LINK: usize = 300;
/// Longest outcome that is kept, in characters.
pub const MAX_OUTCOME: usize = 400;

/// A host that a team says is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// Whose it is, as they say.
    pub team: TeamId,
    /// The host, and its port where that is not the usual one.
    pub host: String,
    /// What has to stand in the file. Anybody may read it there: it is no secret.
    pub token: String,
    /// When it was made.
    pub made_at: At,
    /// Since when the host says so, too; `None` while it does not.
    pub proved_at: Option<At>,
    /// When the file was read last.
    pub checked_at: Option<At>,
    /// What was found then, in a sentence.
    pub outcome: Option<String>,
    /// Daily checks in a row that did not find the line.
    pub failures: i64,
    /// When it is checked next; `None` while nothing is proved.
    pub next_check: Option<At>,
    /// What the public is told by the owner.
    pub said: OwnerWords,
}

impl Claim {
    /// The line that has to stand in the file.
    pub fn line(&self) -> String {
        format!("{LINE}{}", self.token)
    }

    /// Where the file has to be.
    pub fn address(&self) -> String {
        format!("https://{}{PATH}", self.host)
    }

    /// The claim after a check at `at` that has found its line.
    pub fn proved(&self, at: At) -> Self {
        Self {
            proved_at: self.proved_at.or(Some(at)),
            checked_at: Some(at),
            outcome: Some("The line is there: this host is yours.".to_owned()),
            failures: 0,
            next_check: Some(at + CHECK_EVERY),
            ..self.clone()
        }
    }

    /// The claim after somebody has asked for a check and it found no line, for this reason. What was
    /// proved stays: only the daily checks take it away.
    pub fn asked_in_vain(&self, why: &str, at: At) -> Self {
        Self {
            checked_at: Some(at),
            outcome: Some(line(why, MAX_OUTCOME)),
            ..self.clone()
        }
    }

    /// The claim after a daily check that found no line, for this reason: lost with the
    /// [`LOST_AFTER`]th in a row.
    pub fn missed(&self, why: &str, at: At) -> Self {
        let failures = self.failures + 1;
        let is_lost = failures >= LOST_AFTER;
        let lost = if is_lost {
            format!("Lost after {LOST_AFTER} daily checks in a row. {why}")
        } else {
            why.to_owned()
        };
        Self {
            proved_at: self.proved_at.filter(|_| !is_lost),
            next_check: (!is_lost).then_some(at + CHECK_EVERY),
            failures: if is_lost { 0 } else { failures },
            ..self.asked_in_vain(&lost, at)
        }
    }
}

/// What the owner of a host says to the public about the servers on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerWords {
    /// A text, with its lines.
    pub words: Option<String>,
    /// A page with more, by `https` or `http`.
    pub link: Option<String>,
}

impl OwnerWords {
    /// Reads what was typed: empty is nothing. Refuses a text that is too long and a link that is none,
    /// by their fields `words` and `link`.
    pub fn parse(words: &str, link: &str) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let (words, link) = (words.trim(), link.trim());
        if words.chars().count() > MAX_WORDS {
            let message = format!("must have at most {MAX_WORDS} characters");
            faults.push(FieldError::new("words", message));
        }
        let link = match read_link(link) {
            Ok(link) => link,
            Err(message) => {
                faults.push(FieldError::new("link", message));
                None
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let words = block(words, MAX_WORDS);
        Ok(Self {
            words: (!words.is_empty()).then_some(words),
            link,
        })
    }
}

fn read_link(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let example = "must be a whole address like https://example.com/docs";
    let url = Url::parse(text).map_err(|_| example.to_owned())?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(example.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user name or password; leave them out".to_owned());
    }
    if url.as_str().len() > MAX_LINK {
        return Err(format!("must have at most {MAX_LINK} characters"));
    }
    Ok(Some(url.into()))
}

/// The host in what was typed: `mcp.example.com`, `mcp.example.com:8443`, or a whole address of a server
/// on it.
pub fn host(text: &str) -> Result<String, FieldError> {
    let refuse = |message: &str| FieldError::new("host", message);
    let text = text.trim();
    if text.is_empty() {
        return Err(refuse("is empty; name a host like mcp.example.com"));
    }
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = EndpointUrl::parse(&whole);
    let url = url.map_err(|_| refuse("is not a host; write it like mcp.example.com"))?;
    Ok(url.authority())
}

/// What the file of a host says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The line is there, with this token.
    Proof,
    /// There are such lines, with other tokens.
    Others,
    /// There is no such line.
    Nothing,
}

/// Looks for the line with a token: alone on it, nothing before or behind.
pub fn look(file: &str, token: &str) -> Found {
    let mut tokens = file
        .trim_start_matches('\u{feff}')
        .lines()
        .filter_map(|text| text.trim_end().strip_prefix(LINE));
    let Some(first) = tokens.next() else {
        return Found::Nothing;
    };
    if first == token || tokens.any(|other| other == token) {
        Found::Proof
    } else {
        Found::Others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_only_as_it_is_and_alone() {
        for (file, found) in [
            ("lifesign-claim=abc", Found::Proof),
            ("\u{feff}lifesign-claim=abc\r\n", Found::Proof),
            (
                "# ours\nlifesign-claim=xyz\nlifesign-claim=abc\n",
                Found::Proof,
            ),
            ("lifesign-claim=abcd", Found::Others),
            ("lifesign-claim=ab", Found::Others),
            ("lifesign-claim=", Found::Others),
            ("lifesign-claim = abc", Found::Nothing),
            ("say lifesign-claim=abc", Found::Nothing),
            ("<p>lifesign-claim=abc</p>", Found::Nothing),
            ("abc", Found::Nothing),
            ("", Found::Nothing),
        ] {
            assert_eq!(look(file, "abc"), found, "{file:?}");
        }
    }

    #[test]
    fn a_host_is_read_out_of_what_people_paste() {
        for (text, expected) in [
            ("mcp.example.com", "mcp.example.com"),
            (" MCP.Example.com ", "mcp.example.com"),
            ("mcp.example.com:8443", "mcp.example.com:8443"),
            ("https://mcp.example.com:443/mcp?key=abc", "mcp.example.com"),
            ("http://127.0.0.1:8080/mcp", "127.0.0.1:8080"),
        ] {
            assert_eq!(host(text).unwrap(), expected);
        }
        for text in [
            "",
            "   ",
            "ftp://example.com",
            "two words",
            "user@example.com",
        ] {
            assert_eq!(host(text).unwrap_err().field, "host", "{text:?}");
        }
    }

    #[test]
    fn a_host_is_lost_with_the_third_daily_check_in_a_row_and_no_sooner() {
        let made = Claim {
            id: ClaimId(uuid::Uuid::nil()),
            team: TeamId(uuid::Uuid::nil()),
            host: "mcp.example.com".to_owned(),
            token: "abc".to_owned(),
            made_at: At(0),
            proved_at: None,
            checked_at: None,
            outcome: None,
            failures: 0,
            next_check: None,
            said: OwnerWords::default(),
        };
        let held = made.proved(At(1));
        assert_eq!((held.proved_at, held.failures), (Some(At(1)), 0));
        assert_eq!(held.next_check, Some(At(1) + CHECK_EVERY));
        let twice = held.missed("Gone.", At(2)).missed("Gone.", At(3));
        assert_eq!((twice.proved_at, twice.failures), (Some(At(1)), 2));
        assert_eq!(
            twice.proved(At(4)).failures,
            0,
            "one good check makes up for them"
        );
        assert_eq!(twice.asked_in_vain("Gone.", At(4)).failures, 2);
        let lost = twice.missed("Gone.", At(4));
        assert_eq!((lost.proved_at, lost.next_check), (None, None));
        assert!(lost.outcome.unwrap().starts_with("Lost after 3"));
    }

    #[test]
    fn an_owner_says_little_and_links_to_pages_only() {
        let said =
            OwnerWords::parse(" We run\r\nthis.\u{202e} ", "HTTPS://example.com/Docs").unwrap();
        assert_eq!(said.words.as_deref(), Some("We run\nthis."));
        assert_eq!(said.link.as_deref(), Some("https://example.com/Docs"));
        assert_eq!(OwnerWords::parse(" ", "").unwrap(), OwnerWords::default());
        let long = "x".repeat(MAX_WORDS + 1);
        for (words, link, field) in [
            (&*long, "", "words"),
            ("", "javascript:alert(1)", "link"),
            ("", "data:text/html,x", "link"),
            ("", "example.com", "link"),
            ("", "https://me:pw@example.com", "link"),
        ] {
            let faults = OwnerWords::parse(words, link).unwrap_err();
            assert_eq!(faults[0].field, field, "{link}");
        }
    }
}
