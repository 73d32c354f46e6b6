//! Stories on a clock that is moved by hand: scheduler, probe, record and alerter as they are,
//! against a server that misbehaves on demand.

mod authorization;
mod away;
mod budgets;
mod clocks;
mod confirming;
mod dependencies;
mod digests;
mod doubled;
mod expiry;
mod flapping;
mod heartbeat;
mod hosts;
mod maintenance;
mod nodes;
mod own_network;
mod owner;
mod people;
mod reminders;
mod retention;
mod routes;
mod slow;
mod together;
mod tools;
mod wakes;

use fake_mcp::{FakeMcp, healthy, status};
use lifesign::domain::status::MonitorStatus;

use crate::support::app::TestApp;
use crate::support::engines::engines;
