//! The failure codes: code, layer, words and hint.
//!
//! A code is public interface and never changes its meaning.

use serde::{Deserialize, Serialize};

/// Where in the stack something failed, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Names.
    Dns,
    /// Connections.
    Tcp,
    /// Encryption and certificates.
    Tls,
    /// Requests and statuses.
    Http,
    /// Bodies and event streams.
    Transport,
    /// JSON-RPC envelopes.
    Jsonrpc,
    /// The MCP handshake.
    Protocol,
    /// Authorization.
    Auth,
    /// The tool list.
    Tools,
    /// Time.
    Latency,
    /// Lifesign's own trouble or policy.
    Internal,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $layer:ident, $words:literal, $hint:literal;)+) => {
        /// A stable code for what went wrong or was noticed (mcp.md §6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $words] #[serde(rename = $text)] $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as the API says it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The layer that it belongs to.
            pub fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer,)+ }
            }

            /// What it means, in a few words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }

            /// What to do about it.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

codes! {
    TcpRefused = "tcp_refused", Tcp, "Nothing listens on the port", "Check that the service runs, and its port and firewall.";
    RateLimited = "rate_limited", Http, "Too many requests", "Raise the interval, or allow our address.";
    MonitorError = "monitor_error", Internal, "Lifesign could not measure", "Not the server's fault; see Lifesign's own log.";
}
