//! Pages: HTML for people, complete without JavaScript and live with it.
//!
//! A page is a struct with a template, filled by a short handler and returned. It holds domain
//! values; how they are written is the business of [`filters`] and of the templates.

pub mod assets;
pub mod chart;
mod error;
pub mod filters;
mod form;
mod frame;
mod headers;
