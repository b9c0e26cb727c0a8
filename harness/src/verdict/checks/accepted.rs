//! `accepted`: the integration goes through with a difference that Thales may make at any time.

use mock_thales::observe::{Connection, Ending, Role};

use super::super::finding::{Reason, Ruling};
use super::super::view::{REFUSAL_STATUSES, View, is_for_token_alone};
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let mut subjects = view.subjects(expectation);
    if let Some(accepted) = view.accepted_of(&subjects) {
        let seen = view.story(accepted);
        return Ruling::met(seen, vec![accepted.opened.seq]);
    }
    // Of a receiver's, those that were not.
    subjects.retain(|connection| !view.is_accepted(connection));
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    if let Some(ruling) = offers_none(view, expectation, &subjects) {
        return ruling;
    }
    let (for_tokens, witnesses): (Vec<_>, Vec<_>) = subjects
        .iter()
        .copied()
        .filter(|connection| view.is_witness(connection))
        .partition(|connection| is_for_token_alone(connection));
    let Some(last) = witnesses.last() else {
        if !for_tokens.is_empty() {
            return view.no_api_request(&for_tokens);
        }
        return view.no_witness(&subjects, controls);
    };
    let mut evidence = controls;
    evidence.push(last.opened.seq);
    let seen = view.story(last);
    match witnesses.iter().find_map(|connection| undecided(view, connection)) {
        Some(reason) => Ruling::unwitnessed(reason, seen, evidence),
        // Between two controls that were accepted, the one difference is what it refused.
        None => Ruling::violated(seen, evidence),
    }
}

/// A caller that offers none of the versions that the endpoint speaks: the counterpart ends that handshake, and yet the
/// ClientHello says it all.
fn offers_none(view: &View<'_>, expectation: &Expectation, subjects: &[&Connection]) -> Option<Ruling> {
    let spoken: Vec<_> = expectation
        .phases
        .iter()
        .filter_map(|phase| view.phase(*phase))
        .flat_map(|phase| phase.endpoints.values().flat_map(|plan| plan.versions.iter().copied()))
        .collect();
    let hello = subjects.iter().find_map(|connection| connection.hello.as_ref())?;
    let none = !spoken.is_empty() && !spoken.iter().any(|version| hello.what.offers(*version));
    none.then(|| Ruling::violated(format!("offers {} at most", hello.what.highest()), vec![hello.seq]))
}

/// Why a connection that was not accepted is no refusal either.
fn undecided(view: &View<'_>, connection: &Connection) -> Option<Reason> {
    if connection.role == Role::Client
        && let Some((status, page)) = connection.response.map(|response| response.what)
    {
        return (page.is_none() && !REFUSAL_STATUSES.contains(&status)).then_some(Reason::OtherReason);
    }
    match connection.ending() {
        Ending::Silent if view.was_ended_by_us(connection.phase) => Some(Reason::Deadline),
        // The integration's own time-out on a busy machine refuses nothing.
        Ending::Silent if !view.is_prompt(connection, false) => Some(Reason::Deadline),
        Ending::Alert(_) | Ending::Silent => None,
        Ending::Counterpart => Some(Reason::Counterpart),
        Ending::Undecided => Some(Reason::Deadline),
        Ending::NotJudged => Some(Reason::NoConnection),
        // Of a server that sent bytes which are no HTTP.
        Ending::Accepted => Some(Reason::OtherReason),
    }
}
