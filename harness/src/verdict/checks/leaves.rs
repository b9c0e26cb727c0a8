//! `leaves`: a kept-alive connection is left by itself after the address changed. Told apart from a stale cache: no new
//! connection is a pool, a new connection to the old address is a cache.

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use super::moves::{seconds, window};
use crate::model::{EndpointName, Expectation};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, left: &EndpointName) -> Ruling {
    let Some(new) = view.header.script.endpoints.keys().find(|name| *name != left) else {
        return Ruling::unwitnessed(Reason::NoConnection, "there is no other endpoint", Vec::new());
    };
    let Some(window) = window(view, expectation, new) else {
        return Ruling::unwitnessed(Reason::NoConnection, "the address never changed", Vec::new());
    };
    let is_old = |name: &EndpointName| name == left;
    let stale = view.connections.iter().find(|connection| {
        connection.opened.at_us > window.limit_us && view.endpoint_of(connection).as_ref().is_some_and(is_old)
    });
    if let Some(stale) = stale {
        let seen = "opened a new connection to the old address: a stale cache, which tells nothing about the pool";
        return Ruling::unwitnessed(Reason::OtherReason, seen, vec![stale.opened.seq]);
    }
    let kept = view
        .connections
        .iter()
        .filter(|connection| connection.opened.seq < window.changed_seq)
        .flat_map(|connection| &connection.requests)
        .rfind(|request| request.at_us > window.limit_us);
    if let Some(kept) = kept {
        let seen = format!(
            "still sends requests on a connection from before the change, {} after it",
            seconds(kept.at_us - window.changed_us)
        );
        return Ruling::violated(seen, vec![window.changed_seq, kept.seq]);
    }
    let moved = view
        .connections
        .iter()
        .find(|connection| view.endpoint_of(connection).as_ref() == Some(new) && view.is_accepted(connection));
    match moved {
        Some(moved) => Ruling::met(
            format!(
                "opened a connection to endpoint {new} {} after the change",
                seconds(moved.opened.at_us.saturating_sub(window.changed_us))
            ),
            vec![window.changed_seq, moved.opened.seq],
        ),
        None => Ruling::unwitnessed(Reason::NoConnection, "no traffic after the change", vec![window.changed_seq]),
    }
}
