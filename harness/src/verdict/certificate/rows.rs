//! Which requirement each aspect of a document is about, where a whole document is judged at once.

use super::{Document, met, violated};
use crate::model::CertificateAspect;
use crate::verdict::finding::Ruling;

/// An aspect with its topic, and the field of the document that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The requirement's topic.
    pub topic: &'static str,
    /// The field, in a word or two.
    pub field: &'static str,
    /// What is judged.
    pub aspect: CertificateAspect,
}

const fn row(topic: &'static str, field: &'static str, aspect: CertificateAspect) -> Row {
    Row { topic, field, aspect }
}

/// What is looked at in a client certificate. Whether it is presented, and is the endorsed one, only a connection shows.
pub const CERTIFICATE_ROWS: [Row; 13] = [
    row("inbound.certificate.self-signed", "signature", CertificateAspect::SelfSigned),
    row("inbound.certificate.issued", "issuer", CertificateAspect::Issued),
    row("inbound.certificate.key", "key", CertificateAspect::Key),
    row("inbound.certificate.not-rsa-2048", "key", CertificateAspect::NotRsa2048),
    row("inbound.certificate.elliptic-curve", "key", CertificateAspect::EllipticCurve),
    row("inbound.certificate.hash", "signature hash", CertificateAspect::Hash),
    row("inbound.certificate.validity", "validity", CertificateAspect::Validity),
    row("inbound.certificate.subject", "subject", CertificateAspect::Subject),
    row("inbound.certificate.common-name", "CN", CertificateAspect::CommonName),
    row("inbound.certificate.environment-word", "CN", CertificateAspect::EnvironmentWord),
    row("inbound.certificate.algorithm-word", "CN", CertificateAspect::AlgorithmWord),
    row("general.customer", "customer-id", CertificateAspect::CustomerId),
    row("inbound.certificate.usage", "extensions", CertificateAspect::Usage),
];

/// What is looked at in a request to sign.
pub const REQUEST_ROWS: [Row; 8] = [
    row("inbound.certificate.key", "key", CertificateAspect::Key),
    row("inbound.certificate.not-rsa-2048", "key", CertificateAspect::NotRsa2048),
    row("inbound.certificate.hash", "signature hash", CertificateAspect::Hash),
    row("inbound.certificate.subject", "subject", CertificateAspect::Subject),
    row("inbound.certificate.common-name", "CN", CertificateAspect::CommonName),
    row("inbound.certificate.environment-word", "CN", CertificateAspect::EnvironmentWord),
    row("inbound.certificate.algorithm-word", "CN", CertificateAspect::AlgorithmWord),
    row("general.customer", "customer-id", CertificateAspect::CustomerId),
];

/// The topic of a request that nobody's key signed: nothing in it could be believed.
pub const SIGNED: &str = "inbound.certificate.subject";

/// The topic of a request that renews a certificate.
pub const RENEWAL: &str = "inbound.certificate.renewal-request";

/// Whether a request is signed with its own key.
pub fn signed(request: &Document) -> Ruling {
    match request.self_signed {
        Some(true) => met("signed with its own key"),
        Some(false) => violated("its signature is not by its own key"),
        None => met("its signature").warn("its signature cannot be verified here"),
    }
}
