//! Whether a request keeps the DN of what it renews.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, PkiError, RequestFacts, request_subject_der, subject_der};

use super::{met, violated};
use crate::verdict::finding::Ruling;

/// Who a certificate or a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// RFC 4514.
    pub subject: String,
    subject_der: Vec<u8>,
    parts: Vec<(String, String)>,
    /// SHA-256 of the key, in hex.
    key: String,
}

impl Holder {
    /// Of a certificate.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn certificate(der: &CertificateDer) -> Result<Self, PkiError> {
        let (facts, subject_der) = (CertificateFacts::read(der)?, subject_der(der)?);
        let (subject, parts, key) = (facts.subject, facts.subject_parts, facts.public_key_sha256);
        Ok(Self { subject, subject_der, parts, key })
    }

    /// Of a request in DER.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn request(der: &[u8]) -> Result<Self, PkiError> {
        let (facts, subject_der) = (RequestFacts::read(der)?, request_subject_der(der)?);
        let (subject, parts, key) = (facts.subject, facts.subject_parts, facts.public_key_sha256);
        Ok(Self { subject, subject_der, parts, key })
    }
}

/// Compares what is asked for with what it renews. That it keeps the key, too, is worth a warning.
pub fn renewal(before: &Holder, now: &Holder) -> Ruling {
    if before.parts != now.parts {
        return violated(format!("its DN is `{}`, that before it `{}`", now.subject, before.subject));
    }
    let mut ruling = met(format!("the same subject, `{}`", now.subject));
    if before.subject_der != now.subject_der {
        ruling = ruling.warn("the subject reads the same and is encoded in another way");
    }
    if before.key == now.key {
        ruling = ruling.warn("the key is that of before: a renewal is the occasion for a new one");
    }
    ruling
}
