//! From the errors of our libraries to what they say about the server.
//!
//! The only place that looks into error chains. It has no opinion: a [`Trouble`] is a fact.

use std::error::Error;
use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::domain::at::At;
use crate::domain::observation::TlsFacts;
use crate::domain::trouble::{
    BodyTrouble, ConnectTrouble, DnsTrouble, HttpTrouble, TlsTrouble, Trouble,
};
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::net::{LookupError, Presented, Refused};

/// The first byte of a TLS record that carries an alert.
const TLS_ALERT: u8 = 0x15;

pub(super) fn lookup(error: LookupError) -> Trouble {
    Trouble::Dns(match error {
        LookupError::NoSuchName => DnsTrouble::NoSuchName,
        LookupError::NoAddress => DnsTrouble::NoAddress,
        LookupError::TimedOut { asked } => DnsTrouble::TimedOut { asked },
        LookupError::Failed(reason) => DnsTrouble::ServerFailure(line(&reason, MAX_QUOTE)),
    })
}

pub(super) fn refused(Refused(address): Refused) -> Trouble {
    Trouble::TargetRefused { address }
}

/// Why no connection came about.
pub(super) fn connect(error: &io::Error) -> Trouble {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Trouble::Connect(ConnectTrouble::Refused),
        Kind::ConnectionReset | Kind::ConnectionAborted => Trouble::Connect(ConnectTrouble::Reset),
        Kind::TimedOut => Trouble::Connect(ConnectTrouble::TimedOut { seconds: 0 }),
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown => {
            Trouble::Connect(ConnectTrouble::Unreachable(error.kind().to_string()))
        }
        // Out of file descriptors, ports or memory: ours.
        _ => Trouble::Own {
            what: format!(
                "connecting failed with '{}'",
                line(&error.to_string(), MAX_QUOTE)
            ),
        },
    }
}

/// Whether a connection failed at its target, and not on this machine or on the way.
pub(super) fn is_of_server(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Connect(trouble) => !matches!(trouble, ConnectTrouble::Unreachable(_)),
        _ => false,
    }
}

/// Why no encryption came about.
pub(super) fn handshake(error: &io::Error, presented: Option<&Presented>) -> Trouble {
    if let Some(error) = rustls_error(error) {
        return Trouble::Tls(tls(error, presented));
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Trouble::Tls(TlsTrouble::Closed),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Trouble::Connect(ConnectTrouble::Reset),
        _ => Trouble::Tls(TlsTrouble::Other(line(&error.to_string(), MAX_QUOTE))),
    }
}

/// Why no head of an answer came.
pub(super) fn head(error: &hyper::Error, first_byte: Option<u8>, is_plain: bool) -> Trouble {
    if let Some(error) = rustls_error(error) {
        return Trouble::Tls(tls(error, None));
    }
    if error.is_parse_too_large() {
        return Trouble::Http(HttpTrouble::HeadTooLarge);
    }
    if error.is_parse() {
        if is_plain && first_byte == Some(TLS_ALERT) {
            return Trouble::Http(HttpTrouble::SpeaksTls);
        }
        return Trouble::Http(HttpTrouble::Malformed(line(&error.to_string(), MAX_QUOTE)));
    }
    if let Some(error) = io_error(error) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Http(HttpTrouble::Closed),
            _ => Trouble::Connect(ConnectTrouble::Reset),
        };
    }
    Trouble::Http(HttpTrouble::Closed)
}

/// Why a body broke off.
pub(super) fn body(error: &(dyn Error + 'static)) -> Trouble {
    let is_framing = io_error(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        )
    });
    if is_framing {
        let reason = io_error(error).map(ToString::to_string).unwrap_or_default();
        return Trouble::Http(HttpTrouble::Malformed(line(&reason, MAX_QUOTE)));
    }
    Trouble::Body(BodyTrouble::Truncated)
}

