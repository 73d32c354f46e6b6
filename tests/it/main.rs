//! All integration tests in one binary: linking is what repeats.
//!
//! Needs what `tests/setup/test.sh` sets up; `make test` does both.
#![cfg(test)]

mod accounts;
mod api;
mod bench;
mod house;
mod notify;
mod pipeline;
mod probe;
mod real;
mod simulation;
mod store;
mod story;
mod support;
mod web;
