//! The conduct of a control in scenarios about trust or versions: the commonest defects of all, a wrong CA file and an
//! old runtime, show here and must not hide behind "the control failed".

use mock_thales::observe::{Ending, Role, TlsVersion};

use super::super::finding::{Reason, Ruling};
use super::super::view::{CERTIFICATE_ALERTS, View, is_for_token_alone};
use crate::model::{Expectation, Side};

pub(super) fn trust(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let subjects = view.subjects(expectation);
    if let Some(accepted) = view.accepted_of(&subjects) {
        return Ruling::met(view.story(accepted), vec![accepted.opened.seq]);
    }
    for connection in subjects.iter().filter(|connection| view.is_witness(connection)) {
        let refused_by_page = connection.response.is_some_and(|response| response.what.1.is_some());
        let refused_by_alert = matches!(connection.ending(), Ending::Alert(code) if CERTIFICATE_ALERTS.contains(&code));
        if refused_by_page || refused_by_alert {
            let evidence = connection.refusing_alert().map(|alert| alert.seq).into_iter();
            return Ruling::violated(view.story(connection), evidence.chain([connection.opened.seq]).collect());
        }
    }
    match subjects.iter().rfind(|connection| !view.is_accepted(connection)) {
        Some(last) => Ruling::unwitnessed(Reason::Control, view.story(last), vec![last.opened.seq]),
        None => Ruling::unwitnessed(Reason::NoConnection, "no connection came", Vec::new()),
    }
}

pub(super) fn version(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let subjects = view.subjects(expectation);
    // The client that asks for a token need not be the one that calls.
    let calls = || subjects.iter().filter(|connection| !is_for_token_alone(connection));
    let completed = calls().find_map(|connection| Some((connection, connection.handshake.as_ref()?)));
    // Behind one name there may be several servers.
    let is_whole = view.side() != Side::Receiver || calls().all(|connection| connection.handshake.is_some());
    if let Some((connection, handshake)) = completed
        && is_whole
        && handshake.what.version >= TlsVersion::V1_2
    {
        return Ruling::met(
            format!("{} completed", handshake.what.version),
            vec![connection.opened.seq, handshake.seq],
        );
    }
    for connection in &subjects {
        match connection.role {
            Role::Server => {
                if let Some(hello) = &connection.hello
                    && hello.what.highest() < TlsVersion::V1_2
                {
                    return Ruling::violated(format!("offers {} at most", hello.what.highest()), vec![hello.seq]);
                }
            }
            Role::Client => {
                if let Some(alert) = connection.refusing_alert()
                    && alert.what == 70
                {
                    return Ruling::violated("refuses TLS 1.2 and 1.3: alert 70 (protocol_version)", vec![alert.seq]);
                }
            }
        }
    }
    match subjects.last() {
        Some(last) => Ruling::unwitnessed(Reason::Control, view.story(last), vec![last.opened.seq]),
        None => Ruling::unwitnessed(Reason::NoConnection, "no connection came", Vec::new()),
    }
}
