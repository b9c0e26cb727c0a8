//! Stores in PKCS#12 (RFC 7292), as JVMs and .NET read them.
//!
//! AES-256 under PBES2 and an HMAC of SHA-256: JDK 17 and OpenSSL 3 read it. Older JVMs may know only older schemes.

use p12_keystore::error::Error as StoreError;
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use sha2::{Digest as _, Sha256};

use super::{Identity, PkiError};
use crate::observe::CertificateDer;

/// A store with one key entry, `identity`, and its chain; `rest` continues the chain upwards.
pub fn pkcs12(identity: &Identity, rest: &[CertificateDer], password: &str) -> Result<Vec<u8>, PkiError> {
    let chain = identity.chain.iter().chain(rest).map(certificate).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKey::from_der(identity.key_pkcs8()).map_err(|error| failed(&error))?;
    // Any value does that ties the key to its leaf.
    let id = Sha256::digest(&identity.leaf().0).to_vec();
    let mut store = KeyStore::new();
    store.add_entry("identity", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(id, key, chain)));
    write(&store, password)
}

/// A store of trusted certificates, `trusted-1` and so on, marked as such for the JVM.
pub fn pkcs12_trust<'a>(
    certificates: impl IntoIterator<Item = &'a CertificateDer>,
    password: &str,
) -> Result<Vec<u8>, PkiError> {
    let mut store = KeyStore::new();
    for (index, trusted) in certificates.into_iter().enumerate() {
        store.add_entry(&format!("trusted-{}", index + 1), KeyStoreEntry::Certificate(certificate(trusted)?));
    }
    write(&store, password)
}

fn certificate(certificate: &CertificateDer) -> Result<Certificate, PkiError> {
    Certificate::from_der(&certificate.0).map_err(|error| failed(&error))
}

fn write(store: &KeyStore, password: &str) -> Result<Vec<u8>, PkiError> {
    store.writer(password).write().map_err(|error| failed(&error))
}

fn failed(error: &StoreError) -> PkiError {
    PkiError::Pkcs12 { why: error.to_string() }
}
