//! What can be wrong with the session of a server. As [`super::trouble`], facts without opinion.

/// What is wrong with the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionTrouble {
    /// Characters outside visible ASCII.
    IdInvalid,
    /// Refused right after it was opened; `times` in this check.
    Lost {
        /// How often.
        times: u8,
        /// The status of the refusal.
        status: u16,
    },
    /// Known on the connection that opened it and refused on another one.
    LostElsewhere {
        /// The status of the refusal.
        status: u16,
    },
    /// Refused on another connection, and known there to who brings the cookies.
    CookieAffinity {
        /// The status of the refusal.
        status: u16,
    },
    /// An unknown session was answered with 400.
    Expired400,
    /// The id changed.
    Inconsistent,
    /// The negotiated version was refused in the header.
    VersionHeaderRejected(String),
}
