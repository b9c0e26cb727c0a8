//! `server-anchor` and `server-chain-kept`: where the chain ends that the integration serves, and whether it still ends
//! where Thales thinks.

use std::collections::BTreeSet;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, ChainFault, chain_verifies};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::super::super::finding::Ruling;
use super::super::super::view::View;
use super::{at, environment, file, nothing};
use crate::model::{AnchorAspect, Expectation, Proof};

/// The edition of Mozilla's list that is compared with; the workspace pins the crate to it.
const EDITION: &str = "Mozilla's list as in webpki-root-certs 1.0.11";

pub(super) fn expected(aspect: AnchorAspect) -> String {
    match aspect {
        AnchorAspect::Public => format!("the server chain leads to an authority of {EDITION}"),
        AnchorAspect::TrustStore => {
            "the trust store is PEM, holds authorities, and verifies the server chain".to_owned()
        }
    }
}

pub(in super::super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: AnchorAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, chain)) = file(view, expectation, "server-chain") else {
        return nothing(format!("the integration file names no server chain for {}", environment.id));
    };
    let Some(now) = at(view.header) else { return nothing("the log does not say when it was made") };
    if let Some(why) = &chain.unreadable {
        return Ruling::violated(format!("the server chain cannot be read: {why}"), vec![seq]);
    }
    match aspect {
        AnchorAspect::Public => {
            let anchors: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|root| CertificateDer(root.to_vec())).collect();
            match verifies(&chain.certificates, &anchors, now) {
                Ok(()) => Ruling::met(format!("leads to an authority of {EDITION}"), vec![seq]),
                Err(fault) => Ruling::violated(format!("failed to {fault}; compared with {EDITION}"), vec![seq]),
            }
        }
        AnchorAspect::TrustStore => {
            let Some((seq_store, store)) = file(view, expectation, "trust-store") else {
                return nothing(format!("the integration file names no trust-store for {}", environment.id));
            };
            let evidence = vec![seq, seq_store];
            if store.format != "PEM" {
                let found = if store.format.is_empty() { "of no known format" } else { store.format.as_str() };
                return Ruling::violated(format!("the trust store is {found}, expected PEM"), evidence);
            }
            for certificate in &store.certificates {
                match CertificateFacts::read(certificate) {
                    Ok(facts) if facts.is_ca == Some(true) => {}
                    Ok(facts) => {
                        let seen = format!("the trust store holds `{}`, which is no authority", facts.subject);
                        return Ruling::violated(seen, evidence);
                    }
                    Err(error) => {
                        return Ruling::violated(format!("the trust store cannot be read: {error}"), evidence);
                    }
                }
            }
            match verifies(&chain.certificates, &store.certificates, now) {
                Ok(()) => Ruling::met(format!("{} authorities verify the chain", store.certificates.len()), evidence),
                Err(fault) => Ruling::violated(format!("failed to {fault}"), evidence),
            }
        }
    }
}

/// The chain as it is served, without its root; where that does not lead to an anchor, as it was handed over: a root that
/// another one has signed as well.
fn verifies(chain: &[CertificateDer], anchors: &[CertificateDer], now: time::OffsetDateTime) -> Result<(), ChainFault> {
    let is_root = |der: &CertificateDer| CertificateFacts::read(der).is_ok_and(|facts| facts.self_signed == Some(true));
    let served: Vec<_> = match chain.split_last() {
        Some((last, rest)) if !rest.is_empty() && is_root(last) => rest.to_vec(),
        _ => chain.to_vec(),
    };
    chain_verifies(&served, anchors, None, now)
        .or_else(|fault| chain_verifies(chain, anchors, None, now).map_err(|_| fault))
}

/// Another root or intermediate than in the chain that Thales holds. Where a person answers that Thales was told, it is
/// worth a warning; elsewhere Thales holds on to the chain, and calls will fail.
pub(in super::super) fn chain_kept(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, chain)) = file(view, expectation, "server-chain") else {
        return nothing(format!("the integration file names no server chain for {}", environment.id));
    };
    let Some((seq_before, before)) = file(view, expectation, "previous-server-chain") else {
        return nothing(format!("the integration file names no previous-server-chain for {}", environment.id));
    };
    let evidence = vec![seq_before, seq];
    if let Some(why) = chain.unreadable.as_ref().or(before.unreadable.as_ref()) {
        return nothing(format!("a server chain cannot be read: {why}"));
    }
    let known = authorities(&before.certificates);
    let new: Vec<_> = authorities(&chain.certificates)
        .into_iter()
        .filter(|(key, _)| !known.iter().any(|(other, _)| other == key))
        .map(|(_, subject)| format!("`{subject}`"))
        .collect();
    if new.is_empty() {
        return Ruling::met("the same authorities", evidence);
    }
    let seen = format!("new in the chain: {}", new.join(", "));
    let is_declared = view
        .header
        .requirements
        .iter()
        .any(|requirement| requirement.is_about(&expectation.topic) && requirement.proof == Proof::Declaration);
    if is_declared {
        Ruling::met(seen, evidence).warn("tell Thales before this chain is served")
    } else {
        Ruling::violated(format!("{seen}: tell Thales first, which holds on to the chain before"), evidence)
    }
}

/// Everything above the leaf: key and subject. A certificate that was renewed under its key is the same authority.
fn authorities(chain: &[CertificateDer]) -> BTreeSet<(String, String)> {
    chain
        .iter()
        .skip(1)
        .filter_map(|certificate| CertificateFacts::read(certificate).ok())
        .map(|facts| (facts.public_key_sha256, facts.subject))
        .collect()
}
