//! `asks-first`: no connection before a question to the name server, and none to an address that it never answered.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::finding::{Reason, Ruling};
use super::super::view::{View, addresses};
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let mut answered: BTreeSet<IpAddr> = BTreeSet::new();
    let mut questions = view.questions().peekable();
    let mut evidence = Vec::new();
    let (subjects, nameless) = view.for_thales(view.subjects(expectation));
    for connection in &subjects {
        while let Some((fact, question)) = questions.next_if(|(fact, _)| fact.seq < connection.opened.seq) {
            evidence.push(fact.seq);
            answered.extend(addresses(question));
        }
        let address = connection.opened.what.ip();
        if answered.is_empty() && view.header.standing {
            let seen = format!(
                "connected to {address} before any question: one that runs already may hold an answer of before, or ask \
                 another name server than the portal's"
            );
            return Ruling::unwitnessed(Reason::OtherReason, seen, vec![connection.opened.seq]);
        }
        if answered.is_empty() {
            return Ruling::violated(
                format!("connected to {address} before any question for {}", view.header.context.inbound_host),
                vec![connection.opened.seq],
            );
        }
        if !answered.contains(&address) {
            evidence.push(connection.opened.seq);
            return Ruling::violated(format!("connected to {address}, which the name server never answered"), evidence);
        }
        evidence.push(connection.opened.seq);
    }
    if let Some(nameless) = nameless.first() {
        return view.nameless(nameless);
    }
    // Somebody who dials and asks for nothing has not called Thales; who leaves out the name has.
    if !subjects.iter().any(|connection| connection.first_flight.is_some()) {
        return view.no_witness(&subjects, evidence);
    }
    Ruling::met("asked, then connected to an address of the answer", evidence)
}
