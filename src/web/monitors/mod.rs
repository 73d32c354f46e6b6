//! Monitors: the list, one of them, its settings, and what people do with it.

mod actions;
mod bulk;
mod canary;
mod checks;
mod edit;
mod export;
mod import;
mod latency;
mod list;
mod locations;
mod show;
pub(crate) mod spec;
mod tools;
mod trial;
mod visits;

pub(super) use actions::{ask_delete, check, delete, pause, publish, resume, withdraw};
pub(super) use bulk::{bulk, delete as delete_chosen};
pub(super) use checks::{checks, recent};
pub(super) use edit::{change, edit};
pub use export::MOST_EXPORTED;
pub(super) use export::{checks_csv, checks_json};
pub(super) use import::{ask as ask_import, read as read_import, watch as watch_import};
pub(super) use list::{list, row, rows, summary};
pub(super) use show::{head, show};
pub(super) use tools::accept_tools;
pub(super) use trial::test_change;

/// Windows of the latency chart.
pub const LATENCY_WINDOWS: [&str; 4] = ["24h", "7d", "30d", "90d"];
