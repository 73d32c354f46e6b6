//! What the words of Lifesign mean, as values and arithmetic.
//!
//! Pure: no input or output, no clock, no chance. `now` is always an argument. A probe makes an
//! `observation`, [`verdict`] says what it means, `status` what it changes, `incident` and
//! `notification` what is told. Each thought is a type of its own, made in one place.

pub mod accent;
pub mod accounting;
pub mod announcement;
pub mod at;
pub mod audit;
pub mod budget;
pub mod canary;
pub mod cause;
pub mod challenge;
pub mod change;
pub mod channel;
pub mod check;
pub mod claim;
pub mod client_config;
pub mod client_credentials;
pub mod dependency;
pub mod difference;
pub mod digest;
pub mod directory;
pub mod endpoint;
mod event;
pub mod expiry;
pub mod failure;
pub mod flapping;
pub mod gate;
pub mod habits;
pub mod held_back;
pub mod histogram;
pub mod id;
pub mod incident;
#[cfg(test)]
mod incident_sample;
pub mod installation;
pub mod lint;
pub mod login;
pub mod logo;
pub mod maintenance;
pub mod memory;
pub mod modern;
pub mod monitor;
pub mod month;
pub mod news;
pub mod node;
pub mod notification;
pub mod observation;
pub mod own_trouble;
pub mod pattern;
pub mod people;
pub mod plain_http;
pub mod plan;
pub mod quorum;
mod reminder;
pub mod report;
pub mod sample;
pub mod schedule;
pub mod schema;
pub mod sensitive;
pub mod session;
pub mod sla;
pub mod state;
pub mod status;
pub mod status_page;
pub mod subscriber;
pub mod summary;
pub mod team;
pub mod tools;
pub mod trouble;
pub mod untrusted;
pub mod uptime;
pub mod usual;
pub mod verdict;
pub mod written;
pub mod zone;
