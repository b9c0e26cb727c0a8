//! `server-chain`: what the receiver serves verifies from the chain handed over, and for its host.

use mock_thales::observe::CertificateDer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::chain;
use super::super::finding::{Outcome, Reason, Ruling};
use super::super::view::View;
use crate::model::{ChainAspect, Expectation, Header};

pub(super) fn expected(header: &Header, aspect: ChainAspect) -> String {
    match aspect {
        ChainAspect::Complete => {
            "the served chain is complete and verifies from the chain handed over alone".to_owned()
        }
        ChainAspect::Host => format!("the served certificate names {}", header.context.issuer_host),
        ChainAspect::Kept => "the authorities of the served chain are those of the chain handed over".to_owned(),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: ChainAspect) -> Ruling {
    let context = &view.header.context;
    let Ok(at) = OffsetDateTime::parse(&view.header.started, &Rfc3339) else {
        return Ruling::unwitnessed(Reason::NotShown, "the log does not say when it was made", Vec::new());
    };
    let judge = |served: &[CertificateDer]| match aspect {
        ChainAspect::Complete => chain::complete(served, &chain::anchors(&context.server_chain), at),
        ChainAspect::Host => chain::host(&context.issuer_host, served),
        ChainAspect::Kept => chain::kept(served, &context.server_chain, false),
    };
    // Behind one name there may be several servers, and several names on one.
    let mut rulings = Vec::new();
    for connection in view.subjects(expectation) {
        let Some(served) = &connection.certificate else { continue };
        let ruling = Ruling { evidence: vec![served.seq], ..judge(&served.what.0) };
        if ruling.outcome == Outcome::Violated {
            return ruling;
        }
        rulings.push(ruling);
    }
    let nothing = || Ruling::unwitnessed(Reason::NotShown, "no certificate was served", Vec::new());
    rulings.into_iter().next().unwrap_or_else(nothing)
}
