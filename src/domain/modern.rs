//! The generation of MCP without `initialize`: its first revision, and what can be wrong with a
//! server that speaks it. As [`super::trouble`], facts without opinion.

/// The first revision without `initialize`.
pub const MODERN: &str = "2026-07-28";

/// What is wrong with a server that speaks 2026-07-28.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModernTrouble {
    /// It misses headers that we sent (-32020).
    HeadersStripped(String),
    /// It misses members of `_meta` that we sent (400 with -32602).
    MetaRejected(String),
    /// It wants a capability for a request that needs none (-32021).
    CapabilityWanted(String),
    /// It does not speak the version that we sent (-32022).
    VersionRefused {
        /// The versions that it names.
        supported: Vec<String>,
    },
    /// It does not know the method (404 with -32601).
    MethodUnknown(String),
    /// The answer to `server/discover` lacks a member.
    DiscoverInvalid(&'static str),
    /// `server/discover` failed and other requests work.
    DiscoverMissing(String),
    /// A result of a kind that no client expects here.
    ResultType(String),
    /// A result that does not say its kind.
    ResultTypeMissing,
}

impl ModernTrouble {
    /// What the server said, where it said something.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::HeadersStripped(said)
            | Self::MetaRejected(said)
            | Self::CapabilityWanted(said)
            | Self::MethodUnknown(said)
            | Self::DiscoverMissing(said) => Some(said),
            _ => None,
        }
    }
}
