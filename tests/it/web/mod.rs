//! Pages, asked without a socket: what they show, what they refuse, whom they know.

mod accounts;
mod acknowledge;
mod audit;
mod away;
mod browser;
mod bulk;
mod claims;
mod dependencies;
mod explore;
mod findings;
mod forms;
mod hostile;
mod importing;
mod incidents;
mod life;
mod maintenance;
mod monitor_page;
mod ops;
mod pages;
mod public;
mod reports;
pub(crate) mod site;
mod status_looks;
mod strangers;
mod subscribers;
mod system;
mod trying;
