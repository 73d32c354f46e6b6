//! Monitors: the list, one of them, its settings, and what people do with it.

mod actions;
mod canary;
mod edit;
mod list;
mod show;
pub(crate) mod spec;
mod tools;

pub(super) use actions::{ask_delete, check, delete, pause, resume};
pub(super) use edit::{change, edit};
pub(super) use list::{list, row, rows, summary};
pub(super) use show::{checks, head, recent, show};
pub(super) use tools::accept_tools;

/// Windows of the latency chart.
pub const LATENCY_WINDOWS: [&str; 4] = ["24h", "7d", "30d", "90d"];
