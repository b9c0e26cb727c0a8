//! What a customer hands in where Thales' authority signs: a key of its own, and the request for a certificate.

use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

use super::{PkiError, pem};
use crate::plan::KeyKind;

/// A key on P-256 and a request for a certificate of it.
pub struct Applicant {
    key: KeyPair,
    request: Vec<u8>,
}

impl Applicant {
    /// Makes a key and a request under a subject: short names (`C`, `ST`, `L`, `O`, `OU`, `CN`) with values, each once,
    /// in the order of the DN.
    ///
    /// # Errors
    /// A name is none of these, or a country is not in printable letters.
    pub fn new(subject: &[(&str, &str)]) -> Result<Self, PkiError> {
        let wrong = |name: &str| PkiError::Request { why: format!("`{name}` is no attribute that it can carry") };
        let mut name = DistinguishedName::new();
        for (short, value) in subject {
            let kind = match *short {
                "C" => DnType::CountryName,
                "ST" => DnType::StateOrProvinceName,
                "L" => DnType::LocalityName,
                "O" => DnType::OrganizationName,
                "OU" => DnType::OrganizationalUnitName,
                "CN" => DnType::CommonName,
                other => return Err(wrong(other)),
            };
            let value = match kind {
                // X.520: a printable string.
                DnType::CountryName => DnValue::PrintableString((*value).try_into().map_err(|_| wrong(short))?),
                _ => DnValue::Utf8String((*value).to_owned()),
            };
            name.push(kind, value);
        }
        let key = KeyPair::generate().map_err(|error| PkiError::Key { kind: KeyKind::P256, error })?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        let request = params.serialize_request(&key).map_err(|error| PkiError::Request { why: error.to_string() })?;
        Ok(Self { key, request: request.der().to_vec() })
    }

    /// The request in DER.
    pub fn request_der(&self) -> &[u8] {
        &self.request
    }

    /// The request in PEM.
    pub fn request_pem(&self) -> String {
        pem::block("CERTIFICATE REQUEST", &self.request)
    }

    /// The key in PEM, as PKCS#8.
    pub fn key_pem(&self) -> String {
        pem::block("PRIVATE KEY", self.key.serialized_der())
    }

    /// The key.
    pub(super) fn key(&self) -> &KeyPair {
        &self.key
    }
}

/// Without the key.
impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applicant").finish_non_exhaustive()
    }
}
