//! `server-anchor` and `server-chain-kept`: where the chain ends that the integration serves, and whether it still ends
//! where Thales thinks.

use super::super::super::chain;
use super::super::super::finding::Ruling;
use super::super::super::view::View;
use super::{at, environment, file, nothing};
use crate::model::{AnchorAspect, Expectation, Proof};

pub(super) fn expected(aspect: AnchorAspect) -> String {
    match aspect {
        AnchorAspect::Public => format!("the server chain leads to an authority of {}", chain::EDITION),
        AnchorAspect::TrustStore => {
            "the trust store is PEM, holds authorities, and verifies the server chain".to_owned()
        }
    }
}

pub(in super::super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: AnchorAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, served)) = file(view, expectation, "server-chain") else {
        return nothing(format!("the integration file names no server chain for {}", environment.id));
    };
    let Some(now) = at(view.header) else { return nothing("the log does not say when it was made") };
    if let Some(why) = &served.unreadable {
        return Ruling::violated(format!("the server chain cannot be read: {why}"), vec![seq]);
    }
    let (ruling, evidence) = match aspect {
        AnchorAspect::Public => (chain::public(&served.certificates, now), vec![seq]),
        AnchorAspect::TrustStore => {
            let Some((seq_store, store)) = file(view, expectation, "trust-store") else {
                return nothing(format!("the integration file names no trust-store for {}", environment.id));
            };
            let ruling = chain::trust_store(&served.certificates, &store.certificates, &store.format, now);
            (ruling, vec![seq, seq_store])
        }
    };
    Ruling { evidence, ..ruling }
}

/// Another root or intermediate than in the chain that Thales holds. Where a person answers that Thales was told, it is
/// worth a warning; elsewhere Thales holds on to the chain, and calls will fail.
pub(in super::super) fn chain_kept(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, served)) = file(view, expectation, "server-chain") else {
        return nothing(format!("the integration file names no server chain for {}", environment.id));
    };
    let Some((seq_before, before)) = file(view, expectation, "previous-server-chain") else {
        return nothing(format!("the integration file names no previous-server-chain for {}", environment.id));
    };
    let evidence = vec![seq_before, seq];
    if let Some(why) = served.unreadable.as_ref().or(before.unreadable.as_ref()) {
        return nothing(format!("a server chain cannot be read: {why}"));
    }
    let is_declared = view
        .header
        .requirements
        .iter()
        .any(|requirement| requirement.is_about(&expectation.topic) && requirement.proof == Proof::Declaration);
    Ruling { evidence, ..chain::kept(&served.certificates, &before.certificates, is_declared) }
}
