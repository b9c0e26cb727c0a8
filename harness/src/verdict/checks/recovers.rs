//! `recovers`: after the name server failed for a while, the caller asks again and goes on. Who did not ask while it
//! failed, since it still knew an address, has shown nothing: whether it asks afterwards is a matter of its cache.

use mock_thales::observe::Answer;

use super::super::finding::{Reason, Ruling};
use super::super::view::{View, addresses};
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let calls: Vec<_> =
        view.calls.iter().filter(|call| call.phase.is_some_and(|phase| expectation.phases.contains(&phase))).collect();
    let Some(first_call) = calls.first() else {
        return Ruling::unwitnessed(Reason::NoConnection, "no call was made", Vec::new());
    };
    let reached_before = view.connections.iter().any(|connection| {
        view.is_accepted(connection) && connection.phase.is_some_and(|phase| !expectation.phases.contains(&phase))
    });
    if !reached_before {
        let seen = "no call went through before the name server failed";
        return Ruling::unwitnessed(Reason::Control, seen, vec![first_call.began.seq]);
    }
    let failed_look_up = view.questions().any(|(fact, question)| {
        !matches!(question.answer, Answer::Addresses { .. }) && fact.seq < first_call.began.seq
    });
    if !failed_look_up {
        let seen = "did not ask while the name server failed";
        return Ruling::unwitnessed(Reason::NotShown, seen, vec![first_call.began.seq]);
    }
    let arrived = view.subjects(expectation).into_iter().find(|connection| view.is_accepted(connection));
    let asked = view.questions().find(|(fact, question)| {
        fact.phase.is_some_and(|phase| expectation.phases.contains(&phase)) && !addresses(question).is_empty()
    });
    match (arrived, asked) {
        (Some(arrived), Some((question, _))) => {
            Ruling::met("asked again and reached the endpoint", vec![question.seq, arrived.opened.seq])
        }
        (Some(arrived), None) => Ruling::unwitnessed(
            Reason::OtherReason,
            "reached the endpoint without asking again",
            vec![arrived.opened.seq],
        ),
        (None, Some((question, _))) => {
            Ruling::violated("asked again and did not connect", vec![first_call.began.seq, question.seq])
        }
        (None, None) => {
            let evidence = vec![first_call.began.seq];
            Ruling::violated(format!("did not ask again in {} calls", calls.len()), evidence)
        }
    }
}
