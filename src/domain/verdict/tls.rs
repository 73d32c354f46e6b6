//! What broken encryption means.

use super::{Effect, Opinion};
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::failure::Code;
use crate::domain::tools::named;
use crate::domain::trouble::TlsTrouble;

pub(super) fn opinion(trouble: &TlsTrouble, now: At) -> Opinion {
    match trouble {
        TlsTrouble::Expired(end) => Opinion::down(
            Code::TlsExpired,
            match end {
                Some(end) => format!(
                    "Certificate expired {} ago ({}).",
                    span(now.ms_since(*end)),
                    end.utc().date_naive()
                ),
                None => "A certificate in the chain has expired.".to_owned(),
            },
        ),
        TlsTrouble::NotYetValid(start) => Opinion::down(
            Code::TlsNotYetValid,
            match start {
                Some(start) => format!(
                    "Certificate is not valid before {} (in {}).",
                    start.rfc3339(),
                    span(start.ms_since(now))
                ),
                None => "A certificate in the chain is not valid yet.".to_owned(),
            },
        ),
        TlsTrouble::WrongName { names } if names.is_empty() => Opinion::down(
            Code::TlsHostnameMismatch,
            "Certificate is for other names than this host.",
        ),
        TlsTrouble::WrongName { names } => Opinion::down(
            Code::TlsHostnameMismatch,
            format!(
                "Certificate is for {}, not for this host.",
                named(names.iter().map(String::as_str))
            ),
        ),
        TlsTrouble::UnknownIssuer { issuer, sent } => Opinion::down(
            Code::TlsUntrustedCa,
            format!(
                "Certificate was issued by '{issuer}', which is not trusted; the server sent {sent} certificate{}.",
                if *sent == 1 {
                    ", perhaps without its intermediate"
                } else {
                    "s"
                }
            ),
        ),
        TlsTrouble::SelfSigned => Opinion::down(Code::TlsSelfSigned, "Certificate is self-signed."),
        TlsTrouble::Revoked => Opinion::down(Code::TlsRevoked, "Certificate was revoked."),
        TlsTrouble::BadCertificate(reason) => Opinion::down(
            Code::TlsBadCertificate,
            format!("Certificate cannot be used: {reason}."),
        ),
        TlsTrouble::NoCommonParameters(reason) | TlsTrouble::Other(reason) => Opinion::down(
            Code::TlsHandshakeFailure,
            format!("TLS handshake failed: {reason}."),
        ),
        TlsTrouble::TooOld => Opinion::down(
            Code::TlsVersionTooOld,
            "The server speaks only TLS 1.1 or older.",
        ),
        TlsTrouble::UnrecognisedName(reason) => Opinion::down(
            Code::TlsUnrecognisedName,
            format!("The server has no site for this name ({reason})."),
        ),
        TlsTrouble::ClientCertificateWanted => Opinion::new(
            Effect::Gated,
            Code::TlsClientCertRequired,
            "The server wants a client certificate.",
        ),
        TlsTrouble::NotTls => {
            Opinion::down(Code::TlsNotTls, "The port speaks plain text, not TLS.")
        }
        TlsTrouble::Closed => Opinion::down(
            Code::TlsEof,
            "The connection was closed during the TLS handshake.",
        ),
        TlsTrouble::TimedOut { seconds } => Opinion::down(
            Code::TlsHandshakeFailure,
            format!("The TLS handshake did not end within {seconds} s."),
        ),
    }
}

/// A span of time in its largest whole unit: `3 days`, `1 hour`, `less than an hour`.
pub(super) fn span(ms: i64) -> String {
    let plural = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match ms {
        ms if ms >= DAY_MS => plural(ms / DAY_MS, "day"),
        ms if ms >= HOUR_MS => plural(ms / HOUR_MS, "hour"),
        _ => "less than an hour".to_owned(),
    }
}
