//! Delivery: what is said, to receivers that are real on the wire.

mod digest;
mod email;
mod outbox;
mod own_words;
pub(crate) mod samples;
mod services;
mod webhook;
mod words;
