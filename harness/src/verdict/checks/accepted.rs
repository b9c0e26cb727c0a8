//! `accepted`: the integration goes through with a difference that Thales may make at any time.

use mock_thales::observe::{Connection, Ending, Role};

use super::super::finding::{Reason, Ruling};
use super::super::view::{REFUSAL_STATUSES, View};
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let subjects = view.subjects(expectation);
    if let Some(accepted) = subjects.iter().find(|connection| view.is_accepted(connection)) {
        let seen = view.story(accepted);
        return Ruling::met(seen, vec![accepted.opened.seq]);
    }
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    let witnesses: Vec<_> = subjects.into_iter().filter(|connection| view.is_witness(connection)).collect();
    let Some(last) = witnesses.last() else {
        return Ruling::unwitnessed(Reason::NoConnection, "no connection came", controls);
    };
    let mut evidence = controls;
    evidence.push(last.opened.seq);
    let seen = view.story(last);
    match witnesses.iter().find_map(|connection| undecided(connection)) {
        Some(reason) => Ruling::unwitnessed(reason, seen, evidence),
        // Between two controls that were accepted, the one difference is what it refused.
        None => Ruling::violated(seen, evidence),
    }
}

/// Why a connection that was not accepted is no refusal either.
fn undecided(connection: &Connection) -> Option<Reason> {
    if connection.role == Role::Client
        && let Some((status, page)) = connection.response.map(|response| response.what)
    {
        return (page.is_none() && !REFUSAL_STATUSES.contains(&status)).then_some(Reason::OtherReason);
    }
    match connection.ending() {
        Ending::Alert(_) | Ending::Silent => None,
        Ending::Counterpart => Some(Reason::Counterpart),
        Ending::Undecided => Some(Reason::Deadline),
        Ending::NotJudged => Some(Reason::NoConnection),
        // Of a server that sent bytes which are no HTTP.
        Ending::Accepted => Some(Reason::OtherReason),
    }
}
