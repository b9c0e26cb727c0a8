//! `keeps-environment`: a run in one environment asks for, dials and shows nothing of another one.

use mock_thales::observe::{Connection, Event};
use mock_thales::pki::CertificateFacts;

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{EnvironmentValues, Expectation};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let others = view.header.context.environments.get(1..).unwrap_or_default();
    for other in others {
        if let Some(ruling) = contact(view, other) {
            return ruling;
        }
    }
    let subjects = view.subjects(expectation);
    let accepted: Vec<_> = subjects.iter().filter(|connection| view.is_accepted(connection)).collect();
    match (accepted.first(), subjects.last()) {
        (Some(first), _) => {
            let hosts: Vec<_> = others.iter().map(|other| other.host.as_str()).collect();
            let seen = match hosts.as_slice() {
                [] => format!("only {}", view.header.context.inbound_host),
                hosts => format!("only {}, and nothing of {}", view.header.context.inbound_host, hosts.join(", ")),
            };
            Ruling::met(seen, vec![first.opened.seq])
        }
        (None, Some(last)) => Ruling::unwitnessed(Reason::NoConnection, view.story(last), vec![last.opened.seq]),
        (None, None) => Ruling::unwitnessed(Reason::NoConnection, "no connection came", Vec::new()),
    }
}

/// What of the log touches the other environment.
fn contact(view: &View<'_>, other: &EnvironmentValues) -> Option<Ruling> {
    let is_its = |name: &str| {
        // What is ours as well tells the two apart no more: checks of files speak of that.
        !view.is_ours(Some(name)) && [&other.host, &other.published_host].into_iter().any(|host| is_within(name, host))
    };
    for fact in view.facts {
        if let Event::Asked(question) = &fact.event
            && is_its(question.name.trim_end_matches('.'))
        {
            let name = question.name.trim_end_matches('.');
            return Some(Ruling::violated(format!("asks for {name}, the host of {}", other.id), vec![fact.seq]));
        }
    }
    for connection in &view.connections {
        if let Some(hello) = &connection.hello
            && let Some(sni) = hello.what.sni.as_deref()
            && is_its(sni)
        {
            return Some(Ruling::violated(format!("dials {sni}, the host of {}", other.id), vec![hello.seq]));
        }
        if let Some(ruling) = shows(view, connection, other) {
            return Some(ruling);
        }
    }
    None
}

/// The other environment's certificate, or another one with its key. Where the files say that both environments have one
/// key, a key tells nothing.
fn shows(view: &View<'_>, connection: &Connection, other: &EnvironmentValues) -> Option<Ruling> {
    let shown = connection.certificate.as_ref()?;
    let (leaf, of_other) = (shown.what.0.first()?, other.client_certificate.as_ref()?);
    if leaf == of_other {
        return Some(Ruling::violated(format!("shows the client certificate of {}", other.id), vec![shown.seq]));
    }
    let key = |der| CertificateFacts::read(der).ok().map(|facts| facts.public_key_sha256);
    let key_of_other = key(of_other)?;
    let is_shared = view.header.context.endorsed.as_ref().and_then(key).is_some_and(|own| own == key_of_other);
    (!is_shared && key(leaf)? == key_of_other)
        .then(|| Ruling::violated(format!("shows a certificate with the key of {}", other.id), vec![shown.seq]))
}

/// Whether a name is a host or below it.
fn is_within(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    name.strip_suffix(&host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
