//! Lifesign: uptime monitoring for MCP servers.
//!
//! One story, one direction: due → probed → judged → recorded → told → shown.

pub mod clock;
pub mod domain;
