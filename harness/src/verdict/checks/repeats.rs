//! `repeats`: whether a request that was answered with an error is made again before its call ends.

use mock_thales::observe::{Connection, Marks, RequestHead, Seen};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, wanted: bool) -> Ruling {
    let subjects = view.subjects(expectation);
    let mut exchanges: Vec<_> =
        subjects.iter().filter(|connection| view.is_witness(connection)).flat_map(|found| exchanges(found)).collect();
    exchanges.sort_by_key(|exchange| exchange.seq);
    // A token that is fetched after a 401 is no repetition of an error of the service.
    let is_error = |exchange: &&Exchange<'_>| exchange.status.is_some_and(|status| status >= 400 && status != 401);
    let Some(failed) = exchanges.iter().find(is_error) else {
        if exchanges.is_empty() {
            return view.no_api_request(&subjects);
        }
        return Ruling::unwitnessed(Reason::NotShown, "no request was answered with an error", Vec::new());
    };
    let status = failed.status.unwrap_or_default();
    if failed.request.path.ends_with(HEALTH) {
        let words = format!("only the health check was answered with HTTP {status}");
        return Ruling::unwitnessed(Reason::NotShown, words, vec![failed.seq]);
    }
    if view.was_ended_by_us(expectation.phases.first().copied()) {
        return Ruling::unwitnessed(Reason::Deadline, "the call did not end", vec![failed.seq]);
    }
    let is_same = |other: &&Exchange<'_>| {
        let (one, other_request) = (failed.request, other.request);
        other.seq > failed.seq && (&one.method, &one.path) == (&other_request.method, &other_request.path)
    };
    match (exchanges.iter().find(is_same).map(|again| again.seq), wanted) {
        (Some(again), true) => Ruling::met(format!("made again after HTTP {status}"), vec![failed.seq, again]),
        (Some(again), false) => Ruling::violated(format!("made again after HTTP {status}"), vec![failed.seq, again]),
        (None, true) => Ruling::violated(format!("not made again after HTTP {status}"), vec![failed.seq]),
        (None, false) => Ruling::met(format!("not made again after HTTP {status}"), vec![failed.seq]),
    }
}

/// A request that goes to the health check of the service is none of its calls.
const HEALTH: &str = "/healthcheck";

/// An API request and its answer.
struct Exchange<'a> {
    seq: u64,
    request: &'a RequestHead,
    status: Option<u16>,
}

/// The API requests of a connection: those that are followed by their marks.
fn exchanges(connection: &Connection) -> Vec<Exchange<'_>> {
    let of_marks = |marks: &Seen<Marks>| {
        let request = connection.requests.iter().rfind(|request| request.seq < marks.seq)?;
        let answer = connection.answers.iter().find(|answer| answer.seq > marks.seq);
        Some(Exchange { seq: request.seq, request: &request.what, status: answer.map(|answer| answer.what) })
    };
    connection.marks.iter().filter_map(of_marks).collect()
}
