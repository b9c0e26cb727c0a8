//! `port`: the receiver listens on a port that Thales calls.

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Expectation, Network};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, ports: &[u16]) -> Ruling {
    let declared = view.header.context.issuer_port;
    if !ports.contains(&declared) {
        return Ruling::violated(format!("the port handed over is {declared}"), Vec::new());
    }
    if view.header.network == Network::Shared {
        let seen = "the shared network maps ports, so that the real one cannot be seen";
        return Ruling::unwitnessed(Reason::NotShown, seen, Vec::new());
    }
    let answered = view.subjects(expectation).into_iter().find(|connection| connection.handshake.is_some());
    match answered {
        Some(connection) => {
            let ruling = Ruling::met(format!("answers on port {declared}"), vec![connection.opened.seq]);
            if ports.first() == Some(&declared) {
                ruling
            } else {
                ruling.warn(format!("port {} is preferred", ports.first().copied().unwrap_or_default()))
            }
        }
        None => Ruling::unwitnessed(Reason::NoConnection, format!("nothing answers on port {declared}"), Vec::new()),
    }
}
