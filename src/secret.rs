//! The key that seals credentials at rest, tokens, and passwords; and files that are nobody else's.
//!
//! What is sealed is bound to its place (table, row and field): a sealed value that is moved to
//! another row does not open there. Tokens are stored as hashes only. Passwords cost time on
//! purpose: callers hash and verify them on a blocking thread.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT as ALGORITHM_ID, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::sensitive::Sensitive;

/// Length of the key, in bytes.
const KEY_LEN: usize = 32;
/// Length of the number that is used once, in bytes.
const NONCE_LEN: usize = 24;
/// Chance in a token, in bytes: beyond guessing.
const TOKEN_LEN: usize = 32;
/// Chance in the token of a claim, in bytes.
const CLAIM_LEN: usize = 16;
/// Length of the salt of a password, in bytes (RFC 9106 §3.1).
const SALT_LEN: usize = 16;
/// How a sealed value begins, so that another way of sealing can be told apart one day.
const FORMAT: &str = "x1:";

/// The key does not look like one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 hexadecimal digits")]
pub struct NotAKey;

/// Where a sealed value belongs; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The field.
    pub field: &'static str,
    /// The id of the row.
    pub row: Uuid,
}

impl Place {
    fn bytes(&self) -> Vec<u8> {
        format!("{}/{}/{}", self.table, self.field, self.row).into_bytes()
    }
}

