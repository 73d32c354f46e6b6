//! Pages, asked without a socket: what they show, what they refuse, whom they know.

mod accounts;
mod acknowledge;
mod browser;
mod forms;
mod ops;
mod pages;
mod public;
mod site;
mod strangers;
mod trying;
