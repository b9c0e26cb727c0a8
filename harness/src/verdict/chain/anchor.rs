//! Where a server's chain ends: at an authority that Mozilla recognises, or at one of a trust store that was handed over.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, ChainFault, chain_verifies};
use time::OffsetDateTime;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::verdict::finding::Ruling;

/// The edition of Mozilla's list that is compared with; the workspace pins the crate to it. The crate names no date of
/// the list: that of its publication stands in the registry's index.
pub const EDITION: &str = "Mozilla's list as in webpki-root-certs 1.0.11 of 2026-10-23";

/// Whether the chain leads to an authority of Mozilla's list.
pub fn public(chain: &[CertificateDer], at: OffsetDateTime) -> Ruling {
    let anchors: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|root| CertificateDer(root.to_vec())).collect();
    match verifies(chain, &anchors, at) {
        Ok(()) => Ruling::met(format!("leads to an authority of {EDITION}"), Vec::new()),
        Err(fault) => Ruling::violated(format!("failed to {fault}; compared with {EDITION}"), Vec::new()),
    }
}

/// Whether a certificate is an authority of Mozilla's list, byte by byte.
pub fn is_listed(certificate: &CertificateDer) -> bool {
    TLS_SERVER_ROOT_CERTS.iter().any(|root| root.as_ref() == certificate.0.as_slice())
}

/// The key of the authority of Mozilla's list with that fingerprint: SHA-256 of its SubjectPublicKeyInfo, in hex.
pub fn listed_key(sha256: &str) -> Option<String> {
    TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|root| CertificateFacts::read(&CertificateDer(root.to_vec())).ok())
        .find(|facts| facts.sha256.eq_ignore_ascii_case(sha256))
        .map(|facts| facts.public_key_sha256)
}

/// Whether a trust store is what Thales can use, and verifies the chain. `format` is the store's, in words.
pub fn trust_store(chain: &[CertificateDer], store: &[CertificateDer], format: &str, at: OffsetDateTime) -> Ruling {
    if format != "PEM" {
        let found = if format.is_empty() { "of no known format" } else { format };
        return Ruling::violated(format!("the trust store is {found}, expected PEM"), Vec::new());
    }
    for certificate in store {
        match CertificateFacts::read(certificate) {
            Ok(facts) if facts.is_ca == Some(true) => {}
            Ok(facts) => {
                let seen = format!("the trust store holds `{}`, which is no authority", facts.subject);
                return Ruling::violated(seen, Vec::new());
            }
            Err(error) => return Ruling::violated(format!("the trust store cannot be read: {error}"), Vec::new()),
        }
    }
    match verifies(chain, store, at) {
        Ok(()) => Ruling::met(format!("{} authorities verify the chain", store.len()), Vec::new()),
        Err(fault) => Ruling::violated(format!("failed to {fault}"), Vec::new()),
    }
}

/// The chain as it is served, without its root; where that does not lead to an anchor, as it was handed over: a root that
/// another one has signed as well.
fn verifies(chain: &[CertificateDer], anchors: &[CertificateDer], at: OffsetDateTime) -> Result<(), ChainFault> {
    let is_root = |der: &CertificateDer| CertificateFacts::read(der).is_ok_and(|facts| facts.self_signed == Some(true));
    let served: Vec<_> = match chain.split_last() {
        Some((last, rest)) if !rest.is_empty() && is_root(last) => rest.to_vec(),
        _ => chain.to_vec(),
    };
    chain_verifies(&served, anchors, None, at)
        .or_else(|fault| chain_verifies(chain, anchors, None, at).map_err(|_| fault))
}
