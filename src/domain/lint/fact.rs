//! What the probe notes on the way for the lints: facts of ordinary traffic, without opinion.
//!
//! Texts inside have been cleaned for display. A fact is noted once however often it is met.

/// Something seen that a lint may have a word about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The session id that was given.
    SessionId {
        /// Its length in bytes.
        len: usize,
        /// It is a number, hence perhaps a counter.
        is_number: bool,
    },
    /// `DELETE` of a session was answered with this status.
    SessionEnded {
        /// The status.
        status: u16,
    },
}
