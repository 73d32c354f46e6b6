//! Certificates of every quality, made at run time, and what else can go wrong before HTTP.
//!
//! One test CA per process signs the good ones; its PEM is public ([`ca_pem`]). Names are
//! `localhost` and `127.0.0.1`.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::habits::After;

const DAY: Duration = Duration::from_hours(24);

/// What a client meets before HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// A certificate of the test CA, good for a year.
    Valid,
    /// A certificate of the test CA that ends in so many days.
    ExpiresIn(u16),
    /// It ended three days ago.
    Expired,
    /// It begins in three days.
    NotYetValid,
    /// It is for `wrong.example`.
    WrongName,
    /// It signed itself.
    SelfSigned,
    /// A CA that nobody knows signed it.
    UnknownCa,
    /// An intermediate of the test CA signed it, which the server does not send.
    MissingIntermediate,
    /// The same, sent with its intermediate.
    Intermediate,
    /// It is for clients, not for servers.
    WrongPurpose,
    /// The server wants a certificate of the client, too.
    ClientCertificate,
    /// The fatal TLS alert of this number instead of a handshake: 40 handshake failure,
    /// 70 protocol version, 112 unrecognised name.
    Alert(u8),
    /// The connection is closed after the first bytes of the client.
    Eof,
    /// The connection is reset after the first bytes of the client.
    Reset,
    /// Nothing is ever said.
    Silent,
    /// An HTTP server without TLS that is called by an `https` URL.
    PlainHttp,
}

/// How a connection begins.
#[derive(Clone)]
pub(crate) enum Greeting {
    Plain,
    Tls(TlsAcceptor),
    Bytes(Bytes, After),
}

impl Greeting {
    pub(crate) fn new(tls: Option<Tls>) -> io::Result<Self> {
        Ok(match tls {
            None | Some(Tls::PlainHttp) => Self::Plain,
            Some(Tls::Alert(alert)) => Self::Bytes(
                Bytes::copy_from_slice(&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, alert]),
                After::Close,
            ),
            Some(Tls::Eof) => Self::Bytes(Bytes::new(), After::Close),
            Some(Tls::Reset) => Self::Bytes(Bytes::new(), After::Reset),
            Some(Tls::Silent) => Self::Bytes(Bytes::new(), After::Hang),
            Some(certificate) => Self::Tls(acceptor(certificate)?),
        })
    }
}

/// The certificate of the test CA of this process, as PEM: what a client has to trust.
pub fn ca_pem() -> io::Result<String> {
    Ok(test_ca()?.pem.clone())
}

struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn test_ca() -> io::Result<&'static Ca> {
    static CA: OnceLock<Ca> = OnceLock::new();
    if let Some(ca) = CA.get() {
        return Ok(ca);
    }
    let ca = new_ca("fake-mcp test CA")?;
    Ok(CA.get_or_init(|| ca))
}

/// A CA that the test CA has signed.
fn intermediate() -> io::Result<Ca> {
    let params = ca_params("fake-mcp intermediate CA")?;
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params
        .signed_by(&key, &test_ca()?.issuer)
        .map_err(io::Error::other)?;
    Ok(Ca {
        pem: certificate.pem(),
        der: certificate.der().clone(),
        issuer: Issuer::new(params, key),
    })
}

fn new_ca(name: &str) -> io::Result<Ca> {
    let params = ca_params(name)?;
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok(Ca {
        pem: certificate.pem(),
        der: certificate.der().clone(),
        issuer: Issuer::new(params, key),
    })
}

fn ca_params(name: &str) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    Ok(params)
}

fn acceptor(tls: Tls) -> io::Result<TlsAcceptor> {
    let names = match tls {
        Tls::WrongName => vec!["wrong.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut params = CertificateParams::new(names.clone()).map_err(io::Error::other)?;
    params
        .distinguished_name
        .push(DnType::CommonName, names[0].as_str());
    params.extended_key_usages = vec![match tls {
        Tls::WrongPurpose => ExtendedKeyUsagePurpose::ClientAuth,
        _ => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    let now = date_time_ymd(1970, 1, 1) + UNIX_EPOCH.elapsed().map_err(io::Error::other)?;
    (params.not_before, params.not_after) = match tls {
        Tls::Expired => (now - 90 * DAY, now - 3 * DAY),
        Tls::NotYetValid => (now + 3 * DAY, now + 90 * DAY),
        // An hour more, so that "in 13 days" does not turn into 12 while one looks.
        Tls::ExpiresIn(days) => (
            now - 300 * DAY,
            now + u32::from(days) * DAY + Duration::from_hours(1),
        ),
        _ => (now - 30 * DAY, now + 335 * DAY),
    };
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let chain = match tls {
        Tls::SelfSigned => vec![
            params
                .self_signed(&key)
                .map_err(io::Error::other)?
                .der()
                .clone(),
        ],
        Tls::UnknownCa => {
            let ca = new_ca("fake-mcp unknown CA")?;
            let leaf = params
                .signed_by(&key, &ca.issuer)
                .map_err(io::Error::other)?;
            vec![leaf.der().clone(), ca.der]
        }
        Tls::Intermediate | Tls::MissingIntermediate => {
            let between = intermediate()?;
            let leaf = params
                .signed_by(&key, &between.issuer)
                .map_err(io::Error::other)?;
            let sent = if tls == Tls::Intermediate { 2 } else { 1 };
            let chain = [leaf.der().clone(), between.der];
            chain.into_iter().take(sent).collect()
        }
        _ => {
            let leaf = params
                .signed_by(&key, &test_ca()?.issuer)
                .map_err(io::Error::other)?;
            vec![leaf.der().clone()]
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if tls == Tls::ClientCertificate {
        let mut roots = RootCertStore::empty();
        roots
            .add(test_ca()?.der.clone())
            .map_err(io::Error::other)?;
        let verifier =
            rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
