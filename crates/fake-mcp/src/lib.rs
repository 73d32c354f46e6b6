//! A scripted MCP server: the world that Lifesign's tests and demo watch.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use fake_mcp::{FakeMcp, healthy, stall, status};
//!
//! let server = FakeMcp::start(status(503).times(2).then(healthy().tools(["search"])))?;
//! println!("{}", server.url()); // http://127.0.0.1:…/mcp
//!
//! server.set(healthy().on("tools/list", stall()));
//! assert_eq!(server.sessions_opened(), server.sessions_closed());
//! # Ok(()) }
//! ```
//!
//! It shares no type with the product, on purpose: a misunderstanding of the protocol must not be
//! made twice and cancel out. Legacy revisions (2024-11-05 to 2025-11-25) over Streamable HTTP and
//! HTTP+SSE, and 2026-07-28; every fault that `vocabulary.rs` has a word for.

mod body;
mod connection;
mod exchange;
mod habits;
mod http_sse;
mod journal;
mod login;
mod modern;
mod protocol;
mod reply;
mod script;
mod server;
mod sse;
mod streamable;
mod tls;
mod vocabulary;

pub use body::Piece;
pub use habits::{Delete, Endpoint, Era, Id, REVISIONS, Sessions, StreamEnd};
pub use journal::{KEPT, Recorded};
pub use login::Login;
pub use reply::Reply;
pub use script::Script;
pub use server::{FakeMcp, Listen};
pub use sse::Sse;
pub use tls::{Tls, ca_pem};
pub use vocabulary::*;