fn tls(error: &rustls::Error, presented: Option<&Presented>) -> TlsTrouble {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(reason) => certificate(reason, presented),
        E::NoCertificatesPresented => TlsTrouble::BadCertificate("none was sent".to_owned()),
        E::InvalidMessage(_) => TlsTrouble::NotTls,
        E::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => TlsTrouble::TooOld,
        E::AlertReceived(alert) => self::alert(*alert),
        E::PeerIncompatible(reason) => {
            TlsTrouble::NoCommonParameters(line(&format!("{reason:?}"), MAX_QUOTE))
        }
        other => TlsTrouble::Other(line(&other.to_string(), MAX_QUOTE)),
    }
}

fn alert(alert: AlertDescription) -> TlsTrouble {
    match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            TlsTrouble::NoCommonParameters("the server found no common parameters".to_owned())
        }
        AlertDescription::ProtocolVersion => TlsTrouble::TooOld,
        AlertDescription::UnrecognisedName => {
            TlsTrouble::UnrecognisedName("alert unrecognised_name".to_owned())
        }
        AlertDescription::InternalError => {
            TlsTrouble::UnrecognisedName("alert internal_error".to_owned())
        }
        AlertDescription::CertificateRequired
        | AlertDescription::UnknownCA
        | AlertDescription::BadCertificate => TlsTrouble::ClientCertificateWanted,
        other => TlsTrouble::Other(format!("alert {other:?}")),
    }
}

fn certificate(reason: &CertificateError, presented: Option<&Presented>) -> TlsTrouble {
    use CertificateError as C;
    let shown = presented.and_then(|presented| presented.certificate.as_deref());
    let instant = |seconds: u64| {
        At(i64::try_from(seconds)
            .unwrap_or_default()
            .saturating_mul(1_000))
    };
    match reason {
        C::ExpiredContext { not_after, .. } => {
            TlsTrouble::Expired(Some(instant(not_after.as_secs())))
        }
        C::Expired => TlsTrouble::Expired(shown.map(|certificate| certificate.not_after)),
        C::NotValidYetContext { not_before, .. } => {
            TlsTrouble::NotYetValid(Some(instant(not_before.as_secs())))
        }
        C::NotValidYet => TlsTrouble::NotYetValid(shown.map(|certificate| certificate.not_before)),
        C::NotValidForName | C::NotValidForNameContext { .. } => TlsTrouble::WrongName {
            names: shown
                .map(|certificate| certificate.names.clone())
                .unwrap_or_default(),
        },
        // Nobody else can have signed it, whatever the search for an issuer stumbled over.
        C::Revoked => TlsTrouble::Revoked,
        _ if presented.is_some_and(|presented| presented.self_signed) => TlsTrouble::SelfSigned,
        C::UnknownIssuer => TlsTrouble::UnknownIssuer {
            issuer: shown
                .map(|certificate| certificate.issuer.clone())
                .unwrap_or_default(),
            sent: presented.map_or(0, |presented| presented.sent),
        },
        other => TlsTrouble::BadCertificate(line(&other.to_string(), MAX_QUOTE)),
    }
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error: &'e (dyn Error + 'static) = *error;
        // What an io::Error wraps is not its source but itself.
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn rustls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn io_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// What stands beside a step of the connection that failed: the certificate that was refused.
pub(super) fn detail(trouble: &Trouble, tls: Option<&TlsFacts>) -> Option<String> {
    let (Trouble::Tls(_), Some(tls)) = (trouble, tls) else {
        return None;
    };
    let shown = &tls.certificate;
    let date = |at: At| at.utc().date_naive();
    Some(format!(
        "{}, issued by {}, valid from {} to {}, for {}",
        shown.subject,
        shown.issuer,
        date(shown.not_before),
        date(shown.not_after),
        crate::domain::tools::named(shown.names.iter().map(String::as_str)),
    ))
}

/// Addresses for a sentence: the first few and how many more.
pub(super) fn listed(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    crate::domain::tools::named(texts.iter().map(String::as_str))
}
