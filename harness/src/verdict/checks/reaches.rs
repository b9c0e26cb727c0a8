//! `reaches`: traffic goes to one endpoint, as the name server says. A connection elsewhere is another check's business
//! (`asks-first`, `moves`): it tells nothing about this address.

use super::super::finding::{Reason, Ruling};
use super::super::view::{View, addresses};
use crate::model::{EndpointName, Expectation};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, wanted: &EndpointName) -> Ruling {
    let subjects = view.subjects(expectation);
    let reached: Vec<_> = subjects
        .iter()
        .filter(|connection| view.endpoint_of(connection).as_ref() == Some(wanted) && view.is_accepted(connection))
        .map(|connection| connection.opened.seq)
        .collect();
    if !reached.is_empty() {
        return Ruling::met(format!("{} connection(s) to endpoint {wanted}", reached.len()), reached);
    }
    if let Some(elsewhere) = subjects.iter().find(|connection| view.endpoint_of(connection).as_ref() != Some(wanted)) {
        let address = elsewhere.opened.what.ip();
        let seen = format!("connected to {address}, which is not what the name server answers now");
        return Ruling::unwitnessed(Reason::OtherReason, seen, vec![elsewhere.opened.seq]);
    }
    if let Some(connection) = subjects.first() {
        let seen = format!("connected to endpoint {wanted}, and then: {}", view.story(connection));
        return Ruling::unwitnessed(Reason::NoConnection, seen, vec![connection.opened.seq]);
    }
    let address = view.header.script.endpoints.get(wanted);
    let told = view.questions().find(|(fact, question)| {
        fact.phase.is_some_and(|phase| expectation.phases.contains(&phase))
            && address.is_some_and(|address| addresses(question).contains(address))
    });
    let went_through_before = view.connections.iter().any(|connection| view.is_accepted(connection));
    match told {
        // It connects to other addresses, asked for this one, and did not connect.
        Some((question, _)) if went_through_before => Ruling::violated(
            format!("was told the address of endpoint {wanted} and did not connect"),
            vec![question.seq],
        ),
        _ => Ruling::unwitnessed(Reason::NoConnection, "no connection came", Vec::new()),
    }
}
