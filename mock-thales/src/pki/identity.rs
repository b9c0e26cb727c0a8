//! A certificate chain with the key of its leaf.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{PkiError, pem};
use crate::observe::CertificateDer;

/// A certificate chain with the key of its leaf.
#[derive(Clone)]
pub struct Identity {
    /// Leaf first, as it is to be sent.
    pub chain: Vec<CertificateDer>,
    /// PKCS#8 in DER.
    key: Vec<u8>,
    /// The key as rustls signs with it, once somebody has asked: to load a key costs more than to sign with it.
    signer: OnceLock<Arc<dyn SigningKey>>,
}

impl Identity {
    /// From a chain, leaf first, and the leaf's key as PKCS#8 in DER. `None` for an empty chain.
    pub fn new(chain: Vec<CertificateDer>, key_pkcs8: Vec<u8>) -> Option<Self> {
        (!chain.is_empty()).then_some(Self { chain, key: key_pkcs8, signer: OnceLock::new() })
    }

    /// A chain that was just made for that key.
    pub(super) fn with_leaf(chain: Vec<CertificateDer>, key: &rcgen::KeyPair) -> Self {
        Self { chain, key: key.serialize_der(), signer: OnceLock::new() }
    }

    /// From files in PEM: a chain, leaf first, and a key in PKCS#8, PKCS#1 or SEC 1. Other blocks are skipped. Whether
    /// the key belongs to the leaf is not looked at.
    pub fn from_pem(chain_pem: &[u8], key_pem: &[u8]) -> Result<Self, PkiError> {
        let unreadable = |why: &dyn fmt::Display| PkiError::Pem { what: "certificate", why: why.to_string() };
        let mut chain = Vec::new();
        for block in rustls_pki_types::CertificateDer::pem_slice_iter(chain_pem) {
            chain.push(CertificateDer(block.map_err(|error| unreadable(&error))?.to_vec()));
        }
        Self::with_key_pem(chain, key_pem)
    }

    /// From a chain, leaf first, and the leaf's key in a file as [`Self::from_pem`] takes it.
    pub fn with_key_pem(chain: Vec<CertificateDer>, key_pem: &[u8]) -> Result<Self, PkiError> {
        let key = PrivateKeyDer::from_pem_slice(key_pem)
            .map_err(|error| PkiError::Pem { what: "private key", why: error.to_string() })?;
        let none = || PkiError::Pem { what: "certificate", why: "no certificate found".to_owned() };
        Self::new(chain, pkcs8(&key)?).ok_or_else(none)
    }

    /// The leaf.
    pub fn leaf(&self) -> &CertificateDer {
        &self.chain[0]
    }

    /// The chain in PEM, leaf first.
    pub fn chain_pem(&self) -> String {
        pem::certificates(&self.chain)
    }

    /// The key in PEM, as PKCS#8.
    pub fn key_pem(&self) -> String {
        pem::block("PRIVATE KEY", &self.key)
    }

    /// Chain and key in one text, as HAProxy reads them.
    pub fn chain_and_key_pem(&self) -> String {
        self.chain_pem() + &self.key_pem()
    }

    /// The key as PKCS#8 in DER.
    pub fn key_pkcs8(&self) -> &[u8] {
        &self.key
    }

    /// The chain as rustls takes it.
    pub fn rustls_chain(&self) -> Vec<rustls_pki_types::CertificateDer<'static>> {
        self.chain.iter().map(|certificate| certificate.0.clone().into()).collect()
    }

    /// The key as rustls takes it.
    pub fn rustls_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    /// Chain and key as rustls shows them, in either role. The key is loaded once; it knows of no connection, so that
    /// everybody may share it.
    ///
    /// # Errors
    /// The key is of no kind that rustls knows, or is not the leaf's.
    pub fn certified(&self) -> Result<CertifiedKey, Error> {
        let signer = match self.signer.get() {
            Some(signer) => signer,
            None => {
                let provider = rustls::crypto::aws_lc_rs::default_provider();
                let loaded = provider.key_provider.load_private_key(self.rustls_key())?;
                self.signer.get_or_init(|| loaded)
            }
        };
        let certified = CertifiedKey::new(self.rustls_chain(), Arc::clone(signer));
        match certified.keys_match() {
            // A key that does not tell its public half cannot be compared.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
            Err(error) => Err(error),
        }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain && self.key == other.key
    }
}

impl Eq for Identity {}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("chain", &self.chain).finish_non_exhaustive()
    }
}

fn pkcs8(key: &PrivateKeyDer<'_>) -> Result<Vec<u8>, PkiError> {
    let unreadable = |why: &dyn fmt::Display| PkiError::Pem { what: "private key", why: why.to_string() };
    match key {
        PrivateKeyDer::Pkcs8(key) => Ok(key.secret_pkcs8_der().to_vec()),
        PrivateKeyDer::Pkcs1(key) => {
            let pair = rsa::KeyPair::from_der(key.secret_pkcs1_der()).map_err(|error| unreadable(&error))?;
            let der = pair.as_der().map_err(|error| unreadable(&error))?;
            Ok(der.as_ref().to_vec())
        }
        PrivateKeyDer::Sec1(key) => {
            let curves =
                [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];
            let pair = curves
                .into_iter()
                .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, key.secret_sec1_der()).ok())
                .ok_or_else(|| unreadable(&"its curve is none of P-256, P-384 and P-521"))?;
            let der = pair.to_pkcs8v1().map_err(|error| unreadable(&error))?;
            Ok(der.as_ref().to_vec())
        }
        _ => Err(unreadable(&"its encoding is none of PKCS#8, PKCS#1 and SEC 1")),
    }
}
