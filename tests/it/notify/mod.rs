//! Delivery: what is said, to receivers that are real on the wire.

mod email;
mod outbox;
pub(crate) mod samples;
mod services;
mod webhook;
mod words;
