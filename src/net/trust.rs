//! Whom TLS trusts, and what a server identified itself with.
//!
//! One set of roots and one provider of cryptography for all connections. Every chain is verified;
//! one whose very bytes were verified for the same name before is recognised until it expires or
//! an hour has passed. The proof that the server owns the key is verified every time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CipherSuite, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::domain::at::At;
use crate::domain::observation::Certificate;
use crate::domain::tools::hex;
use crate::domain::untrusted::{MAX_QUOTE, line};

/// How long a verified chain is recognised, in seconds.
const RECOGNISED_SECONDS: u64 = 3_600;
/// Most chains that are recognised.
const MAX_RECOGNISED: usize = 150_000;
/// Most certificates of a chain that are kept: rightful ones have two or three.
const MAX_CHAIN: usize = 8;
/// Most names of a certificate that are kept.
const MAX_NAMES: usize = 20;

/// The provider: aws-lc-rs with classical key exchange, hashes with hardware first.
pub(super) fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![
        aws_lc_rs::kx_group::X25519,
        aws_lc_rs::kx_group::SECP256R1,
        aws_lc_rs::kx_group::SECP384R1,
    ];
    provider
        .cipher_suites
        .sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}

/// Extra certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the extra certificates cannot be used: {0}")]
pub struct InvalidCertificates(String);

/// Whom we trust; cheap to clone.
#[derive(Clone)]
pub struct Trust {
    config: ClientConfig,
    shared: Arc<Shared>,
}

struct Shared {
    verifier: Arc<WebPkiServerVerifier>,
    recognised: Mutex<HashMap<[u8; 32], Recognised>>,
}

struct Recognised {
    until: u64,
    certificate: Arc<Certificate>,
}

impl Trust {
    /// The roots of Mozilla and of this machine, and those in `extra` (PEM).
    pub fn new(extra: Option<&[u8]>) -> Result<Self, InvalidCertificates> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = extra {
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| InvalidCertificates(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| InvalidCertificates(error.to_string()))?;
                found += 1;
            }
            if found == 0 {
                return Err(InvalidCertificates(
                    "there is no certificate in the file".to_owned(),
                ));
            }
        }
        let provider = Arc::new(provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| InvalidCertificates(error.to_string()))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| InvalidCertificates(error.to_string()))?
            .with_webpki_verifier(Arc::clone(&verifier))
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            config,
            shared: Arc::new(Shared {
                verifier,
                recognised: Mutex::default(),
            }),
        })
    }

    /// For one connection of a probe: HTTP/1.1, and a witness of what the server shows.
    pub fn witnessed(&self) -> (Arc<ClientConfig>, Arc<Witness>) {
        let witness = Arc::new(Witness {
            shared: Arc::clone(&self.shared),
            presented: Mutex::default(),
        });
        let mut config = self.config.clone();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
            .dangerous()
            .set_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>);
        (Arc::new(config), witness)
    }

    /// For clients with a pool of their own.
    pub(super) fn pooled(&self) -> ClientConfig {
        let mut config = self.config.clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// What a server identified itself with.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Its certificate, where it could be read.
    pub certificate: Option<Arc<Certificate>>,
    /// How many certificates it sent.
    pub sent: usize,
    /// The first of them, as they came: who wants to know what they say has to read them.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate was issued by itself.
    pub self_signed: bool,
    /// Why the chain was not accepted.
    pub refused: Option<rustls::Error>,
}

/// Verifies the chain of one connection and remembers what was presented.
pub struct Witness {
    shared: Arc<Shared>,
    presented: Mutex<Option<Presented>>,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

impl Witness {
    /// What the server presented, if the handshake came that far.
    pub fn take(&self) -> Option<Presented> {
        lock(&self.presented).take()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = key(end_entity, intermediates, name);
        let sent = intermediates.len() + 1;
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain: Vec<_> = chain
            .take(MAX_CHAIN)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let known = lock(&self.shared.recognised)
            .get(&key)
            .filter(|known| now.as_secs() < known.until)
            .map(|known| Arc::clone(&known.certificate));
        if let Some(certificate) = known {
            *lock(&self.presented) = Some(Presented {
                certificate: Some(certificate),
                sent,
                chain,
                self_signed: false,
                refused: None,
            });
            return Ok(ServerCertVerified::assertion());
        }
        let verified =
            self.shared
                .verifier
                .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let certificate = certificate(end_entity).map(Arc::new);
        if let (Ok(_), Some(certificate)) = (&verified, &certificate) {
            let expiry = std::iter::once(end_entity)
                .chain(intermediates)
                .map(not_after)
                .min()
                .unwrap_or_default();
            let until = expiry.min(now.as_secs() + RECOGNISED_SECONDS);
            let mut recognised = lock(&self.shared.recognised);
            if recognised.len() >= MAX_RECOGNISED {
                recognised.retain(|_, known| now.as_secs() < known.until);
            }
            if recognised.len() < MAX_RECOGNISED {
                recognised.insert(
                    key,
                    Recognised {
                        until,
                        certificate: Arc::clone(certificate),
                    },
                );
            }
        }
        *lock(&self.presented) = Some(Presented {
            self_signed: certificate
                .as_ref()
                .is_some_and(|certificate| certificate.subject == certificate.issuer),
            certificate,
            sent,
            chain,
            refused: verified.as_ref().err().cloned(),
        });
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.shared
            .verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.shared
            .verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.shared.verifier.supported_verify_schemes()
    }
}

/// Every byte of the chain and the name that it was shown for.
fn key(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    name: &ServerName<'_>,
) -> [u8; 32] {
    let mut digest = Sha256::new();
    for certificate in std::iter::once(end_entity).chain(intermediates) {
        digest.update((certificate.len() as u64).to_le_bytes());
        digest.update(certificate.as_ref());
    }
    digest.update(name.to_str().as_bytes());
    digest.finalize().into()
}

fn not_after(certificate: &CertificateDer<'_>) -> u64 {
    X509Certificate::from_der(certificate).map_or(0, |(_, parsed)| {
        u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default()
    })
}

/// What a certificate says; absent where it cannot be read.
pub fn certificate(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let names = parsed
        .subject_alternative_name()
        .ok()
        .flatten()
        .map(|extension| {
            extension
                .value
                .general_names
                .iter()
                .filter_map(name)
                .take(MAX_NAMES)
                .collect()
        })
        .unwrap_or_default();
    Some(Certificate {
        subject: line(&parsed.subject().to_string(), MAX_QUOTE),
        issuer: line(&parsed.issuer().to_string(), MAX_QUOTE),
        names,
        not_before: At(parsed
            .validity()
            .not_before
            .timestamp()
            .saturating_mul(1_000)),
        not_after: At(parsed
            .validity()
            .not_after
            .timestamp()
            .saturating_mul(1_000)),
        fingerprint: format!("sha256:{}", hex(&Sha256::digest(der.as_ref()))),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) => Some(line(text, MAX_QUOTE)),
        GeneralName::IPAddress([a, b, c, d]) => {
            Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string())
        }
        GeneralName::IPAddress(bytes) => <[u8; 16]>::try_from(*bytes)
            .ok()
            .map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock; what is inside stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
