//! `names-only-client-ca`: the authorities that a receiver names when it asks for a certificate are the Thales Client CA
//! alone. A name is no trust: certificates of other authorities are tried elsewhere.

use mock_thales::pki::CertificateFacts;

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::Expectation;

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let asked = view.subjects(expectation).into_iter().find_map(|connection| connection.requested.as_ref());
    let Some(asked) = asked else {
        return Ruling::unwitnessed(Reason::NotShown, "it did not ask for a certificate", Vec::new());
    };
    let evidence = vec![asked.seq];
    if asked.what.is_empty() {
        return Ruling::met("names no authority at all", evidence);
    }
    let own = view.header.context.client_ca.as_ref().and_then(|ca| CertificateFacts::read(ca).ok());
    let Some(own) = own else {
        return Ruling::unwitnessed(Reason::NotShown, "the log does not hold the Thales Client CA", evidence);
    };
    let others: Vec<_> = asked.what.iter().filter(|name| **name != own.subject).map(String::as_str).collect();
    if others.is_empty() {
        Ruling::met(format!("names `{}`", own.subject), evidence)
    } else {
        Ruling::violated(format!("also names {}", listed(&others)), evidence)
    }
}

/// Names that are shown; a system's store has more than a hundred.
const SHOWN: usize = 3;

fn listed(names: &[&str]) -> String {
    let first: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
