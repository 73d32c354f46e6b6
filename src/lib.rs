//! Lifesign: uptime monitoring for MCP servers.
//!
//! One story, one direction: due → probed → judged → recorded → told → shown.
//! `app` is the only part that knows network and store; `domain` is arithmetic; each danger
//! (SQL, sockets, environment, time, chance) has one door. The map is in
//! `docs/architecture.md`.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod net;
pub mod notify;
pub mod probe;
pub mod secret;
pub mod store;
pub mod telemetry;
pub mod web;
