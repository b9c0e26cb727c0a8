//! `server-chain`: what the receiver serves verifies from the chain handed over, and for its host.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, ChainFault, chain_verifies};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{ChainAspect, Expectation, Header};

pub(super) fn expected(header: &Header, aspect: ChainAspect) -> String {
    match aspect {
        ChainAspect::Complete => {
            "the served chain is complete and verifies from the chain handed over alone".to_owned()
        }
        ChainAspect::Host => format!("the served certificate names {}", header.context.issuer_host),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: ChainAspect) -> Ruling {
    let context = &view.header.context;
    let served = view.subjects(expectation).into_iter().find_map(|connection| connection.certificate.as_ref());
    let Some(served) = served else {
        return Ruling::unwitnessed(Reason::NotShown, "no certificate was served", Vec::new());
    };
    let Ok(at) = OffsetDateTime::parse(&view.header.started, &Rfc3339) else {
        return Ruling::unwitnessed(Reason::NotShown, "the log does not say when it was made", Vec::new());
    };
    match aspect {
        ChainAspect::Complete => complete(&served.what.0, &anchors(&context.server_chain), at, served.seq),
        ChainAspect::Host => host(&context.issuer_host, &served.what.0, served.seq),
    }
}

/// Whether the chain leads to an anchor. One that does so in another order is taken with a warning: RFC 5246 demands the
/// order, RFC 8446 asks peers to bear without it, and no document of Thales says more.
fn complete(served: &[CertificateDer], anchors: &[CertificateDer], at: OffsetDateTime, seq: u64) -> Ruling {
    let fault = match chain_verifies(served, anchors, None, at) {
        Ok(()) => return Ruling::met(format!("{} certificate(s) served", served.len()), vec![seq]),
        Err(fault) => fault,
    };
    let is_order = matches!(fault, ChainFault::OutOfOrder { .. });
    if is_order && chain_verifies(&in_order(served), anchors, None, at).is_ok() {
        return Ruling::met(format!("{} certificate(s) served", served.len()), vec![seq]).warn(
            "the chain is not in order, or holds certificates that do not belong to it (RFC 8446 section 4.4.2)",
        );
    }
    Ruling::violated(format!("failed to {fault}"), vec![seq])
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
fn host(host: &str, chain: &[CertificateDer], seq: u64) -> Ruling {
    let unreadable = |why: String| Ruling::violated(format!("the leaf cannot be read: {why}"), vec![seq]);
    let Some(leaf) = chain.first() else { return unreadable("the chain is empty".to_owned()) };
    let der = rustls_pki_types::CertificateDer::from(leaf.0.as_slice());
    let leaf = match webpki::EndEntityCert::try_from(&der) {
        Ok(leaf) => leaf,
        Err(error) => return unreadable(error.to_string()),
    };
    let Ok(name) = rustls_pki_types::ServerName::try_from(host) else {
        return Ruling::unwitnessed(Reason::NotShown, format!("`{host}` is no host name"), vec![seq]);
    };
    match leaf.verify_is_valid_for_subject_name(&name) {
        Ok(()) => Ruling::met(format!("names {host}"), vec![seq]),
        Err(_) => {
            let names: Vec<_> = leaf.valid_dns_names().collect();
            Ruling::violated(format!("names {} and not {host}", names.join(", ")), vec![seq])
        }
    }
}

/// What the served chain has to reach by itself: the roots that were handed over; without one, the last certificate of
/// the chain. An intermediate below them is no anchor, or a server that leaves it out would seem complete.
fn anchors(chain: &[CertificateDer]) -> Vec<CertificateDer> {
    let is_root = |certificate: &&CertificateDer| {
        CertificateFacts::read(certificate).is_ok_and(|facts| facts.self_signed == Some(true))
    };
    let roots: Vec<_> = chain.iter().filter(is_root).cloned().collect();
    if roots.is_empty() { chain.last().cloned().into_iter().collect() } else { roots }
}
