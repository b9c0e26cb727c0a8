//! What the integration says of itself, held against the wire. A claim never decides; where it contradicts what was
//! seen, the finding says so.

use mock_thales::observe::Claim;

use super::finding::{Outcome, Ruling};
use super::view::View;
use crate::model::{Check, Expectation};

/// Adds a warning where the claims contradict the ruling.
pub(super) fn compare(view: &View<'_>, expectation: &Expectation, ruling: Ruling) -> Ruling {
    if ruling.outcome != Outcome::Met {
        return ruling;
    }
    let claims: Vec<_> = view
        .calls
        .iter()
        .filter(|call| call.phase.is_some_and(|phase| expectation.phases.contains(&phase)))
        .filter_map(|call| call.ended.as_ref())
        .map(|ended| &ended.what.0)
        .collect();
    let completed = |claim: &&Claim| matches!(claim, Claim::Completed { .. });
    match expectation.check {
        Check::Refused if claims.iter().any(completed) => {
            ruling.warn("the integration claims that the call succeeded, although it refused on the wire")
        }
        Check::Accepted | Check::ControlTrust if !claims.is_empty() && !claims.iter().any(completed) => {
            ruling.warn("the integration claims that the call failed, although its request was answered")
        }
        _ => ruling,
    }
}
