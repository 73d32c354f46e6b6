//! A client that proves itself by signing (RFC 7523): the key, and what is signed with it.
//!
//! Signed by the provider of cryptography that TLS has anyway: RS256 with RSA, ES256 with P-256.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde_json::json;
use uuid::Uuid;

use crate::domain::at::At;

/// How long an assertion is valid, in seconds.
const VALID_SECONDS: i64 = 300;
/// Length of a number in a signature of P-256, in bytes.
const COORDINATE: usize = 32;

/// A key that signs.
pub(super) struct AssertionKey {
    key: Arc<dyn SigningKey>,
    /// As JOSE calls it: `RS256` or `ES256`.
    pub(super) algorithm: &'static str,
    scheme: SignatureScheme,
}

impl AssertionKey {
    /// Reads a private key; says what is wrong with it otherwise.
    pub(super) fn read(pem: &str) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "the private key is not a PEM that can be read".to_owned())?;
        let key = any_supported_type(&der)
            .map_err(|_| "the private key is of a kind that cannot be used".to_owned())?;
        for (algorithm, scheme) in [
            ("ES256", SignatureScheme::ECDSA_NISTP256_SHA256),
            ("RS256", SignatureScheme::RSA_PKCS1_SHA256),
        ] {
            if key.choose_scheme(&[scheme]).is_some() {
                return Ok(Self {
                    key,
                    algorithm,
                    scheme,
                });
            }
        }
        Err("the private key is neither RSA nor of the curve P-256".to_owned())
    }

    /// An assertion that we are `client_id`, for `audience` alone and for once.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: At,
        id: Uuid,
    ) -> Option<String> {
        let seconds = now.0.div_euclid(1_000);
        let header = json!({ "alg": self.algorithm, "typ": "JWT" });
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience, "jti": id,
            "iat": seconds, "exp": seconds + VALID_SECONDS,
        });
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let pen = self.key.choose_scheme(&[self.scheme])?;
        let signature = pen.sign(signed.as_bytes()).ok()?;
        let signature = if self.algorithm == "ES256" {
            fixed(&signature)?
        } else {
            signature
        };
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The two numbers of an ECDSA signature side by side, as JOSE wants them (RFC 7518 §3.4), out of
/// the DER that TLS uses.
fn fixed(der: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = element(der, 0x30)?;
    let (r, rest) = element(body, 0x02)?;
    let (s, _) = element(rest, 0x02)?;
    let mut both = vec![0; 2 * COORDINATE];
    for (number, end) in [(r, COORDINATE), (s, 2 * COORDINATE)] {
        let start = number.iter().position(|byte| *byte != 0)?;
        let number = &number[start..];
        let from = end.checked_sub(number.len())?;
        both.get_mut(from..end)?.copy_from_slice(number);
    }
    Some(both)
}

/// The content of a short DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, len], rest) = der.split_first_chunk::<2>()?;
    (found == tag && len < 0x80)
        .then(|| rest.split_at_checked(usize::from(len)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_signature_stand_side_by_side() {
        let der = [0x30, 0x07, 0x02, 0x02, 0x00, 0xff, 0x02, 0x01, 0x05];
        let both = fixed(&der).unwrap();
        assert_eq!((both.len(), both[31], both[63]), (64, 0xff, 5));
        assert_eq!(both.iter().filter(|byte| **byte != 0).count(), 2);
        assert_eq!(fixed(&[0x30, 0x80]), None);
    }

    #[test]
    fn a_key_that_cannot_sign_says_why() {
        assert!(
            AssertionKey::read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
                .is_err()
        );
        assert!(AssertionKey::read("nonsense").is_err());
    }
}
