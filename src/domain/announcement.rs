//! What the makers of a status page announce on it, beside what is measured.

use super::at::At;
use super::id::{AnnouncementId, StatusPageId, TeamId};
use super::monitor::{FieldError, MAX_NAME};
use super::untrusted::line;
use super::written::{MAX_NOTE, plain};

/// Most announcements of one page that are kept.
pub const MOST_ANNOUNCEMENTS: usize = 200;

/// An announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its id.
    pub id: AnnouncementId,
    /// Whose it is.
    pub team: TeamId,
    /// The page that shows it.
    pub page: StatusPageId,
    /// What it says in one line.
    pub title: String,
    /// What it says: plain text, an empty line parts paragraphs.
    pub text: String,
    /// When it ceases to be shown; `None` until somebody ends it.
    pub ends_at: Option<At>,
    /// When it was written.
    pub created_at: At,
    /// When it was last changed.
    pub updated_at: At,
}

impl Announcement {
    /// Whether the page shows it at `now`.
    pub fn is_shown(&self, now: At) -> bool {
        self.ends_at.is_none_or(|ends_at| now < ends_at)
    }
}

/// The words of an announcement, cleaned; every field that is out of bounds otherwise.
pub fn words(title: &str, text: &str) -> Result<(String, String), Vec<FieldError>> {
    let given = line(title, usize::MAX);
    let given = given.trim();
    let is_title = (1..=MAX_NAME).contains(&given.chars().count());
    let title = is_title
        .then(|| given.to_owned())
        .ok_or_else(|| FieldError::new("title", format!("must have 1 to {MAX_NAME} characters")));
    match (title, plain("text", text, MAX_NOTE)) {
        (Ok(title), Ok(text)) => Ok((title, text)),
        (title, text) => Err(title.err().into_iter().chain(text.err()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_line_and_some_text() {
        assert_eq!(
            words(" Move\u{202e} to\nFrankfurt ", "On Sunday.\n").unwrap(),
            ("Move to Frankfurt".to_owned(), "On Sunday.".to_owned())
        );
        let faults = words("", &"x".repeat(MAX_NOTE + 1)).unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["title", "text"]);
    }
}
