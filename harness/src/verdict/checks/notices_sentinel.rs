//! `notices-sentinel`: a caller that offers TLS 1.3 aborts where a ServerHello of TLS 1.2 carries the downgrade
//! sentinel (RFC 8446 section 4.1.3).

use mock_thales::observe::{Ending, TlsVersion};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::Expectation;

/// A caller that does not notice waits for the Certificate message; one that closes this late gave up waiting.
const PROMPT_US: u64 = 1_000_000;

const ILLEGAL_PARAMETER: u8 = 47;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    let witness = view.subjects(expectation).into_iter().find(|connection| view.is_witness(connection));
    let Some(connection) = witness else {
        return Ruling::unwitnessed(Reason::NoConnection, "no connection came", controls);
    };
    let evidence = vec![connection.opened.seq];
    let offers_13 = connection.hello.as_ref().is_some_and(|hello| hello.what.offers(TlsVersion::V1_3));
    if !offers_13 {
        return Ruling::unwitnessed(
            Reason::NotShown,
            "does not offer TLS 1.3, so there is nothing to notice",
            evidence,
        );
    }
    let prompt = connection.decided_after_us().is_some_and(|us| us <= PROMPT_US);
    match connection.ending() {
        // What RFC 8446 asks for is a decision whenever it comes.
        Ending::Alert(ILLEGAL_PARAMETER) => Ruling::met(view.story(connection), evidence),
        Ending::Alert(_) | Ending::Silent if prompt => Ruling::met(view.story(connection), evidence),
        _ => Ruling::unwitnessed(Reason::Deadline, view.story(connection), evidence),
    }
}
