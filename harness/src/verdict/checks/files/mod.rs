//! Checks of files: what the integration file names, of one environment or of several. What is not there to compare is
//! unwitnessed, and the runner says so in place of a verdict.

mod anchor;
mod apart;
mod document;
mod store;

pub(super) use anchor::{chain_kept, rule as anchor};
pub(super) use apart::rule as apart;
pub(super) use document::{certificate, renewal, request};
pub(super) use store::rule as store;

use mock_thales::observe::ShownFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Check, EnvironmentValues, Expectation, Header};

/// What a check of files asks for, in words.
pub(super) fn expected(header: &Header, expectation: &Expectation) -> String {
    match &expectation.check {
        Check::ClientCertificate(aspect) | Check::ClientRequest(aspect) => {
            document::expected(header, expectation, *aspect)
        }
        Check::EnvironmentsApart(aspect) => apart::expected(*aspect),
        Check::RenewalRequest => "the new request has the DN of the one before".to_owned(),
        Check::Store(aspect) => store::expected(*aspect),
        Check::ServerAnchor(aspect) => anchor::expected(*aspect),
        Check::ServerChainKept => "the authorities of the server chain are those that Thales holds".to_owned(),
        _ => String::new(),
    }
}

/// The environment that the expectation's phases are about: the first of their files says it, else the phase's name.
fn environment<'a>(view: &View<'a>, expectation: &Expectation) -> Option<&'a EnvironmentValues> {
    environment_of(view.header, expectation)
}

fn environment_of<'a>(header: &'a Header, expectation: &Expectation) -> Option<&'a EnvironmentValues> {
    let phase = expectation.phases.first()?;
    let phase = header.script.phases.iter().find(|known| known.id == *phase)?;
    header.context.environments.iter().find(|environment| environment.id == phase.name)
}

/// The file of that kind in the expectation's phases.
fn file<'a>(view: &View<'a>, expectation: &Expectation, what: &str) -> Option<(u64, &'a ShownFile)> {
    view.files(expectation).into_iter().find(|(_, file)| file.what == what)
}

/// Nothing is there to compare.
fn nothing(why: impl Into<String>) -> Ruling {
    Ruling::unwitnessed(Reason::NotShown, why, Vec::new())
}

/// The moment of judging.
fn at(header: &Header) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&header.started, &Rfc3339).ok()
}
