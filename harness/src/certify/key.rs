//! Keys that sign certificates of readiness: P-256 with SHA-256, or Ed25519. Private ones come from PKCS#8 files that
//! nobody else may read, and are never written.

use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

/// Columns of a PEM file.
const PEM_LINE: usize = 64;
/// Permissions of everyone but the owner.
const OTHERS: u32 = 0o077;

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Never the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its SubjectPublicKeyInfo.
    der: Vec<u8>,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// Why a key cannot be used.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// Others than its owner may read or write the file.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no key of a kind that signs.
    Unfit {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "{}: the key cannot be read: {error}", path.display()),
            Self::Exposed { path, mode } => {
                let path = path.display();
                write!(f, "{path}: the key is open to others (mode {mode:03o}): chmod 600 {path}")
            }
            Self::Unfit { path, expected } => write!(f, "{}: no key that signs, expected {expected}", path.display()),
        }
    }
}

impl std::error::Error for KeyError {}

impl SigningKey {
    /// From a PKCS#8 file in PEM.
    ///
    /// # Errors
    /// The file cannot be read, is open to others than its owner, or holds no key on P-256 or Ed25519.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |error| KeyError::Unreadable { path: path.to_owned(), error };
        let mode = std::fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
        if mode & OTHERS != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        let pem = std::fs::read(path).map_err(unreadable)?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).ok();
        let expected = "PKCS#8 in PEM, P-256 or Ed25519, without a passphrase";
        der.and_then(|der| Self::from_pkcs8(der.secret_pkcs8_der()))
            .ok_or_else(|| KeyError::Unfit { path: path.to_owned(), expected })
    }

    /// A key of this process alone, on P-256; `None` where the machine gives no random numbers.
    #[cfg(test)]
    pub(super) fn generate_p256() -> Option<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok()?;
        Self::from_pkcs8(pair.to_pkcs8v1().ok()?.as_ref())
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let (pair, public) = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der) {
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
            let public = public.as_ref().to_vec();
            (Pair::P256(pair), public)
        } else {
            let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
            let public = public.as_ref().to_vec();
            (Pair::Ed25519(pair), public)
        };
        Some(Self { pair, public: PublicKey { der: public } })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .expect("a key that was parsed signs: the library seeds its generator itself")
                .as_ref()
                .to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

impl PublicKey {
    /// From a file in PEM (SubjectPublicKeyInfo, RFC 5280).
    ///
    /// # Errors
    /// The file cannot be read, or holds no public key on P-256 or Ed25519.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let pem = std::fs::read(path).map_err(|error| KeyError::Unreadable { path: path.to_owned(), error })?;
        let expected = "a public key in PEM (BEGIN PUBLIC KEY), P-256 or Ed25519";
        Self::from_pem(&pem).ok_or_else(|| KeyError::Unfit { path: path.to_owned(), expected })
    }

    /// From PEM, as far as it is a key of a kind that signs.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?.to_vec();
        let key = Self { der };
        key.parsed().is_some().then_some(key)
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(&ED25519, &self.der)
            .or_else(|_| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.der))
            .ok()
    }

    /// In PEM.
    pub fn to_pem(&self) -> String {
        let text = BASE64_STANDARD.encode(&self.der);
        let lines: Vec<_> = text.as_bytes().chunks(PEM_LINE).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// SHA-256 of its SubjectPublicKeyInfo, in lower-case hexadecimal.
    pub fn id(&self) -> String {
        super::bundle::sha256(&self.der)
    }

    /// Whether a signature is by this key, and over this message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}
