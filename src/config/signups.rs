//! Who may make an account.

/// Who may make an account, beside the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signups {
    /// People whom an owner of the oldest team invites; others invite only who has an account.
    Closed,
    /// People whom an owner of any team invites.
    Invite,
    /// Everybody, with a team of their own.
    Open,
}

impl Signups {
    /// Reads the word of the setting.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "closed" => Some(Self::Closed),
            "invite" => Some(Self::Invite),
            "open" => Some(Self::Open),
            _ => None,
        }
    }
}
