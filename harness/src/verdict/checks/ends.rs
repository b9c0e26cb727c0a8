//! `ends`: a call whose certificate Thales refused ends with an error: no hang, no storm of connections.

use mock_thales::observe::Claim;

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use super::moves::seconds;
use crate::model::{Ends, Expectation};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, bounds: Ends) -> Ruling {
    let refused: Vec<_> = view
        .subjects(expectation)
        .into_iter()
        // Whoever was turned away before the first flight was not turned away for its certificate.
        .filter(|connection| view.is_witness(connection))
        .filter(|connection| connection.local_error.is_some() || !connection.alerts_sent.is_empty())
        .collect();
    let Some(first) = refused.first() else {
        return Ruling::unwitnessed(Reason::NoConnection, "no connection was refused", Vec::new());
    };
    let calls: Vec<_> =
        view.calls.iter().filter(|call| call.phase.is_some_and(|phase| expectation.phases.contains(&phase))).collect();
    let mut evidence = vec![first.opened.seq];
    let mut claims_success = false;
    for call in &calls {
        evidence.push(call.began.seq);
        match &call.ended {
            None => return Ruling::violated("a call never ended", evidence),
            Some(ended) => {
                let (claim, took_us) = &ended.what;
                evidence.push(ended.seq);
                if *claim == Claim::TimedOut || *took_us > bounds.within.0 * 1000 {
                    return Ruling::violated(format!("a call hung for {}", seconds(*took_us)), evidence);
                }
                claims_success |= matches!(claim, Claim::Completed { .. });
            }
        }
    }
    let connections = view.subjects(expectation).len();
    if connections > bounds.connections as usize * calls.len().max(1) {
        let seen = format!("{connections} connections for {} call(s)", calls.len());
        return Ruling::violated(seen, evidence);
    }
    let ruling = Ruling::met(format!("{} call(s) ended after {connections} connection(s)", calls.len()), evidence);
    if claims_success {
        return ruling.warn("the integration claims that a refused call succeeded");
    }
    ruling
}
