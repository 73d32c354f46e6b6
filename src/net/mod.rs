//! The door to the network: which addresses may be connected to, how names are looked up, whom
//! TLS trusts, and the one client for everything that is not a probe.
//!
//! Nothing in Lifesign opens a socket to somebody else's machine without passing [`Guard`] with
//! the very address that is connected to. Probes dial by themselves (`probe/connection.rs`) with
//! the parts made here; webhooks and their kin go through [`Deliveries`].

mod canaries;
mod deliveries;
mod guard;
mod names;
mod reader;
mod trust;

pub use canaries::Canaries;
pub use deliveries::{Deliveries, delivery_client};
pub use guard::{Guard, InvalidTargets, Refused};
pub use names::{LookupError, Names};
pub use reader::{Reader, Unread};
pub use trust::{InvalidCertificates, Presented, Trust, Witness, certificate};

/// How this program introduces itself: `Lifesign/VERSION (+PUBLIC_URL/bot)`.
pub fn user_agent(public_url: &str) -> String {
    format!(
        "Lifesign/{} (+{}/bot)",
        env!("CARGO_PKG_VERSION"),
        public_url.trim_end_matches('/')
    )
}

/// Installs the one provider of cryptography for this process. The first line of `main`; calling
/// it again does nothing.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already, which is what we want.
    let _ = trust::provider().install_default();
}
