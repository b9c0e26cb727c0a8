//! Whether a chain is complete, in order, and for its host.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, ChainFault, chain_verifies};
use time::OffsetDateTime;

use crate::verdict::finding::{Reason, Ruling};

/// Whether the chain leads to an anchor. One that does so in another order is taken with a warning: RFC 5246 demands the
/// order, RFC 8446 asks peers to bear without it, and no document of Thales says more.
pub fn complete(served: &[CertificateDer], anchors: &[CertificateDer], at: OffsetDateTime) -> Ruling {
    let fault = match chain_verifies(served, anchors, None, at) {
        Ok(()) => return Ruling::met(format!("{} certificate(s) served", served.len()), Vec::new()),
        Err(fault) => fault,
    };
    let is_order = matches!(fault, ChainFault::OutOfOrder { .. });
    if is_order && chain_verifies(&in_order(served), anchors, None, at).is_ok() {
        return Ruling::met(format!("{} certificate(s) served", served.len()), Vec::new()).warn(
            "the chain is not in order, or holds certificates that do not belong to it (RFC 8446 section 4.4.2)",
        );
    }
    Ruling::violated(format!("failed to {fault}"), Vec::new())
}

/// The leaf and, from link to link, the certificate that issued the one before.
fn in_order(served: &[CertificateDer]) -> Vec<CertificateDer> {
    let facts: Vec<_> = served
        .iter()
        .filter_map(|certificate| Some((certificate, CertificateFacts::read(certificate).ok()?)))
        .collect();
    let mut path: Vec<&(&CertificateDer, CertificateFacts)> = facts.first().into_iter().collect();
    while let Some((_, last)) = path.last()
        && let Some(issuer) = facts.iter().find(|(_, facts)| facts.subject == last.issuer && facts.subject != last.subject)
        // A circle of issuers is longer than the chain.
        && path.len() < facts.len()
    {
        path.push(issuer);
    }
    path.into_iter().map(|(certificate, _)| (*certificate).clone()).collect()
}

/// Whether the leaf names the host, whoever issued it.
pub fn host(host: &str, chain: &[CertificateDer]) -> Ruling {
    let unreadable = |why: String| Ruling::violated(format!("the leaf cannot be read: {why}"), Vec::new());
    let Some(leaf) = chain.first() else { return unreadable("the chain is empty".to_owned()) };
    let der = rustls_pki_types::CertificateDer::from(leaf.0.as_slice());
    let leaf = match webpki::EndEntityCert::try_from(&der) {
        Ok(leaf) => leaf,
        Err(error) => return unreadable(error.to_string()),
    };
    let Ok(name) = rustls_pki_types::ServerName::try_from(host) else {
        return Ruling::unwitnessed(Reason::NotShown, format!("`{host}` is no host name"), Vec::new());
    };
    match leaf.verify_is_valid_for_subject_name(&name) {
        Ok(()) => Ruling::met(format!("names {host}"), Vec::new()),
        Err(_) => {
            let names: Vec<_> = leaf.valid_dns_names().collect();
            Ruling::violated(format!("names {} and not {host}", names.join(", ")), Vec::new())
        }
    }
}

/// What the served chain has to reach by itself: the roots that were handed over; without one, the last certificate of
/// the chain. An intermediate below them is no anchor, or a server that leaves it out would seem complete.
pub fn anchors(chain: &[CertificateDer]) -> Vec<CertificateDer> {
    let is_root = |certificate: &&CertificateDer| {
        CertificateFacts::read(certificate).is_ok_and(|facts| facts.self_signed == Some(true))
    };
    let roots: Vec<_> = chain.iter().filter(is_root).cloned().collect();
    if roots.is_empty() { chain.last().cloned().into_iter().collect() } else { roots }
}
