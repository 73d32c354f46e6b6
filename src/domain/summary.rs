//! What happened outside of the hours of a channel, as one message tells it.

use serde::{Deserialize, Serialize};

use super::at::At;

/// What happened while a channel was not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryFacts {
    /// The first few things, oldest first.
    pub lines: Vec<SummaryLine>,
    /// How many more there were.
    pub more: usize,
}

/// One thing of a summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryLine {
    /// When it happened.
    pub at: At,
    /// What would have been the subject of a message.
    pub subject: String,
}