/// The key that seals and opens.
#[derive(Clone)]
pub struct SealingKey([u8; KEY_LEN]);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl SealingKey {
    /// A fresh one.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// Reads the 64 hexadecimal digits of the setting.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        let mut key = [0; KEY_LEN];
        if text.len() != KEY_LEN * 2 || !text.is_ascii() {
            return Err(NotAKey);
        }
        for (byte, place) in key.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| NotAKey)?;
        }
        Ok(Self(key))
    }

    /// The key in the file at `path`; `None` when there is no such file. Fails when it holds something
    /// that is not a key.
    pub fn load(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text)
                .map(Some)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The key in the file at `path`, made with a fresh one (and its folder) if there is none;
    /// readable by nobody else. Fails when the file holds something that is not a key.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        if let Some(key) = Self::load(path)? {
            return Ok(key);
        }
        Self::random().save_new(path)?;
        // Two processes may start at once: what the file holds is the key of both.
        Self::load(path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn save_new(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        private_folder(folder)?;
        // Written aside and linked into place: nobody ever reads half a key.
        let draft = folder.join(format!(".secret.{}", hex(&random_bytes::<8>())));
        let mut file = private_file(&draft)?;
        let written = writeln!(file, "{}", hex(&self.0)).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
        std::fs::remove_file(&draft)?;
        linked
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: &Place, plain: &str) -> String {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: &place.bytes(),
        };
        #[expect(
            clippy::expect_used,
            reason = "fails only beyond 256 GiB, and every field has a bound"
        )]
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("fits into one message");
        format!(
            "{FORMAT}{}",
            STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())
        )
    }

    /// Opens a value at its place; `None` when the key or the place is another one, or the value
    /// was changed.
    pub fn open(&self, place: &Place, sealed: &str) -> Option<Sensitive> {
        let bytes = STANDARD_NO_PAD.decode(sealed.strip_prefix(FORMAT)?).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let aad = &place.bytes();
        let plain = self
            .cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .ok()?;
        String::from_utf8(plain).ok().map(Sensitive::new)
    }

    /// A fingerprint by which equal values are found again without opening any of them.
    pub fn fingerprint(&self, parts: &[&str]) -> String {
        #[expect(clippy::expect_used, reason = "a MAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

/// A fresh token that nobody can guess: `ls_…`.
pub fn random_token() -> Sensitive {
    let bytes: [u8; TOKEN_LEN] = random_bytes();
    Sensitive::new(format!("ls_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A fresh token by which a host says whose it is. It stands in a file that anybody may read: it need only
/// be another one for everybody.
pub fn claim_token() -> String {
    hex(&random_bytes::<CLAIM_LEN>())
}

/// A fresh secret to sign webhooks with: `whsec_…` (Standard Webhooks).
pub fn webhook_secret() -> Sensitive {
    let bytes: [u8; TOKEN_LEN] = random_bytes();
    Sensitive::new(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// What is stored of a token. A plain hash is enough for what cannot be guessed.
pub fn hash_token(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// The memory that passwords are hashed in (19 MiB), kept from one to the next. Given back, the
/// allocator would keep it all the same: once for every thread that has ever hashed.
#[derive(Default)]
pub struct Workspace(Vec<Block>);

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[workspace]")
    }
}

impl Workspace {
    fn hash(&mut self, argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Option<Output> {
        self.0
            .resize(argon2.params().block_count(), Block::default());
        let mut hash = [0; Params::DEFAULT_OUTPUT_LEN];
        argon2
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, &mut self.0)
            .ok()?;
        Output::new(&hash).ok()
    }
}

/// What is stored of a password (argon2id). Takes some tens of milliseconds: call it on a
/// blocking thread.
pub fn hash_password(password: &str, space: &mut Workspace) -> String {
    let argon2 = Argon2::default();
    let salt: [u8; SALT_LEN] = random_bytes();
    #[expect(
        clippy::expect_used,
        reason = "fails only for passwords beyond 4 GiB, and theirs are bounded"
    )]
    let hash = space
        .hash(&argon2, password, &salt)
        .expect("a bounded password");
    let hash = PasswordHash {
        algorithm: ALGORITHM_ID,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).unwrap_or_default(),
        salt: Salt::new(&salt).ok(),
        hash: Some(hash),
    };
    hash.to_string()
}

/// Whether a password is the one that was hashed. As slow as hashing: call it on a blocking
/// thread. Without a hash it takes as long and says no, so that time does not tell who exists.
pub fn verify_password(password: &str, hash: Option<&str>, space: &mut Workspace) -> bool {
    let Some(hash) = hash else {
        let _ = hash_password(password, space);
        return false;
    };
    let is_right = |hash: &PasswordHash| {
        let argon2 = Argon2::from(Params::try_from(hash).ok()?);
        let found = space.hash(&argon2, password, hash.salt.as_deref()?)?;
        // Compared in constant time.
        Some(hash.algorithm == ALGORITHM_ID && hash.hash == Some(found))
    };
    PasswordHash::new(hash)
        .ok()
        .as_ref()
        .and_then(is_right)
        .unwrap_or(false)
}

/// Makes a folder, and those above it, that nobody else may look into. One that is there stays as it is.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a file that nobody else may read. Fails when it is there.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600).open(path)
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use argon2::password_hash::PasswordVerifier as _;

    use super::*;

    fn place(row: u128) -> Place {
        Place {
            table: "monitor",
            field: "sealed",
            row: Uuid::from_u128(row),
        }
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let key = SealingKey::random();
        let sealed = key.seal(&place(1), "hunter2");
        assert!(!sealed.contains("hunter2"));
        assert_ne!(sealed, key.seal(&place(1), "hunter2"));
        assert_eq!(key.open(&place(1), &sealed).unwrap().expose(), "hunter2");
        assert_eq!(key.open(&place(2), &sealed), None);
        assert_eq!(SealingKey::random().open(&place(1), &sealed), None);
        assert_eq!(key.open(&place(1), &sealed.replace("x1:", "x1:AA")), None);
        assert_eq!(key.open(&place(1), "x1:"), None);
    }

    #[test]
    fn the_key_file_is_made_once_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secret.key");
        let key = SealingKey::load_or_create(&path).unwrap();
        let again = SealingKey::load_or_create(&path).unwrap();
        assert_eq!(key.0, again.0);
        assert_eq!(
            std::fs::read_dir(folder.path().join("data"))
                .unwrap()
                .count(),
            1
        );
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(SealingKey::load_or_create(&path).is_err());
    }

    #[test]
    fn keys_are_64_hexadecimal_digits() {
        assert!(SealingKey::parse(&"0aF9".repeat(16)).is_ok());
        for text in ["", "abc", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            assert!(SealingKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fingerprints_find_equal_values_and_tell_the_parts_apart() {
        let key = SealingKey::random();
        assert_eq!(key.fingerprint(&["a", "b"]), key.fingerprint(&["a", "b"]));
        assert_ne!(key.fingerprint(&["a", "b"]), key.fingerprint(&["ab", ""]));
    }

    #[test]
    fn tokens_are_fresh_and_hashed_alike() {
        let (a, b) = (random_token(), random_token());
        assert!(a.expose().starts_with("ls_") && a.expose().len() == 46);
        assert_ne!(a, b);
        assert_eq!(hash_token(a.expose()), hash_token(a.expose()));
        assert_eq!(hash_token("abc").len(), 64);
        assert!(webhook_secret().expose().starts_with("whsec_"));
    }

    #[test]
    fn a_password_is_verified_by_its_hash() {
        let space = &mut Workspace::default();
        let hash = hash_password("correct horse", space);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(hash, hash_password("correct horse", space));
        assert!(verify_password("correct horse", Some(&hash), space));
        assert!(!verify_password("battery staple", Some(&hash), space));
        assert!(!verify_password("correct horse", None, space));
        assert!(!verify_password("correct horse", Some("$argon2id$"), space));
        // Made elsewhere, with other parameters.
        let other = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";
        assert!(!verify_password("correct horse", Some(other), space));
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", hash.as_str())
                .is_ok()
        );
    }
}
