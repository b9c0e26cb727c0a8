//! `asks`: a request with a certain method and path is made at all, whenever the integration likes.

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, wanted: &str) -> Ruling {
    let subjects = view.subjects(expectation);
    let (method, path) = wanted.split_once(' ').unwrap_or(("GET", wanted));
    let mut requests = subjects.iter().flat_map(|connection| &connection.requests);
    let found = requests.find(|request| request.what.method == method && request.what.path.ends_with(path));
    match found {
        Some(request) => Ruling::met(format!("{method} {} was made", request.what.path), vec![request.seq]),
        // It may come every minute, or never: a run of seconds does not tell.
        None => Ruling::unwitnessed(Reason::NotShown, format!("no {wanted} while the scenario lasted"), Vec::new()),
    }
}
