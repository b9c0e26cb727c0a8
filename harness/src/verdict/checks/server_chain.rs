//! `server-chain`: what the receiver serves verifies from the chain handed over, and for its host.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::chain;
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
    let ruling = match aspect {
        ChainAspect::Complete => chain::complete(&served.what.0, &chain::anchors(&context.server_chain), at),
        ChainAspect::Host => chain::host(&context.issuer_host, &served.what.0),
    };
    Ruling { evidence: vec![served.seq], ..ruling }
}
