//! The world around Lifesign, for tests: receivers of mail and webhooks.
//!
//! Nothing in here stands in for a part of our own.

pub(crate) mod app;
pub(crate) mod dns;
pub(crate) mod engines;
pub(crate) mod every_table;
pub(crate) mod process;
pub(crate) mod service;
pub(crate) mod smtp;
pub(crate) mod visitor;
pub(crate) mod webhook;
pub(crate) mod world;
