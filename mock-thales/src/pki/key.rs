//! Keys of what a run issues. Keys on curves are made afresh; RSA keys are made once a process, when first needed,
//! since making one takes 35 to 210 ms.

use std::sync::{Arc, OnceLock};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize};
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::PkiError;
use crate::plan::KeyKind;

/// Which key of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAge {
    /// The one in use today.
    Today,
    /// One that replaces it, and therefore differs from it.
    Renewed,
}

/// A key of that kind.
pub(super) fn mint(kind: KeyKind, age: KeyAge) -> Result<Arc<KeyPair>, PkiError> {
    let made = match kind {
        KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map(Arc::new),
        KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).map(Arc::new),
        KeyKind::Rsa2048 => rsa_2048(age),
    };
    made.map_err(|error| PkiError::Key { kind, error })
}

/// A key of that kind, read from PKCS#8.
pub(super) fn load(kind: KeyKind, pkcs8: &[u8]) -> Result<Arc<KeyPair>, PkiError> {
    load_pair(kind, pkcs8).map(Arc::new)
}

/// The same, for one owner.
pub(super) fn load_pair(kind: KeyKind, pkcs8: &[u8]) -> Result<KeyPair, PkiError> {
    let algorithm = match kind {
        KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
        KeyKind::Rsa2048 => &PKCS_RSA_SHA256,
    };
    let read = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), algorithm);
    read.map_err(|error| PkiError::Key { kind, error })
}

fn rsa_2048(age: KeyAge) -> Result<Arc<KeyPair>, rcgen::Error> {
    static TODAY: OnceLock<Result<Arc<KeyPair>, rcgen::Error>> = OnceLock::new();
    static RENEWED: OnceLock<Result<Arc<KeyPair>, rcgen::Error>> = OnceLock::new();
    let slot = match age {
        KeyAge::Today => &TODAY,
        KeyAge::Renewed => &RENEWED,
    };
    slot.get_or_init(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map(Arc::new)).clone()
}
