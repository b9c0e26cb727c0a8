//! `reaches`: traffic goes to one endpoint.

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{EndpointName, Expectation};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, wanted: &EndpointName) -> Ruling {
    let mut evidence = Vec::new();
    for connection in view.subjects(expectation) {
        match view.endpoint_of(connection) {
            Some(endpoint) if endpoint == *wanted => {
                if view.is_accepted(connection) {
                    evidence.push(connection.opened.seq);
                }
            }
            other => {
                let address = connection.opened.what.ip();
                let seen = match other {
                    Some(endpoint) => format!("connected to endpoint {endpoint} ({address})"),
                    None => format!("connected to {address}, an address that was never published"),
                };
                return Ruling::violated(seen, vec![connection.opened.seq]);
            }
        }
    }
    if evidence.is_empty() {
        return Ruling::unwitnessed(Reason::NoConnection, "no connection went through", evidence);
    }
    Ruling::met(format!("{} connection(s) to endpoint {wanted}", evidence.len()), evidence)
}
