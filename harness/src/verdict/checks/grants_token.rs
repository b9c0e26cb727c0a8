//! `grants-token`: a receiver that wants an access token gives Thales one, and takes it.

use mock_thales::observe::{Event, TokenFetch};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::Expectation;

/// Statuses with which an API refuses a token (RFC 6750 section 3.1).
const REFUSED: [u16; 2] = [401, 403];

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let last = view.facts.iter().rev().find_map(|fact| match &fact.event {
        Event::TokenFetched(fetch) => Some((fact.seq, fetch)),
        _ => None,
    });
    let (seq, fault) = match last {
        None => return Ruling::unwitnessed(Reason::NoConnection, "no access token was asked for", Vec::new()),
        Some((seq, TokenFetch { answered: false, .. })) => {
            return Ruling::unwitnessed(Reason::NoConnection, "its token endpoint answered nothing", vec![seq]);
        }
        Some((seq, fetch)) => (seq, &fetch.fault),
    };
    if let Some(why) = fault {
        return Ruling::violated(format!("its token endpoint gave no token: {why}"), vec![seq]);
    }
    let mut evidence = vec![seq];
    for connection in view.subjects(expectation) {
        evidence.push(connection.opened.seq);
        let status = connection.response.map(|response| response.what.0);
        if status.is_some_and(|status| REFUSED.contains(&status)) {
            return Ruling::violated(format!("its API refuses its own token: {}", view.story(connection)), evidence);
        }
        if !view.is_accepted(connection) {
            return Ruling::unwitnessed(Reason::Control, view.story(connection), evidence);
        }
    }
    match evidence.len() {
        1 => Ruling::unwitnessed(Reason::NoConnection, "no call was made with its token", evidence),
        _ => Ruling::met("its token endpoint gave a token, and its API took it", evidence),
    }
}
