//! Why a use case did not happen: what the pages and the API turn into an answer.

use crate::domain::monitor::FieldError;
use crate::store::StoreError;

/// A use case that did not happen; nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Fields that make no sense, with what would be right.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldError>),
    /// There is no such thing, or it belongs to another team: both look the same.
    #[error("not found")]
    NotFound,
    /// The role or the scope does not allow it.
    #[error("this needs the role {0}")]
    Forbidden(&'static str),
    /// It does not fit how things are at the moment.
    #[error("{0}")]
    Conflict(String),
    /// Too many tries; the seconds until the next one.
    #[error("too many tries; try again in {0} s")]
    TooMany(u64),
    /// Our own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FieldError> for Refused {
    fn from(fault: FieldError) -> Self {
        Self::Fields(vec![fault])
    }
}
